"""Makes without a client of ours, through pyasic: read, commanded and failing as the others."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
import time
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from custom_components.proof_of_heat.drivers.errors import BadReplyError, RefusedError, UnreachableError
from custom_components.proof_of_heat.drivers.miner import generic
from custom_components.proof_of_heat.drivers.miner.client_factory import create_client
from custom_components.proof_of_heat.drivers.miner.generic import GenericClient
from custom_components.proof_of_heat.drivers.miner.models import MinerFamily
from custom_components.proof_of_heat.drivers.miner.probe import ProbeResult
from custom_components.proof_of_heat.drivers.miner.pyasic_adapter import library
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.drivers.operations import Operation
from lib.heat_source import Command, Control, Health, Outcome
from simulators.framework import running
from simulators.luxos.miner import Luxos
from simulators.vnish.miner import Vnish
from tests.heat_source_contract import assert_keeps_contract
from tests.proof_of_heat.test_miner_sources import QUICK

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


@asynccontextmanager
async def through_pyasic(
    simulator: Any, host: str, session: aiohttp.ClientSession, password: str | None = None
) -> AsyncGenerator[tuple[Any, MinerSource]]:
    """A miner that we have a client for, read as if we had none."""
    async with running(simulator, ["--host", host, "--boot-s", "0"]) as device:
        client = create_client(ProbeResult(host, MinerFamily.OTHER), session, password)
        await client.identify()
        capabilities = replace(await client.capabilities(), min_write_interval_s=0.0)
        source = MinerSource("proof_of_heat:other", "other", client, capabilities)
        source.timing = QUICK
        source.power_tolerance_w = 200.0  # profiles are steps that pyasic does not report
        yield device, source
        await source.close()


async def test_keeps_the_contract_on_a_luxos(
    loopback: Callable[[], str], session: aiohttp.ClientSession, port_80: None
) -> None:
    async with through_pyasic(Luxos, loopback(), session) as (device, source):
        result = await assert_keeps_contract(source, Command(id="c", power_w=2400.0))
        assert result.outcome == Outcome.APPLIED
        assert [write for write in device.writes if write.startswith("profileset")][:1] == ["profileset,515MHz"]
        assert (device.machine.limit_w, device.machine.running) == (2760, False)  # released, as before


async def test_power_is_offered_where_its_limit_can_be_read_back(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with through_pyasic(Luxos, loopback(), session) as (_, source):
        assert source.capabilities.controls == {Control.POWER, Control.ON_OFF}
        info = source.client.info
        assert (info.family, info.model) == (MinerFamily.OTHER, "S19k Pro (LuxOS)")


@pytest.mark.parametrize("fault", ["refused", "silent", "garbage", "cut"])
async def test_faults_end_in_time_and_recover(
    fault: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with through_pyasic(Luxos, loopback(), session) as (device, source):
        assert (await source.refresh()).health == Health.OK
        source.timing = replace(QUICK, read_s=1.5)
        device.faults.set(fault)
        began = time.monotonic()
        state = await source.refresh()
        assert time.monotonic() - began < 60
        assert (state.health, state.on, state.power_w) == (Health.FAILING, None, None)
        device.faults.clear(fault)
        assert (await source.refresh()).health == Health.OK


async def test_vnish_with_a_password_of_its_own(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with through_pyasic(Vnish, loopback(), session, "admin") as (device, source):
        state = await source.refresh()
        assert state.power_w == pytest.approx(device.machine.power_w, abs=1)
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
        assert source.state.power_w == 0.0
        assert (await source.apply(Command(id="b", on=True))).outcome == Outcome.APPLIED


async def test_nothing_there_is_unreachable(loopback: Callable[[], str]) -> None:
    client = GenericClient(loopback(), None)
    with pytest.raises(UnreachableError):
        async with asyncio.timeout(120):
            await client.identify()
    with pytest.raises(BadReplyError):
        _ = client.info
    with pytest.raises(BadReplyError):
        await client.read()


async def test_no_named_modes() -> None:
    with pytest.raises(RefusedError):
        await GenericClient("127.0.0.1", None).set_mode("low")


@pytest.mark.parametrize("method", ["set_running", "set_power", "read", "identify"])
async def test_what_pyasic_raises_is_a_fault_of_ours(
    method: str, loopback: Callable[[], str], session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with through_pyasic(Luxos, loopback(), session) as (_, source):
        client = source.client

        async def broken(*_: Any, **__: Any) -> Any:
            raise LookupError("POWER")

        for name in ("stop_mining", "set_power_limit", "get_data", "is_mining"):
            monkeypatch.setattr(client._miner, name, broken)
        monkeypatch.setattr(client._lib.factory, "get_miner", broken)
        arguments = {"set_running": (False,), "set_power": (1000.0,)}.get(method, ())
        with pytest.raises((UnreachableError, BadReplyError)):
            await getattr(client, method)(*arguments)


async def test_a_miner_that_does_not_say_whether_it_mines(
    loopback: Callable[[], str], session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with through_pyasic(Luxos, loopback(), session) as (_, source):

        async def mines() -> bool:
            return True

        async def broken() -> bool:
            raise LookupError("STATUS")

        await source.refresh()  # identifies the miner, once
        monkeypatch.setattr(source.client._miner, "is_mining", mines)
        assert (await source.refresh()).on is True
        monkeypatch.setattr(source.client._miner, "is_mining", broken)
        state = await source.refresh()
        assert (state.health, state.on) == (Health.OK, None)
        assert state.power_w is not None


@pytest.mark.parametrize(
    ("make", "controls"),
    [
        ("AURADINE", {Control.ON_OFF}),
        ("EPIC", {Control.ON_OFF}),
        ("GOLDSHELL", {Control.ON_OFF}),
        ("ICERIVER", set()),
        ("INNOSILICON", set()),
    ],
)
async def test_controls_of_makes_that_do_not_report_a_power_limit(
    make: str, controls: set[Control], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only the base class has is not offered, nor a limit that cannot be read back."""
    lib = await library()
    kind = lib.classes[lib.types[make]][None]

    async def get_miner(host: str) -> Any:
        return kind(host)

    async def get_data(_: Any, include: list[str]) -> Any:
        return SimpleNamespace(**dict.fromkeys(include) | {"wattage": 3000.0})

    async def query_socket(*_: Any) -> dict[str, Any]:
        return {}

    async def is_mining(_: Any) -> bool:
        return True

    async def read_pages(*_: Any) -> dict[str, Any]:
        return {}

    monkeypatch.setattr(lib.factory, "get_miner", get_miner)
    monkeypatch.setattr(generic, "read_pages", read_pages)
    monkeypatch.setattr(kind, "is_mining", is_mining)
    monkeypatch.setattr(kind, "get_data", get_data)
    monkeypatch.setattr(generic, "query_socket", query_socket)
    client = GenericClient("127.0.0.1", None)
    assert (await client.identify()).family is MinerFamily.OTHER
    assert (await client.capabilities()).controls == controls


async def test_operations_reach_the_miner(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with through_pyasic(Luxos, loopback(), session) as (device, source):
        for operation in (Operation.LOCATE, Operation.STOP_LOCATING, Operation.RESTART_MINING):
            await source.client.operate(operation)
        assert device.writes == ["ledset,red,blink", "ledset,red,off", "resetminer"]
