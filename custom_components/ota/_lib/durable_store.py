# Generated from lib/durable_store.py by scripts/build: edit that file, not this one.
"""A store whose save is on disk when it returns, or raises.

Home Assistant's own Store logs a failed write (disk full, read-only) and returns as if nothing had happened;
what is acknowledged to a device or a user must survive a power outage.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store


class DurableStore[T: Mapping[str, Any] | Sequence[Any]](Store[T]):
    """A private store written atomically and synced to the disk."""

    def __init__(self, hass: HomeAssistant, version: int, key: str, *, minor_version: int = 1, domain: str) -> None:
        """``domain``: whose translation ``storage_failed`` is shown where a save fails."""
        super().__init__(hass, version, key, private=True, atomic_writes=True, minor_version=minor_version)
        self._domain = domain
        self._failure: Exception | None = None
        self._durable_lock = asyncio.Lock()

    @override
    async def async_load(self) -> T | None:
        """Load the data. A file that others may read, as from a copied backup, becomes private."""
        await self.hass.async_add_executor_job(_make_private, Path(self.path))
        return await super().async_load()

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Remember what the caller, Store._async_handle_write_data, only logs."""
        self._failure = None
        try:
            await super()._async_write_data(data)
        except Exception as err:
            self._failure = err
            raise

    async def async_save_durably(self, data: T) -> None:
        """Save; on return the data is on disk.

        Raises:
            HomeAssistantError: It could not be written; the file holds what it held before.
        """
        async with self._durable_lock:
            self._failure = None
            # Home Assistant's Store logs some errors of writing, and raises others.
            try:
                await self.async_save(data)
            except Exception as err:  # noqa: BLE001 - any error is reported below
                self._failure = err
            if self._failure is not None:
                raise HomeAssistantError(
                    translation_domain=self._domain,
                    translation_key="storage_failed",
                    translation_placeholders={"error": str(self._failure)},
                ) from self._failure


def _make_private(path: Path) -> None:
    """Let only the owner read and write a file; a file system without permissions is not a failure."""
    with suppress(OSError):
        if path.stat().st_mode & 0o177:
            path.chmod(0o600)
