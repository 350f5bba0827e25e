# Generated from lib/slices.py by scripts/build: edit that file, not this one.
"""Long loops in slices of a few milliseconds, so that the event loop stays responsive. No Home Assistant in here.

    queue = SlicedQueue(hass.loop, handle_message, slice_s=slice_length_s(hass.data))
    queue.add(message)                                  # handled soon, in order
    queue.run_now()                                     # the first slice at once

    Slicer(hass.loop, slice_s=slice_length_s(hass.data)).for_each(devices, update_device, done=save)
    async for device in in_slices(devices): rows.append(describe(device))

Work begins within the slice length of one event loop iteration; with its last piece an iteration stays below 5 ms.
An error in one piece is logged and does not stop the others. Tests set another length with
``hass.data[SLICE_LENGTH_S] = 60.0``.
"""

from asyncio import AbstractEventLoop, Handle, sleep
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
import logging
from threading import Lock
import time
from typing import Any, Final

_LOGGER = logging.getLogger(__name__)

SLICE_S: Final = 0.004
SLICE_LENGTH_S: Final = "heating_suite_slice_length_s"
"""Key in `hass.data` of a slice length that takes precedence over the default."""


def slice_length_s(hass_data: Mapping[Any, Any]) -> float:
    """Return the slice length in seconds that is set in `hass.data`, or the default."""
    return float(hass_data.get(SLICE_LENGTH_S, SLICE_S))


@dataclass(slots=True)
class SliceStats:
    """Statistics of sliced work, for diagnostics and benchmarks."""

    slices: int = 0
    longest_slice_s: float = 0.0


class SlicedQueue[T]:
    """A queue whose items are handled in the event loop, one slice per iteration.

    Args:
        loop: The event loop in which `work` is called.
        work: Handles one item.
        slice_s: How long items are started within one iteration of the loop.
        clock: Monotonic seconds.
        max_items: Limit; the oldest item is dropped (and counted) for a new one.
        unique: An item that is already waiting is not added again.
        pause_turns: Iterations of the loop left to others between two slices.
        stats: Where slices are counted.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        work: Callable[[T], None],
        *,
        slice_s: float = SLICE_S,
        clock: Callable[[], float] | None = None,
        max_items: int | None = None,
        unique: bool = False,
        pause_turns: int = 0,
        stats: SliceStats | None = None,
    ) -> None:
        self.dropped = 0
        self.failed = 0
        self.stats = SliceStats() if stats is None else stats
        self._loop = loop
        self._work = work
        self._slice_s = slice_s
        self._clock = clock or loop.time
        self._max_items = max_items
        self._pause_turns = pause_turns
        self._items: deque[T] = deque()
        self._waiting: set[T] | None = set() if unique else None
        self._lock = Lock()
        self._scheduled = False
        self._handle: Handle | None = None
        self._closed = False

    def __len__(self) -> int:
        """Return the number of waiting items."""
        return len(self._items)

    def add(self, item: T) -> None:
        """Add an item; it is handled in one of the next iterations of the loop."""
        if self._append(item):
            self._handle = self._loop.call_soon(self._run)

    def add_from_thread(self, item: T) -> None:
        """Add an item from another thread.

        Raises:
            RuntimeError: The event loop is closed.
        """
        if self._append(item):
            self._loop.call_soon_threadsafe(self._run)

    def run_now(self) -> None:
        """Handle the first slice at once instead of in the next iteration of the loop."""
        if self._handle is not None:
            self._handle.cancel()
        self._run()

    def clear(self) -> None:
        """Drop all waiting items."""
        with self._lock:
            self._items.clear()
            if self._waiting is not None:
                self._waiting.clear()

    def close(self) -> None:
        """Drop all waiting items and accept no more. Safe to call twice."""
        self._closed = True
        self.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _append(self, item: T) -> bool:
        """Add an item; return whether a slice has to be scheduled for it."""
        with self._lock:
            if self._closed:
                return False
            if self._waiting is not None:
                if item in self._waiting:
                    return False
                self._waiting.add(item)
            if self._max_items is not None and len(self._items) >= self._max_items:
                dropped = self._items.popleft()
                self.dropped += 1
                if self._waiting is not None:
                    self._waiting.discard(dropped)
            self._items.append(item)
            scheduled, self._scheduled = self._scheduled, True
            return not scheduled

    def _run(self) -> None:
        """Handle items until the slice is over, then let the loop serve others."""
        self._handle = None
        items, work, clock = self._items, self._work, self._clock
        start = now = clock()
        while items:
            item = items.popleft()
            if self._waiting is not None:
                self._waiting.discard(item)
            try:
                work(item)
            except Exception:
                self.failed += 1
                _LOGGER.exception("Handling an item failed")
            now = clock()
            if now - start >= self._slice_s:
                break
        self.stats.slices += 1
        self.stats.longest_slice_s = max(self.stats.longest_slice_s, now - start)
        with self._lock:
            self._scheduled = bool(items)
        if items:
            self._pause(self._pause_turns)

    def _pause(self, turns: int) -> None:
        self._handle = self._loop.call_soon(self._pause, turns - 1) if turns else self._loop.call_soon(self._run)


class Slicer:
    """Runs loops over many items, each in slices; several may run at the same time."""

    def __init__(
        self, loop: AbstractEventLoop, *, slice_s: float = SLICE_S, clock: Callable[[], float] | None = None
    ) -> None:
        self._loop = loop
        self._slice_s = slice_s
        self._clock = clock or loop.time
        self._handles: set[Handle] = set()

    def for_each[T](
        self, items: Iterable[T], work: Callable[[T], None], done: Callable[[], None] | None = None
    ) -> None:
        """Call `work` with each item, beginning at once; few items are finished when this returns.

        Args:
            items: Read before the first call: what `work` changes does not matter.
            work: Handles one item.
            done: Called after the last one.
        """
        self._run(iter(tuple(items)), work, done)

    def stop(self) -> None:
        """Drop the remaining items of all loops; their `done` is not called."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()

    def _run[T](self, items: Iterator[T], work: Callable[[T], None], done: Callable[[], None] | None) -> None:
        end = self._clock() + self._slice_s
        for item in items:
            try:
                work(item)
            except Exception:
                _LOGGER.exception("Handling an item failed")
            if self._clock() >= end:
                self._run_later(items, work, done)
                return
        if done is not None:
            done()

    def _run_later[T](self, items: Iterator[T], work: Callable[[T], None], done: Callable[[], None] | None) -> None:
        def run() -> None:
            self._handles.discard(handle)
            self._run(items, work, done)

        handle = self._loop.call_soon(run)
        self._handles.add(handle)


async def in_slices[T](
    items: Iterable[T], *, slice_s: float = SLICE_S, clock: Callable[[], float] = time.monotonic
) -> AsyncGenerator[T]:
    """Yield the items, and let the event loop serve others whenever a slice is over.

    The items are read before the first one is yielded.
    """
    start = clock()
    for item in tuple(items):
        yield item
        if clock() - start >= slice_s:
            await sleep(0)
            start = clock()
