"""Events on Home Assistant's bus, for the triggers of this integration."""

from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN

EVENT: Final = f"{DOMAIN}_event"


class EventNotifier:
    """Fires the events of one config entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._hass = hass
        self._entry_id = entry_id

    @callback
    def fire(self, event_type: str, data: dict[str, Any]) -> None:
        """Fire an event with the entry that it belongs to."""
        self._hass.bus.async_fire(EVENT, {"type": event_type, "entry_id": self._entry_id, **data})
