"""Modbus devices by template: TCP and RTU through the library that core's shared link uses."""

import asyncio
from collections.abc import AsyncGenerator
import contextlib
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
from modbus_connection import ModbusSerialParams, ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
import pytest
import yaml

from custom_components.proof_of_heat.drivers.modbus.availability import blocks
from custom_components.proof_of_heat.drivers.modbus.registers import Register
from custom_components.proof_of_heat.drivers.modbus.repeated_writes import RepeatedWrites
from custom_components.proof_of_heat.drivers.modbus.source import ModbusSource, capabilities_of
from custom_components.proof_of_heat.drivers.modbus.template import (
    FOLDER,
    find_template,
    load_builtin,
    load_folder,
    parse,
)
from custom_components.proof_of_heat.drivers.modbus.template_schema import TemplateError
from custom_components.proof_of_heat.drivers.modbus.write_counter import WriteCounter
from custom_components.proof_of_heat.drivers.source_parts import Timing
from lib.heat_source import Command, Control, Health, Outcome, SourceKind
from simulators.framework import running
from simulators.modbus_boiler.boiler import ModbusBoiler
from simulators.modbus_wire import crc16
from tests.heat_source_contract import assert_keeps_contract
from tests.skipped_waits import skipped_waits

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

QUICK = Timing(read_s=4.0, write_s=4.0, fresh_s=0.0, verify_s=0.2, verify_step_s=0.05)
DEVICES = {
    "lambda": "lambda_eu",
    "idm": "idm_navigator",
    "daikin": "daikin_home_hub",
    "froeling": "froeling_lambdatronic",
    "gtw08": "bdr_gtw08",
}
BOILERS = ("froeling", "gtw08")
"""They are only switched on and off, and report no power."""
COMMANDS = {
    "lambda": Command(id="c", on=True, level=3.0),
    "idm": Command(id="c", on=True, flow_c=41.5),
    "daikin": Command(id="c", on=True, flow_c=41.0),
    "froeling": Command(id="c", on=False),
    "gtw08": Command(id="c", on=False),
}


@asynccontextmanager
async def boiler(device: str, argv: list[str] | None = None) -> AsyncGenerator[tuple[ModbusBoiler, ModbusSource]]:
    """A simulated device and its source over TCP."""
    async with running(ModbusBoiler, ["--port", "0", "--device", device, *(argv or [])]) as simulator:
        params = ModbusTcpParams(host="127.0.0.1", port=simulator.port)
        connection = ModbusConnection(params)
        unit = connection.for_unit(1)
        unit.require_timeout(2.0)
        yield simulator, source_of(device, unit)
        await connection.close()


def source_of(device: str, unit: Any) -> ModbusSource:
    template = load_builtin()[DEVICES[device]]
    capabilities = replace(capabilities_of(template), min_write_interval_s=0.0, settle_s=0.0)
    source = ModbusSource(f"proof_of_heat:{device}", device, unit, template, capabilities=capabilities)
    source.timing = QUICK
    return source


@pytest.fixture(params=list(DEVICES))
def device(request: pytest.FixtureRequest, socket_enabled: None) -> str:
    return str(request.param)


async def test_device_keeps_the_contract(device: str) -> None:
    async with boiler(device) as (simulator, source):
        assert (await assert_keeps_contract(source, COMMANDS[device])).outcome == Outcome.APPLIED
        assert simulator.heating


async def test_readings_are_the_devices(device: str) -> None:
    async with boiler(device) as (simulator, source):
        state = await source.refresh()
        truth = simulator.state()
        assert state.health == Health.OK
        step = 0.5 if device == "froeling" else 0.1
        assert state.outdoor_c == pytest.approx(truth["outdoor_c"], abs=step / 2 + 0.01)
        assert state.power_w == (None if device in BOILERS else pytest.approx(truth["power_w"], abs=11))
        assert state.flow_c == pytest.approx(simulator.flow_c, abs=step)
        assert state.return_c == pytest.approx(simulator.flow_c - 5, abs=step)
        if device == "lambda":
            assert state.electricity_kwh == pytest.approx(4200.0, abs=1)
            assert state.heat_w == pytest.approx(truth["heat_w"], abs=60)


async def test_command_reaches_the_device(device: str) -> None:
    async with boiler(device) as (simulator, source):
        assert (await source.apply(COMMANDS[device])).outcome == Outcome.APPLIED
        if device in BOILERS:
            assert not simulator.heating
            assert (await source.apply(Command(id="on", on=True))).outcome == Outcome.APPLIED
            assert simulator.heating
            await source.close()
            return
        wanted = COMMANDS[device]
        assert (simulator.level_k if device == "lambda" else simulator.setpoint_c) == (
            wanted.level if device == "lambda" else wanted.flow_c
        )
        assert (await source.apply(Command(id="off", on=False))).outcome == Outcome.APPLIED
        assert not simulator.heating
        assert source.state.power_w == 0.0
        await source.close()


async def test_release_writes_the_templates_fallback(device: str) -> None:
    async with boiler(device) as (simulator, source):
        await source.apply(Command(id="off", on=False))
        assert (await source.release()).outcome == Outcome.APPLIED
        assert simulator.heating


async def test_a_device_that_ignores_commands_is_detected(device: str) -> None:
    async with boiler(device) as (simulator, source):
        simulator.faults.set("deaf")
        assert (await source.apply(Command(id="off", on=False))).outcome == Outcome.FAILED
        await source.close()


@pytest.mark.parametrize("fault", ["silent", "busy", "garbage", "refused"])
async def test_bus_fault_is_failing_in_time_and_recovers(device: str, fault: str) -> None:
    async with skipped_waits(), boiler(device) as (simulator, source):
        assert (await source.refresh()).health == Health.OK
        simulator.faults.set(fault)
        async with asyncio.timeout(120):
            state = await source.refresh()
        assert state.health == Health.FAILING
        assert state.on is None
        simulator.faults.clear(fault)
        for _ in range(3):
            state = await source.refresh()
        assert state.health == Health.OK
        assert not source.absent


async def test_broken_sensor_is_absent_not_absurd(device: str) -> None:
    async with boiler(device) as (simulator, source):
        simulator.faults.set("sensor_broken")
        assert (await source.refresh()).outdoor_c is None


async def test_boilers_have_additional_readings(socket_enabled: None) -> None:
    async with boiler("froeling") as (simulator, source):
        state = await source.refresh()
        assert state.extra["boiler_temperature"] == 75.0
        assert state.extra["buffer_temperature"] == 68.0
        assert state.extra["dhw_temperature"] == 51.0
        assert state.extra["boiler_state"] == 3
        assert state.extra["room_temperature"] is None, "what it does not have reads -1"
        assert state.extra["message"] is None
        assert state.flow_setpoint_c == simulator.setpoint_c
        assert not source.absent
    async with boiler("gtw08") as (_, source):
        state = await source.refresh()
        assert (state.room_setpoint_c, state.extra["room_temperature"]) == (21.0, 20.8)
        assert state.extra["system_pressure"] == 1.6


@pytest.mark.parametrize("device", BOILERS)
async def test_a_boiler_that_is_off_keeps_itself_from_freezing(device: str, socket_enabled: None) -> None:
    """Home Assistant may die while it is off: what is written is a mode in which the boiler looks after the house."""
    async with boiler(device) as (simulator, source):
        await source.apply(Command(id="off", on=False))
        assert simulator.mode == {"froeling": 4, "gtw08": 2}[device]
        assert (await source.release()).outcome == Outcome.APPLIED
        assert simulator.mode == {"froeling": 1, "gtw08": 0}[device]


@pytest.mark.parametrize("device", BOILERS)
async def test_a_boilers_fault_degrades(device: str, socket_enabled: None) -> None:
    async with boiler(device) as (simulator, source):
        simulator.faults.set("error", 30)
        state = await source.refresh()
        assert (state.health, state.on) == (Health.DEGRADED, True)
        simulator.faults.clear("error")
        assert (await source.refresh()).health == Health.OK


@pytest.mark.parametrize("device", BOILERS)
async def test_a_boilers_memory_is_spared(device: str) -> None:
    template = load_builtin()[DEVICES[device]]
    assert template.max_writes_per_day <= 24
    assert template.min_write_interval_s >= 600
    assert template.fuel != "electricity"


async def test_device_error_degrades(socket_enabled: None) -> None:
    async with boiler("lambda") as (simulator, source):
        simulator.faults.set("error", 30)
        state = await source.refresh()
        assert (state.health, state.detail) == (Health.DEGRADED, "fault 30")


async def test_registers_that_a_device_lacks_are_found_once_and_left_out(socket_enabled: None) -> None:
    async with boiler("lambda") as (simulator, source):
        fill = simulator._fill_lambda

        def without_room() -> None:
            fill()
            del simulator.registers.holding[5004]

        simulator._fill_lambda = without_room  # type: ignore[method-assign]
        state = await source.refresh()
        assert source.absent == {"room_temperature"}
        assert state.extra["circuit_supply_temperature"] is not None
        assert "room_temperature" not in (await source.refresh()).extra


async def test_flash_is_spared(socket_enabled: None) -> None:
    async with boiler("lambda") as (simulator, source):
        source._template = replace(source._template, max_writes_per_day=2)
        outcomes = [(await source.apply(Command(id=str(i), level=float(i)))).outcome for i in range(1, 5)]
        assert outcomes == [Outcome.APPLIED, Outcome.APPLIED, Outcome.DEFERRED, Outcome.DEFERRED]
        assert len(simulator.writes) == 2
        # Handing the device back is never kept from it.
        assert (await source.release()).outcome == Outcome.APPLIED


async def test_rtu_over_a_serial_line(socket_enabled: None) -> None:
    async with running(ModbusBoiler, ["--port", "0", "--device", "daikin", "--rtu"]) as simulator:
        assert simulator.device_path is not None
        connection = ModbusConnection(ModbusSerialParams(device=simulator.device_path, baudrate=19200))
        source = source_of("daikin", connection.for_unit(1))
        state = await source.refresh()
        assert state.flow_c == pytest.approx(simulator.flow_c, abs=0.1)
        assert (await source.apply(Command(id="c", flow_c=45.0))).outcome == Outcome.APPLIED
        assert simulator.setpoint_c == 45
        await source.close()
        await connection.close()


def test_crc_of_the_specification() -> None:
    """The example of the Modbus serial line guide: 02 07 -> 41 12."""
    assert crc16(b"\x02\x07").to_bytes(2, "little") == b"\x41\x12"


async def test_what_the_device_forgets_is_written_again_while_a_lease_runs(socket_enabled: None) -> None:
    # Ten minutes of the heat pump are 10 s here.
    async with skipped_waits(), boiler("idm", ["--speed", "60"]) as (simulator, source):
        control = source._template.controls[Control.FLOW]
        assert control.repeat_s == 300
        controls = {**source._template.controls, Control.FLOW: replace(control, repeat_s=1.0)}
        source._repeats = RepeatedWrites(controls, None, asyncio.get_running_loop().time)
        assert (await source.apply(Command(id="a", flow_c=41.0))).outcome == Outcome.APPLIED
        answered = 0
        for _ in range(60):
            await asyncio.sleep(0.2)
            state = await source.refresh()
            if state.health == Health.OK:  # on a busy machine an answer may come too late
                answered += 1
                assert state.flow_setpoint_c == 41.0
        assert answered > 30
        simulator.faults.set("deaf")
        assert (await source.refresh()).health == Health.OK
        simulator.faults.clear("deaf")
        assert (await source.release()).outcome == Outcome.APPLIED
        await asyncio.sleep(0.3)
        writes = len(simulator.writes)
        await source.refresh()
        assert (len(simulator.writes), simulator.setpoint_c) == (writes, 35.0)
        await source.close()


async def test_writes_that_the_device_forgets_are_not_limited(socket_enabled: None) -> None:
    async with boiler("idm") as (simulator, source):
        source._template = replace(source._template, max_writes_per_day=2)
        source._capabilities = replace(source._capabilities, min_write_interval_s=0.0)
        for flow_c in (41.0, 42.0, 43.0, 44.0, 45.0):
            assert (await source.apply(Command(id="a", flow_c=flow_c))).outcome == Outcome.APPLIED
        assert simulator.setpoint_c == 45.0
        assert source.writes_today == 0, "the requested temperature is not in the device's memory"
        for on in (False, True):
            assert (await source.apply(Command(id="b", on=on))).outcome == Outcome.APPLIED
        assert (await source.apply(Command(id="c", on=False))).outcome == Outcome.DEFERRED
        await source.close()


@pytest.mark.parametrize(
    ("step", "repeat_s", "asked", "set_c"),
    [
        (0.5, 300.0, 35.5, 35.5),
        (0.5, 300.0, 35.2, 35.0),
        (0.1, 300.0, 35.2, 35.2),
        (1.0, 300.0, 35.4, 35.0),
        (0.5, 0.0, 35.5, 35.0),
        (0.0, 300.0, 35.3, 35.0),
    ],
)
async def test_the_flow_setpoint_is_as_fine_as_the_device_can_be_set(
    step: float, repeat_s: float, asked: float, set_c: float, socket_enabled: None
) -> None:
    """Half a kelvin is 5 to 10 % of the heat; a device whose memory wears out is written as rarely as before."""
    async with boiler("idm") as (simulator, first):
        flow = replace(first._template.controls[Control.FLOW], step=step, repeat_s=repeat_s)
        template = replace(first._template, controls={**first._template.controls, Control.FLOW: flow})
        source = ModbusSource("proof_of_heat:idm", "idm", first._client.unit, template, capabilities=first.capabilities)
        source.timing = QUICK
        assert (await source.apply(Command(id="a", flow_c=35.0))).outcome == Outcome.APPLIED
        assert (await source.apply(Command(id="b", flow_c=asked))).outcome in {Outcome.APPLIED, Outcome.UNCHANGED}
        assert simulator.setpoint_c == pytest.approx(set_c, abs=1e-3)
        await source.close()
        await first.close()


async def test_a_write_again_that_fails_is_tried_at_the_next_reading(socket_enabled: None) -> None:
    async with boiler("idm") as (simulator, source):
        await source.apply(Command(id="a", flow_c=41.0))
        source._repeats._written_at.clear()
        real, source._client.unit.write_registers = source._client.unit.write_registers, refused
        assert (await source.refresh()).health == Health.OK
        source._client.unit.write_registers = real
        seen = len(simulator.writes)
        await source.refresh()
        assert len(simulator.writes) == seen + 1
        await source.close()


async def refused(address: int, values: list[int]) -> None:
    raise OSError("line is down")


# --- templates --------------------------------------------------------------------------------------------


def test_real_heat_pumps_and_boilers_ship() -> None:
    templates = load_builtin()
    assert sorted(templates) == sorted(file.stem for file in FOLDER.glob("*.yaml")), "found by the file's name"
    simulated = [templates[key] for key in DEVICES.values()]  # of the others: test_modbus_templates.py
    assert [template.kind for template in simulated].count(SourceKind.BOILER) == 2
    for template in simulated:
        assert Control.ON_OFF in template.controls
        assert template.fallback, "a template without a safe state"
        assert {"flow_temperature", "outdoor_temperature", "running"} <= set(template.registers)
        assert "power" in template.registers or template.fuel != "electricity"


def lambda_data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((FOLDER / "lambda_eu.yaml").read_text())
    return data


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("format",), 2, "format: must be 1"),
        (("id",), "", "id: must be a non-empty text"),
        (("kind",), "stove", "kind: stove is not one of"),
        (("registers",), {}, "registers: length of value must be at least 1"),
        (("registers", "power", "at"), 70000, r"registers\.power\.at: 70000"),
        (("registers", "power", "type"), "int64", r"registers\.power\.type: int64"),
        (("registers", "power", "scale"), 0, r"registers\.power\.scale: must not be 0"),
        (("registers", "power", "typ"), "x", r"registers\.power\.typ: unknown key"),
        (("registers", "power", "invalid"), ["x"], r"registers\.power\.invalid"),
        (("registers", "power"), 5, r"registers\.power: expected a mapping"),
        (("controls", "level", "register"), "nothing", r"controls\.level\.register: nothing"),
        (("controls", "level", "min"), None, r"controls\.level: min and max are required"),
        (("controls", "on_off", "value_on"), None, r"controls\.on_off: value_on and value_off are required"),
        (("controls", "boost"), {"register": "level", "min": 0, "max": 1}, r"controls\.boost: unknown control"),
        (("controls",), [], "controls: expected a mapping"),
        (("fallback",), {"nothing": 1}, r"fallback\.nothing"),
        (("write", "max_per_day"), 0, "max_per_day: 0"),
        (("word_order",), "middle", "word_order: middle"),
        (("fallbck",), {"level": 0}, "fallbck: unknown key"),
        (("fallback",), {}, "fallback: values for when control is released are required"),
        (("fallback",), [1], "fallback: expected a mapping"),
        (("fallback", "level"), 99999, r"fallback\.level: level: 99999 does not fit int16"),
        (("fallback", "level"), "zero", r"fallback\.level: zero is not a number"),
        (("registers", "power", "at"), 10.5, r"registers\.power\.at: 10\.5 is not a whole number"),
        (("registers", "power", "at"), True, r"registers\.power\.at: True is not a number"),
        (("registers", "power", "at"), None, r"registers\.power\.at: None is not a number"),
        (("registers", "power", "scale"), float("nan"), r"registers\.power\.scale: nan"),
        (("registers", "running", "on_values"), [], r"registers\.running\.on_values: required"),
        (("controls", "level", "max"), 99999, r"controls\.level: level: 99999 does not fit"),
        (("controls", "level", "min"), 11, r"controls\.level: min 11 is above max 10"),
        (("controls", "level"), 5, r"controls\.level: expected a mapping"),
        (("controls", "level", "steps"), 1, r"controls\.level\.steps: unknown key"),
        (
            ("controls", "power"),
            {"register": "level", "min": 0, "max": 10},
            r"controls\.power: registers\.power_limit is required, it shows the commanded value",
        ),
        (
            ("registers", "running", "on_values"),
            [float("nan")],
            r"registers\.running\.on_values: must be a list of whole",
        ),
        (("registers", "power", "invalid"), 10**400, r"registers\.power\.invalid: must be a list of numbers"),
        (("registers", "power", "at"), 65535, r"registers\.power\.at: a value of 2 registers does not fit at 65535"),
        (("serial",), "fast", "serial: fast is not a serial setting"),
        (("unit_id",), 1.5, r"unit_id: 1\.5 is not a whole number"),
        (("write",), 5, "write: expected a mapping"),
        (("write", "max_a_day"), 5, r"write\.max_a_day: unknown key"),
        (("registers", "power", "unit"), "kW", r"registers\.power\.unit: kW must be W"),
        (("registers", "power", "min"), 40000, r"registers\.power: min 40000 is above max 30000"),
        (("fallback", "level"), 11, r"fallback\.level: 11 is outside the range \(min, max\) of registers\.level"),
        (("controls", "level", "repeat_s"), -1, r"controls\.level\.repeat_s: -1 is not a number from 0"),
        (("poll_s",), 5, "poll_s: 5 is not a number from 20 to 600"),
        (("poll_s",), "65", "poll_s: 65 is not a number"),
    ],
)
def test_errors_in_a_template_are_named(path: tuple[str, ...], value: object, message: str) -> None:
    data = lambda_data()
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    if path[-1] == "at":
        place["type"] = "int32"
    if path == ("controls",):
        data["controls"] = ["x"]
    with pytest.raises(TemplateError, match=message):
        parse(data)


def test_users_folder_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("format: [")
    with pytest.raises(TemplateError, match=r"mine\.yaml"):
        load_folder(tmp_path)
    (tmp_path / "mine.yaml").write_text((FOLDER / "lambda_eu.yaml").read_text().replace("id: lambda_eu", "id: mine"))
    assert set(load_folder(tmp_path)) == {"mine"}
    with pytest.raises(TemplateError, match="expected a mapping"):
        parse([])
    (tmp_path / "zwei.yaml").write_text((tmp_path / "mine.yaml").read_text())
    with pytest.raises(TemplateError, match=r"zwei\.yaml: id: mine is already used by another file"):
        load_folder(tmp_path)
    (tmp_path / "zwei.yaml").write_text("format: 1\nid: a\nid: b\n")
    with pytest.raises(TemplateError, match=r"zwei\.yaml: line 1: repeated keys: id"):
        load_folder(tmp_path)
    (tmp_path / "zwei.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TemplateError, match=r"zwei\.yaml"):
        load_folder(tmp_path)
    (tmp_path / "zwei.yaml").unlink()
    (tmp_path / "ordner.yaml").mkdir()
    with pytest.raises(TemplateError, match=r"ordner\.yaml"):
        load_folder(tmp_path)


def test_a_mistake_in_one_file_stops_no_other_device(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("format: [")
    (tmp_path / "mine.yaml").write_text((FOLDER / "lambda_eu.yaml").read_text().replace("id: lambda_eu", "id: mine"))
    assert find_template("lambda_eu", tmp_path).name == "Lambda EU heat pump"
    assert find_template("mine", tmp_path).id == "mine"
    assert find_template("lambda_eu", tmp_path / "not there").id == "lambda_eu"
    with pytest.raises(TemplateError, match=r"no template stove; broken\.yaml: "):
        find_template("stove", tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-70000, 70000) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    *[(key,) for key in lambda_data()],
    *[("registers", "power", key) for key in ("at", "in", "type", "scale", "offset", "invalid", "min", "max")],
    *[("controls", name) for name in ("level", "room", "on_off")],
    *[("controls", "level", key) for key in ("register", "min", "max", "step")],
    ("registers", "running", "on_values"),
    ("fallback", "level"),
    ("write", "min_interval_s"),
]


@given(st.sampled_from(PLACES), JSON)
def test_any_template_is_read_or_rejected_with_a_reason(place: tuple[str, ...], value: Any) -> None:
    data = lambda_data()
    row: Any = data
    for step in place[:-1]:
        row = row[step]
    row[place[-1]] = value
    with contextlib.suppress(TemplateError):
        parse(data)


async def test_a_command_that_the_days_writes_allow_in_part_is_not_begun(socket_enabled: None) -> None:
    async with boiler("lambda") as (simulator, source):
        source._template = replace(source._template, max_writes_per_day=1)
        result = await source.apply(Command(id="both", on=False))
        assert result.outcome == Outcome.APPLIED
        result = await source.apply(Command(id="both", on=True, level=3.0))
        assert result.outcome == Outcome.DEFERRED
        assert len(simulator.writes) == 1
        await source.close()


async def test_a_value_that_its_register_cannot_hold_is_refused(socket_enabled: None) -> None:
    """A template that was changed by hand while it is in use."""
    async with boiler("lambda") as (simulator, source):
        level = source._template.level
        assert level is not None
        wide = replace(level, maximum=1e6)
        source._template = replace(source._template, level=wide)
        source._capabilities = replace(source.capabilities, max_level=1e6)
        assert (await source.apply(Command(id="a", level=9e5))).outcome == Outcome.REFUSED
        assert simulator.writes == []
        assert not source.leased


async def test_a_device_that_holds_nothing_valid_is_failing(socket_enabled: None) -> None:
    async with boiler("daikin") as (simulator, source):

        def nothing() -> None:
            simulator.registers.input = dict.fromkeys(range(60), 32767)
            simulator.registers.holding = {}

        simulator._fill_daikin = nothing  # type: ignore[method-assign]
        state = await source.refresh()
        assert (state.health, state.on) == (Health.FAILING, None)
        assert "no register" in state.detail


async def test_a_reply_with_another_number_of_registers_is_rejected() -> None:
    class Short:
        """A unit that answers half."""

        async def read_holding_registers(self, address: int, count: int) -> list[int]:
            return [0] * (count // 2)

        read_input_registers = read_holding_registers

    state = await source_of("idm", Short()).refresh()
    assert state.health == Health.FAILING
    assert "the reply does not have" in state.detail


async def test_power_below_zero_is_zero(socket_enabled: None) -> None:
    async with boiler("lambda") as (simulator, source):
        fill = simulator._fill_lambda

        def negative() -> None:
            fill()
            simulator.registers.holding[1012] = 65536 - 20

        simulator._fill_lambda = negative  # type: ignore[method-assign]
        assert (await source.refresh()).power_w == 0.0


async def test_writes_of_yesterday_do_not_count(socket_enabled: None) -> None:
    clock = [0.0]
    async with boiler("lambda") as (_, source):
        source._clock = lambda: clock[0]
        source._writes = WriteCounter(elapsed=lambda: clock[0])
        source._template = replace(source._template, max_writes_per_day=1)
        assert (await source.apply(Command(id="a", level=1.0))).outcome == Outcome.APPLIED
        assert (await source.apply(Command(id="b", level=2.0))).outcome == Outcome.DEFERRED
        clock[0] = 86_401.0
        assert (await source.apply(Command(id="c", level=2.0))).outcome == Outcome.APPLIED
        await source.close()


@given(
    kind=st.sampled_from(["int16", "uint16", "int32", "uint32", "float32"]),
    raw=st.integers(0, 30000),
    scale=st.sampled_from([1.0, 0.1, 0.01, 10.0]),
    swapped=st.booleans(),
)
def test_what_is_written_reads_the_same(kind: str, raw: int, scale: float, swapped: bool) -> None:
    register = Register(
        key="x", address=0, data_type=kind, scale=scale, low_word_first=swapped and kind in ("int32", "float32")
    )
    value = register.decode(register.encode(raw * scale))
    assert value == pytest.approx(raw * scale, rel=1e-6)


def test_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(TemplateError, match="does not fit"):
        Register(key="x", address=0, scale=0.01).encode(400.0)


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["int16", "float32"])), min_size=1, max_size=60))
def test_blocks_cover_every_register_within_limits(rows: list[tuple[int, str]]) -> None:
    registers = [Register(key=str(i), address=at, data_type=kind) for i, (at, kind) in enumerate(rows)]
    found = blocks(registers)
    assert sorted(r.key for block in found for r in block) == sorted(r.key for r in registers)
    for block in found:
        assert max(r.address + r.words for r in block) - block[0].address <= 60
