"""Bitdeer SEALMINER over its socket.

Facts: a public capture of an A2 (asic-rs), and for the commands the calls of that program: `suspend` stops the hash
boards, a restart of the mining program starts them. It is not known how the firmware names the states other than
`Running`. A power limit takes effect only after a restart of the whole miner, so that it is not set. The four
temperatures of a board begin at the inlet and end at the outlet.
"""

import contextlib
import re
from typing import Any, Final

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import BadReplyError, DriverError, RefusedError, UnreachableError
from ..operations import Operation
from ..values import at, first, highest, number_at, scaled
from .cgminer_rpc import exchange
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .readings import BoardReading, PoolReading, decode_pools, decode_shares

_RUNNING: Final = "running"
_STOPPED: Final = re.compile(r"suspend|sleep|stop|idle|standby", re.IGNORECASE)
_MAX_BOARDS: Final = 8
_SENSORS: Final = 8
_NO_ERROR: Final = ("", "0", "0x00000000", "0x0000")


class SealminerClient(IdentifiedClient):
    """A SEALMINER."""

    def __init__(self, host: str) -> None:
        self._host = host

    async def identify(self) -> MinerInfo:
        """Read the identity, which is part of the statistics."""
        self._info = decode_info(await self._ask("stats"))
        return self._info

    async def capabilities(self) -> Capabilities:
        """On and off."""
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset({Control.ON_OFF}),
            reads_power=True,
            reads_heat=True,
            settle_s=900.0,
            min_write_interval_s=300.0,
        )

    async def read(self) -> MinerReading:
        """Read the statistics first: they show that the miner is available."""
        stats = await self._ask("stats")
        summary = await self._optional("summary")
        return decode_reading(stats, summary, pool=decode_pools(await self._optional("pools")))

    async def set_running(self, running: bool) -> None:
        """Suspend the hash boards, or restart mining, which it may not answer."""
        if not running:
            await self._ask("ascset", "0,suspend")
            return
        if str(at(await self._ask("stats"), "STATS", 0, "PM State")).lower() == _RUNNING:
            return  # a restart would only interrupt it
        with contextlib.suppress(BadReplyError, UnreachableError):
            await self._ask("restart")

    async def set_power(self, watts: float) -> None:
        """Not supported."""
        raise RefusedError(f"the power limit ({watts:.0f} W) would need a restart of the miner")

    async def set_mode(self, mode: str) -> None:
        """Not supported."""
        raise RefusedError(f"unknown mode {mode}")

    async def operate(self, operation: Operation) -> None:
        """Restart mining."""
        if operation is not Operation.RESTART_MINING:
            raise RefusedError(f"the miner has no operation {operation}")
        await self._ask("stats")  # shows that it is available
        with contextlib.suppress(BadReplyError, UnreachableError):
            await self._ask("restart")

    async def _optional(self, command: str) -> Any:
        with contextlib.suppress(DriverError):
            return await self._ask(command)
        return None

    async def _ask(self, command: str, parameter: str | None = None) -> Any:
        reply = await exchange(self._host, command, parameter)
        status = at(reply, "STATUS", 0)
        if at(status, "STATUS") in ("E", "F"):
            raise RefusedError(str(at(status, "Msg") or f"{command} is rejected"))
        return reply


def _row(stats: object) -> Any:
    row = at(stats, "STATS", 0)
    if not isinstance(row, dict) or "PM State" not in row:
        raise BadReplyError("the statistics are not those of a SEALMINER")
    return row


def decode_info(stats: object) -> MinerInfo:
    """Return the identity of `stats`."""
    row = _row(stats)
    return MinerInfo(
        family=MinerFamily.SEALMINER,
        make="Bitdeer",
        model=f"SEALMINER {at(row, 'Model') or ''}".strip(),
        firmware=at(row, "Firmware"),
        mac=at(row, "MAC"),
        serial=at(row, "Ctrl Board SN"),
    )


def decode_reading(stats: object, summary: object, *, pool: PoolReading) -> MinerReading:
    """Return the reading. Rates are in MH/s; the mean of `summary` continues for long after a change."""
    row = _row(stats)
    state = str(at(row, "PM State"))
    places = [index for index in range(_MAX_BOARDS) if number_at(row, f"{index} Chip Count") is not None]
    mining = True if state.lower() == _RUNNING else False if _STOPPED.search(state) else None
    best, blocks = decode_shares(summary)
    rate = first(number_at(row, "MHS(1m)"), number_at(summary, "SUMMARY", 0, "MHS 1m"))
    return MinerReading(
        mining=mining,
        power_w=number_at(row, "PSU Input Power"),
        power_limit_w=number_at(row, "Power Limit"),
        hashrate_ths=scaled(rate, 1e-6),
        expected_ths=scaled(first(number_at(row, "MHS(Ideal)"), number_at(row, "MHS(Rated)")), 1e-6),
        mode=str(at(row, "Mining Mode")).lower() if at(row, "Mining Mode") else None,
        board_c=highest([_hottest(row, index) for index in places]),
        ambient_c=number_at(row, "PSU Temp AMB"),
        fan_rpm=highest([number_at(row, f"{index} Speed") for index in range(_MAX_BOARDS)]),
        uptime_s=first(number_at(row, "System Uptime"), number_at(row, "Elapsed")),
        boards=len(places) or None,
        boards_up=sum(1 for index in places if at(row, f"{index} Online") is True) if places else None,
        board_readings=tuple(
            BoardReading(
                hashrate_ths=scaled(number_at(row, f"{index} MHS(Sample)"), 1e-6), board_c=_hottest(row, index)
            )
            for index in places
            if at(row, f"{index} Online") is True
        ),
        pool=pool,
        best_share=best,
        found_blocks=blocks,
        faults=tuple(_faults(row)),
    )


def _hottest(row: object, board: int) -> float | None:
    return highest([number_at(row, f"{board} Temp {sensor}") for sensor in range(_SENSORS)])


def _faults(row: object) -> list[str]:
    texts = (("error", at(row, "Error Code")), ("power supply error", at(row, "PSU Error")))
    return [f"{name} {text}" for name, text in texts if str(text or "").strip() not in _NO_ERROR]
