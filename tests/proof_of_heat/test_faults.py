"""Every driver with every fault of its connection: it ends in time, reports the fault, writes nothing, and recovers.

One table of drivers, one of faults. Further behavior of a driver is in its own tests.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
import random
import time
from typing import Any, Final
from unittest.mock import patch

import aiohttp
from aiohttp import web
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.drivers.call_budget import CallLimits
from custom_components.proof_of_heat.drivers.errors import DriverError
from custom_components.proof_of_heat.drivers.meter.shelly import ShellyMeter
from lib.heat_source import Command, Health, Outcome, SourceState
from simulators.framework import Simulator, running
from simulators.luxos.miner import Luxos
from simulators.modbus_boiler.boiler import ModbusBoiler
from simulators.shelly_pro3em.meter import ShellyPro3Em
from tests.proof_of_heat.test_miner_clouds import cloud as miner_cloud, first_source
from tests.proof_of_heat.test_miner_generic import through_pyasic
from tests.proof_of_heat.test_miner_sources import miner
from tests.proof_of_heat.test_modbus import source_of
from tests.proof_of_heat.test_modbus_rtu import on_a_line
from tests.proof_of_heat.test_viessmann import cloud as viessmann_cloud
from tests.skipped_waits import skipped_waits

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

READ_S: Final = 1.2
SLACK_S: Final = 20.0


@dataclass
class Rig:
    """A simulated device and the source that drives it."""

    device: Simulator
    source: SourceBase
    forget: Callable[[], None] = lambda: None
    """Before each reading: what a cloud account keeps for a moment is thrown away."""

    async def refresh(self) -> SourceState:
        self.forget()
        return await self.source.refresh()


type Make = Callable[[Callable[[], str], aiohttp.ClientSession, Path], AsyncGenerator[Rig]]


def _miner(kind: str) -> Any:
    @asynccontextmanager
    async def make(host: Callable[[], str], session: aiohttp.ClientSession, _: Path) -> AsyncGenerator[Rig]:
        async with miner(kind, host(), session) as (device, source):
            yield Rig(device, source)

    return make


@asynccontextmanager
async def _other(host: Callable[[], str], session: aiohttp.ClientSession, _: Path) -> AsyncGenerator[Rig]:
    async with through_pyasic(Luxos, host(), session) as (device, source):
        yield Rig(device, source)


def _account(kind: str) -> Any:
    @asynccontextmanager
    async def make(_: Callable[[], str], session: aiohttp.ClientSession, __: Path) -> AsyncGenerator[Rig]:
        async with miner_cloud(kind, session) as (device, account):
            source = await first_source(account)
            yield Rig(device, source, account.invalidate)
            await source.close()

    return make


@asynccontextmanager
async def _viessmann(_: Callable[[], str], __: aiohttp.ClientSession, ___: Path) -> AsyncGenerator[Rig]:
    with patch("custom_components.proof_of_heat.drivers.viessmann.client._TIMEOUT_S", READ_S - 0.4):
        async with viessmann_cloud() as setup:
            yield Rig(setup.cloud, await setup.source())


@asynccontextmanager
async def _modbus_tcp(_: Callable[[], str], __: aiohttp.ClientSession, ___: Path) -> AsyncGenerator[Rig]:
    async with running(ModbusBoiler, ["--port", "0", "--device", "idm"]) as device:
        connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=device.port))
        unit = connection.for_unit(1)
        unit.require_timeout(0.4)
        source = source_of("idm", unit)
        yield Rig(device, source)
        await source.close()
        await connection.close()


@asynccontextmanager
async def _modbus_rtu(_: Callable[[], str], __: aiohttp.ClientSession, folder: Path) -> AsyncGenerator[Rig]:
    async with on_a_line("lambda", folder) as (device, source):
        yield Rig(device, source)


DRIVERS: Final[dict[str, Any]] = {
    **{
        kind: _miner(kind)
        for kind in ("antminer", "whatsminer_v2", "whatsminer_v3", "braiins", "bitaxe", "vnish", "luxos")
    },
    "other": _other,
    "nicehash": _account("nicehash"),
    "hiveos": _account("hiveos"),
    "viessmann": _viessmann,
    "modbus_tcp": _modbus_tcp,
    "modbus_rtu": _modbus_rtu,
}
FAULTS: Final = {
    "refused": True,
    "silent": True,  # half-open: connected, but nothing is received
    "slow": READ_S + SLACK_S + 2.0,
    "garbage": True,
    "cut": True,
}
# Faults in which a device or a cloud speaks clearly.
SPOKEN: Final = [
    ("nicehash", "limited", Health.LIMITED),
    ("hiveos", "limited", Health.LIMITED),
    ("viessmann", "limited", Health.LIMITED),
    ("viessmann", "limited_html", Health.LIMITED),
    ("viessmann", "offline", Health.FAILING),
    ("viessmann", "error_500", Health.FAILING),
    ("modbus_tcp", "busy", Health.FAILING),
    ("modbus_rtu", "busy", Health.FAILING),
]


@asynccontextmanager
async def impatient(
    name: str, loopback: Callable[[], str], session: aiohttp.ClientSession, folder: Path
) -> AsyncGenerator[Rig]:
    async with skipped_waits(), DRIVERS[name](loopback, session, folder) as rig:
        rig.source.timing = replace(rig.source.timing, read_s=READ_S, write_s=READ_S, fresh_s=0.0)
        yield rig


@pytest.mark.parametrize("fault", list(FAULTS))
@pytest.mark.parametrize("name", list(DRIVERS))
async def test_fault_of_the_wire(
    name: str,
    fault: str,
    port_80: None,
    loopback: Callable[[], str],
    session: aiohttp.ClientSession,
    tmp_path: Path,
) -> None:
    async with impatient(name, loopback, session, tmp_path) as rig:
        await _until_ok(rig)
        rig.device.faults.set(fault, FAULTS[fault])
        clock = asyncio.get_running_loop().time
        began = clock()
        state = await rig.refresh()
        assert clock() - began < READ_S + SLACK_S
        assert state.health == Health.FAILING
        assert state.detail
        # Nothing is known of it: neither that it is off, nor an old number.
        assert (state.on, state.power_w, state.flow_c, state.outdoor_c) == (None, None, None, None)
        rig.forget()
        result = await rig.source.apply(Command(id="x", on=False))
        assert result.outcome == Outcome.FAILED
        assert not rig.source.leased, "nothing was sent, so nothing holds"
        rig.device.faults.clear(fault)
        await _until_ok(rig)
        await rig.source.close()


async def _until_ok(rig: Rig) -> None:
    for _ in range(200):
        if (await rig.refresh()).health == Health.OK:
            return
        await asyncio.sleep(0.3)
    assert rig.source.state.health == Health.OK, rig.source.state.detail


@pytest.mark.parametrize(("name", "fault", "health"), SPOKEN)
async def test_a_fault_that_is_reported(
    name: str,
    fault: str,
    health: Health,
    loopback: Callable[[], str],
    session: aiohttp.ClientSession,
    tmp_path: Path,
) -> None:
    async with impatient(name, loopback, session, tmp_path) as rig:
        good = await rig.refresh()
        rig.device.faults.set(fault)
        state = await rig.refresh()
        assert state.health == health
        if health == Health.LIMITED:  # the last values stand, with their own time
            assert (state.at, state.power_w) == (good.at, good.power_w)
        else:
            assert state.power_w is None


async def test_one_dead_driver_costs_no_other_a_cycle(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """All drivers in one loop; for each in turn, the others are read as quickly as ever while it hangs."""
    async with AsyncExitStack() as stack:
        rigs = {
            name: await stack.enter_async_context(DRIVERS[name](loopback, session, tmp_path))
            for name in DRIVERS
            if name != "modbus_rtu"
        }
        for rig in rigs.values():
            rig.source.timing = replace(rig.source.timing, read_s=30.0)
        await asyncio.gather(*(rig.refresh() for rig in rigs.values()))
        for name, rig in rigs.items():
            rig.device.faults.set("silent")
            hanging = asyncio.create_task(rig.refresh())
            await asyncio.sleep(0.05)
            async with asyncio.timeout(120):
                states = await asyncio.gather(*(other.refresh() for key, other in rigs.items() if key != name))
            assert all(state.health == Health.OK for state in states), name
            rig.device.faults.clear("silent")
            hanging.cancel()
            await asyncio.gather(hanging, return_exceptions=True)


# --- replies that are JSON, but of another shape ----------------------------------------------------------

SHAPES: Final[list[Any]] = [None, 5, "text", [], {}, [[]], [None], {"data": 5}, {"data": [5, None, "x", []]}, True]


@pytest.mark.parametrize("name", ["braiins", "bitaxe", "vnish", "nicehash", "hiveos", "viessmann", "antminer"])
async def test_replies_of_another_shape_are_bad_replies(
    name: str,
    port_80: None,
    loopback: Callable[[], str],
    session: aiohttp.ClientSession,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Real replies in which one branch was replaced by something else; nothing but a state comes of it."""
    rng = random.Random(3)
    async with impatient(name, loopback, session, tmp_path) as rig:
        await _until_ok(rig)
        genuine = web.json_response

        def bent(value: Any = None, **options: Any) -> web.Response:
            return genuine(_bent(value, rng), **options)

        with patch("aiohttp.web.json_response", bent):
            seen = set()
            for _ in range(60):
                state = await rig.refresh()
                seen.add(state.health)
                assert state.on in (True, False, None)
        assert Health.FAILING in seen
        assert "unexpected reply" not in caplog.text, "a shape that a decoder stumbles over"
        await _until_ok(rig)


def _bent(value: Any, rng: random.Random) -> Any:
    """A copy with one branch replaced."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        return {**value, key: _bent(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = rng.randrange(len(value))
        return [*value[:index], _bent(value[index], rng), *value[index + 1 :]]
    return rng.choice(SHAPES)


# --- the meter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", list(FAULTS))
async def test_meter_fault_of_the_wire(fault: str, session: aiohttp.ClientSession) -> None:
    async with skipped_waits(), running(ShellyPro3Em, ["--port", "0"]) as device:
        meter = ShellyMeter(session, "127.0.0.1", port=device.port, timeout_s=READ_S)
        assert (await meter.read()).power_w is not None
        device.faults.set(fault, FAULTS[fault])
        clock = asyncio.get_running_loop().time
        began = clock()
        with pytest.raises(DriverError):
            await meter.read(energy=False)
        assert clock() - began < READ_S + SLACK_S
        device.faults.clear(fault)
        assert (await meter.read()).power_w is not None


# --- the call budget on the wire --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_no_fault_sends_the_cloud_more_calls_than_its_contract(seed: int, socket_enabled: None) -> None:
    """Reads, writes, faults and restarts at random against a small contract: the cloud's own count decides."""
    from custom_components.proof_of_heat.drivers.call_budget import CallBudget
    from custom_components.proof_of_heat.drivers.viessmann.client import ViessmannClient

    rng = random.Random(seed)
    limits = CallLimits(day=40, short=24, write_reserve=8)
    faults = ["refused", "garbage", "cut", "expired", "error_500", "error_502", "offline", "deaf", "declined"]
    with patch("custom_components.proof_of_heat.drivers.viessmann.client._TIMEOUT_S", 0.4):
        async with viessmann_cloud(limits=limits) as setup:
            source = await setup.source()
            for step in range(120):
                for fault in faults:
                    setup.cloud.faults.clear(fault)
                if rng.random() < 0.6:
                    setup.cloud.faults.set(rng.choice(faults))
                action: Awaitable[Any] = (
                    source.refresh()
                    if rng.random() < 0.7
                    else source.apply(Command(id=str(step), slope=round(rng.uniform(0.3, 3), 1), level=0.0))
                )
                await action
                if rng.random() < 0.1:  # a restart: the ledger is what was on disk
                    budget = CallBudget(limits, time.time, time.monotonic)
                    budget.load(setup.saved[-1])
                    setup.client = ViessmannClient(
                        setup.client._keeper, budget, setup.client._save, setup.client._base_url
                    )
                    source._client = setup.client
            assert 0 < setup.cloud.total_calls <= limits.short
