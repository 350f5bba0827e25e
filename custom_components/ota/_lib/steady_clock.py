# Generated from lib/steady_clock.py by scripts/build: edit that file, not this one.
"""A clock for deadlines: epoch seconds that do not jump when the system time is set.

clock = SteadyClock()
deadline = clock() + 60
stored = clock.to_wall(deadline)         # for the store, a message or a screen
deadline = clock.from_wall(stored)       # after a restart
is_over = clock() >= deadline
"""

from collections.abc import Callable
import time


def _wall() -> float:
    return time.time()  # looked up at each call: a test may freeze it


def _monotonic() -> float:
    return time.monotonic()


class SteadyClock:
    """Epoch seconds that never jump: the wall clock at the start plus the monotonic time since.

    Deadlines and retries are measured with it. Times that leave the process (stored, sent, shown) are converted with
    `to_wall`, times that were stored with `from_wall`.
    """

    def __init__(
        self,
        wall: Callable[[], float] = _wall,
        monotonic: Callable[[], float] = _monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()

    def __call__(self) -> float:
        """Return the steady time now."""
        return self._monotonic() + self._offset

    def to_wall(self, at: float) -> float:
        """Return the wall-clock time of a steady time, as the system clock is set now."""
        return at + self._wall() - self()

    def from_wall(self, at: float) -> float:
        """Return the steady time of a wall-clock time, as the system clock is set now."""
        return at - self._wall() + self()
