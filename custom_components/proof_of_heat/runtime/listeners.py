"""A list of callbacks without arguments."""

from collections.abc import Callable
from functools import partial

from homeassistant.core import callback


class Listeners:
    """Callbacks that are called together, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    @callback
    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Add a listener; returns the function that removes it."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    @callback
    def notify(self) -> None:
        """Call all listeners."""
        for listener in tuple(self._listeners):
            listener()
