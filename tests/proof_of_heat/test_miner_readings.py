"""Readings of hash boards, pools and shares of miners."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.proof_of_heat.drivers.decode import decode_miner
from custom_components.proof_of_heat.drivers.miner.antminer import decode_page_pools, decode_socket_boards
from custom_components.proof_of_heat.drivers.miner.bitaxe import decode_reading as decode_axeos
from custom_components.proof_of_heat.drivers.miner.braiins import decode_pool_groups
from custom_components.proof_of_heat.drivers.miner.luxos import decode_reading as decode_luxos
from custom_components.proof_of_heat.drivers.miner.models import MinerReading
from custom_components.proof_of_heat.drivers.miner.power_presets import PowerPresets
from custom_components.proof_of_heat.drivers.miner.readings import (
    BoardReading,
    PoolReading,
    best_share,
    decode_devs,
    decode_pools,
    pool_address,
    pool_in_use,
)
from custom_components.proof_of_heat.drivers.miner.vnish import decode_reading as decode_vnish
from simulators.framework import running
from simulators.replay import replaying
from simulators.whatsminer.miner import Whatsminer
from tests.proof_of_heat import ha
from tests.proof_of_heat.test_miner_sources import KINDS
from tests.proof_of_heat.test_reading_sensors import until_asked

POOL_KEYS = ("best_share", "found_blocks", "pool", "pool_state")
F2POOL, LUXOR = "btc.f2pool.com:1314", "btc.global.luxor.tech:700"
# Folder, state; best share, found blocks, pool, its state; TH/s, board and chip °C of each board.
CAPTURES: list[tuple[str, str, tuple[Any, ...], list[tuple[Any, ...]]]] = [
    (
        "antminer/stock_s19pro_rpc_2022",
        "",
        (12904207043.0, 0.0, LUXOR, "alive"),
        [(37.603, 73.0, 78.0), (35.536, 66.0, 71.0), (37.427, 64.0, 69.0)],
    ),
    ("antminer/stock_s19xp_web_2022", "", (None, None, F2POOL, "alive"), [(86.6, 84.0, 89.0)] * 3),
    ("antminer/stock_s19xp_web_2022", "sleep", (None, None, None, None), []),
    (
        "whatsminer/v1_api1.4.0_m20s",
        "",
        (41127493.0, 0.0, "btc.example.pool:3333", "alive"),
        [(22.104, 70.0, 90.0), (22.72, 69.5, 90.11), (22.555, 71.5, 92.5)],
    ),
    (
        "whatsminer/v2_api2.0.5_h616",
        "",
        (82000000.0, None, "btc.example.pool:3333", "alive"),
        [(41.5, 65.0, 80.0), (41.8, 66.0, 81.0), (41.7, 67.0, 81.0)],
    ),
    ("whatsminer/v2_api2.0.5_m56s_mock", "suspended", (None, None, F2POOL, "alive"), []),
    (
        "whatsminer/v3_api3.0.2_m60s",
        "",
        (None, None, "btc.example.pool:3333", "alive"),
        [(57.2, 41.1, 80.0), (57.0, 40.1, 82.0), (57.1, 41.5, 81.0)],
    ),
    (
        "braiins/v21_09",
        "",
        (None, None, "btc1.example.pool:3333", "alive"),
        [(2.967, 71.0, 81.625), (3.023, 75.375, 89.25), (2.947, 66.125, 80.0)],
    ),
    (
        "braiins/v24_09",
        "",
        (None, None, "example.pool.com:3333", "alive"),
        [(74.1, 56.4375, 71.4375), (82.52, 53.375, 68.375), (74.458, 52.9375, 67.9375)],
    ),
    (
        "braiins/v25_03",
        "",
        (None, None, "example.pool.com:3333", "alive"),
        [(83.918, 60.0, 75.0), (83.284, 58.5, 73.5), (83.301, 57.5, 72.5)],
    ),
    (
        "braiins/v25_07",
        "",
        (776342690.0, 0.0, "example.pool.com:3333", "alive"),
        [(48.816, 55.5, 70.5), (46.123, 52.0, 67.0), (49.226, 54.0, 69.0)],
    ),
    ("bitaxe/axeos_v2.4.5_supra", "", (483000.0, None, "btc.example.pool:3333", None), []),
    ("bitaxe/axeos_v2.14_synthetic", "", (1250000.0, 0.0, None, None), []),
]


@pytest.mark.parametrize(("folder", "state", "work", "boards"), CAPTURES, ids=[f"{c[0]}{c[1]}" for c in CAPTURES])
async def test_replayed_capture(
    *,
    captures: Path,
    loopback: Callable[[], str],
    port_80: None,
    folder: str,
    state: str,
    work: tuple[Any, ...],
    boards: list[tuple[Any, ...]],
) -> None:
    host = loopback()
    async with replaying(captures / "miners" / folder, host, state):
        lines = {key: (value, unit) for key, value, unit in await decode_miner(host)}
    assert tuple(lines.get(key, (None,))[0] for key in POOL_KEYS) == work
    named = {
        f"board_{index}_{name}": (value, unit)
        for index, board in enumerate(boards, start=1)
        for (name, unit), value in zip(
            (("hashrate", "TH/s"), ("temperature", "°C"), ("chip_temperature", "°C")), board, strict=True
        )
    }
    assert {key: line for key, line in lines.items() if key[:6] == "board_" and key[6].isdigit()} == named


@pytest.mark.parametrize("kind", list(KINDS))
async def test_simulated_miner(
    kind: str, loopback: Callable[[], str], port_80: None, session: aiohttp.ClientSession
) -> None:
    simulator, argv, _ = KINDS[kind]
    host = loopback()
    async with running(simulator, ["--host", host, *argv]) as device:
        lines = {key: value for key, value, _ in await decode_miner(host)}
    assert str(lines["pool"]).endswith(":3333")
    assert lines.get("pool_state") == (None if kind == "bitaxe" else "alive")
    assert ("best_share" in lines, "found_blocks" in lines) == (kind not in ("whatsminer_v3", "braiins_graphql"),) * 2
    boards = [lines[f"board_{index}_hashrate"] for index in (1, 2, 3)] if kind != "bitaxe" else []
    assert sum(map(float, boards)) == pytest.approx(device.machine.hash_ths if boards else 0.0, abs=0.01)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("stratum+tcp://btc.example.pool:3333", "btc.example.pool:3333"),
        ("stratum+ssl://worker:secret@btc.example.pool:443/x?key=1", "btc.example.pool:443"),
        (
            "stratum2+tcp://v2.example.pool:3336/9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72",
            "v2.example.pool:3336",
        ),
        ("btc.example.pool", "btc.example.pool"),
        ("192.0.2.4:3333", "192.0.2.4:3333"),
        ("stratum+tcp://btc.example.pool:99999", None),
        ("stratum+tcp://", None),
        ("  ", None),
        (None, None),
        (3333, None),
    ],
)
def test_pool_is_shown_without_its_credentials(url: object, address: str | None) -> None:
    assert pool_address(url) == address


@pytest.mark.parametrize(
    ("rows", "pool"),
    [
        ([("a:1", "Alive", False), ("b:1", "Alive", True)], PoolReading(address="b:1", state="alive")),
        ([("a:1", "Dead", True)], PoolReading(address="a:1", state="dead")),
        ([("a:1", "Dead", None), ("b:1", "ALIVE", None)], PoolReading(address="b:1", state="alive")),
        ([("a:1", "Dead", None), ("b:1", "Dead", None)], PoolReading(state="dead")),
        ([("a:1", "Disabled", False)], PoolReading(state="disabled")),
        ([("a:1", "offline", None), ("b:1", "active", None)], PoolReading(address="b:1", state="alive")),
        ([("a:1", "Rejecting", True)], PoolReading(address="a:1", state="rejecting")),
        ([("a:1", "Hibernating", True)], PoolReading(address="a:1")),
        ([("", "Dead", None)], PoolReading()),
        ([], PoolReading()),
    ],
)
def test_pool_in_use(rows: list[tuple[object, object, bool | None]], pool: PoolReading) -> None:
    assert pool_in_use(rows) == pool


def test_pools_are_in_the_order_of_their_priority() -> None:
    rows = [{"URL": "b:1", "Status": "Alive", "Priority": 1}, {"URL": "a:1", "Status": "Alive", "Priority": 0}]
    assert decode_pools({"POOLS": rows}).address == "a:1"
    lowered = [{key.lower(): value for key, value in row.items()} for row in rows]
    assert decode_page_pools({"POOLS": lowered}).address == "a:1"
    assert decode_pools(None) == PoolReading()


@pytest.mark.parametrize(
    ("value", "share"),
    [("483k", 483e3), ("1.25M", 1.25e6), ("12.9 G", 12.9e9), ("3.1T", 3.1e12), (0, None), ("0", None), ("", None),
     ("-", None), ("1.2.3k", None), (None, None), (4e8, 4e8), (True, None)],
)  # fmt: skip
def test_best_share_of_every_notation(value: object, share: float | None) -> None:
    assert best_share(value) == share
    assert best_share(value, 1.0) == max(share or 0.0, 1.0)


def test_values_that_no_board_has_are_unknown() -> None:
    assert BoardReading(hashrate_ths=1.0, board_c=0.0, chip_c=-1.0) == BoardReading(hashrate_ths=1.0)
    assert MinerReading(mining=True, found_blocks=-1.0, best_share=0.5) == MinerReading(mining=True)
    assert decode_devs({"DEVS": [{"MHS av": 41e6, "Temperature": 0}]}) == (BoardReading(hashrate_ths=41.0),)


def test_an_empty_place_of_a_stock_antminer_is_not_a_board() -> None:
    row = {"chain_acn1": 0, "chain_acn2": 76, "chain_rate1": "", "chain_rate2": "31000.4", "temp_chip2": "60-55"}
    assert decode_socket_boards({"STATS": [{}, row]}) == (BoardReading(hashrate_ths=31.0, chip_c=60.0),)


def test_fallback_pool_of_axeos() -> None:
    pools = {"stratumURL": "a", "stratumPort": 1, "fallbackStratumURL": "b", "fallbackStratumPort": "2"}
    assert decode_axeos({**pools, "isUsingFallbackStratum": 0}).pool == PoolReading(address="a:1")
    assert decode_axeos({**pools, "isUsingFallbackStratum": 1}).pool == PoolReading(address="b:2")
    assert decode_axeos({"stratumURL": "a:3"}).pool == PoolReading(address="a:3")
    assert decode_axeos({}).pool == PoolReading()


def test_braiins_pool_that_is_dead_or_disabled() -> None:
    def pool(**changes: object) -> PoolReading:
        row = {"url": "stratum+tcp://a:1", "active": True, "alive": True, "enabled": True, **changes}
        return decode_pool_groups([{"pools": [row]}])

    assert pool() == PoolReading(address="a:1", state="alive")
    assert pool(alive=False) == PoolReading(address="a:1", state="dead")
    assert pool(enabled=False, active=False) == PoolReading(state="disabled")
    assert pool(alive=None) == PoolReading(address="a:1")
    assert decode_pool_groups({"error": "x"}) == PoolReading()


def test_vnish_pool_of_the_developer_fee_is_not_the_users() -> None:
    miner = {
        "miner_status": {"miner_state": "mining"},
        "pools": [
            {"url": "DevFee", "pool_type": "DevFee", "status": "active"},
            {"url": "stratum+tcp://a:1", "pool_type": "Normal", "status": "working"},
        ],
        "best_share": 1000,
        "chains": [{"id": 1, "hashrate_rt": 30000.0, "pcb_temp": {"max": 50}, "chip_temp": {"min": 55, "max": 65}}],
    }
    reading = decode_vnish(miner, None, PowerPresets())
    assert reading.pool == PoolReading(address="a:1", state="alive")
    assert (reading.best_share, reading.found_blocks) == (1000, None)
    assert reading.board_readings == (BoardReading(hashrate_ths=30.0, board_c=50, chip_c=65),)


def test_luxos_boards_without_a_temperature_of_each() -> None:
    replies = {"devs": {"DEVS": [{"MHS 5s": 20e6, "Temperature": 47.0}] * 2}, "temps": {"TEMPS": [{"TopLeft": 50.0}]}}
    reading = decode_luxos({"CurtailMode": "None"}, replies, PowerPresets())
    assert reading.board_readings == (BoardReading(hashrate_ths=20.0, board_c=47.0),) * 2
    assert reading.pool == PoolReading()


async def test_sensors_of_a_miner(hass: HomeAssistant, socket_enabled: None, loopback: Callable[[], str]) -> None:
    """They are diagnostics; the boards' own are many, and disabled by default."""
    host = loopback()
    async with running(Whatsminer, ["--host", host, "--boot-s", "0"]) as device:
        values = {"address": host, "password": "admin", "port": 80, "efficiency_j_th": 26.0}
        entry = ha.system(await ha.source(hass, "miner", values))
        await ha.start(hass, entry)
        (managed,) = entry.runtime_data.sources.values()
        await until_asked(managed)
        await hass.async_block_till_done()
        registry = er.async_get(hass)
        found = {
            item.unique_id.removeprefix(f"{managed.subentry_id}_"): item
            for item in er.async_entries_for_config_entry(registry, entry.entry_id)
            if item.unique_id.startswith(managed.subentry_id)
        }
        assert hass.states.get(found["pool"].entity_id).state == "pool.invalid:3333"
        assert hass.states.get(found["pool_state"].entity_id).state == "alive"
        assert hass.states.get(found["found_blocks"].entity_id).state == "0.0"
        assert float(hass.states.get(found["best_share"].entity_id).state) == 41127493
        assert float(hass.states.get(found["board_temperature"].entity_id).state) == device.machine.chip_c(2) - 8
        board = found["board_2_hashrate"]
        assert (board.original_name, board.translation_key) == ("Board 2 hashrate", "board_2_hashrate")
        assert board.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert {
            item.entity_category for key, item in found.items() if key in POOL_KEYS or key.startswith("board_")
        } == {er.EntityCategory.DIAGNOSTIC}
        assert sorted(key for key in found if key.startswith("board_") and key.endswith("hashrate")) == [
            f"board_{index}_hashrate" for index in (1, 2, 3)
        ]
        assert await hass.config_entries.async_unload(entry.entry_id)
