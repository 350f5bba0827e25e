"""Invalid values of real Modbus devices: placeholders, either word order, refusals that pass."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
from modbus_connection import ServerDeviceBusyError
import pytest

from custom_components.proof_of_heat._lib.last_messages import LastMessages
from custom_components.proof_of_heat.drivers.modbus.availability import RegisterAvailability
from custom_components.proof_of_heat.drivers.modbus.registers import Register
from custom_components.proof_of_heat.drivers.modbus.template import load_builtin, parse
from custom_components.proof_of_heat.drivers.modbus.word_order import WordOrder
from lib.heat_source import Health
from tests.skipped_waits import skipped_waits

from .test_modbus import boiler

TEMPLATES = load_builtin()
LAMBDA = TEMPLATES["lambda_eu"].registers
KNOWN_WORDS = {
    # The examples of GuidoJeuken-6512/lambda_heat_pumps#97, 4,200,000 Wh, and others of the kind.
    "electricity": [([64, 5696], 4200.0), ([5696, 64], 4200.0), ([0, 900], 0.9), ([900, 0], 0.9)],
    "heat": [([62656, 255], 16774.336), ([255, 62656], 16774.336), ([0, 0], 0.0)],
}


def own(registers: dict[str, Any], **changes: Any) -> dict[str, Register]:
    data = {"format": 1, "id": "own", "name": "Own", "manufacturer": "x", "registers": registers, **changes}
    return dict(parse(data).registers)


@pytest.mark.parametrize(("key", "words", "kwh"), [(k, *case) for k, cases in KNOWN_WORDS.items() for case in cases])
def test_counter_in_either_word_order(key: str, words: list[int], kwh: float) -> None:
    assert LAMBDA[key].decode(words) == pytest.approx(kwh)


@settings(max_examples=60)
@given(wh=st.integers(0, 60_000_000), low_first=st.booleans(), grow=st.lists(st.integers(1, 900), min_size=8))
def test_word_order_is_found_from_growth(wh: int, low_first: bool, grow: list[int]) -> None:
    """Also where the high word is the larger one: the low word has just restarted."""
    order = WordOrder()
    for step in grow:
        words = [wh >> 16, wh & 0xFFFF]
        found = order.judge("electricity", words[::-1] if low_first else words)
        wh += step
    if words[0] != words[1]:
        assert found is low_first


@pytest.mark.parametrize("fault", [True, 0x7FFF])
async def test_missing_sensors_and_unused_selections_are_unknown(socket_enabled: None, fault: Any) -> None:
    async with boiler("lambda") as (simulator, source):
        assert (await source.refresh()).on is True
        simulator.faults.set("no_sensor", fault)
        state = await source.refresh()
        assert state.health == Health.OK
        assert state.power_w is not None
        assert state.power_w > 100, "a heat pump that draws power is not off"
        readings = (state.on, state.flow_c, state.return_c, state.outdoor_c, state.circuit_c)
        assert readings == (None, None, None, None, None)
        assert state.extra["circuit_mode"] is None
        assert state.extra["dhw_temperature"] is None


async def test_open_sensors_of_a_boiler_are_unknown(socket_enabled: None) -> None:
    async with boiler("froeling") as (simulator, source):
        simulator.faults.set("no_sensor")
        state = await source.refresh()
        assert (state.flow_c, state.return_c) == (None, None)
        assert state.extra["buffer_temperature"] is None
        assert state.extra["boiler_temperature"] is None


@pytest.mark.parametrize(
    ("row", "words", "value"),
    [
        ({"unit": "°C", "scale": 0.1}, [0x8000], None),
        ({"unit": "°C", "scale": 0.1}, [0x7FFF], None),
        ({"unit": "°C", "scale": 0.1, "type": "uint16"}, [0x8000], None),
        ({"unit": "°C", "scale": 0.1, "type": "uint16"}, [0x7FFF], None),
        ({"unit": "bar", "scale": 0.1, "type": "uint16"}, [0xFFFF], None),
        ({"unit": "°C", "scale": 0.1}, [0xFFFF], -0.1),
        ({"unit": "°C", "scale": 0.01}, [65436], -1.0),
        ({}, [0xFFFF], None),
        ({"type": "uint16"}, [0xFFFF], None),
        ({"on_values": [1]}, [0xFFFF], None),
        ({"on_values": [-1, 1]}, [0xFFFF], True),
        ({"type": "uint16", "on_values": [2]}, [0xFFFF], None),
        ({"unit": "kWh", "type": "uint32", "scale": 0.1}, [0xFFFF, 0xFFFF], None),
        ({"unit": "kWh", "type": "uint32", "scale": 0.1}, [0x8000, 0], None),
        ({"unit": "kWh", "type": "int32"}, [0x7FFF, 0xFFFF], None),
        ({"unit": "kWh", "type": "int32"}, [0xFFFF, 0xFFFE], None),
        ({"unit": "h", "type": "uint16"}, [0x8000], 32768.0),
        ({"unit": "W", "type": "float32"}, [0x7F7F, 0xFFFF], None),
        ({"unit": "W", "type": "float32"}, [0x7FC0, 0], None),
        ({"unit": "K", "scale": 0.1}, [65526], -1.0),
    ],
)
def test_placeholders_without_a_word_in_the_template(row: dict[str, Any], words: list[int], value: Any) -> None:
    assert own({"reading": {"at": 1, **row}})["reading"].decode(words) == value


@pytest.mark.parametrize(
    ("key", "raw", "is_known"),
    [
        ("flow_temperature", 128, False),
        ("flow_temperature", 95, True),
        ("dhw_temperature", -60, False),
        ("outdoor_temperature", 61, False),
        ("outdoor_temperature", -30, True),
        ("room_temperature", 85, False),
        ("flue_gas_temperature", 420, True),
        ("other", 700, False),
    ],
)
def test_temperature_outside_of_its_range_is_doubted(key: str, raw: int, is_known: bool) -> None:
    register = own({key: {"at": 1, "unit": "°C"}})[key]
    assert (register.decode([raw & 0xFFFF]) is not None) is is_known


def test_a_template_widens_and_narrows_its_ranges() -> None:
    registers = own({"flow_temperature": {"at": 1, "unit": "°C", "max": 200}, "a": {"at": 2, "unit": "%", "min": 0}})
    assert registers["flow_temperature"].decode([150]) == 150
    assert registers["a"].decode([0xFFFF]) is None


async def test_refused_readings_come_back_by_themselves(socket_enabled: None) -> None:
    """Illegal address on registers 1000 to 1099 during some readings (ioBroker.modbus#376)."""
    async with boiler("lambda") as (simulator, source):
        good = await source.refresh()
        simulator.faults.set("no_readings")
        for _ in range(6):
            state = await source.refresh()
            assert (state.health, state.flow_c, state.power_w) == (good.health, good.flow_c, good.power_w)
        simulator.faults.clear("no_readings")
        simulator.setpoint_c, simulator.circuit_c = 50.0, 49.0
        state = await source.refresh()
        assert state.flow_c == pytest.approx(49.0, abs=0.5)
        assert source.absent == frozenset()


async def test_last_reading_of_refused_registers_is_not_used_for_ever(socket_enabled: None) -> None:
    async with boiler("lambda") as (simulator, source):
        now_s = 0.0
        source._clock = source._reader.availability._clock = lambda: now_s
        await source.refresh()
        simulator.faults.set("no_readings")
        now_s = 301.0
        state = await source.refresh()
        assert (state.flow_c, state.power_w) == (None, None)
        assert state.outdoor_c is not None


async def test_registers_refused_at_the_first_reading_are_tried_again(socket_enabled: None) -> None:
    async with boiler("lambda") as (simulator, source):
        now_s = 0.0
        source._clock = source._reader.availability._clock = lambda: now_s
        simulator.faults.set("no_readings")
        assert (await source.refresh()).flow_c is None
        assert {"flow_temperature", "power"} <= source.absent
        simulator.faults.clear("no_readings")
        assert (await source.refresh()).flow_c is None, "not asked again at once"
        now_s = 61.0
        assert (await source.refresh()).flow_c is not None
        assert source.absent == frozenset()


@pytest.mark.parametrize("refusals", [1])
async def test_busy_device_is_asked_again(socket_enabled: None, refusals: int) -> None:
    async with boiler("lambda") as (simulator, source):
        simulator.faults.set("busy_once", refusals)
        messages = LastMessages()
        with messages.recording():
            state = await source.refresh()
        words = {item.channel: json.loads(item.payload or b"") for item in messages.newest()}
        assert len(words["holding 1012"]) >= 1, words
        assert state.health == Health.OK
        assert state.flow_c is not None


async def test_last_reading_of_a_busy_device_is_used(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library repeats a request some times; when it gives up, the last reading is used."""
    async with skipped_waits(), boiler("gtw08") as (_, source):
        refusals = iter([True] * 2 + [False] * 100)
        read = source._client.unit.read_holding_registers

        async def busy(address: int, count: int) -> list[int]:
            if next(refusals):
                raise ServerDeviceBusyError
            return await read(address, count)

        monkeypatch.setattr(source._client.unit, "read_holding_registers", busy)
        assert (await source.refresh()).health == Health.FAILING, "never read"
        good = await source.refresh()
        refusals = iter([True] * 200)
        state = await source.refresh()
        assert (state.health, state.flow_c) == (Health.OK, good.flow_c), state.detail


async def test_low_word_first_firmware(socket_enabled: None) -> None:
    async with boiler("lambda") as (simulator, source):
        simulator.faults.set("low_word_first")
        state = await source.refresh()
        assert state.electricity_kwh == pytest.approx(4200.0, abs=1)
        assert state.heat_kwh == pytest.approx(15100.0, abs=1)


def test_words_of_the_cases(captures: Path) -> None:
    words = json.loads((captures.parent / "cases" / "heating" / "modbus_words.json").read_text())
    for name in ("lambda_electricity_high_first", "lambda_electricity_low_first"):
        assert LAMBDA["electricity"].decode(words[name]) == pytest.approx(4200.0)
    assert LAMBDA["running"].decode([words["lambda_circuit_mode_minus_one"]]) is None
    froeling = TEMPLATES["froeling_lambdatronic"].registers
    assert froeling["buffer_temperature"].decode([words["froeling_buffer_open_circuit"]]) is None
    daikin = TEMPLATES["daikin_home_hub"].registers
    assert daikin["flow_temperature"].decode([words["daikin_no_sensor"]]) is None
    assert daikin["outdoor_temperature"].decode([words["daikin_minus_one_degree"]]) == -1.0
    for key in ("outdoor_temperature", "source_in_temperature", "flow_temperature"):
        assert LAMBDA[key].decode([words["no_sensor_8000"]]) is None


def test_blocks_refused_often_are_read_individually() -> None:
    availability = RegisterAvailability(LAMBDA.values(), lambda: 0.0)
    keys = ["flow_temperature", "return_temperature"]
    availability.has_read_block(keys)
    assert [availability.is_temporary(keys) for _ in range(4)] == [True, True, True, False]
    availability.has_read_block(keys)
    assert availability.is_temporary(keys)
