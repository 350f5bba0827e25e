"""Storage of energy and the time of the last report of all hubs; up to a minute old after a crash."""

from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from .._lib.retried_store import RetriedStore
from ..const import DOMAIN
from ..data import HubData

METERS_VERSION: Final = 1
_SAVE_DELAY_S: Final = 60.0


class MeterStore:
    """Stores the meters of all hubs in one file."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = RetriedStore(hass, METERS_VERSION, f"{DOMAIN}.meters", self._data, domain=DOMAIN)
        self._stored: dict[str, Any] = {}
        self._hubs: dict[str, HubData] = {}
        self._save_is_scheduled = False

    async def async_load(self) -> None:
        """Load the stored meters."""
        self._stored = await self._store.async_load() or {}

    @callback
    def attach(self, hub: HubData) -> None:
        """Restore the meters of a hub and save them when they change."""
        stored: dict[str, Any] | None = self._stored.get(hub.info.entry_id)
        if stored is not None:
            hub.model.restore_meters(stored)
        self._hubs[hub.info.entry_id] = hub
        hub.notifier.on_meters_changed = self._schedule_save

    @callback
    def detach(self, hub: HubData) -> None:
        """Keep the last values of an unloaded hub."""
        self._hubs.pop(hub.info.entry_id, None)
        self._stored[hub.info.entry_id] = hub.model.dump_meters()

    async def async_remove(self, entry_id: str) -> None:
        """Delete the meters of a removed config entry."""
        if self._stored.pop(entry_id, None) is not None:
            await self._store.async_save_or_retry()

    @callback
    def _schedule_save(self) -> None:
        if not self._save_is_scheduled:
            self._save_is_scheduled = True
            self._store.schedule_save(_SAVE_DELAY_S)

    @callback
    def _data(self) -> dict[str, Any]:
        self._save_is_scheduled = False
        self._stored |= {entry_id: hub.model.dump_meters() for entry_id, hub in self._hubs.items()}
        return self._stored
