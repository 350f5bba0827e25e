"""Gaps: from the moment the broker was lost until Home Assistant is subscribed again."""

from collections.abc import Callable, Iterable
from functools import partial
import logging
import time
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

_LOGGER = logging.getLogger(__name__)

_QOS_HIGHEST: Final = 2


class BrokerLink:
    """Knows whether messages can reach us, and counts the times they could not."""

    def __init__(self, hass: HomeAssistant, changed: CALLBACK_TYPE, clock: Callable[[], float] = time.time) -> None:
        self.gaps = 0
        self.last_gap_s: float | None = None
        self.lost_since: float | None = None
        self._hass = hass
        self._changed = changed
        self._clock = clock
        self._topics: frozenset[str] = frozenset()
        # Subscriptions that the broker has not confirmed since it was lost.
        self._awaited: set[str] = set()
        self._was_subscribed = False
        self._cancel: list[CALLBACK_TYPE] = []

    @callback
    def follow(self, topics: Iterable[str], qos: int) -> None:
        """Begin; `topics` are those whose renewed subscriptions end a gap: core renews them one after the other."""
        self._topics = frozenset(topics)
        self._awaited = set(self._topics)
        self._cancel.append(mqtt.async_subscribe_connection_status(self._hass, self._status))
        for topic in self._topics:
            renewed = partial(self._subscribed, topic)
            # With a higher QoS where somebody else wants the same topic so.
            for level in range(qos, _QOS_HIGHEST + 1):
                self._cancel.append(mqtt.async_on_subscribe_done(self._hass, topic, level, renewed))
        if not mqtt.is_connected(self._hass):
            self.lost_since = self._clock()

    @callback
    def stop(self) -> None:
        """End."""
        while self._cancel:
            self._cancel.pop()()

    @callback
    def _status(self, connected: bool) -> None:
        if connected:
            return
        self._awaited = set(self._topics)
        if self.lost_since is None:
            self.lost_since = self._clock()
            self._changed()

    @callback
    def _subscribed(self, topic: str) -> None:
        if not mqtt.is_connected(self._hass):
            return
        self._awaited.discard(topic)
        if self._awaited:
            return
        if not self._was_subscribed or self.lost_since is None:
            self._was_subscribed, self.lost_since = True, None  # the first time, there was nothing to miss
            return
        self.gaps += 1
        self.last_gap_s = round(self._clock() - self.lost_since, 1)
        self.lost_since = None
        _LOGGER.info("Subscribed again after %.1f s: messages sent meanwhile did not reach us", self.last_gap_s)
        self._changed()
