"""Notifies entities of reports, at most once a second per controller."""

from asyncio import AbstractEventLoop, Handle
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import callback

from .._lib.slices import Slicer
from .controller import Controller

_INTERVAL: Final = timedelta(seconds=1)


class Notifier:
    """Notifies listeners of a controller's changes: at once, or once a second if it calls more often."""

    def __init__(self, loop: AbstractEventLoop, slicer: Slicer) -> None:
        self._loop = loop
        self._slicer = slicer
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

        self._slicer.for_each(pending.items(), notify)

    @callback
    def stop(self) -> None:
        """Drop pending notifications."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pending.clear()
