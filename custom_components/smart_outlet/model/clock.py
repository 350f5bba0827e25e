"""The clock of a hub."""

from typing import Protocol


class Clock(Protocol):
    """Seconds that never jump, for deadlines and liveness (``_lib/steady_clock.py``)."""

    def __call__(self) -> float:
        """Return the time now."""

    def to_wall(self, at: float) -> float:
        """Return the UTC seconds of a time."""

    def from_wall(self, at: float) -> float:
        """Return the time of UTC seconds."""
