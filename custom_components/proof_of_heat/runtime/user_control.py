"""Changes by users: control on or off, profile, overrides. Stored before they are confirmed."""

from collections.abc import Awaitable, Callable
from typing import Any

from ..comfort.profiles import ComfortSettings, Override, Profile
from .events import EventNotifier
from .listeners import Listeners
from .user_settings import UserSettingsStore


class UserControl:
    """Applies what users change, then decides again and updates the entities at once."""

    def __init__(
        self,
        store: UserSettingsStore,
        events: EventNotifier,
        changes: Listeners,
        *,
        refresh: Callable[[], Awaitable[None]],
        release: Callable[[], None],
        resume: Callable[[], None],
    ) -> None:
        self._store = store
        self._events = events
        self._changes = changes
        self._refresh = refresh
        self._release = release
        self._resume = resume

    @property
    def active(self) -> bool:
        """Whether the sources are controlled."""
        return self._store.settings.active

    @property
    def comfort(self) -> ComfortSettings:
        """Profile, presence and overrides."""
        return self._store.settings.comfort

    def dump(self) -> dict[str, Any]:
        """Return the settings in their stored form, for diagnostics."""
        return self._store.settings.dump()

    async def async_close(self) -> None:
        """Store before an unload."""
        await self._store.async_close()

    async def async_set_active(self, active: bool) -> None:
        """Control the sources, or release all of them to their own control."""
        settings = self._store.settings
        settings.was_active |= settings.active
        settings.active = active
        await self._store.async_save()
        if active:
            self._resume()
            await self._refresh()
        else:
            self._release()
        self._changes.notify()

    async def async_set_profile(self, profile: Profile) -> None:
        """Select the home's profile."""
        previous = self.comfort.profile
        self.comfort.profile = profile
        await self._store.async_save()
        if profile != previous:
            self._events.fire("profile_changed", {"from": previous, "to": profile})
        await self._decide_again()

    async def async_override(self, override: Override) -> None:
        """Add an override; it replaces an earlier one of the same zone."""
        self.comfort.add_override(override)
        await self._store.async_save()
        await self._decide_again()

    async def async_clear_override(self, zone_id: str | None) -> None:
        """Remove the override of a zone, or all."""
        if self.comfort.remove_override(zone_id):
            await self._store.async_save()
            await self._decide_again()

    async def _decide_again(self) -> None:
        await self._refresh()
        self._changes.notify()
