"""Files that cannot be written at the moment, as one repair issue."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..repairs import create_storage_issue, delete_storage_issue


class StorageHealth:
    """What could not be saved.

    Attributes:
        unsaved: Data of unloaded hubs by the key of their file, which the next load continues with.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self.unsaved: dict[str, dict[str, Any]] = {}
        self._hass = hass
        self._failing: set[str] = set()

    def is_failing(self, key: str) -> bool:
        """Return whether the last attempt to write a file failed."""
        return key in self._failing

    @callback
    def set_failed(self, key: str, error: str) -> None:
        """Record that a file could not be written."""
        if not self._failing:
            create_storage_issue(self._hass, error)
        self._failing.add(key)

    @callback
    def set_saved(self, key: str) -> None:
        """Record that a file was written or is no longer used."""
        self.unsaved.pop(key, None)
        if key in self._failing:
            self._failing.remove(key)
            # The issue does not outlive the process, and a write on shutdown is too late to change the issues.
            if not self._failing and not self._hass.is_stopping:
                delete_storage_issue(self._hass)


_HEALTH: HassKey[StorageHealth] = HassKey(f"{DOMAIN}_storage_health")


@callback
def async_storage_health(hass: HomeAssistant) -> StorageHealth:
    """Return what could not be saved by this integration."""
    if _HEALTH not in hass.data:
        hass.data[_HEALTH] = StorageHealth(hass)
    return hass.data[_HEALTH]
