"""The subscriptions of a config entry, and their renewal where the broker has not confirmed them.

Home Assistant's mqtt client subscribes to the topics of a batch one after the other. If a topic of it is withdrawn
meanwhile (a reload, another integration), the client fails and does not subscribe to the rest until it connects again.
"""

from collections.abc import Callable, Collection
import logging
from typing import Any, Final

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .._lib.backoff import Backoff, RetryPolicy

_LOGGER = logging.getLogger(__name__)

_QOS: Final = 1
# The client itself waits up to ten seconds for the answer to each subscription.
RENEWAL: Final = RetryPolicy(first_s=15.0, max_s=600.0)

type Receive = Callable[[mqtt.ReceiveMessage], None]


class Subscriptions:
    """Subscribes to topics, and again to those that stay unconfirmed."""

    def __init__(self, hass: HomeAssistant, clock: Callable[[], float]) -> None:
        self.renewed = 0
        """How often a topic was subscribed to again."""
        self._hass = hass
        self._clock = clock
        self._receivers: list[tuple[str, Receive]] = []
        self._cancel: list[CALLBACK_TYPE] = []
        self._backoff = Backoff(RENEWAL)
        self._due: float | None = None

    @property
    def topics(self) -> frozenset[str]:
        """Return the topic filters."""
        return frozenset(topic for topic, _ in self._receivers)

    @property
    def qos(self) -> int:
        """Return the quality of service of all subscriptions."""
        return _QOS

    async def async_add(self, topic: str, receive: Receive) -> None:
        """Subscribe to a topic."""
        self._receivers.append((topic, receive))
        self._cancel.append(await self._async_subscribe(topic, receive))

    @callback
    def remove_all(self) -> None:
        """Unsubscribe from all topics."""
        self._receivers.clear()
        while self._cancel:
            self._cancel.pop()()

    async def async_check(self, unconfirmed: Collection[str]) -> bool:
        """Subscribe again to the topics that the connected broker has not confirmed in time; return whether any was."""
        if not unconfirmed:
            self._due = None
            self._backoff.reset()
            return False
        now = self._clock()
        if self._due is None:
            self._due = now + self._backoff.next_s()
        if now < self._due:
            return False
        self._due = now + self._backoff.next_s()
        _LOGGER.warning("Subscribing again to %s, which the broker has not confirmed", ", ".join(sorted(unconfirmed)))
        for index, (topic, receive) in enumerate(tuple(self._receivers)):
            if topic not in unconfirmed:
                continue
            # In this order the topic is never withdrawn from the broker.
            added = await self._async_subscribe(topic, receive)
            self._cancel[index]()
            self._cancel[index] = added
            self.renewed += 1
        return True

    async def _async_subscribe(self, topic: str, receive: Receive) -> CALLBACK_TYPE:
        subscribed: Any = await mqtt.async_subscribe(self._hass, topic, receive, _QOS, encoding=None)
        cancel: CALLBACK_TYPE = subscribed
        return cancel
