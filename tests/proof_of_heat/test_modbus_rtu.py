"""Modbus RTU over a serial line (a pseudo-terminal): real frames, real faults, core's shared link."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from homeassistant.core import HomeAssistant
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.proof_of_heat.drivers.modbus.connection import (
    AddressError,
    SerialSettings,
    connection_params,
    parse_serial_settings,
)
from custom_components.proof_of_heat.drivers.modbus.source import ModbusSource
from custom_components.proof_of_heat.drivers.modbus.template import load_builtin
from lib.heat_source import Command, Health, Outcome
from simulators.framework import running
from simulators.modbus_boiler.boiler import ModbusBoiler
from tests.heat_source_contract import assert_keeps_contract
from tests.proof_of_heat.test_modbus import COMMANDS, DEVICES, QUICK, source_of
from tests.skipped_waits import skipped_waits

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


@asynccontextmanager
async def on_a_line(device: str, tmp_path: Path, *argv: str) -> AsyncGenerator[tuple[ModbusBoiler, ModbusSource]]:
    """A device on a serial line with a name that stays, and its source."""
    link = tmp_path / "by-id-adapter"
    async with running(
        ModbusBoiler, ["--port", "0", "--device", device, "--rtu", "--rtu-link", str(link), *argv]
    ) as simulator:
        connection = ModbusConnection(connection_params(f"{link} 19200"))  # a pseudo-terminal takes no parity
        unit = connection.for_unit(1)
        unit.require_timeout(0.6)
        source = source_of(device, unit)
        yield simulator, source
        await source.close()
        await connection.close()


@pytest.fixture(params=list(DEVICES))
def device(request: pytest.FixtureRequest, socket_enabled: None) -> str:
    return str(request.param)


async def test_keeps_the_contract(device: str, tmp_path: Path) -> None:
    async with on_a_line(device, tmp_path) as (simulator, source):
        assert (await assert_keeps_contract(source, COMMANDS[device])).outcome == Outcome.APPLIED
        assert simulator.heating


async def test_off_and_back_is_read_back(device: str, tmp_path: Path) -> None:
    async with on_a_line(device, tmp_path) as (simulator, source):
        assert (await source.apply(Command(id="off", on=False))).outcome == Outcome.APPLIED
        assert (source.state.on, source.state.power_w) == (False, 0.0)
        writes = len(simulator.writes)
        assert (await source.apply(Command(id="off2", on=False))).outcome == Outcome.UNCHANGED
        assert len(simulator.writes) == writes
        assert (await source.release()).outcome == Outcome.APPLIED
        assert simulator.heating


@pytest.mark.parametrize("fault", ["silent", "garbage", "cut", "busy"])
async def test_line_fault_is_failing_in_time_and_recovers(device: str, fault: str, tmp_path: Path) -> None:
    async with on_a_line(device, tmp_path) as (simulator, source):
        assert (await source.refresh()).health == Health.OK
        simulator.faults.set(fault)
        clock = asyncio.get_running_loop().time
        async with skipped_waits():
            began = clock()
            state = await source.refresh()
            assert clock() - began < QUICK.read_s + 60
            assert (state.health, state.on, state.power_w) == (Health.FAILING, None, None)
            assert (await source.apply(Command(id="x", on=False))).outcome == Outcome.FAILED
        simulator.faults.clear(fault)
        for _ in range(4):
            state = await source.refresh()
        assert state.health == Health.OK
        assert not source.absent, "a fault of the line is not a missing register"


async def test_noise_never_gives_a_wrong_number(socket_enabled: None, tmp_path: Path) -> None:
    """Every fourth frame has a flipped bit: a reading is right or absent, for the check sum sees it."""
    async with on_a_line("daikin", tmp_path, "--seed", "7") as (simulator, source):
        simulator.faults.set("noise", 0.25)
        good = 0
        for _ in range(12):
            state = await source.refresh()
            if state.health == Health.OK:
                good += 1
                assert state.flow_c == pytest.approx(simulator.flow_c, abs=0.2)
                assert state.flow_setpoint_c == 35
            else:
                assert state.flow_c is None
        assert good > 2


async def test_late_answer_is_not_taken_for_the_next_question(socket_enabled: None, tmp_path: Path) -> None:
    """The reply to one block arrives while another one is awaited: same unit, same function, other registers."""
    async with on_a_line("lambda", tmp_path) as (simulator, source):
        simulator.faults.set("slow", 0.65)
        await source.refresh()
        simulator.faults.clear("slow")
        await asyncio.sleep(0.8)
        for _ in range(3):
            state = await source.refresh()
            if state.health == Health.OK:
                assert state.flow_c == pytest.approx(simulator.flow_c, abs=0.2)
                assert state.outdoor_c == pytest.approx(simulator.outdoor_c, abs=0.1)
        assert state.health == Health.OK


async def test_adapter_pulled_out_and_plugged_in_again(socket_enabled: None, tmp_path: Path) -> None:
    async with on_a_line("daikin", tmp_path) as (simulator, source):
        assert (await source.refresh()).health == Health.OK
        await simulator.unplug()
        state = await source.refresh()
        assert state.health == Health.FAILING
        assert (await source.refresh()).health == Health.FAILING
        simulator.plug()
        for _ in range(4):
            state = await source.refresh()
        assert state.health == Health.OK
        assert (await source.apply(Command(id="c", flow_c=44.0))).outcome == Outcome.APPLIED
        assert simulator.setpoint_c == 44


async def test_a_unit_that_is_not_there_costs_its_neighbour_on_the_line_little(
    socket_enabled: None, tmp_path: Path
) -> None:
    link = tmp_path / "line"
    async with running(ModbusBoiler, ["--port", "0", "--device", "daikin", "--rtu", "--rtu-link", str(link)]):
        connection = ModbusConnection(connection_params(str(link), serial=SerialSettings(baudrate=19200)))
        here, gone = connection.for_unit(1), connection.for_unit(9)
        here.require_timeout(0.6)
        gone.require_timeout(0.6)
        present, absent = source_of("daikin", here), source_of("daikin", gone)
        absent.timing = replace(QUICK, read_s=2.0)
        assert (await absent.refresh()).health == Health.FAILING
        both = await asyncio.gather(absent.refresh(), present.refresh())
        assert [state.health for state in both] == [Health.FAILING, Health.OK]
        for source in (present, absent):
            await source.close()
        await connection.close()


async def test_core_shares_one_line_between_two_users(
    hass: HomeAssistant, socket_enabled: None, tmp_path: Path
) -> None:
    """What an integration really gets: a unit of core's link, twice for the same line."""
    from homeassistant.components.modbus import async_get_temporary_unit

    link = tmp_path / "line"
    async with running(ModbusBoiler, ["--port", "0", "--device", "daikin", "--rtu", "--rtu-link", str(link)]) as boiler:
        params = connection_params(str(link), serial=load_builtin()["daikin_home_hub"].serial)
        async with async_get_temporary_unit(hass, params, 1) as one:
            one.require_timeout(0.6)
            first = source_of("daikin", one)
            async with async_get_temporary_unit(hass, params, 1) as two:
                states = await asyncio.gather(first.refresh(), source_of("daikin", two).refresh())
                assert [state.health for state in states] == [Health.OK, Health.OK]
            assert (await first.apply(Command(id="c", flow_c=46.0))).outcome == Outcome.APPLIED
            assert boiler.setpoint_c == 46
            await first.close()


# --- the address ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("9600", SerialSettings()),
        ("19200 8E1", SerialSettings(baudrate=19200, parity="E")),
        (" 2400 7o2 ", SerialSettings(baudrate=2400, bytesize=7, parity="O", stopbits=2)),
    ],
)
def test_line_settings(text: str, line: SerialSettings) -> None:
    assert parse_serial_settings(text) == line


@pytest.mark.parametrize("text", ["", "9601", "9600 9N1", "9600 8X1", "9600 8N3", "fast", "9600 8N1 x"])
def test_line_settings_that_are_none(text: str) -> None:
    with pytest.raises(AddressError, match="9600 8N1"):
        parse_serial_settings(text)


def test_the_address_determines_the_connection() -> None:
    tcp = connection_params(" 192.168.1.30 ", 1502)
    assert (tcp.host, tcp.port) == ("192.168.1.30", 1502)
    assert connection_params("/dev/ttyUSB0").baudrate == 9600
    assert connection_params("COM3", serial=SerialSettings(baudrate=19200, parity="E", stopbits=2)).stopbits == 2
    over = connection_params("/dev/ttyUSB0 38400 7O2", serial=SerialSettings(baudrate=19200))
    assert (over.device, over.baudrate, over.parity, over.bytesize) == ("/dev/ttyUSB0", 38400, "O", 7)
    assert connection_params("socket://10.0.0.3:8899").device == "socket://10.0.0.3:8899"
    with pytest.raises(AddressError, match="address is empty"):
        connection_params("  ")
