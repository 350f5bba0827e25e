"""Requests without which some gateways publish nothing: they are sent as long as the entry is loaded."""

from collections.abc import Callable, Collection
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant

# A Venus device stops publishing 60 s after the last request.
_PERIOD_S: Final = 30.0
# Once it publishes changes, all values are only needed now and then, as a sign of life of what does not change.
_FULL_PERIOD_S: Final = 120.0
_CHANGES_ONLY: Final = '{ "keepalive-options" : ["suppress-republish"] }'
# A tick may come a little early.
_TOLERANCE_S: Final = 1.0


class Keepalive:
    """Sends the requests to each gateway."""

    def __init__(self, hass: HomeAssistant, clock: Callable[[], float]) -> None:
        self._hass = hass
        self._clock = clock
        # By topic: when the last request and the last one for all values were sent.
        self._sent: dict[str, tuple[float, float]] = {}

    async def async_send(self, topics: Collection[str]) -> None:
        """Send the requests that are due; called every few seconds while the broker is connected."""
        now = self._clock()
        for topic in tuple(topics):
            last, full = self._sent.get(topic, (float("-inf"), float("-inf")))
            if now - last < _PERIOD_S - _TOLERANCE_S:
                continue
            is_full = now - full >= _FULL_PERIOD_S - _TOLERANCE_S
            await mqtt.async_publish(self._hass, topic, "" if is_full else _CHANGES_ONLY)
            self._sent[topic] = (now, now if is_full else full)
