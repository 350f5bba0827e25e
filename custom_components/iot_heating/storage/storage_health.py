"""Failed writes of the files of the integration, as one repair issue."""

from enum import StrEnum
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..repairs import async_create_storage_issue, async_delete_storage_issue


class StoredPart(StrEnum):
    """What is stored, each in a file of its own."""

    DEVICES = "devices"
    SESSIONS = "sessions"
    REPORTS = "reports"


class StorageHealth:
    """What cannot be saved at the moment."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._failing: set[StoredPart] = set()

    @callback
    def set_failed(self, part: StoredPart, error: str) -> bool:
        """Report that a file could not be written. Returns whether that is new."""
        if part in self._failing:
            return False
        if not self._failing:
            async_create_storage_issue(self._hass, error)
        self._failing.add(part)
        return True

    @callback
    def set_saved(self, part: StoredPart) -> bool:
        """Report that a file was written, or is no longer used. Returns whether it could not be written before."""
        if part not in self._failing:
            return False
        self._failing.remove(part)
        if not self._failing:
            async_delete_storage_issue(self._hass)
        return True


STORAGE_HEALTH: Final[HassKey[StorageHealth]] = HassKey(f"{DOMAIN}_storage_health")
