"""A list of callbacks without arguments."""

from collections.abc import Callable
from functools import partial

from homeassistant.core import callback


class Listeners:
    """Callbacks that are called together, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._listeners: list[tuple[Callable[[], None], str | None]] = []

    @callback
    def subscribe(self, listener: Callable[[], None], subject: str | None = None) -> Callable[[], None]:
        """Add a listener, for one subject or for all; returns the function that removes it."""
        entry = (listener, subject)
        self._listeners.append(entry)
        return partial(self._listeners.remove, entry)

    @callback
    def notify(self, subject: str | None = None) -> None:
        """Call the listeners of a subject and those of all; without a subject every one."""
        for listener, own in tuple(self._listeners):
            if subject is None or own is None or own == subject:
                listener()
