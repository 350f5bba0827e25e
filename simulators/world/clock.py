"""Time of the simulated world."""

import asyncio
from datetime import UTC, datetime, timedelta
import time


class WorldClock:
    """A clock that runs ``speed`` times faster than real time."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        """Initialize with ``speed`` > 0 and the time of the simulated world (UTC, default: real time)."""
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._start = start or datetime.now(UTC)
        self._zero = time.monotonic()

    def now(self) -> datetime:
        """Return the time of the simulated world, UTC."""
        return self._start + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        """Return the simulated seconds since the start."""
        return (time.monotonic() - self._zero) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of simulated time."""
        await asyncio.sleep(seconds / self.speed)
