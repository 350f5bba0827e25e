"""Captures of real miners, replayed on the wire to the adapter, give the values that the captures hold."""

from collections.abc import Callable
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.const import CONF_INFO
from custom_components.proof_of_heat.drivers.decode import decode_miner
from custom_components.proof_of_heat.drivers.miner.antminer import decode_page_boards
from custom_components.proof_of_heat.drivers.miner.generic_pages import (
    model_in,
    read_pages,
    with_auradine,
    with_elphapex,
)
from custom_components.proof_of_heat.drivers.miner.models import MinerReading
from custom_components.proof_of_heat.drivers.miner.readings import BoardReading
from custom_components.proof_of_heat.sources.types.miner import connect
from simulators.replay import NotACaptureError, family_of, load, replaying

# Folder, state, then the values of the replies: watts, limit, TH/s, hottest chip.
CASES = [
    ("antminer/stock_s19pro_rpc_2022", "", {"power": None, "hashrate": 110.567, "chip_temperature": 78.0}),
    ("antminer/stock_s19xp_web_2022", "", {"power": None, "hashrate": 259.8, "mode": "normal"}),
    ("antminer/stock_s19xp_web_2022", "sleep", {"power": 0.0, "hashrate": 0.0, "mode": "sleep", "mining": False}),
    (
        "whatsminer/v1_api1.4.0_m20s",
        "",
        {"power": 3417.0, "power_limit": 3500.0, "hashrate": 67.439, "chip_temperature": 92.5, "mining": True},
    ),
    (
        "whatsminer/v2_api2.0.5_h616",
        "",
        {"power": 3200.0, "power_limit": 3300.0, "hashrate": 124.5, "ambient_temperature": 28.5, "mode": "low"},
    ),
    (
        "whatsminer/v2_api2.0.5_m56s_mock",
        "suspended",
        {"mining": False, "power": 13.0, "power_limit": 8000.0, "hashrate": 0.0, "model": "M56S_VH30"},
    ),
    (
        "whatsminer/v3_api3.0.2_m60s",
        "",
        {"mining": True, "power": 3156.0, "power_limit": 3600.0, "hashrate": 171.259, "model": "M60S_VK40"},
    ),
    ("braiins/v21_09", "", {"power": 735.0, "power_limit": 900.0, "hashrate": 7.16, "chip_temperature": 89.25}),
    ("braiins/v24_09", "", {"power": 3572.0, "power_limit": 3500.0, "hashrate": 230.701, "fan_speed": 6414.0}),
    ("braiins/v25_03", "", {"power": 4448.0, "power_limit": 3878.0, "hashrate": 251.235}),
    (
        "braiins/v25_07",
        "",
        {"power": 3137.0, "power_limit": 3031.0, "hashrate": 144.009, "model": "Antminer S19 XP", "boards_up": 3},
    ),
    ("bitaxe/axeos_v2.4.5_supra", "", {"power": 2.65, "hashrate": 1.0, "chip_temperature": 59.875, "mode": "490"}),
    ("bitaxe/axeos_v2.14_synthetic", "", {"power": 17.4, "hashrate": 0.654, "mining": True}),
    (
        "auradine",
        "",
        {"make": "Auradine", "model": "AT1500", "mining": True, "power": 58.0, "power_limit": 2000.0, "hashrate": 20.6}
        | {"board_temperature": 47.5, "chip_temperature": 51.412, "fan_speed": 7100.0, "uptime": 56696.0}
        | {"pool": "btc.viabtc.io:3333", "pool_state": "alive", "board_2_hashrate": 6.9, "board_2_temperature": 43.0}
        | {"board_1_chip_temperature": 45.827, "board_3_chip_temperature": 51.412, "fault": None},
    ),
    (
        "elphapex",
        "",
        {"make": "Elphapex", "model": "DG-Home1", "mining": True, "power": None, "hashrate": 0.0, "uptime": 0.0}
        | {"expected_hashrate": 0.003, "board_temperature": 67.0, "chip_temperature": 25.687, "fan_speed": 1020.0}
        | {"boards_up": 1, "board_1_temperature": 67.0, "board_2_temperature": None, "pool_state": "dead"}
        | {"fault": None, "best_share": None},
    ),
]


@pytest.mark.parametrize(("folder", "state", "expected"), CASES, ids=[f"{c[0]}{c[1]}" for c in CASES])
async def test_replayed_capture_reads_what_it_holds(
    *, captures: Path, loopback: Callable[[], str], port_80: None, folder: str, state: str, expected: dict[str, object]
) -> None:
    host = loopback()
    async with replaying(captures / "miners" / folder, host, state):
        lines = {key: value for key, value, _ in await decode_miner(host)}
    got = {key: round(v, 3) if isinstance(v := lines.get(key), float) else v for key in expected}
    assert got == expected


async def test_a_folder_without_replies_of_a_miner_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotACaptureError, match=r"no \*\.json"):
        load(tmp_path)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(NotACaptureError, match="not replies of a known miner family"):
        family_of(load(tmp_path))
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(NotACaptureError, match="not JSON"):
        load(tmp_path)


async def test_the_dialect_of_a_braiins_miner_is_stored(
    hass: HomeAssistant, captures: Path, loopback: Callable[[], str], port_80: None
) -> None:
    """What an older release offers depends on it, also after a restart without the miner."""
    host = loopback()
    async with replaying(captures / "miners" / "braiins" / "v24_09", host):
        (candidate,) = await connect(hass, {"address": host, "port": 80})
    assert candidate.data[CONF_INFO]["variant"] == "graphql"


@pytest.mark.parametrize(
    ("folder", "inlet_c", "outlet_c", "board_c"),
    [("v21_09", None, None, 75.375), ("v25_03", 39.0, 60.0, 60.0), ("v25_07", 40.0, 55.5, 55.5)],
)
async def test_the_air_or_liquid_of_a_braiins_miner(
    *,
    captures: Path,
    loopback: Callable[[], str],
    port_80: None,
    folder: str,
    inlet_c: float | None,
    outlet_c: float | None,
    board_c: float,
) -> None:
    host = loopback()
    async with replaying(captures / "miners" / "braiins" / folder, host):
        lines = {key: value for key, value, _ in await decode_miner(host)}
    keys = ("inlet_temperature", "outlet_temperature", "board_temperature")
    assert tuple(lines.get(key) for key in keys) == (inlet_c, outlet_c, board_c)


def test_what_an_elphapex_checks_is_a_fault_only_if_it_is_not_right() -> None:
    rows = [{"status": "s", "type": "fans"}, {"status": "", "type": "rate"}, {"status": "e", "type": "temp", "msg": ""}]
    pages = {"summary": {"SUMMARY": [{"status": [*rows, {"status": "e", "code": 1101, "msg": "fan lost"}]}]}}
    reading = with_elphapex(MinerReading(mining=True), pages)
    assert reading.faults == ("temp", "1101 fan lost")
    assert (reading.hashrate_ths, reading.boards, reading.boards_up, reading.board_readings) == (None, None, None, ())
    gigahashes = {"SUMMARY": [{"rate_5s": "9500.5", "rate_unit": "GH/s"}]}
    assert with_elphapex(MinerReading(mining=True), {"summary": gigahashes}).hashrate_ths == 9.5005
    unknown = {"SUMMARY": [{"rate_5s": 9500.5, "rate_unit": "sol/s"}]}
    assert with_elphapex(MinerReading(mining=True), {"summary": unknown}).hashrate_ths is None


def test_an_auradine_without_its_pages_keeps_what_was_read() -> None:
    board = BoardReading(hashrate_ths=6.8, board_c=28.25)
    reading = MinerReading(mining=True, board_c=28.25, fan_rpm=5000.0, board_readings=(board,))
    assert with_auradine(reading, {}) == reading
    assert model_in({}) is None


async def test_a_page_that_cannot_be_read_is_omitted() -> None:
    class Web:
        async def send_command(self, name: str) -> object:
            if name == "a":
                raise OSError("refused")
            return {"success": False} if name == "b" else {"fine": name}

    assert await read_pages(Web(), (OSError,), "a", "b", "c") == {"c": {"fine": "c"}}


def test_water_of_a_hydro_antminer() -> None:
    """Lists as of an S21+ Hyd; of any other model, a place in the list has no meaning."""
    chain = {"rate_real": 130000.0, "temp_pcb": [38, 52, 46, 51], "temp_pic": [61, 49, 50, 48], "temp_chip": ["0", "0"]}
    stats = {"STATS": [{"chain": [chain, {**chain, "temp_pcb": [0, 0, 0, 0], "temp_pic": []}]}]}
    first, second = decode_page_boards(stats, is_hydro=True)
    assert (first.inlet_c, first.outlet_c, first.board_c, first.chip_c) == (38.0, 46.0, 52.0, 61.0)
    assert (second.inlet_c, second.outlet_c, second.board_c, second.chip_c) == (None, None, None, None)
    (of_another, _) = decode_page_boards(stats)
    assert (of_another.inlet_c, of_another.outlet_c, of_another.board_c) == (None, None, 52.0)
