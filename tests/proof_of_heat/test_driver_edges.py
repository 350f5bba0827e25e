"""Unusual replies of each device, in one section per driver."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
import logging
from typing import Any

import aiohttp
import pytest

from custom_components.proof_of_heat._lib.heat_source import (
    Control,
)
from custom_components.proof_of_heat.drivers.cloud.hiveos import HiveOsAccount
from custom_components.proof_of_heat.drivers.cloud.nicehash import NiceHashAccount, decode_rig
from custom_components.proof_of_heat.drivers.errors import (
    AuthError,
    BadReplyError,
    LimitedError,
    RefusedError,
    UnreachableError,
)
from custom_components.proof_of_heat.drivers.meter.shelly import NotificationDecoder, ShellyMeter, decode_status, lines
from custom_components.proof_of_heat.drivers.miner.antminer import (
    AntminerClient,
    decode_page_boards,
    decode_socket_temperatures,
)
from custom_components.proof_of_heat.drivers.miner.bitaxe import BitaxeClient, can_pause, decode_reading
from custom_components.proof_of_heat.drivers.miner.braiins import BraiinsClient, decode_rest
from custom_components.proof_of_heat.drivers.miner.braiins_graphql import decode_graphql
from custom_components.proof_of_heat.drivers.miner.operations import operations_of
from custom_components.proof_of_heat.drivers.miner.whatsminer import WhatsminerClient, decode_status_v2
from custom_components.proof_of_heat.drivers.operations import Operation
from tests.proof_of_heat.wire import socket_saying, web_saying

# --- Antminer ---------------------------------------------------------------------------------------------

CONF = {"pools": [{"url": "x"}], "bitmain-work-mode": "0"}
INFO = {"minertype": "Antminer S19", "macaddr": "02:00:00:00:00:01"}


def antminer(replies: dict[str, Any]) -> dict[str, Any]:
    return {f"/cgi-bin/{name}.cgi": reply for name, reply in replies.items()}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({}, BadReplyError),
        (b"<html>", BadReplyError),
        (500, UnreachableError),
        (403, AuthError),
    ],
)
async def test_antminer_with_an_invalid_system_page(
    reply: Any, error: type[Exception], session: aiohttp.ClientSession
) -> None:
    async with web_saying(antminer({"get_system_info": reply})) as port:
        client = AntminerClient(session, "127.0.0.1", "root", http_port=port)
        with pytest.raises(error):
            await client.identify()
        with pytest.raises(BadReplyError):
            _ = client.info
        with pytest.raises(BadReplyError):
            await client.read()


@pytest.mark.parametrize(
    ("conf", "answer", "error"),
    [
        ({"bitmain-work-mode": "0"}, {}, BadReplyError),  # no pools: writing would wipe them
        (CONF, {"code": "M001", "msg": "Invalid pool!"}, RefusedError),
        (CONF, (401, {}, {}), AuthError),
    ],
)
async def test_antminer_rejected_write(
    conf: dict[str, Any], answer: Any, error: type[Exception], session: aiohttp.ClientSession
) -> None:
    replies = antminer({"get_system_info": INFO, "get_miner_conf": conf, "set_miner_conf": answer})
    async with web_saying(replies) as port:
        client = AntminerClient(session, "127.0.0.1", "root", http_port=port)
        await client.identify()
        with pytest.raises(error):
            await client.set_running(False)


@pytest.mark.parametrize("conf", [{}, {"bitmain-work-mode": "x"}, {"miner-mode": None}])
async def test_antminer_without_a_work_mode_is_a_bad_reply(
    conf: dict[str, Any], session: aiohttp.ClientSession
) -> None:
    async with web_saying(antminer({"get_system_info": INFO, "get_miner_conf": conf})) as port:
        client = AntminerClient(session, "127.0.0.1", "root", http_port=port)
        await client.identify()
        with pytest.raises(BadReplyError):
            await client.read()


async def test_antminer_has_modes_but_no_power_limit(session: aiohttp.ClientSession) -> None:
    client = AntminerClient(session, "127.0.0.1", "root")
    assert (await client.capabilities()).power_steps_w == ()
    assert Control.POWER not in (await client.capabilities()).controls
    with pytest.raises(RefusedError):
        await client.set_power(1000)
    with pytest.raises(RefusedError):
        await client.set_mode("turbo")
    with pytest.raises(UnreachableError):
        await AntminerClient(session, "127.0.0.1", "root", http_port=1).identify()


# Keys of an S9 with bmminer 2.0: temperatures of board and chips per key, chains 6 to 8.
S9_STATS = {
    "STATUS": [{"STATUS": "S", "Code": 70, "Msg": "CGMiner stats"}],
    "STATS": [
        {"BMMiner": "2.0.0", "Miner": "16.8.1.3", "Type": "Antminer S9"},
        {"STATS": 0, "ID": "BC50", "Elapsed": 3600, "GHS 5s": "13500.11", "GHS av": 13480.0, "fan_num": 2}
        | {"fan3": 5640, "fan6": 4560, "miner_count": 3, "frequency": "650"}
        | {"temp6": 62, "temp7": 60, "temp8": 0, "temp2_6": 77, "temp2_7": 79, "temp2_8": 0, "temp3_6": 0}
        | {"chain_acn6": 63, "chain_acn7": 63, "chain_acn8": 0, "chain_rate6": "4523.11", "chain_rate7": "4498.02"},
    ],
}
S9_SUMMARY = {
    "STATUS": [{"STATUS": "S", "Code": 11, "Msg": "Summary"}],
    "SUMMARY": [{"Elapsed": 3600, "GHS 5s": "13500.11", "GHS av": 13480.0, "Best Share": 5120000, "Found Blocks": 0}],
}


async def test_an_s9_without_work_modes_is_read_and_not_commanded(
    session: aiohttp.ClientSession, loopback: Callable[[], str]
) -> None:
    conf = {"pools": [{"url": "stratum+tcp://pool.invalid:3333"}], "api-listen": True, "bitmain-freq": "650"}
    info = {"minertype": "Antminer S9", "macaddr": "02:00:00:00:00:09"}
    pages = antminer({"get_system_info": info, "get_miner_conf": conf, "get_blink_status": {"isBlinking": False}})
    host = loopback()
    socket = {"stats": S9_STATS, "summary": S9_SUMMARY}
    async with web_saying(pages, host) as port, socket_saying(socket, host):
        client = AntminerClient(session, host, "root", http_port=port)
        identity = await client.identify()
        assert (identity.model, identity.variant) == ("Antminer S9", "old")
        assert operations_of(identity) == {Operation.REBOOT}
        assert (await client.capabilities()).controls == frozenset()
        reading = await client.read()
        with pytest.raises(RefusedError, match="no work modes"):
            await client.set_running(False)
    assert (reading.mining, reading.mode, reading.hashrate_ths, reading.locating) == (True, None, 13.5, False)
    assert (reading.chip_c, reading.board_c, reading.best_share) == (79.0, 62.0, 5120000)
    assert [(row.hashrate_ths, row.chip_c) for row in reading.board_readings] == [(4.523, 77.0), (4.498, 79.0)]


async def test_an_l7_hashes_in_megahashes(session: aiohttp.ClientSession, loopback: Callable[[], str]) -> None:
    chain = {"asic_num": 120, "rate_real": 2375.5, "temp_pcb": [45, 44, 60, 61], "temp_chip": [55, 54, 70, 71]}
    page = {"rate_5s": 9502.0, "rate_ideal": 9500, "rate_unit": "MH/s", "miner-mode": 0}
    stats = {"STATS": [{**page, "chain": [{"index": index, **chain} for index in range(4)]}]}
    pages = antminer({"get_system_info": {"minertype": "Antminer L7"}, "get_miner_conf": CONF, "stats": stats})
    host = loopback()
    async with web_saying(pages, host) as port:
        client = AntminerClient(session, host, "root", http_port=port)
        await client.identify()
        reading = await client.read()
    assert (reading.mining, reading.mode, reading.chip_c) == (True, "normal", 71.0)
    assert reading.hashrate_ths == pytest.approx(0.009502)
    assert reading.expected_ths == pytest.approx(0.0095)
    assert [row.hashrate_ths for row in reading.board_readings] == pytest.approx(4 * [0.0023755])


def test_rates_in_solutions_are_not_hash_rates() -> None:
    stats = {"STATS": [{"rate_unit": "KSol/s", "chain": [{"rate_real": 140.0, "temp_chip": [60]}]}]}
    (board,) = decode_page_boards(stats)
    assert (board.hashrate_ths, board.chip_c) == (None, 60.0)


def test_antminer_temperatures_of_the_socket() -> None:
    stats = {"STATS": [{}, {"temp_chip1": "78-50-69-70", "temp_chip2": "0-0-0-0", "temp_pcb1": "61-40-44-60"}]}
    assert decode_socket_temperatures(stats) == (78.0, 61.0)
    assert decode_socket_temperatures({"STATS": [{}]}) == (None, None)


# --- Bitaxe -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("firmware", "can"), [("v2.14.0", True), ("2.15", True), ("v3.0.1", True), ("v2.9.9", False), (None, False)]
)
def test_bitaxe_pause_since(firmware: str | None, can: bool) -> None:
    assert can_pause(firmware) is can


async def test_bitaxe_of_old_firmware_has_no_frequencies(session: aiohttp.ClientSession) -> None:
    info = {"ASICModel": "BM1366", "version": "v2.3.0", "power": 12}
    async with web_saying({"/api/system/info": info}) as port:
        client = BitaxeClient(session, "127.0.0.1", port)
        with pytest.raises(BadReplyError):
            _ = client.info
        await client.identify()
        assert (await client.capabilities()).controls == frozenset()
        with pytest.raises(RefusedError):
            await client.set_power(10)


async def test_bitaxe_reply_of_another_device(session: aiohttp.ClientSession) -> None:
    async with web_saying({"/api/system/info": {"version": "1"}}) as port:
        with pytest.raises(BadReplyError):
            await BitaxeClient(session, "127.0.0.1", port).identify()
    with pytest.raises(BadReplyError):
        decode_reading([])


def test_bitaxe_faults() -> None:
    reading = decode_reading({"power_fault": "brown-out", "overheat_mode": 1, "hashRate": "nan"})
    assert reading.faults == ("brown-out", "overheat")
    assert reading.hashrate_ths is None


# --- Braiins ----------------------------------------------------------------------------------------------

LOGIN = {"/api/v1/auth/login": {"token": "t"}}
DETAILS = {"miner_identity": {"miner_model": "S19"}, "status": 2}


async def test_braiins_release_without_a_login_is_read_only(session: aiohttp.ClientSession) -> None:
    reply = {"data": {"bos": {}, "bosminer": {"info": {"workSolver": {"realHashrate": {"mhs5S": 9e7}}}}}}
    async with web_saying({"/graphql": reply}) as port:
        client = BraiinsClient(session, "127.0.0.1", "root", port)
        assert (await client.identify()).variant == "graphql"
        assert (await client.read()).hashrate_ths == 90.0
        assert (await client.capabilities()).controls == frozenset(), "no control is offered that the miner rejects"
        with pytest.raises(BadReplyError, match=r"25\.05"):
            await client.set_running(False)
        with pytest.raises(RefusedError):
            await client.set_mode("x")


async def test_braiins_reads_what_it_can_and_learns_its_limits(session: aiohttp.ClientSession) -> None:
    refusal = (400, {"message": "power_target: min: Some(950), max: Some(4000)"}, {})
    replies = {
        **LOGIN,
        "/api/v1/miner/details": DETAILS,
        "/api/v1/miner/stats": {"power_stats": {"approximated_consumption": {"watt": 3000}}},
        "/api/v1/performance/tuner-state": {"mode_state": {"powertarget": {"current_target": None}}},
        "/api/v1/performance/power-target": refusal,
    }
    async with web_saying(replies) as port:
        client = BraiinsClient(session, "127.0.0.1", "root", port)
        await client.identify()
        assert (await client.capabilities()).min_power_w is None
        reading = await client.read()
        assert (reading.power_w, reading.power_limit_w, reading.boards) == (3000, None, None)
        with pytest.raises(RefusedError):
            await client.set_power(100)
        assert ((await client.capabilities()).min_power_w, (await client.capabilities()).max_power_w) == (950, 4000)


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ({"/api/v1/auth/login": {}, "/graphql": {}}, BadReplyError),
        ({"/api/v1/auth/login": 401}, AuthError),
        ({**LOGIN, "/api/v1/miner/details": 401}, AuthError),
        ({**LOGIN, "/api/v1/miner/details": {}, "/graphql": {"errors": []}}, BadReplyError),
    ],
)
async def test_braiins_authentication_fails(
    replies: dict[str, Any], error: type[Exception], session: aiohttp.ClientSession
) -> None:
    async with web_saying(replies) as port:
        client = BraiinsClient(session, "127.0.0.1", "root", port)
        with pytest.raises(error):
            await client.identify()
        with pytest.raises(BadReplyError):
            _ = client.info


def test_braiins_replies_without_required_fields() -> None:
    with pytest.raises(BadReplyError):
        decode_rest({}, {}, {})
    with pytest.raises(BadReplyError):
        decode_graphql({"data": {}})
    assert decode_rest({"status": 5}, {}, {}).faults == ("restricted",)
    assert decode_rest({"status": 3}, {}, None).mining is False


# --- Whatsminer -------------------------------------------------------------------------------------------

VERSION = {"STATUS": "S", "Code": 131, "Msg": {"api_ver": "2.0.5", "fw_ver": "20230911.12.Rel"}}


async def test_whatsminer_before_it_is_identified() -> None:
    client = WhatsminerClient("127.0.0.1", "admin")
    with pytest.raises(BadReplyError):
        _ = client.info
    with pytest.raises(BadReplyError):
        await client.read()
    with pytest.raises(RefusedError):
        await client.set_mode("turbo")


async def test_whatsminer_without_get_version(loopback: Callable[[], str]) -> None:
    host = loopback()
    async with socket_saying({}, host):
        with pytest.raises(BadReplyError, match="get_version"):
            await WhatsminerClient(host, "admin").identify()


async def test_whatsminer_without_details_has_a_name(loopback: Callable[[], str]) -> None:
    host = loopback()
    async with socket_saying({"get_version": VERSION, "devdetails": b"", "summary": b"{torn"}, host):
        client = WhatsminerClient(host, "admin")
        info = await client.identify()
    assert client.info is info
    assert (info.model, info.firmware, info.mac) == ("WhatsMiner", "20230911.12.Rel", None)


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        ({"get_token": {"STATUS": "E", "Code": 136, "Msg": "over max"}}, LimitedError, "no more tokens"),
        ({"get_token": {"STATUS": "S", "Code": 134, "Msg": "x"}}, LimitedError, "no more tokens"),
    ],
)
async def test_whatsminer_tokens_are_exhausted(
    reply: dict[str, Any], error: type[Exception], text: str, loopback: Callable[[], str]
) -> None:
    host = loopback()
    async with socket_saying({"get_version": VERSION, **reply}, host):
        client = WhatsminerClient(host, "admin")
        await client.identify()
        with pytest.raises(error, match=text):
            await client.set_running(False)


@pytest.mark.parametrize("mode", ["low", "normal", "high"])
@pytest.mark.parametrize("api", ["v2", "v3"])
async def test_whatsminer_modes_and_service_reach_the_machine(mode: str, api: str, loopback: Callable[[], str]) -> None:
    from simulators.framework import running
    from simulators.whatsminer.miner import Whatsminer

    host = loopback()
    async with running(Whatsminer, ["--host", host, "--boot-s", "0", "--api", api]) as device:
        client = WhatsminerClient(host, "super" if api == "v3" else "admin", api)
        await client.identify()
        await client.set_mode(mode)
        assert device.mode == mode
        await client.set_running(False)
        assert device.machine.running is False
        await client.set_running(True)
        assert device.machine.running is True
        await client.set_power(2000.4)
        assert device.machine.limit_w == 2000


@pytest.mark.parametrize(
    ("code", "error"),
    [(23, AuthError), (45, RefusedError), (136, LimitedError), (135, AuthError), (132, RefusedError)],
)
async def test_whatsminer_refusals_are_typed(code: int, error: type[Exception]) -> None:
    from custom_components.proof_of_heat.drivers.miner.whatsminer import _error_v2

    assert isinstance(_error_v2(code, "no"), error)


def test_whatsminer_without_a_state_is_a_bad_reply() -> None:
    with pytest.raises(BadReplyError):
        decode_status_v2({"Msg": {}})
    assert decode_status_v2({"Msg": {"btmineroff": "true"}})[0] is False


@pytest.mark.parametrize("reply", [{"code": -1, "msg": "bad"}, {"code": -4, "msg": "no permission"}])
async def test_whatsminer_v3_refusals_are_typed(reply: dict[str, Any]) -> None:
    from custom_components.proof_of_heat.drivers.miner.pyasic_adapter import library

    class Rpc:
        """pyasic's socket of V3."""

        salt: str | None = "salt"

        async def send_command(self, command: str, parameters: object = None) -> Any:
            return reply

    client = WhatsminerClient("127.0.0.1", "super", "v3")
    client._lib = await library()
    client._miner = type("Miner", (), {"rpc": Rpc()})()
    with pytest.raises(AuthError if reply["code"] == -4 else RefusedError):
        await client.set_power(1000)
    assert client._miner.rpc.salt == (None if reply["code"] == -4 else "salt")


def test_whatsminer_v3_without_a_state_is_a_bad_reply() -> None:
    from custom_components.proof_of_heat.drivers.miner.whatsminer import decode_state_v3

    with pytest.raises(BadReplyError):
        decode_state_v3({"msg": {"miner": {}}})


# --- pyasic -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [None, {}, [], "text", {"success": False}, {"success": False, "message": "off"}])
async def test_pyasic_result_without_a_reply_is_unreachable(reply: Any) -> None:
    from custom_components.proof_of_heat.drivers.miner.pyasic_adapter import ask, library

    async def call() -> Any:
        return reply

    with pytest.raises(UnreachableError):
        await ask(await library(), call(), "summary")


async def test_a_cancelled_write_of_pyasic_ends_with_the_task(
    monkeypatch: pytest.MonkeyPatch, socket_enabled: None, loopback: Callable[[], str]
) -> None:
    """The library takes a cancellation for a miner without an answer: a release outlived the unloading of its entry."""
    from pyasic.rpc import btminer

    from custom_components.proof_of_heat.drivers.miner.pyasic_adapter import ask, library, prepared

    lib, asked, ended = await library(), asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(silent, host := loopback(), 4028)
    rpc = prepared(lib.classes[lib.types.WHATSMINER][None](host)).rpc
    monkeypatch.setattr(btminer, "create_privileged_cmd", lambda token, command: b"{}")
    rpc.token = btminer.TokenData(host_sign="sign", host_passwd_md5="md5")
    write = rpc.send_privileged_command("power_off", ignore_errors=True)
    task = asyncio.create_task(ask(lib, write, "power_off"))
    async with asyncio.timeout(10):
        await asked.wait()
        task.cancel()
        await asyncio.wait([task])
        ended.set()
        server.close()
        await server.wait_closed()
    assert task.cancelled()


async def test_pyasic_failing_groups_are_skipped_and_plain_rates_accepted() -> None:
    from custom_components.proof_of_heat.drivers.miner.pyasic_adapter import gather_data, library, reading_of

    class Miner:
        """Returns its wattage and raises for everything else."""

        rpc = None

        async def get_data(self, include: list[str]) -> Any:
            if "wattage" not in include:
                raise KeyError("x")
            return type("Data", (), {"hashrate": "95.5", "wattage": 3000, "wattage_limit": None})()

    reading = reading_of(await gather_data(await library(), Miner()), mining=True)
    assert (reading.power_w, reading.hashrate_ths, reading.boards) == (3000, 95.5, None)


# --- clouds -----------------------------------------------------------------------------------------------


async def test_hiveos_invalid_rows_are_skipped(session: aiohttp.ClientSession) -> None:
    replies = {
        "/farms": {"data": [{"name": "no id"}, {"id": 7}]},
        "/farms/7/oc": {"data": [{"name": "quiet", "id": 1}, {"name": "no id"}]},
        "/farms/7/workers": {"data": [{"name": "no id"}, {"id": 9, "stats": {"online": True, "miner_start_time": 1}}]},
    }
    async with web_saying(replies) as port:
        account = HiveOsAccount(session, "t", base_url=f"http://127.0.0.1:{port}")
        rigs = await account.rigs()
        assert list(rigs) == ["7/9"]
        assert (rigs["7/9"].mining, rigs["7/9"].modes) == (True, ("quiet",))
        with pytest.raises(RefusedError, match="no longer has the rig"):
            await account.rig("7/10")
        with pytest.raises(RefusedError, match="no overclocking profile"):
            await account.set_mode("7/9", "loud")
    async with web_saying({"/farms": {"data": 5}}) as port:
        with pytest.raises(BadReplyError):
            await HiveOsAccount(session, "t", base_url=f"http://127.0.0.1:{port}").rigs()


async def test_nicehash_pages_are_all_read(session: aiohttp.ClientSession) -> None:
    path = "/main/api/v2/mining/rigs2"
    pages = {
        f"{path}?page={page}&size=100": {
            "miningRigs": [{"rigId": f"r{page}", "minerStatus": "MINING", "type": "MANAGED"}, {"name": "no id"}],
            "pagination": {"totalPageCount": 3},
        }
        for page in range(3)
    }
    async with web_saying(pages) as port:
        account = NiceHashAccount(session, "k", "s", "o", base_url=f"http://127.0.0.1:{port}")
        assert list(await account.rigs()) == ["r0", "r1", "r2"]
    async with web_saying({path: {}}) as port:
        with pytest.raises(BadReplyError):
            await NiceHashAccount(session, "k", "s", "o", base_url=f"http://127.0.0.1:{port}").rigs()
    endless = {path: {"miningRigs": [], "pagination": {"totalPageCount": 1e9}}}
    async with web_saying(endless) as port:
        account = NiceHashAccount(session, "k", "s", "o", base_url=f"http://127.0.0.1:{port}")
        assert await account.rigs() == {}


def test_nicehash_devices_with_unknown_units_and_temperatures() -> None:
    speeds = [{"speed": "5", "displaySuffix": "XH"}, {"speed": "2", "displaySuffix": "TH"}, {"speed": "x"}]
    rig = decode_rig({"rigId": "r", "minerStatus": "?", "devices": [{"speeds": speeds, "temperature": -1}]})
    assert rig is not None
    assert (rig.hashrate_ths, rig.chip_c, rig.power_w, rig.mining) == (2.0, None, None, None)


# --- Shelly -----------------------------------------------------------------------------------------------


async def test_shelly_reply_of_another_device(session: aiohttp.ClientSession) -> None:
    async with web_saying({"/rpc/Shelly.GetDeviceInfo": {"app": "x"}}) as port:
        with pytest.raises(BadReplyError):
            await ShellyMeter(session, "127.0.0.1", port=port).identify()


async def test_shelly_single_phases_without_counters(session: aiohttp.ClientSession) -> None:
    replies: dict[str, Any] = {"/rpc/Shelly.GetDeviceInfo": {"app": "Pro3EM", "mac": "A", "profile": "monophase"}}
    replies |= {f"/rpc/EM1.GetStatus?id={i}": {"id": i, "act_power": 10.0 * i} for i in range(3)}
    async with web_saying(replies) as port:
        reading = await ShellyMeter(session, "127.0.0.1", port=port).read(energy=False)
    assert (reading.power_w, reading.phases_w, reading.imported_kwh) == (30.0, (0.0, 10.0, 20.0), None)


def test_shelly_single_phases_with_counters() -> None:
    status: dict[str, Any] = {f"em1:{i}": {"act_power": 1.0} for i in range(3)}
    status |= {f"em1data:{i}": {"total_act_energy": 1000.0, "total_act_ret_energy": 1.0} for i in range(3)}
    reading = decode_status(status, datetime.now(UTC))
    assert (reading.imported_kwh, reading.exported_kwh) == (3.0, 0.003)


def test_shelly_frames_without_a_meter_change_nothing() -> None:
    notifications = NotificationDecoder()
    assert notifications.feed("x") is None
    assert notifications.feed({"method": "NotifyStatus", "params": {"ts": 1.0, "sys": {"uptime": 5}}}) is None
    found = notifications.feed({"method": "NotifyFullStatus", "params": {"em:0": {"total_act_power": 5.0}}})
    assert found is not None
    assert found.power_w == 5.0


def test_shelly_capture_forms() -> None:
    status = {"em:0": {"total_act_power": 5.0}}
    assert lines({"result": status}) == lines({"status": status}) == lines(status)
    with pytest.raises(BadReplyError):
        lines({"status": []})


async def test_pyasic_leaves_the_root_logger_to_home_assistant() -> None:
    from custom_components.proof_of_heat.drivers.miner.pyasic_adapter import library, own_logger

    await library()
    from pyasic.miners import base
    from pyasic.rpc import btminer

    root, own = logging.getLogger(), logging.getLogger("pyasic")
    level, handlers, own_level = root.level, root.handlers[:], own.level
    try:
        for before, after in ((logging.NOTSET, logging.CRITICAL), (logging.DEBUG, logging.DEBUG)):
            root.setLevel(logging.INFO)
            own.setLevel(before)  # DEBUG: the user enabled debug logging
            with own_logger():
                root.setLevel(logging.WARNING)  # as pyasic does when it is imported
                root.addHandler(logging.NullHandler())
            assert (root.level, root.handlers, own.level) == (logging.INFO, handlers, after)
    finally:
        root.setLevel(level)
        own.setLevel(own_level)
    assert (btminer.logging.name, base.logger.name) == ("pyasic.rpc.btminer", "pyasic.miners.base")
