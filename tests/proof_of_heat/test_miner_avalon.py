"""Canaan Avalon: replies of each model as public reports show them, and commands on the wire."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
import json
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from custom_components.proof_of_heat.drivers.decode import decode_miner
from custom_components.proof_of_heat.drivers.errors import BadReplyError, RefusedError
from custom_components.proof_of_heat.drivers.miner import avalon
from custom_components.proof_of_heat.drivers.miner.avalon import HOME, AvalonClient, decode_fields, decode_reading
from custom_components.proof_of_heat.drivers.miner.client_factory import create_client
from custom_components.proof_of_heat.drivers.miner.models import MinerFamily, MinerReading
from custom_components.proof_of_heat.drivers.miner.operations import operations_of
from custom_components.proof_of_heat.drivers.miner.probe import probe
from custom_components.proof_of_heat.drivers.miner.readings import PoolReading
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.drivers.operations import Operation
from custom_components.proof_of_heat.sources.types.miner import _stored_info
from lib.heat_source import Command, Control, FaultReason, Health, Outcome
from simulators.avalon.miner import Avalon
from simulators.framework import running
from simulators.replay import replaying
from tests.heat_source_contract import assert_keeps_contract

from .test_miner_sources import QUICK

NO_POOL: Final = PoolReading()
SUMMARY: Final = {"SUMMARY": [{"MHS 1m": 2410313.07, "Best Share": 352799466, "Found Blocks": 0}]}
# The values of the replies in: dcbert/miner-sentinel (test of its collector; issue 16), UpstreamData/pyasic issue 312.
NANO3S: Final = (
    "Ver[Nano3s-25021401_56abae7] SYSTEMSTATU[Work: In Work, Hash Board: 1] Elapsed[10027] ITemp[-273] OTemp[65] "
    "TMax[95] TAvg[90] TarT[90] Fan1[1520] FanR[33%] PS[0 0 27541 4 0 3756 133] GHSspd[6598.84] GHSmm[6783.65] "
    "GHSavg[6695.18] MGHS[6695.18] MTmax[95] SoftOFF[0] ECHU[0] ECMM[0] ATA2[133-90-3756-432-20] WORKMODE[2] "
    "WORKLEVEL[0] MPO[133] CALIALL[7] ADJ[1]"
)
NANO3: Final = (
    "HashStatus[1] Ver[nano3-24071801_42c628d] Elapsed[512943] DH[17.306%] Temp[38] OTemp[41] TMax[87] TAvg[85] "
    "Fan1[3030] FanR[41%] Vo[0] PS[0 0 0 3 2792 89 324] GHSspd[2630.98] GHSmm[3203.56] GHSavg[2474.77] Led[1] "
    "MGHS[2474.77] MTmax[87] SoftOFF[0] ECHU[0] ECMM[0] ATA0[60-80-310-100:293:313:333] "
    "ATA1[90-85-324-100:441:461:481] ATA2[125-90-344-100:568:588:608] WORKLEVEL[1] MPO[90] ADJ[1]"
)
MINI3: Final = (
    "HashStatus[0] Ver[Mini3-25011701_3f53b19] SYSTEMSTATU[Work: In Work, Hash Board: 1] Elapsed[32273] "
    "ITemp[39] OTemp[63] HBTemp[75] TMax[86] TAvg[82] TarT[75] Fan1[3000] FanR[100%] "
    "PS[0 1210 2083 37 760 2085 824] WORKMODE[0] WORKLEVEL[-1]"
)
Q_ASLEEP: Final = (
    "'STATS':{Ver[Q-25052801_14a19a2] STATE[2] SYSTEMSTATU[Work: In Idle, Hash Board: 1] Elapsed[1860367] ITemp[24] "
    "HBITemp[32] HBOTemp[32] TMax[0] TAvg[0] Fan1[0] Fan2[0] PS[0 1216 1 0 0 2243 17] GHSspd[0.00] "
    "GHSmm[56112.38] GHSavg[70967.01] MGHS[70967.01] SoftOFF[4] WORKMODE[0] WORKLEVEL[0] MPO[800]}"
)
A1346: Final = (
    "Ver[1346-110-24041001_08b0955_0196aba] Elapsed[1168] SoftOFF[5] SYSTEMSTATU[Work: In Idle, Hash Board: 3 ] "
    "GHSspd[0.00] GHSmm[0.00] GHSavg[22622.40] PS[0 1198 0 0 0 1393 11]"
)
A1066: Final = (
    "Ver[1066-19101244_fe411a8] SYSTEMSTATU[Work: In Work, Hash Board: 3 ] Elapsed[6355] Temp[25] TMax[74] Fan1[3671] "
    "Fan2[3635] PS[0 1217 1279 221 2834 1280] GHSmm[51062.40] GHSavg[50291.83] Led[0] "
    "MGHS[16645.36 16761.64 16884.83] MTmax[74 72 74] ECHU[512 512 512] ECMM[0] WORKMODE[1]"
)


def read(text: str, model: str = "", summary: object = SUMMARY) -> MinerReading:
    fields = decode_fields({"STATS": [{"ID": "POOL0"}, {"MM ID0": text}]})
    return decode_reading(fields, summary, avalon._MODELS.get(model, avalon._A_SERIES), pool=NO_POOL)


@pytest.mark.parametrize(
    ("text", "model", "expected"),
    [
        (
            NANO3S,
            "nano3s",
            {
                "mining": True,
                "power_w": 133.0,
                "hashrate_ths": 6.599,
                "expected_ths": 6.784,
                "mode": "high",
                "chip_c": 95.0,
                "board_c": None,
                "ambient_c": None,
                "fan_rpm": 1520.0,
                "uptime_s": 10027.0,
                "boards_up": 1,
                "faults": (),
                "best_share": 352799466.0,
                "found_blocks": 0.0,
                "locating": None,
            },
        ),
        (
            NANO3,
            "nano3",
            {
                "mining": True,
                "power_w": 89.0,
                "hashrate_ths": 2.631,
                "mode": "medium",
                "chip_c": 87.0,
                "ambient_c": 38.0,
                "boards": None,
                "locating": None,
            },
        ),
        (MINI3, "mini3", {"mining": True, "power_w": 824.0, "mode": "heating_eco", "board_c": 75.0, "ambient_c": 39.0}),
        (
            Q_ASLEEP,
            "q",
            {
                "mining": False,
                "power_w": 17.0,
                "hashrate_ths": 0.0,
                "expected_ths": None,
                "mode": "eco",
                "chip_c": None,
                "board_c": 32.0,
                "fan_rpm": 0.0,
                "board_readings": (),
            },
        ),
        (A1346, "", {"mining": False, "power_w": 11.0, "hashrate_ths": 0.0, "boards": None, "mode": None}),
        (A1066, "", {"mining": True, "power_w": None, "hashrate_ths": 2.41, "ambient_c": 25.0, "locating": False}),
    ],
    ids=["nano3s", "nano3", "mini3", "q_asleep", "a1346_asleep", "a1066"],
)
def test_replies_give_what_they_hold(text: str, model: str, expected: dict[str, object]) -> None:
    reading = read(text, model)
    assert {key: getattr(reading, key) for key in expected} == expected


def test_boards_of_the_a_series_have_their_own_chips_and_rates() -> None:
    boards = read(A1066).board_readings
    assert [(board.hashrate_ths, board.chip_c) for board in boards] == [(16.645, 74.0), (16.762, 72.0), (16.885, 74.0)]


@pytest.mark.parametrize(
    ("old", "new", "mining"),
    [
        ("In Idle", "In Work", True),
        ("In Idle", "In Init", True),
        ("SoftOFF[5]", "SoftOFF[0]", True),  # it waits for a pool
        ("SoftOFF[5]", "SoftOFF[6]", None),  # it starts, and does not report what comes then
        ("SoftOFF[5] ", "", False),
        ("SYSTEMSTATU[Work: In Idle, Hash Board: 3 ] ", "", False),
    ],
)
def test_off_is_what_was_switched_off(old: str, new: str, mining: bool | None) -> None:
    assert read(A1346.replace(old, new)).mining is mining


def test_a_nano_3_without_a_rate_may_be_off_or_starting() -> None:
    assert read(NANO3.replace("GHSspd[2630.98]", "GHSspd[0.00]"), "nano3").mining is None


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("PS[0 ", "PS[2 ", "power supply error 2"),
        ("ECMM[0]", "ECMM[1]", "control board error 1"),
        ("ECHU[512 512 512]", "ECHU[512 513 512]", "board 2 error 513"),
        ("ECHU[512 512 512]", "ECHU[0 0 128]", "board 3 error 128"),
        ("Fan1[3671]", "Fan1[3671] FanErr[1]", "fan error 1"),
    ],
)
def test_errors_of_the_firmware_are_faults(old: str, new: str, fault: str) -> None:
    assert read(A1066).faults == ()
    assert read(A1066.replace(old, new)).faults == (fault,)


@pytest.mark.parametrize("stats", [None, {}, {"STATS": []}, {"STATS": [{"MM ID0": {}}, {"MM ID1": "text"}, 7]}])
def test_statistics_without_values_are_a_bad_reply(stats: object) -> None:
    with pytest.raises(BadReplyError):
        decode_fields(stats)


@pytest.mark.parametrize(
    ("version", "model", "variant"),
    [
        ({"PROD": "Avalon Nano3s", "MODEL": "Nano3s", "MAC": "e0e1a93e2c7d", "DNA": "0201"}, "Avalon Nano 3S", HOME),
        ({"PROD": "Avalonnano", "MODEL": "nano3", "VERSION": "24071801_42c628d"}, "Avalon Nano 3", HOME),
        ({"PROD": "Avalon Mini3", "MODEL": "Mini3"}, "Avalon Mini 3", HOME),
        ({"PROD": "Avalon Q", "MODEL": "Q"}, "Avalon Q", HOME),
        ({"PROD": "AvalonMiner 1246", "MODEL": "1246"}, "AvalonMiner 1246", ""),
        ({"PROD": "AvalonMiner", "MODEL": "1346-110"}, "AvalonMiner 1346-110", ""),
        ({"PROD": "AvalonMiner 15", "MODEL": ""}, "AvalonMiner 15", ""),
    ],
)
def test_models_by_version(version: dict[str, str], model: str, variant: str) -> None:
    info = avalon.decode_info({"VERSION": [version]})
    assert (info.make, info.model, info.variant) == ("Canaan", model, variant)
    assert info.mac == ("e0:e1:a9:3e:2c:7d" if "MAC" in version else None)
    assert (Operation.LOCATE in operations_of(info)) is (variant == "")


def test_a_version_without_a_model_is_a_bad_reply() -> None:
    with pytest.raises(BadReplyError):
        avalon.decode_info({"VERSION": [{"API": "3.7"}]})


@pytest.mark.parametrize(
    ("model", "variant"),
    [("Avalon Q Home (Stock)", HOME), ("Avalon Nano 3s (Stock)", HOME), ("Avalon 1246 (Stock)", "")],
)
def test_an_avalon_of_an_earlier_version_gets_its_client(model: str, variant: str) -> None:
    info = _stored_info({"family": "other", "make": "AvalonMiner", "model": model, "variant": ""})
    assert (info.family, info.variant) == (MinerFamily.AVALON, variant)
    assert _stored_info({"family": "other", "make": "ePIC"}).family is MinerFamily.OTHER


@asynccontextmanager
async def miner(
    model: str, host: str, session: aiohttp.ClientSession, *argv: str
) -> AsyncGenerator[tuple[Any, MinerSource]]:
    argv = ("--host", host, "--model", model, "--boot-s", "0", "--delay-s", "0.1", *argv)
    async with running(Avalon, list(argv)) as device:
        found = await probe(session, host)
        assert found.family is MinerFamily.AVALON
        client = create_client(found, session)
        info = await client.identify()
        capabilities = replace(await client.capabilities(), min_write_interval_s=0.0)
        source = MinerSource("proof_of_heat:a", "a", client, capabilities, operations=operations_of(info))
        source.timing = replace(QUICK, verify_s=1.0)
        yield device, source
        await source.close()


@pytest.mark.parametrize(
    ("model", "controls", "modes", "steps"),
    [
        ("q", {Control.ON_OFF, Control.MODE, Control.POWER}, ("super", "standard", "eco"), (800.0, 1300.0, 1600.0)),
        ("nano3s", {Control.MODE}, ("high", "medium", "low"), ()),
        ("nano3", {Control.MODE, Control.POWER}, ("high", "medium", "low"), (60.0, 90.0, 125.0)),
        (
            "mini3",
            {Control.ON_OFF, Control.MODE},
            ("mining_super", "mining_eco", "heating_super", "heating_eco", "night"),
            (),
        ),
        ("a1246", {Control.ON_OFF}, (), ()),
    ],
)
async def test_each_model_offers_what_its_firmware_lists(
    *,
    loopback: Callable[[], str],
    session: aiohttp.ClientSession,
    model: str,
    controls: set[Control],
    modes: tuple[str, ...],
    steps: tuple[float, ...],
) -> None:
    async with miner(model, loopback(), session) as (device, source):
        capabilities = source.capabilities
        assert (capabilities.controls, capabilities.modes, capabilities.power_steps_w) == (controls, modes, steps)
        state = await source.refresh()
        assert (state.health, state.on) == (Health.OK, True)
        assert state.power_w == pytest.approx(device.machine.power_w, abs=1)


@pytest.mark.parametrize(
    ("model", "command", "writes"),
    [
        ("q", Command(id="c", on=True, power_w=1400.0), ["workmode,set,1"]),
        ("nano3", Command(id="c", power_w=70.0), ["worklevel,set,0"]),
        ("nano3s", Command(id="c", mode="low"), ["workmode,set,0"]),
        ("mini3", Command(id="c", on=True, mode="heating_eco"), ["workmode,set,0", "worklevel,set,-1"]),
        ("a1246", Command(id="c", on=False), ["softoff"]),
    ],
)
async def test_keeps_the_contract_with_commands_of_its_own(
    loopback: Callable[[], str], session: aiohttp.ClientSession, model: str, command: Command, writes: list[str]
) -> None:
    async with miner(model, loopback(), session) as (device, source):
        result = await assert_keeps_contract(source, command)
        assert result.outcome == Outcome.APPLIED
        sent = [write if write.startswith("work") else write.partition(",")[0] for write in device.writes]
        assert sent[: len(writes)] == writes
        if Control.ON_OFF in source.capabilities.controls:
            assert device.state()["running"] is False, "released: it idles"


async def test_off_and_on_by_the_clock_of_the_miner(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    """The clock of the simulated miner is a day slow; a time of this machine would switch it a day later."""
    async with miner("q", loopback(), session) as (device, source):
        assert (await source.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
        assert (source.state.on, source.state.power_w, source.state.hashrate_ths) == (False, 17.0, 0.0)
        assert (await source.apply(Command(id="b", on=True))).outcome == Outcome.APPLIED
        assert [write.partition(",")[0] for write in device.writes] == ["softoff", "softon"]


async def test_calibration_defers_a_mode(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with miner("nano3s", loopback(), session) as (device, source):
        device.faults.set("calibrating")
        result = await source.apply(Command(id="a", mode="low"))
        assert (result.outcome, "calibrates" in result.detail) == (Outcome.DEFERRED, True)
        device.faults.clear("calibrating")
        assert (await source.apply(Command(id="b", mode="low"))).outcome == Outcome.APPLIED


async def test_restart_and_light(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with miner("a1246", loopback(), session) as (device, source):
        assert (await source.operate(Operation.REBOOT)).outcome == Outcome.PENDING
        assert (await source.operate(Operation.LOCATE)).outcome == Outcome.APPLIED
        assert device.light
        assert (await source.operate(Operation.STOP_LOCATING)).outcome == Outcome.APPLIED
        assert device.writes == ["reboot,0", "led,1-1", "led,1-0"]
    async with miner("nano3", loopback(), session) as (device, source):
        assert (await source.operate(Operation.REBOOT)).outcome == Outcome.PENDING
        assert (await source.operate(Operation.LOCATE)).reason == FaultReason.REJECTED
        assert device.writes == ["reboot,all"]


async def test_what_an_avalon_does_not_have(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    client = AvalonClient(loopback())
    with pytest.raises(BadReplyError):
        _ = client.info
    with pytest.raises(RefusedError):
        await client.set_power(100.0)
    with pytest.raises(RefusedError):
        await client.set_mode("eco")
    async with miner("nano3s", loopback(), session) as (_, source):
        with pytest.raises(RefusedError, match="Unknown option: softoff"):
            await source.client.set_running(False)


@pytest.mark.parametrize("fault", ["refused", "garbage", "cut"])
async def test_faults_of_the_network_are_not_a_state(
    fault: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("q", loopback(), session) as (device, source):
        device.faults.set(fault)
        state = await source.refresh()
        assert (state.health, state.on, state.power_w) == (Health.FAILING, None, None)
        device.faults.clear(fault)
        assert (await source.refresh()).health == Health.OK


async def test_without_a_pool_it_idles_but_is_not_off(
    loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("q", loopback(), session) as (device, source):
        device.faults.set("no_pool")
        state = await source.refresh()
        assert (state.on, state.power_w, state.hashrate_ths) == (True, 17.0, 0.0)


async def test_the_capture_of_a_q_and_of_an_a1246(captures: Path, loopback: Callable[[], str]) -> None:
    """The Q idles after softoff; its rates of the summary still continue."""
    host = loopback()
    async with replaying(captures / "miners" / "avalon", host):
        lines = {key: value for key, value, _ in await decode_miner(host)}
    assert lines == {
        "make": "Canaan",
        "model": "Avalon Q",
        "firmware": "25052801_14a19a2",
        "mining": False,
        "power": 146.0,
        "hashrate": 0.0,
        "mode": "eco",
        "board_temperature": 27.0,
        "ambient_temperature": 26.0,
        "fan_speed": 0.0,
        "uptime": 37850.0,
        "pool": "pool.example.com:4444",
        "pool_state": "alive",
        "best_share": 354914572.0,
        "found_blocks": 0.0,
    }
    stats = (captures / "miners" / "avalon" / "avalon_a_stats.json").read_text(encoding="utf-8")
    reading = decode_reading(decode_fields(json.loads(stats)), None, avalon._A_SERIES, pool=NO_POOL)
    assert (reading.mining, reading.power_w) == (True, 3504.0)
    assert (reading.hashrate_ths, reading.expected_ths) == (81.073, 83.923)
    assert (reading.ambient_c, reading.chip_c, reading.fan_rpm, reading.boards_up) == (30.0, 77.0, 5392.0, 3)
    assert [board.chip_c for board in reading.board_readings] == [77.0, 77.0, 76.0]
