"""Miners on their real protocols: the contract, verified writes, faults, lease."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
import json
from typing import Any

import aiohttp
import pytest

from custom_components.proof_of_heat.drivers.device_settings import DeviceSettings
from custom_components.proof_of_heat.drivers.miner.client_factory import create_client
from custom_components.proof_of_heat.drivers.miner.probe import probe
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.drivers.source_parts import Timing
from lib.heat_source import Command, Control, Health, Outcome
from simulators.antminer.miner import Antminer
from simulators.bitaxe.miner import Bitaxe
from simulators.braiins.miner import Braiins
from simulators.framework import Simulator, running
from simulators.luxos.miner import Luxos
from simulators.vnish.miner import Vnish
from simulators.whatsminer.miner import Whatsminer
from tests.heat_source_contract import assert_keeps_contract
from tests.skipped_waits import skipped_waits

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

QUICK = Timing(read_s=6.0, write_s=6.0, fresh_s=0.0, verify_s=0.3, verify_step_s=0.05)
KINDS: dict[str, tuple[type[Simulator], list[str], dict[str, Any]]] = {
    "antminer": (Antminer, ["--boot-s", "0"], {"mode_power_w": {"low": 2000.0, "normal": 3250.0}}),
    "whatsminer_v2": (Whatsminer, ["--boot-s", "0", "--api", "v2"], {}),
    "whatsminer_v3": (Whatsminer, ["--boot-s", "0", "--api", "v3"], {}),
    "braiins": (Braiins, ["--boot-s", "0"], {}),
    "braiins_graphql": (Braiins, ["--boot-s", "0", "--release", "24.09"], {}),
    "bitaxe": (Bitaxe, [], {}),
    "vnish": (Vnish, ["--boot-s", "0"], {}),
    "luxos": (Luxos, ["--boot-s", "0"], {}),
    "luxos_atm": (Luxos, ["--boot-s", "0", "--atm"], {}),
}


@asynccontextmanager
async def miner(
    kind: str, host: str, session: aiohttp.ClientSession, password: str | None = None, **options: Any
) -> AsyncGenerator[tuple[Any, MinerSource]]:
    """A simulated miner and its source, identified."""
    simulator, argv, client_options = KINDS[kind]
    async with running(simulator, ["--host", host, *argv]) as device:
        found = await probe(session, host)
        client = create_client(found, session, password, **client_options)
        await client.identify()
        capabilities = replace(await client.capabilities(), min_write_interval_s=0.0, **options.pop("caps", {}))
        source = MinerSource(f"proof_of_heat:{kind}", kind, client, capabilities, **options)
        source.timing = QUICK
        yield device, source
        await source.close()


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest, port_80: None) -> str:
    return str(request.param)


@pytest.mark.usefixtures("port_80")
@pytest.mark.parametrize("kind", ["whatsminer_v2", "whatsminer_v3"])
async def test_a_read_sends_each_request_once(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with miner(kind, loopback(), session) as (_, source):
        sent: list[tuple[bytes, object]] = []

        async def counted(self: Any, data: bytes, **options: Any) -> bytes:
            sent.append((data, options.get("port")))
            return await send[type(self)](self, data, **options)

        rpc = type(source._client._miner.rpc)
        send = {rpc: rpc._send_bytes}
        monkeypatch.setattr(rpc, "_send_bytes", counted)
        await source.refresh()
        sent.clear()
        assert (await source.refresh()).health == Health.OK
        requests = len(sent)
        assert requests == len(set(sent)) > 0
        assert (await source.refresh()).health == Health.OK
        assert len(sent) == 2 * requests, "another read asks again"


COMMANDS = {
    "antminer": Command(id="c1", on=True, power_w=2100.0),
    "whatsminer_v2": Command(id="c1", on=True, power_w=2400.0),
    "whatsminer_v3": Command(id="c1", on=True, power_w=2400.0),
    "braiins": Command(id="c1", on=True, power_w=2400.0),
    "braiins_graphql": Command(id="c1", on=True, power_w=2400.0),
    "bitaxe": Command(id="c1", on=True, mode="450"),
    "vnish": Command(id="c1", on=True, power_w=2400.0),
    "luxos": Command(id="c1", on=True, power_w=2400.0),
    "luxos_atm": Command(id="c1", on=True, power_w=2400.0),
}
# Presets and profiles: the strongest within what is wanted.
WATTS = {
    "antminer": 2015.0,
    "whatsminer_v2": 2400.0,
    "whatsminer_v3": 2400.0,
    "braiins": 2400.0,
    "braiins_graphql": 2400.0,
    "bitaxe": 14.9,
    "vnish": 2350.0,
    "luxos": 2359.0,
    "luxos_atm": 2359.0,
}


async def test_source_keeps_the_contract(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        result = await assert_keeps_contract(source, COMMANDS[kind])
        assert result.outcome == Outcome.APPLIED
        # Released: the miner idles, and a second release writes nothing.
        assert device.state()["running"] is False
        assert (await source.refresh()).on is False


async def test_power_command_reaches_the_machine(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        assert (await source.apply(COMMANDS[kind])).outcome == Outcome.APPLIED
        assert device.state()["power_w"] == pytest.approx(WATTS[kind], rel=0.02)


async def test_off_shows_zero_or_standby_watts_and_no_hashes(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (_, source):
        result = await source.apply(Command(id="off", on=False))
        assert result.outcome == Outcome.APPLIED
        assert source.state.on is False
        assert source.state.power_w is not None
        assert source.state.power_w < 20
        assert source.state.hashrate_ths == 0.0


async def test_a_write_that_does_nothing_is_not_called_applied(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session, caps={"settle_s": 0.1}) as (device, source):
        device.faults.set("deaf")
        result = await source.apply(Command(id="off", on=False))
        assert result.outcome == Outcome.FAILED
        assert "on" in result.detail
        assert source.state.on is True


@pytest.mark.parametrize("fault", ["refused", "silent", "garbage", "cut"])
async def test_network_fault_is_failing_health_in_bounded_time_and_recovers(
    kind: str, fault: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with skipped_waits(), miner(kind, loopback(), session) as (device, source):
        assert (await source.refresh()).health == Health.OK
        source.timing = replace(QUICK, read_s=1.0)
        device.faults.set(fault)
        async with asyncio.timeout(120):
            state = await source.refresh()
        assert state.health == Health.FAILING, state
        assert state.detail
        # Unreachable is possibly on and hot: nothing is known of it, least of all that it is off.
        assert state.on is None
        assert state.power_w is None
        assert (await source.apply(Command(id="x", on=False))).outcome == Outcome.FAILED
        device.faults.clear(fault)
        assert (await source.refresh()).health == Health.OK


async def test_lease_end_pauses_the_miner(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        await source.apply(replace(COMMANDS[kind], lease_s=0.05))
        async with asyncio.timeout(120):
            while device.state()["running"]:  # noqa: ASYNC110  the device's own state
                await asyncio.sleep(0.05)
        assert not source.leased


async def test_lease_end_leaves_a_miner_that_shall_keep_on(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("whatsminer_v2", loopback(), session, idle_on_release=False) as (device, source):
        await source.apply(replace(COMMANDS["whatsminer_v2"], lease_s=0.05))
        await asyncio.sleep(0.3)
        assert device.state()["running"] is True


async def test_settling_command_is_not_sent_again(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with miner("whatsminer_v2", loopback(), session) as (device, source):
        device.faults.set("deaf")
        command = Command(id="a", power_w=1500.0)
        assert (await source.apply(command)).outcome == Outcome.PENDING
        assert (await source.apply(replace(command, id="b"))).outcome == Outcome.PENDING
        assert device.writes == ["adjust_power_limit"]
        device.faults.clear("deaf")
        # Another value is another command.
        assert (await source.apply(Command(id="c", power_w=1800.0))).outcome == Outcome.APPLIED


@pytest.mark.parametrize("kind", ["whatsminer_v2", "whatsminer_v3"])
async def test_whatsminer_modes_are_read_back(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        assert source.capabilities.modes == ("low", "normal", "high")
        assert (await source.apply(Command(id="a", mode="low"))).outcome == Outcome.APPLIED
        assert (device.mode, source.state.mode) == ("low", "low")
        assert (await source.apply(Command(id="b", mode="low"))).outcome == Outcome.UNCHANGED
        device.faults.set("deaf")
        source._capabilities = replace(source.capabilities, settle_s=0.0)
        assert (await source.apply(Command(id="c", mode="high"))).outcome == Outcome.FAILED


async def test_whatsminer_that_reports_no_mode_has_no_modes(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    host = loopback()
    async with running(Whatsminer, ["--host", host, "--api", "v3", "--v3-no-setting"]):
        client = create_client(await probe(session, host), session)
        await client.identify()
        capabilities = await client.capabilities()
        assert (capabilities.controls, capabilities.modes) == ({Control.ON_OFF, Control.POWER}, ())
        reading = await client.read()
        assert (reading.mining, reading.mode) == (True, None)


async def test_write_spacing_defers(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with miner("whatsminer_v2", loopback(), session) as (device, source):
        source._capabilities = replace(source.capabilities, min_write_interval_s=100.0)
        assert (await source.apply(Command(id="a", power_w=1500.0))).outcome == Outcome.APPLIED
        assert (await source.apply(Command(id="b", power_w=1800.0))).outcome == Outcome.DEFERRED
        assert device.writes == ["adjust_power_limit"]


@pytest.mark.parametrize("kind", ["antminer", "braiins", "vnish"])
async def test_wrong_password_is_an_auth_error(
    kind: str, port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    from custom_components.proof_of_heat.drivers.errors import AuthError

    host = loopback()
    simulator, argv, _ = KINDS[kind]
    async with running(simulator, ["--host", host, *argv]):
        client = create_client(await probe(session, host), session, "wrong")
        with pytest.raises(AuthError):
            await client.identify()


@pytest.mark.parametrize("kind", ["whatsminer_v2", "whatsminer_v3"])
async def test_whatsminer_write_with_a_wrong_password_needs_the_user(
    kind: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session, password="wrong") as (device, source):
        result = await source.apply(Command(id="off", on=False))
        assert result.outcome == Outcome.FAILED
        assert source.state.health == Health.AUTH
        assert device.state()["running"] is True


async def test_whatsminer_renews_an_expired_token(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with miner("whatsminer_v2", loopback(), session) as (device, source):
        assert (await source.apply(Command(id="a", power_w=1500.0))).outcome == Outcome.APPLIED
        device.faults.set("token_expired")
        assert (await source.apply(Command(id="b", power_w=1800.0))).outcome == Outcome.APPLIED


async def test_whatsminer_without_the_write_api_names_the_remedy(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("whatsminer_v2", loopback(), session) as (device, source):
        device.faults.set("write_disabled")
        result = await source.apply(Command(id="a", power_w=1500.0))
        assert result.outcome == Outcome.REFUSED
        assert "WhatsMinerTool" in result.detail


async def test_braiins_logs_in_again_when_its_token_expires(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("braiins", loopback(), session) as (device, source):
        device.faults.set("token_expired")
        assert (await source.refresh()).health == Health.OK
        assert device.logins == 2


async def test_braiins_limits_come_from_the_miner(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("braiins", loopback(), session) as (device, source):
        assert source.capabilities.min_power_w == 900
        assert (await source.apply(Command(id="a", power_w=100.0))).outcome == Outcome.APPLIED
        assert device.state()["limit_w"] == 900


async def test_antminer_write_keeps_pools_and_sends_the_mode_under_both_keys(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("antminer", loopback(), session) as (device, source):
        before = dict(device.conf)
        assert (await source.apply(Command(id="a", mode="low"))).outcome == Outcome.APPLIED
        assert device.conf == before
        assert device.writes[0]["miner-mode"] == 3
        assert device.writes[0]["bitmain-work-mode"] == "3", "as firmware that obeys this key expects it"


@pytest.mark.parametrize("obeyed", ["miner-mode", "bitmain-work-mode"])
async def test_antminer_is_in_low_power_again_after_a_pause(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession, obeyed: str
) -> None:
    async with miner("antminer", loopback(), session) as (device, source):
        device.args.mode_key = obeyed
        assert (await source.choose_mode("low")).outcome == Outcome.APPLIED
        for _ in range(2):
            assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
            assert device.mode == 1, "asleep"
            source._client._running_mode = 0  # what a restart of Home Assistant forgets
            assert (await source.apply(Command(id="b", on=True))).outcome == Outcome.APPLIED
            assert device.mode == 3


SELF_LIMITS: dict[str, Callable[[Any], None]] = {
    "braiins": lambda device: device.faults.set("scaled", 2000),
    "braiins_graphql": lambda device: device.faults.set("scaled", 2000),
    "luxos": lambda device: setattr(device, "profile", next(iter(device.profiles))),
    "vnish": lambda device: setattr(device, "preset", "1900"),
    "whatsminer_v2": lambda device: device.machine.set_limit(2000.0),
}


@pytest.mark.parametrize("kind", list(SELF_LIMITS))
async def test_a_miner_that_protects_itself_is_not_commanded_again(
    loopback: Callable[[], str], session: aiohttp.ClientSession, kind: str
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        before = (await source.refresh()).power_limit_w
        await source.apply(Command(id="a", on=True, power_w=2400.0))
        assert (await source.apply(Command(id="b", on=True, power_w=2400.0))).outcome == Outcome.UNCHANGED
        set_w, writes = source.state.power_limit_w, len(device.writes)
        SELF_LIMITS[kind](device)
        for cycle in range(6):
            source._written_at = -1e9
            result = await source.apply(Command(id=f"c{cycle}", on=True, power_w=2400.0))
            assert (result.outcome, len(device.writes)) == (Outcome.UNCHANGED, writes)
        assert source.state.power_limit_w == set_w
        limit_w = source.state.extra["self_limit"]
        assert isinstance(limit_w, float)
        assert limit_w < set_w - 100
        device.faults.clear("scaled")
        assert (await source.release()).settled
        assert (await source.refresh()).power_limit_w == before, "not the miner's own limit"
        assert not device.machine.running


def restarted(source: MinerSource) -> MinerSource:
    """The source as it is after a restart: only what is stored of the control period is known."""
    stored = json.loads(json.dumps(source._settings.dump()))
    settings = DeviceSettings()
    settings.load(stored)
    again = MinerSource(source.source_id, source.name, source.client, source.capabilities)
    again.timing = QUICK
    again.keep_settings(settings)
    return again


@pytest.mark.parametrize("kind", list(SELF_LIMITS))
async def test_a_miner_that_protects_itself_is_not_commanded_again_after_a_restart(
    loopback: Callable[[], str], session: aiohttp.ClientSession, kind: str
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        before = (await source.refresh()).power_limit_w
        await source.apply(Command(id="a", on=True, power_w=2400.0))
        set_w, writes = source.state.power_limit_w, len(device.writes)
        SELF_LIMITS[kind](device)
        again = restarted(source)
        assert (await again.refresh()).power_limit_w == set_w
        assert again.state.extra["self_limit"] < set_w - 100
        again._written_at = -1e9
        result = await again.apply(Command(id="b", on=True, power_w=2400.0))
        assert (result.outcome, len(device.writes)) == (Outcome.UNCHANGED, writes)
        device.faults.clear("scaled")
        assert (await again.release()).settled
        assert (await again.refresh()).power_limit_w == before, "not the miner's own limit"
        await again.close()


async def test_a_command_that_was_lost_in_a_crash_is_sent_after_the_restart(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    """The miner shows the limit from before: that is not its own protection."""
    async with miner("braiins", loopback(), session) as (device, source):
        await source.apply(Command(id="a", on=True, power_w=1500.0))
        await source._settings.expect({"power_w": 2800.0}, (), 60.0)  # stored, then Home Assistant dies
        again = restarted(source)
        state = await again.refresh()
        assert (state.power_limit_w, state.extra["self_limit"]) == (1500.0, None)
        again._written_at = -1e9
        assert (await again.apply(Command(id="b", on=True, power_w=2800.0))).outcome == Outcome.APPLIED
        assert device.state()["limit_w"] == 2800
        await again.close()


async def test_antminer_takes_its_watts_from_a_meter(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    watts: list[float | None] = [3197.5]
    async with miner("antminer", loopback(), session, meter_w=lambda: watts[0]) as (_, source):
        assert source.capabilities.reads_power
        assert (await source.refresh()).heat_w == 3197.5
        watts[0] = None
        assert (await source.refresh()).power_w is None


async def test_antminer_whose_answer_to_a_write_comes_too_late_is_judged_by_its_report(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("antminer", loopback(), session) as (device, source):
        source.timing = replace(QUICK, write_s=0.2, verify_s=0.0)
        device.faults.set("slow_write", 0.5)
        assert (await source.apply(Command(id="a", on=False))).outcome in (Outcome.APPLIED, Outcome.PENDING)
        async with asyncio.timeout(120):
            while (await source.refresh()).on is not False:  # noqa: ASYNC110  the device's own state
                await asyncio.sleep(0.1)
        assert (await source.apply(Command(id="b", on=False))).outcome == Outcome.UNCHANGED


async def test_bitaxe_without_pause_refuses_to_be_switched(
    loopback: Callable[[], str], port_80: None, session: aiohttp.ClientSession
) -> None:
    host = loopback()
    async with running(Bitaxe, ["--host", host, "--firmware", "v2.4.5"]):
        client = create_client(await probe(session, host), session)
        await client.identify()
        capabilities = await client.capabilities()
        assert Control.ON_OFF not in capabilities.controls
        source = MinerSource("proof_of_heat:b", "b", client, capabilities)
        source.timing = QUICK
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.REFUSED
        await source.close()


async def test_dead_board_and_error_code_degrade(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with miner("whatsminer_v2", loopback(), session) as (device, source):
        device.faults.set("board_dead")
        assert (await source.refresh()).health == Health.DEGRADED
        device.faults.clear("board_dead")
        device.faults.set("error_code", 218)
        state = await source.refresh()
        assert state.health == Health.DEGRADED
        assert "218" in state.detail


async def test_command_that_is_not_a_number_is_refused(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("whatsminer_v2", loopback(), session) as (device, source):
        result = await source.apply(Command(id="a", power_w=float("nan")))
        assert result.outcome == Outcome.REFUSED
        assert device.writes == []
