"""Further variants of reported cases: raw replies of heat pumps, boilers, miners and meters."""

from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from custom_components.proof_of_heat.drivers.errors import BadReplyError
from custom_components.proof_of_heat.drivers.meter.shelly import ShellyMeter, decode_status
from custom_components.proof_of_heat.drivers.miner.bitaxe import BitaxeClient
from custom_components.proof_of_heat.drivers.modbus.template import parse
from custom_components.proof_of_heat.drivers.viessmann.features import decode

from .wire import web_saying

NOW = datetime(2027, 1, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "row", "words", "value"),
    [
        ("flow_temperature", {"unit": "°C", "scale": 0.1}, [0x8000], None),
        ("flow_temperature", {"unit": "°C", "scale": 0.1}, [(-9990) & 0xFFFF], None),
        ("flow_temperature", {"unit": "°C", "scale": 0.1, "type": "uint16"}, [65534], None),
        ("flow_temperature", {"unit": "°C", "scale": 0.01}, [(-12700) & 0xFFFF], None),
        ("return_temperature", {"unit": "°C"}, [999], None),
        ("return_temperature", {"unit": "°C", "scale": 0.5, "type": "uint16"}, [0xFFFF], None),
        ("outdoor_temperature", {"unit": "°C", "scale": 0.1}, [850], None),
        ("outdoor_temperature", {"unit": "°C", "scale": 0.1}, [(-123) & 0xFFFF], -12.3),
        ("outdoor_temperature", {"unit": "°C", "type": "float32"}, [0xFF80, 0], None),
        ("room_temperature", {"unit": "°C", "scale": 0.1}, [(-2000) & 0xFFFF], None),
        ("power", {"unit": "W", "type": "int32"}, [0x7FFF, 0xFFFF], None),
        ("power", {"unit": "W", "type": "uint16"}, [0xFFFF], None),
        ("power", {"unit": "W", "scale": 1000, "type": "float32"}, [0x3FC0, 0], 1500.0),
        ("electricity", {"unit": "kWh", "type": "uint32"}, [0xFFFF, 0xFFFF], None),
        ("electricity", {"unit": "kWh", "scale": 1000, "type": "uint32"}, [0, 12], 12000.0),
        ("dhw_temperature", {"unit": "°C", "scale": 0.1}, [1280], None),
    ],
)
def test_a_register(key: str, row: dict[str, Any], words: list[int], value: float | None) -> None:
    data = {"format": 1, "id": "own", "name": "Own", "manufacturer": "x", "registers": {key: {"at": 1, **row}}}
    found = dict(parse(data).registers)[key].decode(words)
    assert found == (None if value is None else pytest.approx(value))


def feature(name: str, **properties: Any) -> dict[str, Any]:
    return {"feature": name, "properties": {key: {"value": value} for key, value in properties.items()}}


@pytest.mark.parametrize("value", ["NaN", "Infinity", "", "unknown", None, [], {}, 65535, -999, 2147483647, "n/a"])
def test_a_value_of_the_cloud_that_is_none(value: Any) -> None:
    rows = [
        feature("heating.sensors.temperature.outside", value=value),
        feature("heating.circuits.0.sensors.temperature.supply", value=35.5),
    ]
    reading = decode({"data": rows})
    assert reading.number("outdoor_temperature") is None
    assert reading.flow_c == 35.5, "the rest is used"


AXEOS = {"ASICModel": "BM1370", "power": 17.2, "hashRate": 1100.0, "temp": 60.0, "version": "2.9.0", "macAddr": "02:00"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"temp": -1}, {"chip_c": None}),
        ({"temp": "NaN"}, {"chip_c": None}),
        ({"temp": 255}, {"chip_c": None}),
        ({"power": 0}, {"power_w": None}),
        ({"power": -1}, {"power_w": None}),
        ({"power": "17.2"}, {"power_w": 17.2}),
        ({"hashRate": None}, {"hashrate_ths": None}),
        ({"hashRate": "Infinity"}, {"hashrate_ths": None}),
        ({"fanrpm": 65535}, {"fan_rpm": None}),
        ({}, {"chip_c": 60.0, "power_w": 17.2, "hashrate_ths": 1.1}),
    ],
)
async def test_a_reply_of_axeos(
    session: aiohttp.ClientSession, values: dict[str, Any], expected: dict[str, Any]
) -> None:
    async with web_saying({"/api/system/info": {**AXEOS, **values}, "/api/system/asic": 404}) as port:
        client = BitaxeClient(session, "127.0.0.1", port)
        await client.identify()
        reading = await client.read()
    for name, value in expected.items():
        assert getattr(reading, name) == (None if value is None else pytest.approx(value)), name


@pytest.mark.parametrize(
    "status",
    [
        {"em:0": {"total_act_power": None, "a_act_power": 1.0}},
        {"em:0": {"total_act_power": "NaN", "a_act_power": 1.0}},
        {"em1:0": {"act_power": "unknown"}},
        {"em1:0": {"act_power": 10.0}, "em1:1": {"act_power": None}},
        {"switch:0": {"output": True}},
        {},
    ],
)
def test_a_meter_without_a_power_has_none(status: dict[str, Any]) -> None:
    with pytest.raises(BadReplyError):
        decode_status(status, NOW)


@pytest.mark.parametrize("counter", [None, "NaN", "", -5.0])
async def test_a_meter_whose_counter_is_none_shows_its_power(session: aiohttp.ClientSession, counter: Any) -> None:
    status = {
        "em:0": {"total_act_power": 900.0, "a_act_power": 300.0, "b_act_power": 300.0, "c_act_power": 300.0},
        "emdata:0": {"total_act": counter, "total_act_ret": 0.0},
        "sys": {"mac": "020000000001"},
    }
    info = {"id": "shellypro3em-1", "mac": "020000000001", "app": "Pro3EM", "profile": "triphase", "gen": 2}
    replies = {"/rpc/Shelly.GetDeviceInfo": info, "/rpc/Shelly.GetStatus": status}
    replies |= {"/rpc/EM.GetStatus": status["em:0"], "/rpc/EMData.GetStatus": status["emdata:0"]}
    async with web_saying(replies) as port:
        reading = await ShellyMeter(session, "127.0.0.1", port=port).read(energy=True)
    assert (reading.power_w, reading.imported_kwh) == (900.0, None)
