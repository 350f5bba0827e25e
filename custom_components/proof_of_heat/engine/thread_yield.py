"""Yields the interpreter to the other threads of the process during work of seconds.

Python code keeps the interpreter for up to 5 ms while another thread waits for it. Work that pauses after each slice of
a few milliseconds leaves it to the event loop in time.
"""

from collections.abc import Callable
import time
from typing import Final

SLICE_S: Final = 0.002
PAUSE_S: Final = 0.0005
"""A pause of length zero would not do: the thread continues before a waiting one wakes up."""


class ThreadYield:
    """Pauses the calling thread whenever a slice is over. Call it between pieces of work well below a slice."""

    def __init__(
        self,
        slice_s: float = SLICE_S,
        *,
        clock: Callable[[], float] = time.perf_counter,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.slices = 0
        self.longest_s = 0.0
        """The longest piece of work between two pauses."""
        self._slice_s = slice_s
        self._clock = clock
        self._pause = pause
        self._began = clock()

    def __call__(self) -> None:
        """Pause if the slice is over."""
        lasted_s = self._clock() - self._began
        if lasted_s < self._slice_s:
            return
        self.slices += 1
        self.longest_s = max(self.longest_s, lasted_s)
        self._pause(PAUSE_S)
        self._began = self._clock()


def no_yield() -> None:
    """Do not yield: for short work, and in tests and benchmarks of results."""
