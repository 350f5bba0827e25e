"""Storage of a hub's commands, emergency power-off, thresholds and alerts."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.core import HomeAssistant

from .._lib.retried_store import RetriedStore
from ..const import DOMAIN

STORAGE_VERSION: Final = 1
_SAVE_DELAY_S: Final = 1.0


class HubStore:
    """Stores what must survive a crash in a file of its own per config entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str, dump: Callable[[], dict[str, Any]]) -> None:
        """Initialize the store.

        Args:
            hass: Home Assistant.
            entry_id: ID of the config entry.
            dump: Returns the data to store.
        """
        self._store = RetriedStore(hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}", dump, domain=DOMAIN)

    async def async_load(self) -> dict[str, Any] | None:
        """Return the stored data."""
        return await self._store.async_load()

    def schedule_save(self) -> None:
        """Save within a second; use ``async_commit`` before a change is acknowledged."""
        self._store.schedule_save(_SAVE_DELAY_S)

    async def async_commit(self) -> None:
        """Save now; the data is on disk on return.

        Raises:
            HomeAssistantError: The data could not be written.
        """
        await self._store.async_commit()

    async def async_save_or_retry(self) -> None:
        """Save a change that is carried out in any case, now or as soon as the disk accepts it."""
        await self._store.async_save_or_retry()

    async def async_close(self) -> None:
        """Write pending changes at unload."""
        await self._store.async_close()

    async def async_remove(self) -> None:
        """Delete the stored data of a removed config entry."""
        await self._store.async_remove()
