"""Listeners of other integrations: proof_of_heat to its heat sources, ota to its fleet."""

from collections.abc import Callable
from dataclasses import dataclass, field

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN


@dataclass(slots=True)
class ChangeListeners:
    """The listeners, kept while Home Assistant runs.

    Attributes:
        heat_sources: Called when controllers are added or removed.
        fleet: Called with the device ID of a controller that was added, removed, changed or called.
    """

    heat_sources: list[CALLBACK_TYPE] = field(default_factory=list)
    fleet: Callable[[str], None] | None = None

    @callback
    def notify_controllers(self, *device_ids: str) -> None:
        """Notify that controllers were added or removed."""
        for listener in tuple(self.heat_sources):
            listener()
        for device_id in device_ids:
            self.notify_fleet(device_id)

    @callback
    def notify_fleet(self, device_id: str) -> None:
        """Notify ota that a controller changed."""
        if self.fleet is not None:
            self.fleet(device_id)


CHANGE_LISTENERS: HassKey[ChangeListeners] = HassKey(f"{DOMAIN}_sources")
