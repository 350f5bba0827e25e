"""Writes to devices over restarts: one small file, on disk before a write goes out.

Modbus devices have a limit for a day, all of them a spacing. A device is known by what it is (a Modbus one by address
and unit), so one that is removed and added anew starts no new day.
"""

import asyncio
import logging
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .._lib.durable_store import DurableStore
from ..const import DOMAIN
from ..drivers.modbus.write_counter import WriteCounter

_LOGGER = logging.getLogger(__name__)

STORE_KEY: Final = f"{DOMAIN}.modbus_writes"
STORE_VERSION: Final = 1


class _Store(DurableStore[dict[str, Any]]):
    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__(hass, STORE_VERSION, STORE_KEY, domain=DOMAIN)

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """A minor version only adds what reading does without."""
        if old_major_version != STORE_VERSION:
            raise NotImplementedError
        return old_data


class WriteCounts:
    """Of all devices."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = _Store(hass)
        self._lock = asyncio.Lock()
        self._saved: dict[str, Any] = {}
        self._counts: dict[str, WriteCounter] = {}
        self._loaded = False

    async def async_of(self, device: str) -> WriteCounter:
        """The count of a device, with what was written before Home Assistant started."""
        async with self._lock:
            if not self._loaded:
                self._saved = await self._load()
                self._loaded = True
        if device not in self._counts:
            count = self._counts[device] = WriteCounter()
            count.load(self._saved.pop(device, None))
            count.keep = self._keep
        return self._counts[device]

    async def _load(self) -> dict[str, Any]:
        try:
            data = await self._store.async_load()
        except (HomeAssistantError, NotImplementedError) as err:
            _LOGGER.warning("Writes of before are not known: %s", err)
            return {}
        devices = data.get("devices") if data is not None else None
        return dict(devices) if isinstance(devices, dict) else {}

    async def _keep(self) -> None:
        told = {device: rows for device, count in self._counts.items() if (rows := count.dump())}
        await self._store.async_save_durably({"devices": {**self._still_counting(), **told}})

    def _still_counting(self) -> dict[str, Any]:
        """Devices that were not asked for in this run, as long as their day lasts."""
        for device in list(self._saved):
            count = WriteCounter()
            count.load(self._saved[device])
            if not count.today:
                del self._saved[device]
        return self._saved

    async def async_remove(self) -> None:
        """From disk. In memory they stay: the devices' memory does not forget either."""
        await self._store.async_remove()


_COUNTS: HassKey[WriteCounts] = HassKey(f"{DOMAIN}_write_counts")


def write_counts(hass: HomeAssistant) -> WriteCounts:
    """Those of this Home Assistant."""
    if _COUNTS not in hass.data:
        hass.data[_COUNTS] = WriteCounts(hass)
    return hass.data[_COUNTS]
