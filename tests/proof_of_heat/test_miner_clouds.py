"""NiceHash and HiveOS over their own HTTP."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import aiohttp
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.drivers.cloud.account import CloudAccount
from custom_components.proof_of_heat.drivers.cloud.hiveos import HiveOsAccount
from custom_components.proof_of_heat.drivers.cloud.nicehash import NiceHashAccount, decode_rig, signature
from custom_components.proof_of_heat.drivers.cloud.source import RigSource, capabilities_of
from custom_components.proof_of_heat.drivers.errors import AuthError, LimitedError, RefusedError
from custom_components.proof_of_heat.drivers.source_parts import Timing
from lib.heat_source import Command, Health, Outcome
from simulators.framework import running
from simulators.hiveos.cloud import HiveOs
from simulators.nicehash.cloud import NiceHash
from tests.heat_source_contract import assert_keeps_contract

from . import ha
from .flow import device

QUICK = Timing(read_s=5.0, write_s=5.0, fresh_s=0.0, verify_s=0.3, verify_step_s=0.05)


@asynccontextmanager
async def cloud(
    kind: str, session: aiohttp.ClientSession, secret: str | None = None
) -> AsyncGenerator[tuple[Any, CloudAccount]]:
    """A cloud and an account in it."""
    if kind == "nicehash":
        async with running(NiceHash, ["--port", "0"]) as device:
            url = f"http://127.0.0.1:{device.port}"
            yield (
                device,
                NiceHashAccount(session, "demo-key", secret or "demo-secret", "demo-organisation", base_url=url),
            )
    else:
        async with running(HiveOs, ["--port", "0"]) as device:
            yield (
                device,
                HiveOsAccount(session, secret or "demo-token", base_url=f"http://127.0.0.1:{device.port}/api/v2"),
            )


async def first_source(account: CloudAccount) -> RigSource:
    """The account's first rig as a source, impatient."""
    rig = next(iter((await account.rigs()).values()))
    capabilities = replace(capabilities_of(rig), min_write_interval_s=0.0)
    source = RigSource(f"proof_of_heat:{rig.id}", account, rig, capabilities=capabilities)
    source.timing = QUICK
    account.invalidate()
    return source


kinds = pytest.mark.parametrize(("kind", "mode"), [("nicehash", "LOW"), ("hiveos", "quiet")])


@kinds
async def test_rig_keeps_the_contract(kind: str, mode: str, session: aiohttp.ClientSession) -> None:
    async with cloud(kind, session) as (device, account):
        source = await first_source(account)
        result = await assert_keeps_contract(source, Command(id="c", on=True, mode=mode))
        assert result.outcome == Outcome.APPLIED
        assert device.state()["running"] is False
        await source.close()


@kinds
async def test_readings_are_the_rigs(kind: str, mode: str, session: aiohttp.ClientSession) -> None:
    async with cloud(kind, session) as (device, account):
        source = await first_source(account)
        state = await source.refresh()
        truth = device.state()
        assert state.power_w == pytest.approx(truth["power_w"], abs=2)
        assert state.hashrate_ths == pytest.approx(device.machine.hash_ths, rel=1e-3)
        assert state.extra["chip_temperature"] in (61.0, 63.0)


@kinds
async def test_stopped_rig_shows_watts_that_are_known(kind: str, mode: str, session: aiohttp.ClientSession) -> None:
    async with cloud(kind, session) as (_, account):
        source = await first_source(account)
        assert (await source.apply(Command(id="x", on=False))).outcome == Outcome.APPLIED
        assert source.state.power_w == (0.0 if kind == "nicehash" else 60.0)
        await source.close()


@kinds
async def test_offline_rig_is_failing_and_unknown(kind: str, mode: str, session: aiohttp.ClientSession) -> None:
    async with cloud(kind, session) as (device, account):
        source = await first_source(account)
        device.faults.set("offline")
        state = await source.refresh()
        assert (state.health, state.on, state.power_w) == (Health.FAILING, None, None)


@kinds
async def test_wrong_secret_needs_the_user(kind: str, mode: str, session: aiohttp.ClientSession) -> None:
    async with cloud(kind, session, secret="wrong") as (_, account):
        with pytest.raises(AuthError):
            await account.rigs()


@kinds
async def test_429_keeps_the_last_readings_and_names_the_next_attempt(
    kind: str, mode: str, session: aiohttp.ClientSession
) -> None:
    async with cloud(kind, session) as (device, account):
        source = await first_source(account)
        before = await source.refresh()
        device.faults.set("limited")
        account.invalidate()
        state = await source.refresh()
        assert (state.health, state.power_w, state.at) == (Health.LIMITED, before.power_w, before.at)
        account.invalidate()
        with pytest.raises(LimitedError) as caught:
            await account.rigs()
        assert caught.value.retry_at is not None


@kinds
@pytest.mark.parametrize("fault", ["refused", "garbage", "cut"])
async def test_cloud_fault_is_failing(kind: str, mode: str, fault: str, session: aiohttp.ClientSession) -> None:
    async with cloud(kind, session) as (device, account):
        source = await first_source(account)
        device.faults.set(fault)
        assert (await source.refresh()).health == Health.FAILING


@kinds
async def test_a_cloud_that_ignores_commands_is_detected(kind: str, mode: str, session: aiohttp.ClientSession) -> None:
    async with cloud(kind, session) as (device, account):
        source = await first_source(account)
        source._capabilities = replace(source.capabilities, settle_s=0.0)
        device.faults.set("deaf")
        assert (await source.apply(Command(id="x", on=False))).outcome == Outcome.FAILED
        await source.close()


async def test_two_rigs_share_one_request(session: aiohttp.ClientSession) -> None:
    async with cloud("nicehash", session) as (device, account):
        rigs = list((await account.rigs()).values())
        sources = [RigSource(f"proof_of_heat:{rig.id}", account, rig) for rig in rigs]
        account.invalidate()
        device.calls.clear()
        for source in sources:
            await source.refresh()
        assert len(device.calls) == 1


async def test_unmanaged_rig_is_read_only(session: aiohttp.ClientSession) -> None:
    async with cloud("nicehash", session) as (_, account):
        rig = (await account.rigs())["1-plain-asic"]
        source = RigSource("proof_of_heat:plain", account, rig)
        source.timing = QUICK
        assert not source.capabilities.controls
        assert (await source.apply(Command(id="x", on=False))).outcome == Outcome.REFUSED


async def test_nicehash_that_declines_is_refused(session: aiohttp.ClientSession) -> None:
    async with cloud("nicehash", session) as (device, account):
        source = await first_source(account)
        device.faults.set("declined")
        result = await source.apply(Command(id="x", on=False))
        assert (result.outcome, result.detail) == (Outcome.REFUSED, "Rig not reachable")


async def test_hiveos_without_profiles_still_starts_and_stops(session: aiohttp.ClientSession) -> None:
    async with cloud("hiveos", session) as (device, account):
        device.faults.set("no_profiles")
        source = await first_source(account)
        assert source.capabilities.modes == ()
        assert (await source.apply(Command(id="x", on=False))).outcome == Outcome.APPLIED
        with pytest.raises(RefusedError):
            await account.set_mode("7/4711", "quiet")
        await source.close()


def test_nicehash_signature_is_over_nul_separated_parts() -> None:
    """The digest of the documented scheme, computed with another tool (openssl dgst -sha256 -hmac)."""
    digest = signature(
        "s3",
        "k",
        when_ms="1700000000000",
        nonce="n",
        organisation="o",
        method="GET",
        path="/p",
        query="page=0",
        body=b"",
    )
    assert digest == "21e145d9efc8e75760fb567602bcda5d90dcb88de312424f7ad043e4c11c5c07"


@pytest.mark.parametrize("row", [None, [], {}, {"rigId": 5}, {"rigId": ""}])
def test_rows_that_are_not_rigs_are_left_out(row: object) -> None:
    assert decode_rig(row) is None


async def test_rigs_of_one_account_share_its_answers(hass: HomeAssistant, loopback: Callable[[], str]) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with device("nicehash", loopback) as (cloud_, values):
        first = await ha.source(hass, "nicehash", values)
        second = ConfigSubentry(
            data=MappingProxyType(dict(first.data)), subentry_type="source", title="Second", unique_id="second"
        )
        entry = ha.system(first, second)
        await ha.start(hass, entry)
        sources = [unit.source for unit in entry.runtime_data.sources.values()]
        await sources[0].refresh()
        calls = len(cloud_.calls)
        assert [(await source.refresh()).health for source in sources] == [Health.OK, Health.OK]
        assert len(cloud_.calls) == calls
        await hass.config_entries.async_unload(entry.entry_id)
