"""Gaps in the reception: from a lost connection to the broker until Home Assistant has subscribed again."""

from collections.abc import Callable, Iterable
from functools import partial
import logging
import time
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

_LOGGER = logging.getLogger(__name__)

_QOS_HIGHEST: Final = 2


class BrokerMonitor:
    """Detects and counts the times in which no message can be received."""

    def __init__(self, hass: HomeAssistant, clock: Callable[[], float] = time.time) -> None:
        self.gaps = 0
        self.last_gap_s: float | None = None
        self.lost_since: float | None = None
        self._hass = hass
        self.listeners: list[CALLBACK_TYPE] = []
        self._clock = clock
        self._topics: frozenset[str] = frozenset()
        # Subscriptions that the broker has not confirmed since the connection was lost.
        self._awaited: set[str] = set()
        self._was_subscribed = False
        self._cancel: list[CALLBACK_TYPE] = []

    @callback
    def start(self, topics: Iterable[str], qos: int) -> None:
        """Start monitoring; a gap ends once core has renewed the subscriptions of all `topics`, one by one."""
        self._topics = frozenset(topics)
        self._awaited = set(self._topics)
        self._cancel.append(mqtt.async_subscribe_connection_status(self._hass, self._status))
        for topic in self._topics:
            renewed = partial(self._subscribed, topic)
            # The QoS is higher where another integration subscribes to the same topic with it.
            for level in range(qos, _QOS_HIGHEST + 1):
                self._cancel.append(mqtt.async_on_subscribe_done(self._hass, topic, level, renewed))
        if not mqtt.is_connected(self._hass):
            self.lost_since = self._clock()

    @callback
    def stop(self) -> None:
        """Stop monitoring."""
        while self._cancel:
            self._cancel.pop()()

    @callback
    def _status(self, connected: bool) -> None:
        if connected:
            return
        self._awaited = set(self._topics)
        if self.lost_since is None:
            self.lost_since = self._clock()
            self._notify()

    @callback
    def _subscribed(self, topic: str) -> None:
        if not mqtt.is_connected(self._hass):
            return
        self._awaited.discard(topic)
        if self._awaited:
            return
        if not self._was_subscribed or self.lost_since is None:
            self._was_subscribed, self.lost_since = True, None  # the first subscription ends no gap
            return
        self.gaps += 1
        self.last_gap_s = round(self._clock() - self.lost_since, 1)
        self.lost_since = None
        _LOGGER.info("Subscribed again after %.1f s; messages sent in the meantime were lost", self.last_gap_s)
        self._notify()

    def _notify(self) -> None:
        for listener in tuple(self.listeners):
            listener()
