"""VNish and LuxOS: power by ready-made settings, and what is particular to each of the two."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from custom_components.proof_of_heat.drivers.decode import decode_miner
from custom_components.proof_of_heat.drivers.errors import AuthError, BadReplyError, LimitedError, RefusedError
from custom_components.proof_of_heat.drivers.miner.luxos import (
    LuxosClient,
    decode_profiles,
    decode_reading as decode_luxos,
)
from custom_components.proof_of_heat.drivers.miner.models import MinerFamily
from custom_components.proof_of_heat.drivers.miner.power_presets import PowerPreset, PowerPresets
from custom_components.proof_of_heat.drivers.miner.probe import probe
from custom_components.proof_of_heat.drivers.miner.vnish import (
    VnishClient,
    decode_info,
    decode_presets,
    decode_reading as decode_vnish,
)
from lib.heat_source import Command, Control, Health, Outcome
from simulators.framework import running
from simulators.luxos.miner import Luxos
from simulators.vnish.miner import Vnish
from tests.proof_of_heat.test_miner_sources import miner, restarted


@pytest.mark.parametrize(
    ("watts", "name"), [(0, "1500"), (1500, "1500"), (2349.5, "2350"), (2618, "2350"), (9999, "3050")]
)
def test_the_preset_with_the_highest_power_within_the_request(watts: float, name: str) -> None:
    presets = PowerPresets([PowerPreset(str(w), w, True) for w in (3050, 1500, 2350, 2620)])
    assert presets.name_for(watts) == name
    assert presets.steps_w == (1500, 2350, 2620, 3050)


def test_only_tuned_settings_are_offered_where_there_are_any() -> None:
    """An untuned one would begin with hours of tuning."""
    mixed = PowerPresets([PowerPreset("1500", 1500, False), PowerPreset("2350", 2350, True)])
    assert mixed.steps_w == (2350,)
    assert mixed.watts_of("1500") == 1500
    assert PowerPresets([PowerPreset("1500", 1500, False)]).steps_w == (1500,)


def test_a_miner_without_settings_offers_on_and_off_alone() -> None:
    none = PowerPresets()
    assert none.capabilities().controls == {Control.ON_OFF}
    with pytest.raises(RefusedError):
        none.name_for(1000)


async def test_vnish_presets_of_the_miner_are_the_steps(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("vnish", loopback(), session) as (_, source):
        caps = source.capabilities
    assert caps.power_steps_w == (1500, 1900, 2350, 2620, 3050)
    assert (caps.min_power_w, caps.max_power_w) == (1500, 3050)
    assert caps.controls == {Control.ON_OFF, Control.POWER}


async def test_vnish_keeps_the_rest_of_the_overclocking_settings_and_restarts_the_miner(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("vnish", loopback(), session) as (device, source):
        before = dict(device.overclock)
        assert (await source.apply(Command(id="a", power_w=1600.0))).outcome == Outcome.APPLIED
        assert device.preset == "1500"
        assert device.overclock == before
        assert device.writes == ["settings 1500", "restart"]
        # The same wish again, put otherwise, writes nothing.
        assert (await source.apply(Command(id="b", power_w=1550.0))).outcome == Outcome.UNCHANGED
        assert device.writes == ["settings 1500", "restart"]


async def test_vnish_unlocks_again_when_its_token_expired(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("vnish", loopback(), session) as (device, source):
        device.faults.set("token_expired")
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
        assert device.unlocks == 2


async def test_vnish_that_is_locked_out_names_the_next_attempt(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    host = loopback()
    async with running(Vnish, ["--host", host]) as device:
        device.faults.set("locked")
        client = VnishClient(session, host, "admin")
        with pytest.raises(LimitedError) as caught:
            await client.identify()
        assert caught.value.retry_at is not None
        device.faults.clear("locked")
        assert (await client.identify()).model == "Antminer S19j Pro"


async def test_vnish_whose_password_was_changed_needs_the_user(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("vnish", loopback(), session) as (device, source):
        assert (await source.refresh()).health == Health.OK
        device.faults.set("token_expired")
        device.args.password = "changed"
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.FAILED
        assert source.state.health == Health.AUTH
        assert device.writes == []


async def test_vnish_that_failed_to_start_is_degraded_and_counts_as_on(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("vnish", loopback(), session) as (device, source):
        device.faults.set("failed")
        state = await source.refresh()
        assert state.health == Health.DEGRADED
        assert state.on is True
        assert "1002" in state.detail


async def test_luxos_sleep_is_zero_watts_and_wakes_to_its_profile(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("luxos", loopback(), session) as (device, source):
        await source.apply(Command(id="a", power_w=1200.0))
        limit = source.state.power_limit_w
        assert (await source.apply(Command(id="b", on=False))).outcome == Outcome.APPLIED
        assert (source.state.on, source.state.power_w) == (False, 0.0)
        assert (await source.apply(Command(id="c", on=True))).outcome == Outcome.APPLIED
        assert (source.state.power_w, source.state.power_limit_w) == (limit, limit)
        assert [write.partition(",")[0] for write in device.writes] == ["profileset", "curtail", "curtail"]


async def test_luxos_thermal_management_is_on_again_after_the_profile(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("luxos_atm", loopback(), session) as (device, source):
        assert (await source.apply(Command(id="a", power_w=1500.0))).outcome == Outcome.APPLIED
        assert device.atm is True
        assert device.writes == ["atmset,enabled=false", "profileset,340MHz", "atmset,enabled=true"]


async def test_luxos_thermal_management_that_could_not_be_restored_is_owed(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("luxos_atm", loopback(), session) as (device, source):
        device.faults.set("atm_stuck")
        await source.apply(Command(id="a", power_w=1500.0))
        await source.refresh()
        assert device.atm is False
        device.faults.clear("atm_stuck")
        assert (await source.refresh()).health == Health.OK
        assert device.atm is True


@pytest.mark.parametrize("off_by", ["a crash", "the user"])
async def test_luxos_thermal_management_is_on_again_after_a_restart(
    loopback: Callable[[], str], session: aiohttp.ClientSession, off_by: str
) -> None:
    """Home Assistant dies between switching it off and on; where the user switched it off, it stays off."""
    async with miner("luxos_atm", loopback(), session) as (device, source):
        assert (await source.apply(Command(id="a", power_w=1500.0))).outcome == Outcome.APPLIED
        device.atm = False
        if off_by == "the user":
            source._settings._follow_up_until = 0.0
            await source.refresh()
        again = restarted(source)
        again.client._thermal_owed = False
        assert (await again.refresh()).health == Health.OK
        assert device.atm is (off_by == "a crash")
        assert (await again.release()).settled
        assert device.atm is (off_by == "a crash")
        await again.close()


async def test_luxos_thermal_management_is_on_after_the_release(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("luxos_atm", loopback(), session) as (device, source):
        device.faults.set("atm_stuck")
        await source.apply(Command(id="a", power_w=1500.0))
        assert not (await source.release()).settled
        device.faults.clear("atm_stuck")
        assert (await source.release()).settled
        assert device.atm is True


async def test_luxos_session_of_another_program_is_not_taken_over(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("luxos", loopback(), session) as (device, source):
        device.faults.set("session_taken")
        result = await source.apply(Command(id="a", on=False))
        assert result.outcome == Outcome.DEFERRED
        assert not source.leased
        assert device.writes == []
        device.faults.clear("session_taken")
        source._written_at = -1e9
        assert (await source.apply(Command(id="b", on=False))).outcome == Outcome.APPLIED


async def test_luxos_session_is_given_back_after_every_command(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("luxos", loopback(), session) as (device, source):
        await source.apply(Command(id="a", on=False))
        assert device._live_session() == ""


@pytest.mark.parametrize("kind", ["vnish", "luxos"])
async def test_no_named_modes(
    kind: str, port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (_, source):
        with pytest.raises(RefusedError):
            await source.client.set_mode("low")


@pytest.mark.parametrize(("simulator", "family"), [(Vnish, MinerFamily.VNISH), (Luxos, MinerFamily.LUXOS)])
async def test_probe_and_decode_know_them(
    simulator: Any, family: MinerFamily, port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    host = loopback()
    async with running(simulator, ["--host", host, "--boot-s", "0"]) as device:
        assert (await probe(session, host)).family == family
        lines = {key: value for key, value, _ in await decode_miner(host)}
        assert lines["power"] == pytest.approx(device.machine.power_w, abs=1)
        assert lines["hashrate"] == pytest.approx(device.machine.hash_ths, abs=0.01)


@pytest.mark.parametrize(("simulator", "model"), [(Vnish, "S19j Pro"), (Luxos, "S19K Pro")])
async def test_pyasic_an_independent_client_reads_and_commands_the_simulators(
    simulator: Any, model: str, port_80: None, loopback: Callable[[], str]
) -> None:
    """So that our clients and our simulators do not only agree with each other."""
    from custom_components.proof_of_heat.drivers.miner.pyasic_adapter import library

    host = loopback()
    lib = await library()
    async with running(simulator, ["--host", host, "--boot-s", "0"]) as device:
        known = await lib.factory.get_miner(host)
        assert model.lower() in str(known.model).lower()
        data = await known.get_data(include=["wattage", "wattage_limit", "expected_hashrate"])
        assert data.wattage == pytest.approx(device.machine.power_w, abs=1)
        assert data.wattage_limit == pytest.approx(device.machine.limit_w, abs=1)
        assert float(data.expected_hashrate) == pytest.approx(device.machine.ths)
        if simulator is Vnish:
            # pyasic 0.79 takes every VNish for one without presets, so its `set_power_limit` does nothing.
            await known.web.set_power_limit(1900)
        else:
            assert await known.set_power_limit(2000)
        assert 1500 < device.machine.limit_w <= 2000
        assert await known.stop_mining()
        assert device.machine.running is False
        assert await known.resume_mining()
        assert device.machine.running is True


# Replies as the firmwares give them, in the parts that are read (VNish 1.2 on an S19j Pro; LuxOS on an S19k Pro).
VNISH_SUMMARY = {
    "miner_status": {"miner_state": "mining", "miner_state_time": 3564},
    "miner_type": "Antminer S19j Pro (Vnish 1.2.0-rc3)",
    "average_hashrate": 54.50821,
    "instant_hashrate": 54.478542,
    "hr_realtime": 54478.543,
    "pcb_temp": {"min": 36, "max": 50},
    "chip_temp": {"min": 51, "max": 65},
    "power_consumption": 2631,
    "power_usage": 2631,
}


def test_vnish_reply_of_a_real_s19j_pro() -> None:
    reading = decode_vnish(VNISH_SUMMARY, {"current_preset": {"name": "2620"}}, PowerPresets())
    assert (reading.mining, reading.power_w, reading.hashrate_ths) == (True, 2631, 54.479)
    assert (reading.chip_c, reading.board_c, reading.uptime_s) == (65, 50, 3564)
    assert reading.power_limit_w == 2620
    assert reading.boards is None


@pytest.mark.parametrize(
    ("preset", "watts"),
    [
        ({"name": "disabled", "pretty": "Disabled"}, None),
        ({"name": "eco", "pretty": "3495 watt ~ 132 TH"}, 3495),
        ({"name": "eco", "pretty": "1200W"}, 1200),
        (None, None),
    ],
)
def test_vnish_power_setting_of_the_preset(preset: object, watts: float | None) -> None:
    assert decode_vnish(VNISH_SUMMARY, {"current_preset": preset}, PowerPresets()).power_limit_w == watts


@pytest.mark.parametrize("state", ["stopped", "shutting-down"])
def test_vnish_stopped_is_not_mining(state: str) -> None:
    summary = {**VNISH_SUMMARY, "miner_status": {"miner_state": state}, "power_consumption": 0}
    reading = decode_vnish(summary, None, PowerPresets())
    assert (reading.mining, reading.power_w) == (False, 0)


def test_vnish_older_firmware_reports_power_as_usage() -> None:
    summary = {key: value for key, value in VNISH_SUMMARY.items() if key != "power_consumption"}
    assert decode_vnish(summary, None, PowerPresets()).power_w == 2631


@pytest.mark.parametrize("summary", [None, {}, {"miner_status": {}}, {"miner_status": {"miner_state": "?"}}, []])
def test_vnish_without_a_state_is_a_bad_reply(summary: object) -> None:
    with pytest.raises(BadReplyError):
        decode_vnish(summary, None, PowerPresets())


def test_vnish_info_and_presets_of_something_else() -> None:
    with pytest.raises(BadReplyError):
        decode_info({"version": "1"})
    assert decode_presets({"presets": [{"name": "1500", "status": "tuned"}]}).steps_w == (1500,)
    assert decode_presets("x").steps_w == ()
    info = decode_info({"fw_name": "Vnish", "miner": "Antminer S19", "serial": "SN1"})
    assert (info.serial, info.mac) == ("SN1", None)


def test_luxos_replies_of_a_real_s19k_pro() -> None:
    presets = decode_profiles(
        {
            "PROFILES": [
                {"Profile Name": "265MHz", "Watts": 1080, "IsTuned": False},
                {"Profile Name": "290MHz", "Watts": 1188, "IsTuned": True},
            ]
        }
    )
    config = {"CurtailMode": "None", "IsPowerSupplyOn": True, "Profile": "290MHz", "IsAtmEnabled": True}
    replies = {
        "summary": {"SUMMARY": [{"GHS 5s": 59756.06, "GHS av": 56917.91, "Elapsed": 3453}]},
        "power": {"POWER": [{"PSU": False, "Watts": 1051}]},
        "devs": {"DEVS": [{"Status": "Alive", "Nominal MHS": 20651400.0}] * 3},
        "temps": {"TEMPS": [{"TopLeft": 47.0, "TopRight": 34.0, "BottomLeft": 47.0, "BottomRight": 34.0}]},
        "fans": {"FANS": [{"RPM": 1920}, {"RPM": 2340}]},
    }
    reading = decode_luxos(config, replies, presets)
    assert (reading.mining, reading.power_w, reading.power_limit_w) == (True, 1051, 1188)
    assert (reading.hashrate_ths, reading.expected_ths) == (59.756, 61.954)
    assert (reading.board_c, reading.fan_rpm, reading.boards, reading.boards_up) == (47.0, 2340, 3, 3)
    assert (reading.inlet_c, reading.outlet_c) == (None, None)
    water = [{"Label": "Water Inlet", "Sensor1": "C"}, {"Label": "Water Outlet", "Sensor2": "C"}, {"Label": "Other"}]
    rows = [{"Sensor1": 31.5, "Sensor2": 44.0}, {"Sensor1": 0, "Sensor2": 45.5}, {"Sensor1": 32.0, "Sensor2": None}]
    reading = decode_luxos(config, {**replies, "temps": {"METADATA": water, "TEMPS": rows}}, presets)
    assert (reading.inlet_c, reading.outlet_c) == (31.5, 45.5)


@pytest.mark.parametrize(
    ("config", "mining"),
    [
        ({"CurtailMode": "Sleep", "IsPowerSupplyOn": False}, False),
        ({"CurtailMode": "sleep"}, False),
        ({"CurtailMode": "None", "IsPowerSupplyOn": False}, False),
        ({"CurtailMode": "None"}, True),
        ({"IsPowerSupplyOn": True}, True),
    ],
)
def test_luxos_sleep_and_power_supply_decide(config: dict[str, object], mining: bool) -> None:
    reading = decode_luxos(config, {}, PowerPresets())
    assert reading.mining is mining
    assert (reading.power_w, reading.hashrate_ths, reading.boards) == (None, None, None)


def test_luxos_without_either_is_a_bad_reply() -> None:
    with pytest.raises(BadReplyError):
        decode_luxos({}, {}, PowerPresets())


async def _speak(replies: dict[str, object], host: str) -> Any:
    """A socket that knows a few commands."""
    import json

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = json.loads(await reader.read(4096))["command"]
        writer.write(json.dumps(replies.get(command, {"STATUS": [{"STATUS": "E", "Msg": "?"}]})).encode())
        writer.close()

    return await asyncio.start_server(answer, host, 4028)


async def test_luxos_refuses_what_is_not_a_luxos_and_a_logon_without_a_session(loopback: Callable[[], str]) -> None:
    host = loopback()
    async with await _speak({"version": {"VERSION": [{"Type": "x"}]}, "logon": {"SESSION": []}}, host):
        client = LuxosClient(host)
        with pytest.raises(BadReplyError):
            await client.identify()
        with pytest.raises(BadReplyError):
            _ = client.info
        with pytest.raises(BadReplyError):
            await client.set_running(False)


async def test_luxos_reads_what_it_can_where_a_command_is_missing(loopback: Callable[[], str]) -> None:
    host = loopback()
    replies = {"config": {"CONFIG": [{"CurtailMode": "None"}]}, "power": {"POWER": [{"Watts": 900}]}}
    async with await _speak(replies, host):
        reading = await LuxosClient(host).read()
    assert (reading.mining, reading.power_w, reading.hashrate_ths) == (True, 900, None)


async def test_vnish_before_it_is_identified(session: aiohttp.ClientSession) -> None:
    with pytest.raises(BadReplyError):
        _ = VnishClient(session, "127.0.0.1", "x").info


@pytest.mark.parametrize(
    ("unlock", "settings", "error"),
    [({}, {}, BadReplyError), ({"token": "t"}, {"miner": {}}, BadReplyError)],
    ids=["no token", "no overclocking"],
)
async def test_vnish_writes_nothing_on_a_strange_reply(
    unlock: dict[str, object],
    settings: dict[str, object],
    error: type[Exception],
    loopback: Callable[[], str],
    port_80: None,
    session: aiohttp.ClientSession,
) -> None:
    from aiohttp import web

    posts: list[str] = []

    async def post(request: web.Request) -> web.Response:
        posts.append(request.path)
        return web.json_response(unlock)

    app = web.Application()
    app.router.add_post("/api/v1/unlock", post)
    app.router.add_get("/api/v1/settings", lambda _: _json(settings))
    runner = web.AppRunner(app)
    await runner.setup()
    host = loopback()
    await web.TCPSite(runner, host, 80).start()
    client = VnishClient(session, host, "admin")
    client._presets = PowerPresets([PowerPreset("1500", 1500, True)])
    try:
        with pytest.raises(error):
            await client.set_power(1500)
        assert posts == ["/api/v1/unlock"]
    finally:
        await runner.cleanup()


async def _json(value: object) -> Any:
    from aiohttp import web

    return web.json_response(value)


async def test_wrong_password_of_vnish_is_not_tried_again_and_again(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    host = loopback()
    async with running(Vnish, ["--host", host]) as device:
        client = VnishClient(session, host, "wrong")
        with pytest.raises(AuthError):
            await client.identify()
        assert device._wrong == 1


async def test_settling_vnish_is_pending_until_its_preset_shows(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("vnish", loopback(), session) as (device, source):
        device.faults.set("deaf")
        result = await source.apply(Command(id="a", power_w=1500.0))
        assert result.outcome == Outcome.PENDING
        again = await source.apply(replace(Command(id="b"), power_w=1520.0))
        assert again.outcome == Outcome.PENDING
        assert device.writes == ["settings 1500"]
