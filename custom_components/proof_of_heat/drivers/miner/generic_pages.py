"""What pyasic does not read of other makes, or reads from another place than their replies have it.

Facts: replies of an Auradine Teraflux (GCMiner of 2023, FluxOS 2.2.0) and of an Elphapex DG Home 1 (1.0.5); those of
256foundation/asic-rs for the same makes. The pages of Elphapex are those of stock Antminers, with chip temperatures in
thousandths of a degree, and an empty status for what is not checked.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from ..values import at, first, highest, number, number_at, rows_at, scaled
from .antminer import decode_page_pools
from .models import MinerReading
from .readings import BoardReading, best_share, decode_devs, decode_pools, rate_factor, to_ths

_MILLI: Final = 1e-3


AURADINE: Final = "auradine"
ELPHAPEX: Final = "elphapex"
MODEL_PAGES: Final = {AURADINE: "ipreport", ELPHAPEX: "get_system_info"}
"""Where the model is, by make."""


async def read_pages(web: Any, errors: tuple[type[Exception], ...], *names: str) -> dict[str, Any]:
    """Return the replies of a miner's pages by pyasic; a page that cannot be read is omitted."""
    replies = await asyncio.gather(*(_page(web, errors, name) for name in names))
    return {name: reply for name, reply in zip(names, replies, strict=True) if reply is not None}


async def _page(web: Any, errors: tuple[type[Exception], ...], name: str) -> Any:
    try:
        reply = await web.send_command(name)
    except errors:
        return None
    return None if at(reply, "success") is False else reply


def with_auradine(reading: MinerReading, pages: dict[str, Any]) -> MinerReading:
    """Return a reading with fans and chip temperatures. Temperatures of a board are by its number."""
    by_board = {number_at(row, "ID"): row for row in rows_at(pages.get("temperature"), "Temperature")}
    boards = tuple(
        replace(board, chip_c=_highest(by_board.get(index), "ChipTemp"), board_c=_board_c(board, by_board.get(index)))
        for index, board in enumerate(reading.board_readings, start=1)
    )
    return replace(
        reading,
        board_readings=boards,
        chip_c=first(highest([board.chip_c for board in boards]), reading.chip_c),
        board_c=first(highest([board.board_c for board in boards]), reading.board_c),
        fan_rpm=first(reading.fan_rpm, highest([number_at(fan, "Speed") for fan in rows_at(pages.get("fan"), "Fan")])),
    )


def _board_c(board: BoardReading, row: object) -> float | None:
    return first(_highest(row, "BoardTemp"), board.board_c)


def _highest(row: object, key: str) -> float | None:
    return scaled(highest([number_at(part, "Temperature") for part in rows_at(row, key)]), 1.0)


def model_in(pages: dict[str, Any]) -> str | None:
    """Return the model in the report of an Auradine's address, or on the system page of an Elphapex."""
    return (
        first_text(at(pages.get("ipreport"), "IPReport", 0, "model"), at(pages.get("get_system_info"), "minertype"))
        or None
    )


def with_elphapex(reading: MinerReading, pages: dict[str, Any]) -> MinerReading:
    """Return a reading with the values of the pages `summary`, `stats` and `pools`."""
    summary, stats = at(pages.get("summary"), "SUMMARY", 0), at(pages.get("stats"), "STATS", 0)
    rate = rate_factor(first_text(at(summary, "rate_unit"), at(stats, "rate_unit")), "MH/s")
    chains = rows_at(stats, "chain")
    boards = tuple(_elphapex_board(chain, rate) for chain in chains if number_at(chain, "asic_num"))
    return replace(
        reading,
        hashrate_ths=to_ths(number_at(summary, "rate_5s"), rate),
        expected_ths=to_ths(first(number_at(stats, "rate_ideal"), number_at(summary, "rate_ideal")), rate),
        uptime_s=first(number_at(summary, "elapsed"), number_at(stats, "elapsed")),
        fan_rpm=highest([number(fan) for fan in rows_at(stats, "fan")]),
        boards=len(chains) or None,
        boards_up=len(boards) if chains else None,
        board_readings=boards,
        chip_c=highest([board.chip_c for board in boards]),
        board_c=highest([board.board_c for board in boards]),
        pool=decode_page_pools(pages.get("pools")),
        best_share=best_share(at(summary, "bestshare")),
        faults=tuple(_elphapex_faults(rows_at(summary, "status"))),
    )


def _elphapex_board(chain: object, rate: float | None) -> BoardReading:
    return BoardReading(
        hashrate_ths=to_ths(number_at(chain, "rate_real"), rate),
        board_c=highest([number(value) or None for value in rows_at(chain, "temp_pcb")]),
        chip_c=scaled(highest([number(value) or None for value in rows_at(chain, "temp_chip")]), _MILLI),
    )


def _elphapex_faults(rows: Iterable[object]) -> Iterable[str]:
    """Yield what is checked and not right: a status other than "s"."""
    for row in rows:
        if at(row, "status") not in ("s", "", None):
            code = number_at(row, "code")
            text = at(row, "msg") or at(row, "type") or ""
            yield f"{code:.0f} {text}".strip() if code else str(text)


def first_text(*values: object) -> str:
    """Return the first text that is not empty; empty without one."""
    return next((value for value in values if isinstance(value, str) and value), "")


def with_socket(reading: MinerReading, replies: dict[str, Any]) -> MinerReading:
    """Return a reading with boards and pool of the socket, where pyasic has none."""
    boards = reading.board_readings or decode_devs(replies.get("devs"))
    pool = reading.pool if reading.pool.address is not None else decode_pools(replies.get("pools"))
    temperatures = [board.board_c for board in boards]
    return replace(reading, board_readings=boards, pool=pool, board_c=first(reading.board_c, highest(temperatures)))
