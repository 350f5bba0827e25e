"""Ugly answers on the wire: a Modbus TCP server, the library that core uses, and the driver."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import struct
from typing import Any

from modbus_connection import IllegalDataAddressError, ModbusTcpParams, ServerDeviceFailureError
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.proof_of_heat.drivers.modbus.source import ModbusSource
from custom_components.proof_of_heat.drivers.modbus.template import load_builtin
from lib.heat_source import Command, Health, Outcome
from simulators.framework import running
from simulators.modbus_boiler.boiler import ModbusBoiler
from tests.skipped_waits import skipped_waits

from .test_modbus import source_of

pytestmark = pytest.mark.usefixtures("socket_enabled")


@asynccontextmanager
async def device(name: str = "lambda") -> AsyncGenerator[tuple[ModbusBoiler, ModbusSource]]:
    """A simulated device that is given little time to answer."""
    async with skipped_waits(), running(ModbusBoiler, ["--port", "0", "--device", name]) as simulator:
        connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=simulator.port))
        unit = connection.for_unit(1)
        unit.require_timeout(0.3)
        source = source_of(name, unit)
        source.now_s = 1000.0  # type: ignore[attr-defined]  the clock of this test
        source._clock = source._reader.availability._clock = lambda: source.now_s  # type: ignore[attr-defined]
        yield simulator, source
        await connection.close()


@pytest.mark.parametrize(
    ("fault", "value"),
    [
        ("exception", 1),
        ("exception", 2),
        ("exception", 3),
        ("exception", 4),
        ("exception", 5),
        ("exception", 6),
        ("exception", 8),
        ("exception", 10),
        ("exception", 11),
        ("exception", 99),
        ("wrong_transaction", True),
        ("cut", True),
        ("garbage", True),
        ("refused", True),
        ("silent", True),
        ("slow", 20),
    ],
)
async def test_a_device_that_was_never_read_is_unavailable_and_comes_back(fault: str, value: Any) -> None:
    async with device() as (simulator, source):
        source.timing = source.timing.__class__(read_s=1.2, write_s=1.0, fresh_s=0.0, verify_s=0.2)
        simulator.faults.set(fault, value)
        state = await source.refresh()
        assert state.health == Health.FAILING
        assert (state.flow_c, state.power_w, state.outdoor_c, state.on) == (None, None, None, None)
        simulator.faults.clear(fault)
        source.now_s += 61.0  # type: ignore[attr-defined]
        for _ in range(3):  # the library closes a connection whose answers are out of order
            state = await source.refresh()
            if state.health == Health.OK:
                break
        assert state.health == Health.OK, state.detail
        assert state.flow_c == pytest.approx(simulator.flow_c, abs=0.1)


@pytest.mark.parametrize("code", [4, 8, 10, 11])
async def test_a_device_that_fails_as_a_whole_shows_no_old_readings(code: int) -> None:
    async with device() as (simulator, source):
        assert (await source.refresh()).health == Health.OK
        simulator.faults.set("exception", code)
        for _ in range(2):
            state = await source.refresh()
            assert (state.health, state.flow_c) == (Health.FAILING, None)
        simulator.faults.clear("exception")
        state = await source.refresh()
        assert (state.health, source.absent) == (Health.OK, frozenset())
        assert state.flow_c is not None


@pytest.mark.parametrize(
    ("name", "address", "key"),
    [
        ("lambda", 1004, "flow_temperature"),
        ("lambda", 5006, "circuit_mode"),
        ("lambda", 1021, "electricity"),
        ("daikin", 43, "outdoor_temperature"),
        ("froeling", 1030, "flow_temperature"),
        ("gtw08", 409, "system_pressure"),
    ],
)
async def test_one_register_that_fails_does_not_take_the_others_away(name: str, address: int, key: str) -> None:
    """EMS gateways and some bridges answer with a device failure for what the device has not sent yet."""
    async with device(name) as (simulator, source):
        simulator.faults.set("failed_register", address)
        state = await source.refresh()
        assert state.health == Health.OK, state.detail
        assert source.values.get(key) is None
        assert len([value for value in source.values.values() if value is not None]) >= 6
        assert key in source.absent
        simulator.faults.clear("failed_register")
        source.now_s += 61.0  # type: ignore[attr-defined]
        assert (await source.refresh()).health == Health.OK
        assert source.values[key] is not None
        assert source.absent == frozenset()


async def test_a_register_that_fails_later_keeps_its_reading_for_a_while_only() -> None:
    async with device() as (simulator, source):
        good = await source.refresh()
        simulator.faults.set("failed_register", 1004)
        for _ in range(5):
            state = await source.refresh()
            assert (state.health, state.flow_c, state.outdoor_c) == (Health.OK, good.flow_c, good.outdoor_c)
        source.now_s += 301.0  # type: ignore[attr-defined]
        state = await source.refresh()
        assert (state.health, state.flow_c, state.outdoor_c) == (Health.OK, None, good.outdoor_c)
        simulator.faults.clear("failed_register")
        assert (await source.refresh()).flow_c is not None


async def test_a_connection_reset_in_the_middle_of_a_reading_is_not_an_old_reading() -> None:
    async with device() as (simulator, source):
        assert (await source.refresh()).health == Health.OK
        simulator.faults.set("reset_once", 1)
        states = [await source.refresh() for _ in range(2)]
        assert states[-1].health == Health.OK, states[-1].detail
        assert all(state.flow_c is None for state in states if state.health == Health.FAILING)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Outcome.REFUSED, 1), (Outcome.REFUSED, 2), (Outcome.REFUSED, 3), (Outcome.FAILED, 4), (Outcome.FAILED, 11)],
)
async def test_a_rejected_write_is_reported_and_the_next_one_works(outcome: Outcome, code: int) -> None:
    async with device() as (simulator, source):
        assert (await source.refresh()).level == 0
        source.timing = source.timing.__class__(read_s=4.0, write_s=4.0, fresh_s=60.0, verify_s=0.1, verify_step_s=0.05)
        simulator.faults.set("exception", code)
        result = await source.apply(Command(id="a", on=True, level=2.0))
        assert result.outcome == outcome, result
        simulator.faults.clear("exception")
        result = await source.apply(Command(id="b", on=True, level=2.0))
        assert result.outcome == Outcome.APPLIED, result
        assert simulator.level_k == 2.0
        await source.close()


RAW = {1004: "flow_c", 1005: "return_c", 2: "outdoor_c", 5002: "circuit_c", 1012: "power_w"}


@pytest.mark.parametrize("raw", [0x8000, 0x7FFF, 0xFFFF, 0x8001, 0x7FFE, 20_000, 45_000])
async def test_values_that_no_device_measures_are_unknown(raw: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they pass the data type: 200 °C of flow, -205.36 °C outdoors."""
    async with device() as (simulator, source):
        fill = simulator._fill_lambda

        def ugly() -> None:
            fill()
            simulator.registers.holding |= dict.fromkeys(set(RAW) - {1012}, raw)

        monkeypatch.setattr(simulator, "_fill_lambda", ugly)
        state = await source.refresh()
        assert state.health == Health.OK
        shown = [getattr(state, name) for name in ("flow_c", "return_c", "outdoor_c", "circuit_c")]
        assert all(value is None or -30.0 <= value <= 125.0 for value in shown), shown
        if raw != 0xFFFF:  # -0.1 and -0.01 degC
            assert shown == [None] * 4
        assert state.power_w is not None


@pytest.mark.parametrize("word", [0x7FC00000, 0x7F800000, 0xFF800000, 0xC47A0000, 0x7F7FFFFF])
async def test_floats_that_are_not_numbers_are_unknown(word: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """NaN, infinity, -1000 and the largest number."""
    async with device("idm") as (simulator, source):
        fill = simulator._fill_idm

        def ugly() -> None:
            fill()
            high, low = struct.unpack(">HH", struct.pack(">I", word))
            for address in (1000, 1050, 1052, 1350, 4122):
                simulator.registers.input |= {address: low, address + 1: high}

        monkeypatch.setattr(simulator, "_fill_idm", ugly)
        state = await source.refresh()
        assert state.health == Health.OK
        shown = (state.flow_c, state.return_c, state.outdoor_c, state.circuit_c, state.power_w)
        assert shown == (None,) * 5


async def test_readings_of_a_replaced_device_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device is replaced: the readings of the old one do not remain, and what is impossible is unknown."""
    async with device() as (simulator, source):
        assert (await source.refresh()).health == Health.OK
        simulator.registers.holding = {}
        monkeypatch.setattr(simulator, "_fill_lambda", simulator._fill_idm)
        simulator.args.device = "lambda"
        source.now_s += 301.0  # type: ignore[attr-defined]
        states = [await source.refresh() for _ in range(5)]
        assert states[-1].circuit_c is None
        assert states[-1].level is None


async def test_a_gateway_that_answers_single_values_only() -> None:
    """EMS-ESP: a request must be for one value exactly; one that the bus has not carried yet is a device failure."""
    template = load_builtin()["ems_esp_heat_pump"]
    words = {
        (register.address, register.words): [0] * (register.words - 1) + [310]
        for register in template.registers.values()
    }
    words[14, 1] = [1]
    requests: list[tuple[int, int]] = []

    class Gateway:
        async def read_holding_registers(self, address: int, count: int) -> list[int]:
            requests.append((address, count))
            if (address, count) not in words:
                raise IllegalDataAddressError
            if address == 247:
                raise ServerDeviceFailureError
            return words[address, count]

    source = ModbusSource("m", "m", Gateway(), template, clock=lambda: 0.0)  # type: ignore[arg-type]  read only
    state = await source.refresh()
    assert (state.health, state.flow_c, state.power_w) == (Health.OK, 31.0, None), state.detail
    assert source.absent == {"power"}
    requests.clear()
    assert (await source.refresh()).flow_c == 31.0
    assert set(requests) == set(words) - {(247, 1)}, "each value is requested alone from now on"
