"""What users set at run time: control on or off, the profile, overrides. Stored durably."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .._lib.retried_store import RetriedStore
from ..comfort.profiles import ComfortSettings, Override, Profile
from ..const import DOMAIN
from .persistence import STORE_VERSION

FAR_AHEAD: Final = timedelta(days=180)


@dataclass(slots=True)
class UserSettings:
    """The settings that survive a restart."""

    active: bool = False
    was_active: bool = False
    """Whether control was on before."""
    comfort: ComfortSettings = field(default_factory=ComfortSettings)

    @property
    def is_shadow(self) -> bool:
        """Whether control has never been on: it is simulated."""
        return not (self.active or self.was_active)

    def dump(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "active": self.active,
            "was_active": self.was_active,
            "profile": self.comfort.profile,
            "overrides": [item.to_dict() for item in self.comfort.overrides],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Restore from the stored form; invalid values are ignored."""
        self.active = bool(data.get("active", False))
        self.was_active = bool(data.get("was_active", False))
        if data.get("profile") in set(Profile):
            self.comfort.profile = Profile(data["profile"])
        rows = data.get("overrides")
        items = [Override.from_dict(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        self.comfort.overrides = [_without_far_end(item) for item in items if item is not None]


def _without_far_end(item: Override) -> Override:
    """Return a preset that an earlier version stored with an end a year ahead as what it is: without an end."""
    is_preset = item.zone_id is not None and item.profile is not None and item.target_c is None
    far = dt_util.utcnow() + FAR_AHEAD
    return replace(item, until=None) if is_preset and item.until is not None and item.until > far else item


class UserSettingsStore:
    """Keeps the user settings on disk."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self.settings = UserSettings()
        self._store = RetriedStore(
            hass, STORE_VERSION, f"{DOMAIN}.wanted.{entry_id}", self.settings.dump, domain=DOMAIN
        )

    async def async_load(self) -> None:
        """Restore the settings of the last run."""
        if (stored := await self._store.async_load()) is not None:
            self.settings.load(stored)

    async def async_save(self) -> None:
        """Store durably. What cannot be stored applies anyway, and is stored once the disk accepts it."""
        await self._store.async_save_or_retry()

    async def async_close(self) -> None:
        """Store before an unload."""
        await self._store.async_close()
