"""The fleets of other integrations, found through their `<domain>/ota.py` platform."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.integration_platform import async_process_integration_platforms
from homeassistant.util.hass_dict import HassKey

from .._lib.fleet import Fleet
from ..const import DOMAIN


class FleetDirectory:
    """The fleets by domain; one object for as long as Home Assistant runs."""

    def __init__(self) -> None:
        """Start without fleets."""
        self.fleets: dict[str, Fleet] = {}
        self.listener: Callable[[str], None] | None = None
        """Called with the domain of each new fleet."""

    async def async_add_platform(self, hass: HomeAssistant, domain: str, platform: Any) -> None:
        """Add the fleet of an integration that was set up."""
        if domain == DOMAIN or not hasattr(platform, "async_get_fleet") or domain in self.fleets:
            return
        self.fleets[domain] = await platform.async_get_fleet(hass)
        if self.listener is not None:
            self.listener(domain)


FLEET_DIRECTORY: HassKey[FleetDirectory] = HassKey(f"{DOMAIN}_fleets")


async def async_setup_fleet_directory(hass: HomeAssistant) -> None:
    """Find the fleets of all integrations, also of those that are set up later."""
    hass.data[FLEET_DIRECTORY] = directory = FleetDirectory()
    await async_process_integration_platforms(hass, DOMAIN, directory.async_add_platform)
