"""What the integration knows for good: buildings with their profiles, controllers with their keys, allotted ids.

One store for all buildings. A device is served from here whether or not its entry is set up, so a building
whose set-up is late or fails does not leave its controllers without a configuration. Every change is on disk
before it is acknowledged; `last_seen` is written with the next one, or after some minutes.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ._lib.device_keys import KeyRing
from ._lib.durable_store import DurableStore
from .const import DOMAIN
from .protocol.profile import Profile
from .records import BuildingRecord, DeviceRecord, Kind, migrated

STORAGE_VERSION: Final = 1
STORAGE_MINOR_VERSION: Final = 2
_LAST_SEEN_DELAY_S: Final = 300


class RegistryStore(DurableStore[dict[str, Any]]):
    """The registry's file."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Bring older data into today's form."""
        return migrated(old_minor_version, old_data)


class StaleRevisionError(Exception):
    """A change was made on top of a profile that is no longer the present one."""


class Registry:
    """Buildings and controllers in memory, mirrored on disk."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = RegistryStore(hass, STORAGE_VERSION, DOMAIN, minor_version=STORAGE_MINOR_VERSION, domain=DOMAIN)
        self._lock = asyncio.Lock()
        self._next_building = 1
        self._next_device = 1
        self.buildings: dict[str, BuildingRecord] = {}
        self.devices: dict[str, DeviceRecord] = {}
        self.last_seen: dict[str, datetime] = {}
        # Grows with every change of a building or a controller, loading and unloading of entries included.
        self.version = 0
        self._save_is_due = False
        self._stored: dict[str, tuple[DeviceRecord, dict[str, Any]]] = {}

    async def async_load(self) -> None:
        """Read the store."""
        if (data := await self._store.async_load()) is None:
            return
        self._next_building = data["next_building"]
        self._next_device = data["next_device"]
        for entry_id, item in data["buildings"].items():
            self.buildings[entry_id] = BuildingRecord.from_dict(entry_id, item)
        for device_id, item in data["devices"].items():
            self.devices[device_id] = DeviceRecord.from_dict(device_id, item)
            if seen := item["last_seen"]:
                self.last_seen[device_id] = datetime.fromisoformat(seen)

    @callback
    def changed(self) -> None:
        """Something that answers to controllers follow from is not what it was."""
        self.version += 1

    async def async_add_building(self, entry_id: str) -> BuildingRecord:
        """The building of an entry, made where there is none yet."""
        async with self._lock:
            if (record := self.buildings.get(entry_id)) is None:
                record = BuildingRecord(entry_id, self._next_building, Profile.initial(dt_util.utcnow()))
                self._next_building += 1
                await self._async_commit(self.buildings, entry_id, record)
            return record

    def building_numbered(self, building_id: int) -> BuildingRecord | None:
        """The building that the user API knows by an integer."""
        return next((record for record in self.buildings.values() if record.building_id == building_id), None)

    async def async_patch_profile(
        self, entry_id: str, patch: dict[str, Any], revision: int | None = None
    ) -> tuple[Profile, Profile]:
        """Change a building's profile; returns it as it was and as it is.

        Raises:
            ProtocolError: Names a field that cannot be accepted.
            StaleRevisionError: ``revision`` is given and not the present one.
        """
        async with self._lock:
            record = self.buildings[entry_id]
            if revision is not None and revision != record.profile.revision:
                raise StaleRevisionError
            profile = record.profile.patched(patch, dt_util.utcnow())
            if profile is not record.profile:
                await self._async_commit(self.buildings, entry_id, replace(record, profile=profile))
            return record.profile, profile

    async def async_add_device(
        self,
        device_id: str,
        entry_id: str,
        name: str,
        keys: KeyRing,
        *,
        kind: Kind = Kind.ESP32,
        config: dict[str, Any] | None = None,
    ) -> DeviceRecord:
        """Register a controller; ValueError where its id is taken."""
        async with self._lock:
            if device_id in self.devices:
                raise ValueError(f"{device_id} is registered already")
            record = DeviceRecord(
                device_id, entry_id, self._next_device, name, keys, dt_util.utcnow(), kind=kind, config=config or {}
            )
            self._next_device += 1
            await self._async_commit(self.devices, device_id, record)
            return record

    async def async_change_device(
        self, device_id: str, change: Callable[[DeviceRecord], DeviceRecord]
    ) -> tuple[DeviceRecord, DeviceRecord] | None:
        """Change a controller; returns it as it was and as it is, None where it is gone by now."""
        async with self._lock:
            if (before := self.devices.get(device_id)) is None:
                return None
            after = change(before)
            if after is not before and after != before:
                await self._async_commit(self.devices, device_id, after)
            return before, after

    async def async_confirm(self, device_id: str) -> None:
        """Note that the subentry of a controller is on disk."""
        await self.async_change_device(device_id, lambda record: replace(record, confirmed=True))

    async def async_remove_devices(self, device_ids: Iterable[str]) -> None:
        """Forget controllers; their keys open nothing from then on, even where the disk refuses the change."""
        async with self._lock:
            for device_id in device_ids:
                self._drop_device(device_id)
            await self._store.async_save_durably(self._data())

    async def async_remove_building(self, entry_id: str) -> None:
        """Forget a building with its controllers."""
        async with self._lock:
            for record in self.devices_of(entry_id):
                self._drop_device(record.device_id)
            self.buildings.pop(entry_id, None)
            self.changed()
            await self._store.async_save_durably(self._data())

    def _drop_device(self, device_id: str) -> None:
        self.devices.pop(device_id, None)
        self.last_seen.pop(device_id, None)
        self._stored.pop(device_id, None)
        self.changed()

    def devices_of(self, entry_id: str) -> list[DeviceRecord]:
        """The controllers of one building."""
        return [record for record in self.devices.values() if record.entry_id == entry_id]

    @callback
    def mark_seen(self, device_id: str, when: datetime) -> None:
        """Note that a controller called; written some minutes later."""
        self.last_seen[device_id] = when
        if not self._save_is_due:
            # Once: the store puts a delayed save off at each further call, under steady polling for ever.
            self._save_is_due = True
            self._store.async_delay_save(self._data, _LAST_SEEN_DELAY_S)

    async def _async_commit[T](self, table: dict[str, T], key: str, value: T) -> None:
        """Change one record, on disk too; back to what it was where that fails."""
        before = table.get(key)
        table[key] = value
        self.changed()
        try:
            await self._store.async_save_durably(self._data())
        except Exception:
            if before is None:
                del table[key]
            else:
                table[key] = before
            self.changed()
            raise

    def _data(self) -> dict[str, Any]:
        self._save_is_due = False
        return {
            "next_building": self._next_building,
            "next_device": self._next_device,
            "buildings": {entry_id: record.as_dict() for entry_id, record in self.buildings.items()},
            "devices": {device_id: self._device_data(device_id) for device_id in self.devices},
        }

    def _device_data(self, device_id: str) -> dict[str, Any]:
        """A controller as stored; made anew only after it has changed, as all of them are written every time."""
        record, seen = self.devices[device_id], self.last_seen.get(device_id)
        known = self._stored.get(device_id)
        if known is None or known[0] is not record:
            known = self._stored[device_id] = (record, record.as_dict())
        return known[1] | {"last_seen": seen.isoformat() if seen else None}


REGISTRY: HassKey[Registry] = HassKey(DOMAIN)
