"""Triggers: the grid supply was lost or restored."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import Trigger

from ._lib.own_entities import event_trigger
from .const import DOMAIN
from .event import GRID, LOST, RESTORED

TRIGGERS: dict[str, type[Trigger]] = {
    "grid_lost": event_trigger(DOMAIN, GRID.key, LOST),
    "grid_restored": event_trigger(DOMAIN, GRID.key, RESTORED),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of this integration."""
    return TRIGGERS
