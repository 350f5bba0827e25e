"""What the two seams to other integrations (proof_of_heat.py, ota.py) keep while Home Assistant runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN


@dataclass(slots=True)
class Sources:
    """The heat sources that were handed out, and who wants to know when others come or go."""

    known: dict[str, object] = field(default_factory=dict)
    listeners: list[CALLBACK_TYPE] = field(default_factory=list)
    fleet_changed: Callable[[str], None] | None = None


SOURCES: HassKey[Sources] = HassKey(f"{DOMAIN}_sources")


@callback
def async_sources_changed(hass: HomeAssistant) -> None:
    """Controllers came or went."""
    for listener in tuple(hass.data[SOURCES].listeners):
        listener()
