"""Gaps in the reception: a lost connection until Home Assistant has subscribed again, a blocked event loop."""

from collections.abc import Callable, Iterable
from functools import partial
import logging
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .._lib.listening import Listening
from .._lib.steady_clock import SteadyClock

_LOGGER = logging.getLogger(__name__)

_QOS_HIGHEST: Final = 2


class BrokerMonitor:
    """Detects and counts the times in which no message can be received. All times are monotonic."""

    def __init__(self, hass: HomeAssistant, clock: Callable[[], float] | None = None) -> None:
        self.gaps = 0
        self.last_gap_s: float | None = None
        self.lost_since: float | None = None
        self.is_connected = False
        self._hass = hass
        self.listeners: list[CALLBACK_TYPE] = []
        self._clock = clock or SteadyClock()
        self._listening = Listening()
        self._listening_since: float | None = None
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
        self.check()
        self.is_connected = mqtt.is_connected(self._hass)
        if self.is_connected:
            self._listening_since = self._clock()
        else:
            self.lost_since = self._clock()

    @callback
    def note_unconfirmed(self) -> None:
        """A timeout shows nothing: a subscription is missing, and is made again."""
        self._listening_since = None

    @callback
    def check(self) -> None:
        """Note that Home Assistant runs: called every ten seconds, and before devices are checked for timeouts."""
        self._listening.check(self._clock())

    @property
    def unconfirmed(self) -> frozenset[str]:
        """Return the topics whose subscription the connected broker has not confirmed."""
        return frozenset(self._awaited if self.is_connected else ())

    def silence_s(self, received_at: float | None) -> float:
        """Return for how long nothing came though it would have been received, by when the last message came."""
        if self.lost_since is not None or self._listening_since is None:
            return 0.0
        return self._listening.silence_s(max(self._listening_since, received_at or 0.0), self._clock())

    @callback
    def stop(self) -> None:
        """Stop monitoring."""
        while self._cancel:
            self._cancel.pop()()

    @callback
    def _status(self, connected: bool) -> None:
        self.is_connected = connected
        if connected:
            return
        self._awaited = set(self._topics)
        self._listening_since = None
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
        if self._listening_since is None:
            self._listening_since = self._clock()
        if not self._was_subscribed or self.lost_since is None:
            was_lost = self.lost_since is not None
            self._was_subscribed, self.lost_since = True, None  # the first subscription ends no gap
            if was_lost:
                self._notify()
            return
        self.gaps += 1
        self.last_gap_s = round(self._clock() - self.lost_since, 1)
        self.lost_since = None
        _LOGGER.info("Subscribed again after %.1f s; messages sent in the meantime were lost", self.last_gap_s)
        self._notify()

    def _notify(self) -> None:
        for listener in tuple(self.listeners):
            listener()
