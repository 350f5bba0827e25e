"""One bad value costs only itself, for any kind of error; a metric's type follows its values."""

from datetime import UTC, datetime
import json
import math
from pathlib import Path
import random
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.edge_telemetry.data import EdgeData
from custom_components.edge_telemetry.decoders import DecodeError, Reason, decode
from custom_components.edge_telemetry.decoders.limits import limits_of
from custom_components.edge_telemetry.value_types import BAD, ValueType, first_type, widen
from simulators.van.model import VanModel
from simulators.van.van import Computer

from .conftest import Publish, entity_id, state

TOPIC = "van/env/inside/data"
DEVICE = "van/env/inside"
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("payload", "metrics", "rejected"),
    [
        # Blueforcer/awtrix-ng#9: what printf makes of a sensor that does not answer
        (
            b'{"uptimeSeconds":74888,"batteryPercent":61,"temperature":nan,"humidity":nan}',
            {"uptimeseconds": 74888, "batterypercent": 61},
            {"temperature_c", "humidity_percent"},
        ),
        (b'{"a": 1, "b": NaN}', {"a": 1}, {"b"}),
        (b'{"a": 1, "b": -nan, "c": [nan, 1]}', {"a": 1}, {"b"}),
        (b'{"a": 1, "b": Infinity, "c": -inf}', {"a": 1}, {"b", "c"}),
        (b'{"a": 1, "b": 1.#QNAN, "c": -1.#IND00, "d": 1.#INF}', {"a": 1}, {"b", "c", "d"}),
        (b'{"a": 1, "b": nan(ind), "c": undefined, "d": None}', {"a": 1}, {"b", "c", "d"}),
        (b'{"a": 1, "b": 1e999}', {"a": 1}, {"b"}),
        (b'{"a": 1, "b": {"c": nan, "d": 2}}', {"a": 1, "b_d": 2}, {"b_c"}),
        (b'{"a": "nan, inf", "b": nan}', {"a": "nan, inf"}, {"b"}),
        (b'{"a": 1, "b": 2..5, "c": 3}', {"a": 1, "c": 3}, {"b"}),
        (b'{"a": 1, "b": 007, "c": 3,}', {"a": 1, "c": 3}, {"b"}),
        (b'{"a": 1, "b": %s1%s, "c": 3}' % (b"[" * 2000, b"]" * 2000), {"a": 1, "c": 3}, {"b"}),
        (b'{"metrics": {"a": 1, "b": nan}}', {"a": 1}, {"b"}),
        # arendst/Tasmota#6203: a value that was printed as nothing, within an object
        (b'{"a": 1, "b": {"c": , "d": 2}}', {"a": 1, "b_d": 2}, {"b_c"}),
        (b'{"b": {"c": {"d": 2..5, "e": 3}, "f": 007}, "a": 1}', {"a": 1, "b_c_e": 3}, {"b_c_d", "b_f"}),
        (b'{"a": 1, "b": {"c": 2..5} }', {"a": 1}, {"b_c"}),
        (b'{"a": 1, "b": %s2..5%s}' % (b'{"x":' * 20, b"}" * 20), {"a": 1}, {"b_x_x_x"}),
        (b'{"a": 1, "b": null}', {"a": 1, "b": None}, set()),
    ],
)
def test_one_bad_value_never_discards_the_rest(payload: bytes, metrics: dict[str, Any], rejected: set[str]) -> None:
    message = decode(payload)
    assert message.metrics == metrics
    assert message.rejected == dict.fromkeys(rejected, Reason.BAD_VALUE)


@pytest.mark.parametrize(
    ("payload", "repair"),
    [
        (BOM + b'{"temperature_c": 21.5}', Reason.BYTE_ORDER_MARK),
        ('{"temperature_c": 21.5}'.encode("utf-16"), Reason.BYTE_ORDER_MARK),
        (b"\xfe\xff" + '{"temperature_c": 21.5}'.encode("utf-16-be"), Reason.BYTE_ORDER_MARK),
        (b'{"temperature_c": 21.5}\0', None),
        (b'{"temperature_c": 21.5, "unit": "\xb0C"}', Reason.BAD_CHARACTER),
        (b'{"temperature_c": 21.5, "note": "two\nlines"}', None),
    ],
)
def test_what_surrounds_the_values_is_repaired_and_named(payload: bytes, repair: Reason | None) -> None:
    message = decode(payload)
    assert message.metrics["temperature_c"] == 21.5
    assert message.repair is repair


@pytest.mark.parametrize("payload", [b'{"a": 1, "b": 2', b'{"a": 1}}', b'{"a": 1, b: 2}', b'{"a": nan', b"{" * 9000])
def test_what_is_cut_off_or_no_object_is_refused(payload: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(payload)
    assert caught.value.reason is Reason.NOT_JSON


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=3, max_size=8)
        .map(lambda name: f"q{name}")
        .filter(lambda name: limits_of(name) is None),  # hypothesis tries "latitude", a text of the code
        st.integers(-1000, 1000) | st.floats(allow_nan=True, allow_infinity=True) | st.text(max_size=8),
        min_size=1,
        max_size=6,
    )
)
def test_every_finite_value_arrives_next_to_any_others(values: dict[str, Any]) -> None:
    message = decode(json.dumps(values).replace("NaN", "nan").encode())
    bad = {name for name, value in values.items() if isinstance(value, float) and not math.isfinite(value)}
    for name, value in values.items():
        if name in bad:
            assert name in message.rejected
        elif not isinstance(value, str):
            assert message.metrics[name] == value


def test_the_recorded_cases_are_decoded(captures: Path) -> None:
    cases = json.loads((captures.parent / "cases" / "devices" / "mqtt.json").read_text("utf-8"))
    assert decode(cases["utf8_bom"]["text"].encode()).metrics == {"temperature_c": 21.5}
    assert decode(cases["awtrix_nan"]["text"]).metrics == {"uptimeseconds": 74888, "batterypercent": 61}


async def test_a_value_that_is_none_is_unknown_and_counted_for_its_device(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TOPIC, {"temperature": 21.5, "batteryPercent": 60})
    assert state(hass, "temperature_c", DEVICE) == "21.5"
    await publish(TOPIC, b'{"temperature": nan, "batteryPercent": 61}')
    (device,) = data.devices.values()
    assert (device.values["temperature_c"], device.values["batterypercent"]) == (None, 61)
    assert data.malformed.of(DEVICE) == 1
    found = hass.states.get(entity_id(hass, "sensor", "batterypercent", DEVICE) or "")
    assert found is not None
    assert (found.attributes["unit_of_measurement"], found.name) == ("%", "Inside Battery")
    await publish(TOPIC, BOM + b'{"temperature": 22.5}')
    assert device.values["temperature_c"] == 22.5
    assert data.malformed.of(DEVICE) == 2


def test_a_placeholder_as_the_first_value_decides_nothing() -> None:
    for word in ("N/A", "nan", "unknown", "-", "", None):
        assert first_type("level", word) is None
    assert first_type("level", "21.5") is ValueType.TEXT
    assert first_type("level_percent", "21.5") is ValueType.NUMBER
    assert first_type("level", "21.5", "cm") is ValueType.NUMBER


@pytest.mark.parametrize(
    ("key", "before", "previous", "value", "after", "shown"),
    [
        ("level", "text", "N/A", 21.5, "number", 21.5),
        ("level", "text", None, 21.5, "number", 21.5),
        ("level", "text", "21", 21.5, "number", 21.5),
        ("mode", "text", "eco", 5, "text", "5"),
        ("mode", "text", "eco", True, "text", "true"),
        ("level", "number", 3, "high", "text", "high"),
        ("level", "number", 3, "4.5", "number", 4.5),
        ("level", "number", 3, "4,5", "number", 4.5),
        ("level", "number", 3, "N/A", "number", BAD),
        ("level", "number", 3, True, "number", BAD),
        ("level_percent", "number", 3, "high", "number", BAD),
        ("temperature_c", "number", 3, "high", "number", BAD),
        ("pump", "flag", True, 1, "flag", True),
        ("pump", "flag", True, "OFF", "flag", False),
        ("pump", "flag", True, 7, "number", 7),
        ("pump", "flag", True, "blocked", "text", "blocked"),
        ("pump", "flag", True, "unknown", "flag", BAD),
        ("motion", "flag", True, 7, "flag", BAD),
    ],
)
def test_a_type_widens_with_its_values(
    key: str, before: str, previous: Any, value: Any, after: str, shown: Any
) -> None:
    assert widen(key, ValueType(before), previous, value) == (ValueType(after), shown)


async def test_the_entity_follows_the_type(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    async def show(value: Any, platform: str = "sensor") -> str | None:
        await publish(TOPIC, {"metrics": {"level": value}})
        return state(hass, "level", DEVICE, platform)

    assert await show("N/A") is None
    assert await show(21.5) == "21.5"
    found = hass.states.get(entity_id(hass, "sensor", "level", DEVICE) or "")
    assert found is not None
    assert found.attributes["state_class"] == "measurement"
    assert await show("high") == "high"
    found = hass.states.get(entity_id(hass, "sensor", "level", DEVICE) or "")
    assert found is not None
    assert "state_class" not in found.attributes


async def test_a_flag_that_becomes_a_number_moves_to_a_sensor(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TOPIC, {"metrics": {"pump": True}})
    assert state(hass, "pump", DEVICE, "binary_sensor") == "on"
    await publish(TOPIC, {"metrics": {"pump": 7}})
    await hass.async_block_till_done()
    assert state(hass, "pump", DEVICE) == "7"
    assert entity_id(hass, "binary_sensor", "pump", DEVICE) is None
    assert len([e for e in er.async_get(hass).entities.values() if e.unique_id.endswith("_pump")]) == 1


@pytest.mark.parametrize(
    ("fault", "rejected", "repair"),
    [("nan", {"rssi": Reason.BAD_VALUE}, None), ("byte_order_mark", {}, Reason.BYTE_ORDER_MARK)],
)
def test_the_simulated_van_sends_what_devices_send(fault: str, rejected: Any, repair: Reason | None) -> None:
    sent: list[str] = []
    computer = Computer.__new__(Computer)
    computer.name, computer.base, computer.sequence, computer.published, computer.started = (
        "tank",
        "van/water/tank",
        0,
        0,
        0.0,
    )
    computer._held, computer._rng = None, random.Random(1)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    computer.van = SimpleNamespace(  # type: ignore[assignment]
        faults=Faults(fault), model=VanModel(now), clock=SimpleNamespace(elapsed=lambda: 5.0)
    )
    computer.link = SimpleNamespace(publish=lambda _topic, text: sent.append(text))  # type: ignore[assignment]
    computer.publish()
    message = decode(sent[0].encode())
    assert "water_level_percent" in message.metrics
    assert (message.rejected, message.repair) == (rejected, repair)


class Faults(set[str]):
    """The faults that are on."""

    def __init__(self, fault: str) -> None:
        super().__init__({fault})

    def number(self, _name: str, default: float) -> float:
        return default


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ('{"battery": 100, "voltage": 3005}', "battery_v", 3.005),
        ('{"batt": 98, "voltage": 2950.0}', "battery_v", 2.95),
        ('{"soc": 50, "voltage": 12850}', "battery_v", 12.85),
        ('{"battery": 100, "voltage": 3.005}', "voltage_v", 3.005),
        ('{"battery": 100, "voltage": 231}', "voltage_v", 231),
        ('{"power": 100, "voltage": 1200}', "voltage_v", 1200),
        ('{"battery": 100, "voltage": {"value": 3005, "unit": "mV"}}', "voltage_v", 3.005),
    ],
)
def test_the_voltage_next_to_the_level_of_a_battery_may_be_in_millivolts(text: str, key: str, value: float) -> None:
    assert decode(text).metrics[key] == value
