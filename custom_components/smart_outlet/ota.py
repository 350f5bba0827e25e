"""Offers the Central Control Units to the `ota` integration."""

from homeassistant.core import HomeAssistant

from ._lib.fleet import Fleet
from .fleet import async_fleet


async def async_get_fleet(hass: HomeAssistant) -> Fleet:
    """Return the fleet of this domain."""
    return async_fleet(hass)
