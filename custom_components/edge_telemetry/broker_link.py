"""Gaps: from the moment the broker was lost until Home Assistant is subscribed again."""

from collections.abc import Callable
import logging
import time

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

_LOGGER = logging.getLogger(__name__)


class BrokerLink:
    """Knows whether messages can reach us, and counts the times they could not."""

    def __init__(self, hass: HomeAssistant, changed: CALLBACK_TYPE, clock: Callable[[], float] = time.time) -> None:
        self.gaps = 0
        self.last_gap_s: float | None = None
        self.lost_since: float | None = None
        self._hass = hass
        self._changed = changed
        self._clock = clock
        self._topic = ""
        self._qos = 0
        self._was_subscribed = False
        self._cancel: list[CALLBACK_TYPE] = []

    @callback
    def follow(self, topic: str, qos: int) -> None:
        """Begin; `topic` is one of our subscriptions, whose renewal ends a gap."""
        self._topic, self._qos = topic, qos
        self._cancel.append(mqtt.async_subscribe_connection_status(self._hass, self._status))
        self._cancel.append(mqtt.async_on_subscribe_done(self._hass, topic, qos, self._subscribed))
        if not mqtt.is_connected(self._hass):
            self.lost_since = self._clock()

    @callback
    def stop(self) -> None:
        """End."""
        while self._cancel:
            self._cancel.pop()()

    @callback
    def _status(self, connected: bool) -> None:
        if not connected and self.lost_since is None:
            self.lost_since = self._clock()
            self._changed()

    @callback
    def _subscribed(self) -> None:
        if not mqtt.is_connected(self._hass):
            return
        if not self._was_subscribed or self.lost_since is None:
            self._was_subscribed, self.lost_since = True, None  # the first time, there was nothing to miss
            return
        self.gaps += 1
        self.last_gap_s = round(self._clock() - self.lost_since, 1)
        self.lost_since = None
        _LOGGER.info("Subscribed again after %.1f s: messages sent meanwhile did not reach us", self.last_gap_s)
        self._changed()
