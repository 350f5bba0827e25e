"""Counts the writes to a device in the last 24 hours: its memory may be EEPROM, which wears out.

Writes are kept in rows of five minutes, so that a day has few rows regardless of the template's limit. A row expires
with its last write. Times are on a monotonic clock; stored times are wall-clock seconds.
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
_SAVE_TIMEOUT_S: Final = 5.0
"""A write to the device does not wait longer than this for the disk."""


@dataclass(slots=True)
class _Row:
    first: float
    last: float
    count: int


class WriteCounter:
    """The writes of a device. `save` stores them on disk."""

    def __init__(self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.save: Callable[[], Awaitable[None]] | None = None
        self._wall = wall
        self._elapsed = elapsed
        self._rows: deque[_Row] = deque()

    @property
    def last_day(self) -> int:
        """Number of writes in the last 24 hours."""
        now = self._elapsed()
        while self._rows and now - self._rows[0].last >= DAY_S:
            self._rows.popleft()
        return sum(row.count for row in self._rows)

    @property
    def since_s(self) -> float:
        """Seconds since the last write; infinite if there was none in the last 24 hours."""
        return self._elapsed() - self._rows[-1].last if self.last_day else math.inf

    async def record_write(self) -> None:
        """Record a write that has no daily limit."""
        await self._add(1)

    async def reserve(self, count: int, limit: int) -> None:
        """Count the writes of a command before they are sent.

        Raises:
            LimitedError: they would exceed `limit` in 24 hours; none is counted.
        """
        done = self.last_day
        if done + count > limit:
            raise LimitedError(f"{done} writes in 24 hours, limited to protect the device's memory")
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
        if self.save is None:
            return
        try:
            async with asyncio.timeout(_SAVE_TIMEOUT_S):
                await self.save()
        except Exception as err:  # noqa: BLE001  any error of the disk: in memory they are counted
            _LOGGER.warning("Saving the write counter failed: %s", str(err) or type(err).__name__)

    def dump(self) -> list[list[float]]:
        """Return wall-clock seconds and number of writes of each row; empty without writes in the last 24 hours."""
        ahead = self._wall() - self._elapsed()
        return [[round(row.last + ahead, 1), row.count] for row in self._rows] if self.last_day else []

    def load(self, rows: object) -> None:
        """Restore stored rows; invalid rows are ignored, times in the future (a wrong clock) become the present."""
        now, ahead = self._elapsed(), self._wall() - self._elapsed()
        found: list[_Row] = []
        for row in rows if isinstance(rows, list) else []:
            pair = [number(item) for item in row] if isinstance(row, list) else []
            if len(pair) == 2 and pair[0] is not None and pair[1] is not None and pair[1] >= 1:
                last = min(pair[0] - ahead, now)
                found.append(_Row(last, last, int(pair[1])))
        self._rows = deque(sorted(found, key=lambda row: row.last)[-int(DAY_S / _ROW_S) - 1 :])
