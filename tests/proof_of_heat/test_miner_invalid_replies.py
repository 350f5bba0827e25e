"""Invalid replies of real miners: missing sensors, states that look like mining, reasons in refusals."""

import json
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.proof_of_heat.drivers.cloud.nicehash import NiceHashAccount
from custom_components.proof_of_heat.drivers.errors import AuthError, DriverError, RefusedError
from custom_components.proof_of_heat.drivers.http import JsonHttp
from custom_components.proof_of_heat.drivers.miner.antminer import decode_page_temperatures
from custom_components.proof_of_heat.drivers.miner.bitaxe import BitaxeClient, decode_reading
from custom_components.proof_of_heat.drivers.miner.braiins import Status, decode_rest
from custom_components.proof_of_heat.drivers.miner.models import MinerReading
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.drivers.miner.whatsminer import completed_v3
from lib.heat_source import FaultReason, Health


def case(captures: Path, name: str) -> Any:
    return json.loads((captures.parent / "cases" / "heating" / name).read_text())


def test_axeos_without_sensors(captures: Path) -> None:
    reading = decode_reading(case(captures, "axeos_no_sensor/info.json"))
    assert (reading.power_w, reading.chip_c, reading.board_c) == (None, None, None)
    assert reading.mining is True
    assert reading.hashrate_ths == pytest.approx(1.2045)
    assert reading.efficiency_j_th is None


def test_axeos_that_is_too_hot(captures: Path) -> None:
    reading = decode_reading(case(captures, "axeos_overheat/info.json"))
    assert reading.mining is False
    assert reading.faults == ("overheat",)


@pytest.mark.parametrize(
    ("change", "mining"),
    [
        ({"shutdown": True}, False),
        ({"shutdown": False}, True),
        ({"miningPaused": True}, False),
        ({"overheat_mode": 1, "hashRate": 0}, False),
        ({"overheat_mode": 1, "hashRate": 400.0}, True),
        ({"overheat_mode": 0, "hashRate": 0}, True),
    ],
)
def test_axeos_states(change: dict[str, Any], mining: bool) -> None:
    assert decode_reading({"hashRate": 1200.0, "temp": 55, **change}).mining is mining


def test_nerdqaxe_that_is_shut_down(captures: Path) -> None:
    assert decode_reading(case(captures, "nerdqaxe_shutdown/info.json")).mining is False
    running = decode_reading(case(captures, "nerdqaxe_running/info.json"))
    assert (running.mining, running.power_w, running.chip_c) == (True, 78.25, 54.75)


def test_hottest_of_two_sensors_of_a_board() -> None:
    assert decode_reading({"temp": 55.0, "temp2": 61.5}).chip_c == 61.5
    assert decode_reading({"temp": 55.0, "temp2": -1}).chip_c == 55.0


def test_braiins_that_has_not_started(captures: Path) -> None:
    details, stats, tuner = (
        case(captures, f"bos_notstarted/{name}.json")
        for name in ("miner_details", "miner_stats", "performance_tuner_state")
    )
    reading = decode_rest(details, stats, tuner)
    assert reading.mining is False
    assert (reading.power_w, reading.power_limit_w) == (20, 3000)


@pytest.mark.parametrize("status", list(Status))
def test_only_a_miner_that_mines_is_mining(status: Status) -> None:
    mining = decode_rest({"status": int(status)}, {}, {}).mining
    assert mining is (status in (Status.MINING, Status.RESTRICTED))


@pytest.mark.parametrize(
    ("status", "faults"), [(1, ()), (2, ()), (3, ()), (4, ("suspended",)), (5, ("restricted",)), (9, ())]
)
def test_what_braiins_does_by_itself_is_named(status: int, faults: tuple[str, ...]) -> None:
    """Numbers of the maker's protocol: 4 is suspended, 5 is restricted; neither is a pause by the user."""
    assert decode_rest({"status": status}, {}, {}).faults == faults


@pytest.mark.parametrize(
    ("field", "value", "known"),
    [
        ("power_w", -1.0, False),
        ("power_w", 0.0, True),
        ("chip_c", 0.0, False),
        ("chip_c", -1.0, False),
        ("chip_c", 255.0, False),
        ("board_c", 62.0, True),
        ("ambient_c", -5.0, True),
        ("ambient_c", -128.0, False),
        ("fan_rpm", -1.0, False),
        ("fan_rpm", 0.0, True),
        ("hashrate_ths", -1.0, False),
        ("uptime_s", -1.0, False),
        ("power_limit_w", 4294967295.0, False),
    ],
)
def test_values_that_no_miner_measures(field: str, value: float, known: bool) -> None:
    reading = MinerReading(mining=True, **{field: value})  # type: ignore[arg-type]
    assert getattr(reading, field) == (value if known else None)


def test_hottest_sensor_of_a_stock_antminer(captures: Path) -> None:
    folder = captures / "miners" / "antminer" / "stock_s19xp_web_2022"
    assert decode_page_temperatures(json.loads((folder / "stats.json").read_text())) == (89, 84)
    assert decode_page_temperatures({"STATS": [{"chain": [{"temp_chip": [0, 0]}, {"temp_chip": [5, 71]}]}]}) == (
        71,
        None,
    )
    assert decode_page_temperatures(None) == (None, None)


def test_whatsminer_v3_reports_its_boards_itself(captures: Path) -> None:
    folder = captures / "miners" / "whatsminer" / "v3_api3.0.2_m60s"
    summary, boards = (
        json.loads((folder / f"get_miner_status_{part}.json").read_text()) for part in ("summary", "edevs")
    )
    invented = MinerReading(mining=True, board_c=75.0, chip_c=75.0, boards=4, boards_up=4)
    reading = completed_v3(invented, summary, boards)
    assert (reading.board_c, reading.chip_c, reading.boards, reading.boards_up) == (41.5, 82.0, 3, 3)
    boards["msg"]["edevs"][1]["status"] = "dead"
    assert completed_v3(invented, summary, boards).boards_up == 2
    nothing = completed_v3(invented, None, None)
    assert (nothing.board_c, nothing.chip_c, nothing.boards) == (None, None, None)


# --- the reason of a refusal ------------------------------------------------------------------------------


async def served(status: int, body: Any) -> TestServer:
    async def answer(_: web.Request) -> web.Response:
        if isinstance(body, str):
            return web.Response(status=status, text=body)
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    return server


async def error_of(action: Any) -> DriverError:
    with pytest.raises(DriverError) as caught:
        await action
    return caught.value


SKEW = {"error_id": "x", "errors": [{"code": 2000, "message": "Session Time skew"}]}


async def test_nicehash_names_a_wrong_clock(session: aiohttp.ClientSession) -> None:
    server = await served(401, SKEW)
    account = NiceHashAccount(session, "k", "s", "o", base_url=str(server.make_url("")).rstrip("/"))
    error = await error_of(account._fetch())
    assert isinstance(error, RefusedError)
    assert "Session Time skew" in str(error)
    await server.close()


async def test_nicehash_key_that_is_wrong_asks_for_another(session: aiohttp.ClientSession) -> None:
    server = await served(401, {"error_id": "x", "errors": [{"code": 2001, "message": "Invalid API key"}]})
    account = NiceHashAccount(session, "k", "s", "o", base_url=str(server.make_url("")).rstrip("/"))
    error = await error_of(account._fetch())
    assert isinstance(error, AuthError)
    assert "Invalid API key" in str(error)
    await server.close()


@pytest.mark.parametrize("status", [401, 403])
async def test_axeos_that_refuses_has_no_password(session: aiohttp.ClientSession, status: int) -> None:
    """AxeOS answers 401 to another network; it has no password that could be asked for."""
    server = await served(status, "Unauthorized: not a private network")
    client = BitaxeClient(session, server.host, server.port or 0)
    source = MinerSource("a", "Bitaxe", client, _capabilities())
    state = await source.refresh()
    assert (state.health, state.reason) == (Health.FAILING, FaultReason.REJECTED)
    assert "not a private network" in state.detail
    await source.close()
    await server.close()


def _capabilities() -> Any:
    from lib.heat_source import Capabilities, SourceKind

    return Capabilities(kind=SourceKind.MINER, controls=frozenset())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"message": "token expired"}, "token expired"),
        ({"error": "access_denied"}, "access_denied"),
        ({"errors": [{"message": "a"}, {"message": "b"}]}, "a; b"),
        ("plain text", "plain text"),
        ([1, 2], "401"),
    ],
)
async def test_reason_of_a_refusal_is_kept(session: aiohttp.ClientSession, body: Any, reason: str) -> None:
    server = await served(401, body)
    error = await error_of(JsonHttp(session, str(server.make_url(""))).request("GET", "/a"))
    assert isinstance(error, AuthError)
    assert reason in str(error)
    await server.close()
