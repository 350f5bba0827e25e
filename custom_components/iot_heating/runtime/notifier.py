"""Notifies entities of reports, at most once a second per controller, and long loops over controllers in slices."""

from asyncio import AbstractEventLoop, Handle
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import callback

from .controller import Controller

_INTERVAL: Final = timedelta(seconds=1)
SLICE_S: Final = 0.003
"""Work starts within this part of one iteration of the event loop; with the last item it stays below 5 ms."""


class SlicedLoop:
    """Processes many items without blocking the event loop."""

    def __init__(self, loop: AbstractEventLoop, slice_s: float | None = None) -> None:
        self._loop = loop
        self._slice_s = SLICE_S if slice_s is None else slice_s
        self._handles: set[Handle] = set()

    @callback
    def run[T](self, items: Iterable[T], process: Callable[[T], None], done: Callable[[], None] | None = None) -> None:
        """Start at once; a few items are processed before this returns."""
        self._continue(iter(tuple(items)), process, done)

    def _continue[T](self, items: Iterator[T], process: Callable[[T], None], done: Callable[[], None] | None) -> None:
        end = self._loop.time() + self._slice_s
        for item in items:
            process(item)
            if self._loop.time() >= end:
                self._schedule(items, process, done)
                return
        if done is not None:
            done()

    def _schedule[T](self, items: Iterator[T], process: Callable[[T], None], done: Callable[[], None] | None) -> None:
        def run() -> None:
            self._handles.discard(handle)
            self._continue(items, process, done)

        handle = self._loop.call_soon(run)
        self._handles.add(handle)

    @callback
    def stop(self) -> None:
        """Drop the remaining items."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()


class Notifier:
    """Notifies listeners of a controller's changes: at once, or once a second if it calls more often."""

    def __init__(self, loop: AbstractEventLoop, sliced_loop: SlicedLoop) -> None:
        self._loop = loop
        self._sliced_loop = sliced_loop
        self._pending: dict[Controller, set[str]] = {}
        self._timer: Handle | None = None

    @callback
    def notify(self, controller: Controller, topics: Iterable[str], now: datetime) -> None:
        """Notify of changes. Listeners read the newest values."""
        pending = self._pending.get(controller)
        if pending is not None:
            pending.update(topics)
        elif controller.notified_at is None or not timedelta(0) <= now - controller.notified_at < _INTERVAL:
            controller.notified_at = now
            controller.notify(topics)
        else:
            self._pending[controller] = set(topics)
            if self._timer is None:
                self._timer = self._loop.call_later(_INTERVAL.total_seconds(), self._notify_pending, now + _INTERVAL)

    @callback
    def _notify_pending(self, now: datetime) -> None:
        self._timer = None
        pending, self._pending = self._pending, {}

        def notify(item: tuple[Controller, set[str]]) -> None:
            controller, topics = item
            controller.notified_at = now
            controller.notify(topics)

        self._sliced_loop.run(pending.items(), notify)

    @callback
    def stop(self) -> None:
        """Drop pending notifications."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pending.clear()
