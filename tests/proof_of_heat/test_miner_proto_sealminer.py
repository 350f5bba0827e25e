"""Proto Rig and SEALMINER: the values of public captures, and commands on the wire."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import pytest

from custom_components.proof_of_heat.drivers.errors import AuthError, BadReplyError, RefusedError
from custom_components.proof_of_heat.drivers.miner import proto, sealminer
from custom_components.proof_of_heat.drivers.miner.client_factory import create_client
from custom_components.proof_of_heat.drivers.miner.models import MinerFamily
from custom_components.proof_of_heat.drivers.miner.operations import operations_of
from custom_components.proof_of_heat.drivers.miner.probe import probe
from custom_components.proof_of_heat.drivers.miner.readings import PoolReading
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.drivers.operations import Operation
from lib.heat_source import Command, Control, FaultReason, Health, Outcome
from simulators.framework import Simulator, running
from simulators.proto.miner import Proto
from simulators.sealminer.miner import Sealminer
from tests.heat_source_contract import assert_keeps_contract

from .test_miner_sources import QUICK

SIMULATORS: Final[dict[str, type[Simulator]]] = {"proto": Proto, "sealminer": Sealminer}
# Values of the captures in 256foundation/asic-rs (Apache-2.0): proto v1 (ProtoOS 1.8.0), sealminer v2025 (A2).
PASSWORD: Final = "proto-demo"
MINING: Final = {
    "mining-status": {
        "status": "Mining",
        "average_asic_temp_c": 71.90268170247448,
        "average_hb_temp_c": 55.63875649874286,
        "hashboards_installed": 4,
        "hashboards_mining": 4,
        "hashrate_ghs": 141147.4350314711,
        "ideal_hashrate_ghs": 145000,
        "power_target_watts": 3400,
        "power_usage_watts": 3447.008523267969,
        "reboot_uptime_s": 28,
    }
}
TELEMETRY: Final = {
    "hashboards": [
        {"hashrate": {"unit": "TH/s", "value": 36.44848053006888}, "temperature": {"outlet": 55.241942214972724}},
        {"hashrate": {"unit": "TH/s", "value": 33.618811133184686}, "temperature": {"outlet": 54.978843834992624}},
    ],
    "psus": [
        {"power": {"input": 1774.4900359549026, "output": 1616.3}, "temperature": {"ambient": 30.382706638883114}},
        {"power": {"input": 1751.847016486352, "output": 1647.8}, "temperature": {"ambient": 31.196655626732856}},
    ],
}
COOLING: Final = {"cooling-status": {"fans": [{"rpm": 4346, "slot": 1}, {"rpm": 4691, "slot": 2}]}}
POOLS: Final = {
    "pools": [
        {"url": "stratum+tcp://pool-b.example.com:4444", "priority": 1, "status": "Active", "enabled": True},
        {"url": "stratum+tcp://pool-a.example.com:3333", "priority": 0, "status": "Active", "enabled": True},
    ]
}


def test_a_proto_rig_gives_what_its_capture_holds() -> None:
    reading = proto.decode_reading(
        MINING, telemetry=TELEMETRY, cooling=COOLING, errors=[], pool=proto.decode_pools(POOLS)
    )
    assert (reading.mining, reading.power_limit_w, reading.uptime_s) == (True, 3400.0, 28.0)
    assert reading.power_w == 3526.337, "at the wall"
    assert (reading.hashrate_ths, reading.expected_ths) == (141.147, 145.0)
    assert (reading.chip_c, reading.board_c, reading.ambient_c, reading.fan_rpm) == (71.903, 55.242, 31.197, 4691.0)
    assert (reading.boards, reading.boards_up, reading.faults) == (4, 4, ())
    assert [board.hashrate_ths for board in reading.board_readings] == [36.448, 33.619]
    assert (reading.pool.address, reading.pool.state) == ("pool-a.example.com:3333", "alive")


@pytest.mark.parametrize(
    ("state", "mining", "faults"),
    [
        ("Stopped", False, ()),
        ("PoweringOff", False, ()),
        ("Curtailed", False, ()),
        ("PoweringOn", True, ()),
        ("NoPools", True, ()),
        ("DegradedMining", True, ("degraded",)),
        ("Error", None, ("error",)),
        ("Uninitialized", None, ()),
    ],
)
def test_states_of_a_proto_rig(state: str, mining: bool | None, faults: tuple[str, ...]) -> None:
    status = {"mining-status": {**MINING["mining-status"], "status": state}}
    reading = proto.decode_reading(status, telemetry=None, cooling=None, errors=None, pool=PoolReading())
    assert (reading.mining, reading.faults, reading.power_w) == (mining, faults, 3447.009)


def test_errors_and_a_supply_that_is_not_read() -> None:
    telemetry = {"psus": [TELEMETRY["psus"][0], {"power": {}}]}
    errors = [{"code": "FAN_2", "message": "Fan 2 stopped", "severity": "major"}, {}]
    reading = proto.decode_reading(MINING, telemetry=telemetry, cooling=None, errors=errors, pool=PoolReading())
    assert (reading.faults, reading.power_w) == (("FAN_2 Fan 2 stopped",), 3447.009)
    with pytest.raises(BadReplyError):
        proto.decode_reading({}, telemetry=None, cooling=None, errors=None, pool=PoolReading())
    with pytest.raises(BadReplyError):
        proto.decode_info({"system-info": {"manufacturer": "Other", "model": "Rig"}}, None)


def test_a_sealminer_gives_what_its_capture_holds() -> None:
    row = {
        "Model": "A2",
        "Firmware": "2025091001",
        "MAC": "50:d4:48:4b:86:78",
        "Ctrl Board SN": "S127200252001850",
        "PM State": "Running",
        "Mining Mode": "Normal",
        "MHS(1m)": 220315525.22617,
        "MHS(Ideal)": 221663472,
        "PSU Input Power": 3504,
        "PSU Output Power": 3232,
        "PSU Temp AMB": 26,
        "PSU Error": "0x00000000",
        "Error Code": "",
        "Power Limit": 3500,
        "System Uptime": 2743,
        "Elapsed": 2481,
        **{f"{board} Chip Count": 153 for board in range(3)},
        **{f"{board} Online": True for board in range(3)},
        **{f"{fan} Speed": rpm for fan, rpm in enumerate((3723, 3723, 3753, 3723))},
        **{f"0 Temp {i}": value for i, value in enumerate((55, 52, 70, 69))},
        **{f"1 Temp {i}": value for i, value in enumerate((58, 55, 70, 68))},
        "0 MHS(Sample)": 73905832.003432,
        "1 MHS(Sample)": 73626639.194207,
        "2 MHS(Sample)": 72846394.903347,
    }
    summary = {"SUMMARY": [{"Best Share": 33318911, "Found Blocks": 0, "MHS av": 206860473.51}]}
    reading = sealminer.decode_reading({"STATS": [row]}, summary, pool=PoolReading())
    assert (reading.mining, reading.power_w, reading.power_limit_w, reading.mode) == (True, 3504.0, 3500.0, "normal")
    assert (reading.hashrate_ths, reading.expected_ths) == (220.316, 221.663)
    assert (reading.board_c, reading.ambient_c, reading.fan_rpm, reading.uptime_s) == (70.0, 26.0, 3753.0, 2743.0)
    assert (reading.boards, reading.boards_up, reading.best_share, reading.faults) == (3, 3, 33318911.0, ())
    assert [board.hashrate_ths for board in reading.board_readings] == [73.906, 73.627, 72.846]
    info = sealminer.decode_info({"STATS": [row]})
    assert (info.make, info.model, info.mac) == ("Bitdeer", "SEALMINER A2", "50:d4:48:4b:86:78")

    def changed(**values: Any) -> Any:
        return sealminer.decode_reading({"STATS": [row | values]}, summary, pool=PoolReading())

    assert changed(**{"1 Online": False}).boards_up == 2
    assert changed(**{"PM State": "Boot"}).mining is None
    assert changed(**{"PSU Error": "0x00000004"}).faults == ("power supply error 0x00000004",)
    with pytest.raises(BadReplyError):
        sealminer.decode_info({"STATS": [{"Elapsed": 1}]})


@asynccontextmanager
async def miner(
    kind: str, host: str, session: aiohttp.ClientSession, password: str | None = PASSWORD
) -> AsyncGenerator[tuple[Any, MinerSource]]:
    async with running(SIMULATORS[kind], ["--host", host, "--boot-s", "0"]) as device:
        found = await probe(session, host)
        assert found.family is MinerFamily(kind)
        client = create_client(found, session, password)
        info = await client.identify()
        capabilities = replace(await client.capabilities(), min_write_interval_s=0.0)
        source = MinerSource("proof_of_heat:m", "m", client, capabilities, operations=operations_of(info))
        source.timing = QUICK
        yield device, source
        await source.close()


@pytest.mark.parametrize(
    ("kind", "command", "writes"),
    [
        (
            "proto",
            Command(id="c", on=True, power_w=2400.0),
            ["mining/target 2400", "mining/target 3400", "mining/stop"],
        ),
        ("sealminer", Command(id="c", on=False), ["ascset 0,suspend"]),
    ],
)
async def test_keeps_the_contract(
    *,
    port_80: None,
    loopback: Callable[[], str],
    session: aiohttp.ClientSession,
    kind: str,
    command: Command,
    writes: list[str],
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        assert (await assert_keeps_contract(source, command)).outcome == Outcome.APPLIED
        assert device.writes == writes
        state = await source.refresh()
        assert (state.on, state.hashrate_ths) == (False, 0.0)
        assert (await source.apply(Command(id="on", on=True))).outcome == Outcome.APPLIED
        assert source.state.power_w == pytest.approx(device.machine.power_w, abs=1)


async def test_limits_and_refusals_of_a_proto_rig(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner("proto", loopback(), session) as (device, source):
        capabilities = source.capabilities
        assert capabilities.controls == {Control.ON_OFF, Control.POWER}
        assert (capabilities.min_power_w, capabilities.max_power_w) == (1500.0, 3600.0)
        with pytest.raises(RefusedError, match="must be between"):
            await source.client.set_power(9999.0)
        with pytest.raises(RefusedError):
            await source.client.set_mode("low")
        assert (await source.operate(Operation.IDENTIFY)).outcome == Outcome.APPLIED
        assert (await source.operate(Operation.REBOOT)).outcome == Outcome.PENDING
        assert device.writes[-2:] == ["system/locate", "system/reboot"]
        device.faults.set("board_dead")
        assert (await source.refresh()).health == Health.DEGRADED
        device.faults.set("deaf")
        assert (await source.apply(Command(id="d", on=False))).outcome == Outcome.PENDING
        for _ in range(5):  # more requests than a token lasts
            assert (await source.refresh()).on is True


async def test_a_wrong_password_of_a_proto_rig(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    with pytest.raises(AuthError):
        async with miner("proto", loopback(), session, None):
            pass


async def test_a_password_of_a_proto_rig_that_is_changed_later(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    """The token still lasts for some requests; then the password is asked for, and the state unknown."""
    async with miner("proto", loopback(), session) as (device, source):
        assert (await source.refresh()).on is True
        device.args.password = "another"
        for _ in range(3):
            await source.refresh()
        state = source.state
        assert (state.health, state.on, state.power_w) == (Health.AUTH, None, None)
        device.args.password = PASSWORD
        assert (await source.refresh()).health == Health.OK


async def test_a_proto_rig_that_accepts_no_token(
    loopback: Callable[[], str], session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call signs in once more, no more than once; a reply without a token is not used as one."""
    requests: list[tuple[str, str]] = []
    tokens: list[object] = ["first", "second", "", 7]

    async def request(method: str, path: str, **options: Any) -> Any:
        if path.endswith("/auth/login"):
            return {"access_token": tokens.pop(0)}
        requests.append((path, options["headers"]["Authorization"]))
        raise AuthError("ended")

    client = proto.ProtoClient(session, loopback(), PASSWORD)
    monkeypatch.setattr(client, "_http", SimpleNamespace(request=request))
    with pytest.raises(AuthError):
        await client.read()
    assert requests == [("/api/v1/mining", "Bearer first"), ("/api/v1/mining", "Bearer second")]
    for _ in range(2):
        with pytest.raises(BadReplyError, match="no token"):
            await client.read()
    assert len(requests) == 2


async def test_a_proto_rig_without_a_part_of_its_interface(
    port_80: None, loopback: Callable[[], str], session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older firmware: what it does not have is unknown, the rest is read."""
    read = Proto._read
    absent = ("cooling", "pools", "mining/target")
    monkeypatch.setattr(Proto, "_read", lambda self, name: None if name in absent else read(self, name))
    async with miner("proto", loopback(), session) as (device, source):
        assert (source.capabilities.min_power_w, source.capabilities.max_power_w) == (None, None)
        state = await source.refresh()
        assert (state.health, state.on) == (Health.OK, True)
        assert state.power_w == pytest.approx(device.machine.power_w, abs=1)
        assert (state.extra["fan_speed"], state.extra["pool"]) == (None, None)


async def test_operations_of_a_sealminer(loopback: Callable[[], str], session: aiohttp.ClientSession) -> None:
    async with miner("sealminer", loopback(), session) as (device, source):
        assert (await source.operate(Operation.RESTART_MINING)).outcome == Outcome.PENDING
        assert (await source.operate(Operation.REBOOT)).reason == FaultReason.REJECTED
        assert device.writes == ["restart"]
        await source.client.set_running(True)
        assert device.writes == ["restart"], "it runs: nothing is restarted"
        with pytest.raises(RefusedError):
            await source.client.set_power(3000.0)
        with pytest.raises(RefusedError):
            await source.client.set_mode("low")
        with pytest.raises(RefusedError):
            await source.client.operate(Operation.LOCATE)


@pytest.mark.parametrize("kind", list(SIMULATORS))
@pytest.mark.parametrize("fault", ["refused", "garbage", "cut"])
async def test_faults_of_the_network_are_not_a_state(
    port_80: None, kind: str, fault: str, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    async with miner(kind, loopback(), session) as (device, source):
        assert (await source.refresh()).health == Health.OK
        device.faults.set(fault)
        state = await source.refresh()
        assert (state.health, state.on, state.power_w) == (Health.FAILING, None, None)
        device.faults.clear(fault)
        assert (await source.refresh()).health == Health.OK


@pytest.mark.parametrize("client", [proto.ProtoClient(None, "127.0.0.1", ""), sealminer.SealminerClient("127.0.0.1")])  # type: ignore[arg-type]
def test_not_identified_yet(client: Any) -> None:
    with pytest.raises(BadReplyError):
        _ = client.info
