"""Stored write counters of all devices: one small file, on disk before a write is made.

Modbus devices have a daily limit of writes, all devices a minimum interval. A device is identified by its unique id
(for Modbus the address and unit), so removing it and adding it again does not reset its counter.
"""

import asyncio
from collections.abc import Callable
import logging
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .._lib.retried_store import RetriedStore
from ..const import DOMAIN
from ..drivers.modbus.write_counter import WriteCounter

_LOGGER = logging.getLogger(__name__)

STORE_KEY: Final = f"{DOMAIN}.modbus_writes"
STORE_VERSION: Final = 1


class _Store(RetriedStore):
    def __init__(self, hass: HomeAssistant, dump: Callable[[], dict[str, Any]]) -> None:
        super().__init__(hass, STORE_VERSION, STORE_KEY, dump, domain=DOMAIN)

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Accept every minor version: it only adds optional data."""
        if old_major_version != STORE_VERSION:
            raise NotImplementedError
        return old_data


class StoredWriteCounters:
    """The write counters of all devices."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = _Store(hass, self._dump)
        self._lock = asyncio.Lock()
        self._stored: dict[str, Any] = {}
        """What was loaded for devices that have not been used in this run."""
        self._counters: dict[str, WriteCounter] = {}
        self._loaded = False

    async def async_of(self, device: str) -> WriteCounter:
        """Return the counter of a device, with the writes before Home Assistant started."""
        async with self._lock:
            if not self._loaded:
                self._stored = await self._load()
                self._loaded = True
        if device not in self._counters:
            counter = self._counters[device] = WriteCounter()
            counter.load(self._stored.pop(device, None))
            counter.save = self._save
        return self._counters[device]

    async def _load(self) -> dict[str, Any]:
        try:
            data = await self._store.async_load()
        except (HomeAssistantError, NotImplementedError) as err:
            _LOGGER.warning("Stored write counters could not be loaded and start at zero: %s", err)
            return {}
        devices = data.get("devices") if data is not None else None
        return dict(devices) if isinstance(devices, dict) else {}

    def _dump(self) -> dict[str, Any]:
        counted = {device: rows for device, counter in self._counters.items() if (rows := counter.dump())}
        return {"devices": {**self._unused_of_today(), **counted}}

    async def _save(self) -> None:
        await self._store.async_save_or_retry()

    def _unused_of_today(self) -> dict[str, Any]:
        """Keep the counters of devices that have not been used in this run until their day ends."""
        for device in list(self._stored):
            counter = WriteCounter()
            counter.load(self._stored[device])
            if not counter.last_day:
                del self._stored[device]
        return self._stored

    async def async_remove(self) -> None:
        """Remove the file. In memory the counters stay: the devices' wear stays, too."""
        await self._store.async_remove()


_COUNTERS: HassKey[StoredWriteCounters] = HassKey(f"{DOMAIN}_write_counters")


def write_counters(hass: HomeAssistant) -> StoredWriteCounters:
    """Return the counters of this Home Assistant."""
    if _COUNTERS not in hass.data:
        hass.data[_COUNTERS] = StoredWriteCounters(hass)
    return hass.data[_COUNTERS]
