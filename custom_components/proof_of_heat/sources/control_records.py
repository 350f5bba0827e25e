"""Stored control periods: which devices are controlled, and the settings that they get back.

One small file for all heating systems, on disk before the first write of a control period. A device is identified by
its unique id, so a device that was removed and is added again continues its control period.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
import logging
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .._lib.retried_store import RetriedStore
from ..const import DOMAIN, SUBENTRY_SOURCE
from ..drivers.device_settings import DeviceSettings

_LOGGER = logging.getLogger(__name__)

STORE_KEY: Final = f"{DOMAIN}.control"
STORE_VERSION: Final = 1


def device_key(subentry: ConfigSubentry) -> str:
    """Return the key of a source's device."""
    return subentry.unique_id or subentry.subentry_id


@dataclass(slots=True)
class ControlRecord:
    """A device that is or was controlled."""

    key: str
    title: str
    subentry_id: str
    settings: DeviceSettings
    period: Mapping[str, Any] | None = None
    """The control period in its stored form; None without one."""
    detached: Mapping[str, Any] | None = field(default=None, repr=False)
    """The data of a source that was removed or disabled while it was controlled; credentials are in it."""

    @property
    def subentry(self) -> ConfigSubentry:
        """The removed or disabled source."""
        return ConfigSubentry(
            data=MappingProxyType(dict(self.detached or {})),
            subentry_id=self.subentry_id,
            subentry_type=SUBENTRY_SOURCE,
            title=self.title,
            unique_id=self.key,
        )

    def dump(self) -> dict[str, Any]:
        """Return the stored form."""
        stored = {"title": self.title, "subentry_id": self.subentry_id, "period": self.period}
        return stored if self.detached is None else {**stored, "detached": dict(self.detached)}


class ControlRecords:
    """The records of all devices of this Home Assistant."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = RetriedStore(hass, STORE_VERSION, STORE_KEY, self._dump, domain=DOMAIN)
        self._records: dict[str, ControlRecord] = {}
        self._lock = asyncio.Lock()
        self._loaded = False

    async def async_load(self) -> None:
        """Restore the control periods of the last run."""
        async with self._lock:
            if self._loaded:
                return
            self._loaded = True
            try:
                data = await self._store.async_load()
            except (HomeAssistantError, NotImplementedError) as err:
                _LOGGER.warning("Stored control periods could not be loaded: %s", err)
                return
        devices = data.get("devices") if data is not None else None
        for key, row in (devices if isinstance(devices, Mapping) else {}).items():
            if isinstance(row, Mapping) and isinstance(row.get("period"), Mapping):
                record = self._create(str(key), str(row.get("title", key)), str(row.get("subentry_id", "")))
                record.period = row["period"]
                record.settings.load(record.period)
                detached = row.get("detached")
                record.detached = detached if isinstance(detached, Mapping) else None

    @property
    def controlled(self) -> tuple[ControlRecord, ...]:
        """The devices with an open control period."""
        return tuple(record for record in self._records.values() if record.settings.held)

    def get(self, key: str) -> ControlRecord | None:
        """Return the record of a device."""
        return self._records.get(key)

    async def async_attach(self, subentry: ConfigSubentry) -> ControlRecord:
        """Return the record of a configured source."""
        await self.async_load()
        key = device_key(subentry)
        record = self._records.get(key) or self._create(key, subentry.title, subentry.subentry_id)
        record.title, record.subentry_id = subentry.title, subentry.subentry_id
        if record.detached is not None:
            record.detached = None
            await self.async_save()
        return record

    async def async_detach(self, key: str, data: Mapping[str, Any]) -> None:
        """Keep what is needed to release a source that is not configured any more."""
        if (record := self._records.get(key)) is not None:
            record.detached = dict(data)
            await self.async_save()

    async def async_forget(self, key: str) -> None:
        """Remove a record: the user restores the settings of the device."""
        if (record := self._records.pop(key, None)) is not None:
            await record.settings.clear()
            await self.async_save()

    def _create(self, key: str, title: str, subentry_id: str) -> ControlRecord:
        settings = DeviceSettings(partial(self._async_save_period, key))
        record = self._records[key] = ControlRecord(key, title, subentry_id, settings)
        return record

    async def _async_save_period(self, key: str, period: Mapping[str, Any] | None) -> None:
        if (record := self._records.get(key)) is not None:
            record.period = period
            if period is None:
                record.detached = None
        await self.async_save()

    def _dump(self) -> dict[str, Any]:
        rows = {key: record.dump() for key, record in self._records.items() if record.period is not None}
        return {"devices": rows}

    async def async_save(self) -> None:
        """Store durably. What cannot be stored stays in memory, and is stored once the disk accepts it."""
        await self._store.async_save_or_retry()

    async def async_remove_if_unused(self) -> None:
        """Remove the file once nothing is controlled any more."""
        if not self.controlled:
            await self._store.async_remove()


_RECORDS: HassKey[ControlRecords] = HassKey(f"{DOMAIN}_control_records")


def control_records(hass: HomeAssistant) -> ControlRecords:
    """Return the records of this Home Assistant."""
    if _RECORDS not in hass.data:
        hass.data[_RECORDS] = ControlRecords(hass)
    return hass.data[_RECORDS]
