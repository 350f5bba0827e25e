"""The clock of a hub."""

import time
from typing import Protocol, override


class Clock(Protocol):
    """Seconds that never jump, for deadlines and liveness (``_lib/steady_clock.py``)."""

    def __call__(self) -> float:
        """Return the time now."""

    def to_wall(self, at: float) -> float:
        """Return the UTC seconds of a time."""

    def from_wall(self, at: float) -> float:
        """Return the time of UTC seconds."""


class WallClock(Clock):
    """The system clock, for models whose times are passed in by a simulation or a test."""

    @override
    def __call__(self) -> float:
        """Return the UTC seconds now."""
        return time.time()

    @override
    def to_wall(self, at: float) -> float:
        """Return the time itself."""
        return at

    @override
    def from_wall(self, at: float) -> float:
        """Return the time itself."""
        return at
