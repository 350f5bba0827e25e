"""Work for many controllers in short pieces, and what they report told to entities no more than once a second."""

from asyncio import AbstractEventLoop, Handle
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import callback

from .controller import Controller, Topic

_EVERY: Final = timedelta(seconds=1)
# Work begins within this part of one iteration of the event loop; with the last piece it stays below 5 ms.
_SLICE_S: Final = 0.003


class Pieces:
    """Does something with each of many, and lets the event loop breathe in between."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._handles: set[Handle] = set()

    @callback
    def each[T](self, items: Iterable[T], work: Callable[[T], None], done: Callable[[], None] | None = None) -> None:
        """Begin at once; few items are done when this returns."""
        self._go_on(iter(tuple(items)), work, done)

    def _go_on[T](self, items: Iterator[T], work: Callable[[T], None], done: Callable[[], None] | None) -> None:
        end = self._loop.time() + _SLICE_S
        for item in items:
            work(item)
            if self._loop.time() >= end:
                self._later(items, work, done)
                return
        if done is not None:
            done()

    def _later[T](self, items: Iterator[T], work: Callable[[T], None], done: Callable[[], None] | None) -> None:
        def run() -> None:
            self._handles.discard(handle)
            self._go_on(items, work, done)

        handle = self._loop.call_soon(run)
        self._handles.add(handle)

    @callback
    def stop(self) -> None:
        """Drop what is not done."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()


class Teller:
    """Tells entities what a report changed: at once, and for a controller that calls faster once a second."""

    def __init__(self, loop: AbstractEventLoop, pieces: Pieces) -> None:
        self._loop = loop
        self._pieces = pieces
        self._waiting: dict[Controller, set[Topic]] = {}
        self._timer: Handle | None = None

    @callback
    def tell(self, controller: Controller, topics: Iterable[Topic], now: datetime) -> None:
        """Something changed. What is told is always the newest."""
        waiting = self._waiting.get(controller)
        if waiting is not None:
            waiting.update(topics)
        elif controller.told is None or not timedelta(0) <= now - controller.told < _EVERY:
            controller.told = now
            controller.tell(topics)
        else:
            self._waiting[controller] = set(topics)
            if self._timer is None:
                self._timer = self._loop.call_later(_EVERY.total_seconds(), self._tell_all, now + _EVERY)

    @callback
    def _tell_all(self, now: datetime) -> None:
        self._timer = None
        waiting, self._waiting = self._waiting, {}

        def tell(item: tuple[Controller, set[Topic]]) -> None:
            controller, topics = item
            controller.told = now
            controller.tell(topics)

        self._pieces.each(waiting.items(), tell)

    @callback
    def stop(self) -> None:
        """Tell nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting.clear()
