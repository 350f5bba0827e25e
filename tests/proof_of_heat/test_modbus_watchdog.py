"""A device with a watchdog: kept alive by the driver, and under its own control once nothing keeps it alive."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
import pytest
import yaml

from custom_components.proof_of_heat.drivers.modbus.repeated_writes import RepeatedWrites
from custom_components.proof_of_heat.drivers.modbus.source import ModbusSource, capabilities_of
from custom_components.proof_of_heat.drivers.modbus.template import parse
from custom_components.proof_of_heat.drivers.modbus.template_schema import TemplateError
from lib.heat_source import Command, Outcome
from simulators.framework import running
from simulators.gas_boiler.boiler import GasBoiler
from tests.skipped_waits import skipped_waits

from .test_modbus import QUICK
from .winter import TEMPLATE

EXPIRES_S = 300.0
SPEED = 500.0
"""The boiler's 300 s are 0.6 s."""
USERS = (29.0, 0)


def template_data(**watchdog: Any) -> Any:
    data = yaml.safe_load(TEMPLATE)
    data["registers"]["heartbeat"] = {"at": 10, "type": "uint16"}
    values = {"register": "heartbeat", "values": [1, 2], "every_s": 60, "expires_s": EXPIRES_S, **watchdog}
    return {**data, "watchdog": values}


def test_reading_is_frequent_enough_for_the_writes_that_are_repeated_with_it() -> None:
    assert parse({**template_data(), "poll_s": 130}).poll_s == 130.0
    with pytest.raises(TemplateError, match=r"poll_s: must be less than half of watchdog\.expires_s"):
        parse({**template_data(), "poll_s": 140})
    data = yaml.safe_load(TEMPLATE)
    name = next(iter(data["controls"]))
    data["controls"][name]["repeat_s"] = 60
    assert parse({**data, "poll_s": 60}).poll_s == 60.0
    with pytest.raises(TemplateError, match=rf"poll_s: must be at most controls\.{name}\.repeat_s"):
        parse({**data, "poll_s": 61})


@asynccontextmanager
async def watched() -> AsyncGenerator[tuple[GasBoiler, ModbusSource]]:
    """The boiler with the user's settings at its panel, and its source."""
    argv = ["--port", "0", "--watchdog-s", str(EXPIRES_S), "--speed", str(SPEED)]
    async with skipped_waits(), running(GasBoiler, argv) as boiler:
        boiler.setpoint_c, boiler.switch = USERS
        connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=boiler.port))
        unit = connection.for_unit(1)
        unit.require_timeout(2.0)
        template = parse(template_data())
        capabilities = replace(capabilities_of(template), min_write_interval_s=0.0, settle_s=0.0)
        source = ModbusSource("proof_of_heat:b", "Boiler", unit, template, capabilities=capabilities)
        assert template.watchdog is not None
        scaled = replace(template.watchdog, every_s=template.watchdog.every_s / SPEED)
        source._repeats = RepeatedWrites(template.controls, scaled, asyncio.get_running_loop().time)
        source.timing = QUICK
        yield boiler, source
        await source.close()
        await connection.close()


def settings(boiler: GasBoiler) -> tuple[float, int]:
    state = boiler.state()
    return state["setpoint_c"], state["switch"]


async def polls(source: ModbusSource, seconds: float) -> None:
    for _ in range(round(seconds / 0.1)):
        await asyncio.sleep(0.1)
        await source.refresh()


async def test_commands_hold_as_long_as_they_are_kept_alive(socket_enabled: None) -> None:
    async with watched() as (boiler, source):
        command = Command(id="a", on=True, flow_c=45.0)
        assert (await source.apply(command)).outcome == Outcome.APPLIED, "the heartbeat comes before the command"
        await polls(source, 1.5)
        assert (settings(boiler), boiler.fallbacks) == ((45.0, 1), 0)
        assert (await source.apply(command)).outcome == Outcome.UNCHANGED
        assert source.writes_today == 2, "what keeps the device alive does not wear its memory"
        assert source.capabilities.lease_in_device


async def test_the_device_falls_back_when_home_assistant_stops(socket_enabled: None) -> None:
    async with watched() as (boiler, source):
        await source.apply(Command(id="a", on=True, flow_c=45.0))
        await source.close()
        await asyncio.sleep(EXPIRES_S / SPEED + 0.2)
        assert (settings(boiler), boiler.fallbacks) == (USERS, 1)


async def test_control_resumes_after_a_fallback(socket_enabled: None) -> None:
    async with watched() as (boiler, source):
        await source.apply(Command(id="a", on=True, flow_c=45.0))
        await asyncio.sleep(EXPIRES_S / SPEED + 0.2)  # the network was down, for example
        assert settings(boiler) == USERS
        assert (await source.apply(Command(id="b", on=True, flow_c=46.0))).outcome == Outcome.APPLIED
        assert settings(boiler) == (46.0, 1)
        assert (await source.release()).settled
        assert settings(boiler) == USERS, "the fallback was not taken for a choice of the user"


async def test_after_a_release_the_device_is_left_alone(socket_enabled: None) -> None:
    async with watched() as (boiler, source):
        await source.apply(Command(id="a", on=True, flow_c=45.0))
        assert (await source.release()).outcome == Outcome.APPLIED
        assert settings(boiler) == USERS
        writes = len(boiler.writes)
        await polls(source, 1.0)
        assert len(boiler.writes) == writes
        assert (settings(boiler), boiler.fallbacks) == (USERS, 1)


async def test_a_heartbeat_that_fails_is_repeated_at_the_next_reading(socket_enabled: None) -> None:
    async with watched() as (boiler, source):
        await source.apply(Command(id="a", on=True, flow_c=45.0))
        real = source._client.unit.write_register

        async def refused(address: int, value: int) -> None:
            raise OSError("line is down")

        source._client.unit.write_register = refused  # type: ignore[method-assign]
        await polls(source, 0.3)
        source._client.unit.write_register = real  # type: ignore[method-assign]
        await polls(source, 1.0)
        assert (settings(boiler), boiler.fallbacks) == ((45.0, 1), 0)


@pytest.mark.parametrize(
    ("watchdog", "message"),
    [
        ({"register": "beat"}, r"watchdog\.register: beat is not a holding register"),
        ({"register": "heat_power"}, r"watchdog\.register: heat_power is not a holding register"),
        ({"values": []}, r"watchdog\.values: at least one value is required"),
        ({"values": [70000]}, r"watchdog\.values: heartbeat: 70000 does not fit"),
        ({"values": ["x"]}, r"watchdog\.values: must be a list of numbers"),
        ({"every_s": 0}, r"watchdog\.every_s: 0 is not a number from 1"),
        ({"every_s": 200}, r"watchdog\.every_s: must be at most half of expires_s"),
        ({"expires_s": 30, "every_s": 5}, r"watchdog\.expires_s: 30 is not a number from 90"),
        ({"interval": 5}, r"watchdog\.interval: unknown key"),
    ],
)
def test_errors_are_named(watchdog: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse(template_data(**watchdog))


def test_one_value_is_a_lease_that_counts_down() -> None:
    watchdog = parse(template_data(values=300)).watchdog
    assert watchdog is not None
    assert watchdog.values == (300.0,)
