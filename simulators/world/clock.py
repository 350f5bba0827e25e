"""The time of the simulated world."""

import asyncio
from datetime import UTC, datetime, timedelta
import time


class WorldClock:
    """A clock that runs ``speed`` times faster than ours from ``start`` on."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        """``speed`` > 0; ``start``: the world's time now (UTC), ours by default."""
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._start = start or datetime.now(UTC)
        self._zero = time.monotonic()

    def now(self) -> datetime:
        """The world's time, UTC."""
        return self._start + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        """World seconds since the start."""
        return (time.monotonic() - self._zero) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of the world's time."""
        await asyncio.sleep(seconds / self.speed)
