"""An event loop's scheduling, on a clock that a test moves."""

from asyncio import Handle, TimerHandle, get_running_loop
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any


class SteppedLoop:
    """The part of an event loop that a publisher and sliced work use."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.soon: list[Handle] = []
        self._timers: list[tuple[float, int, TimerHandle]] = []
        self._serial = count()
        self._real = get_running_loop()

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> Handle:
        self.soon.append(handle := Handle(callback, args, self._real))
        return handle

    call_soon_threadsafe = call_soon

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any) -> TimerHandle:
        handle = TimerHandle(when, callback, args, self._real)
        heappush(self._timers, (when, next(self._serial), handle))
        return handle

    @property
    def timers(self) -> int:
        return sum(not handle.cancelled() for _, _, handle in self._timers)

    def iterate(self) -> None:
        """One loop iteration."""
        batch, self.soon = self.soon, []
        for handle in batch:
            if not handle.cancelled():
                handle._run()

    def advance(self, seconds: float) -> None:
        """Let time pass, with everything that falls due in it."""
        end = self.now + seconds
        while self.soon:
            self.iterate()
        while self._timers and self._timers[0][0] <= end:
            when, _, handle = heappop(self._timers)
            self.now = max(self.now, when)
            if not handle.cancelled():
                handle._run()
            while self.soon:
                self.iterate()
        self.now = end
