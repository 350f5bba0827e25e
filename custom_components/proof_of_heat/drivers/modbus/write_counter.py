"""When and how often a device was written to in the last day: its memory may be EEPROM, which wears out.

Kept in rows of five minutes, so that a day has few of them whatever a template allows; a row ends with its last write,
which is never too early. Times are on a clock that only goes forward; the store has wall-clock seconds.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import logging
import math
import time
from typing import Final

from ..errors import LimitedError
from ..values import number

_LOGGER = logging.getLogger(__name__)

DAY_S: Final = 86_400.0
_ROW_S: Final = 300.0
_KEEP_S: Final = 5.0
"""A disk that hangs keeps no home cold."""


@dataclass(slots=True)
class _Row:
    first: float
    last: float
    count: int


class WriteCounter:
    """The writes of one device. `keep`: brings them on disk."""

    def __init__(self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.keep: Callable[[], Awaitable[None]] | None = None
        self._wall = wall
        self._elapsed = elapsed
        self._rows: deque[_Row] = deque()

    @property
    def today(self) -> int:
        """Of the last 24 hours."""
        now = self._elapsed()
        while self._rows and now - self._rows[0].last >= DAY_S:
            self._rows.popleft()
        return sum(row.count for row in self._rows)

    @property
    def since_s(self) -> float:
        """Since the last one; infinite where none of the last day is known."""
        return self._elapsed() - self._rows[-1].last if self.today else math.inf

    async def note(self) -> None:
        """A write that nothing limits but its spacing."""
        await self._add(1)

    async def take(self, count: int, limit: int) -> None:
        """Count a command's writes, before they go out; LimitedError and none at all where the day has too many."""
        done = self.today
        if done + count > limit:
            raise LimitedError(f"{done} writes in a day: sparing the device's memory")
        await self._add(count)

    async def _add(self, count: int) -> None:
        now = self._elapsed()
        if self._rows and now - self._rows[-1].first < _ROW_S:
            self._rows[-1].last = now
            self._rows[-1].count += count
        else:
            self._rows.append(_Row(now, now, count))
        await self._save()

    async def _save(self) -> None:
        if self.keep is None:
            return
        try:
            async with asyncio.timeout(_KEEP_S):
                await self.keep()
        except Exception as err:  # noqa: BLE001  whatever the disk has: in memory they are counted
            _LOGGER.warning("Writes could not be saved: %s", str(err) or type(err).__name__)

    def dump(self) -> list[list[float]]:
        """Wall-clock seconds and number of each row; empty where none counts any more."""
        ahead = self._wall() - self._elapsed()
        return [[round(row.last + ahead, 1), row.count] for row in self._rows] if self.today else []

    def load(self, rows: object) -> None:
        """From the store; what cannot be read counts as no write. One of the future (a clock was wrong) is of now."""
        now, ahead = self._elapsed(), self._wall() - self._elapsed()
        found: list[_Row] = []
        for row in rows if isinstance(rows, list) else []:
            pair = [number(item) for item in row] if isinstance(row, list) else []
            if len(pair) == 2 and pair[0] is not None and pair[1] is not None and pair[1] >= 1:
                last = min(pair[0] - ahead, now)
                found.append(_Row(last, last, int(pair[1])))
        self._rows = deque(sorted(found, key=lambda row: row.last)[-int(DAY_S / _ROW_S) - 1 :])
