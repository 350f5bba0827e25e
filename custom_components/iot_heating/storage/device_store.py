"""The device store: buildings with their profiles, controllers with their keys, and the IDs already assigned.

One store for all buildings. Controllers are served from it whether or not their config entry is loaded, so they get
their configuration even while the setup of a building is delayed or fails. Every change is on disk before it is
acknowledged, except `last_seen`, which is saved with the next change or after five minutes.

While the disk is full or read-only, changes of users are rejected. What follows from the calls of controllers, such as
a delivered command, is kept in memory and saved as soon as possible, so that every call is answered.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
import time
from typing import Any, Final, override

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .._lib.device_keys import KeyRing
from .._lib.durable_store import DurableStore
from .._lib.retried_store import storage_health
from .._lib.steady_clock import SteadyClock
from ..const import CONF_LINKED, DOMAIN
from ..protocol.profile import Profile
from .device_records import BuildingRecord, ControllerKind, DeviceRecord, migrate
from .stored_part import StoredPart

STORAGE_VERSION: Final = 1
STORAGE_MINOR_VERSION: Final = 2
_LAST_SEEN_DELAY_S: Final = 300
_RETRY_INTERVAL: Final = timedelta(seconds=30)


class _Store(DurableStore[dict[str, Any]]):
    """The file, with its migrations."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Migrate data of an older version."""
        return migrate(old_minor_version, old_data)


def _wall_time() -> float:
    return time.time()


def _monotonic_time() -> float:
    return time.monotonic()


class StaleRevisionError(Exception):
    """A change is based on a revision of the profile that is no longer the current one."""


class DeviceStore:
    """Buildings and controllers, in memory and on disk."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._health = storage_health(hass, DOMAIN)
        self._store = _Store(hass, STORAGE_VERSION, DOMAIN, minor_version=STORAGE_MINOR_VERSION, domain=DOMAIN)
        self._lock = asyncio.Lock()
        # Of the deadlines of commands: it does not jump with the system time.
        self.clock = SteadyClock(_wall_time, _monotonic_time)
        self._next_building = 1
        self._next_device = 1
        self.buildings: dict[str, BuildingRecord] = {}
        self.devices: dict[str, DeviceRecord] = {}
        self.last_seen: dict[str, datetime] = {}
        # Incremented when a building or controller changes, and when a config entry is loaded or unloaded.
        self.version = 0
        self._is_save_scheduled = False
        # While there are changes that could not be saved.
        self._retries: list[CALLBACK_TYPE] = []
        self._serialized: dict[str, tuple[DeviceRecord, dict[str, Any]]] = {}

    async def async_load(self) -> None:
        """Load the file."""
        if (data := await self._store.async_load()) is None:
            return
        self._next_building = data["next_building"]
        self._next_device = data["next_device"]
        for entry_id, item in data["buildings"].items():
            self.buildings[entry_id] = BuildingRecord.from_dict(entry_id, item)
        for device_id, item in data["devices"].items():
            self.devices[device_id] = DeviceRecord.from_dict(device_id, item, self.clock.from_wall)
            if seen := item["last_seen"]:
                self.last_seen[device_id] = datetime.fromisoformat(seen)

    @callback
    def mark_changed(self) -> None:
        """Invalidate what was derived from the records: cached replies, the fleet."""
        self.version += 1

    async def async_add_building(self, entry_id: str) -> BuildingRecord:
        """Return the building of an entry; create it if there is none yet."""
        async with self._lock:
            if (record := self.buildings.get(entry_id)) is None:
                record = BuildingRecord(entry_id, self._next_building, Profile.initial(dt_util.utcnow()))
                self._next_building += 1
                self.buildings[entry_id] = record
                await self._async_save_or_retry()
            return record

    def building_by_id(self, building_id: int) -> BuildingRecord | None:
        """Return a building by its integer ID."""
        return next((record for record in self.buildings.values() if record.building_id == building_id), None)

    async def async_patch_profile(
        self, entry_id: str, patch: dict[str, Any], revision: int | None = None
    ) -> tuple[Profile, Profile]:
        """Change a building's profile; returns the previous and the new profile.

        Raises:
            ProtocolError: A field is invalid.
            StaleRevisionError: ``revision`` is given and not the current one.
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
        kind: ControllerKind = ControllerKind.ESP32,
        config: dict[str, Any] | None = None,
    ) -> DeviceRecord:
        """Register a controller.

        Raises:
            ValueError: The device ID is already registered.
        """
        async with self._lock:
            if device_id in self.devices:
                raise ValueError(f"{device_id} is already registered")
            record = DeviceRecord(
                device_id, entry_id, self._next_device, name, keys, dt_util.utcnow(), kind=kind, config=config or {}
            )
            self._next_device += 1
            await self._async_commit(self.devices, device_id, record)
            return record

    async def async_change_device(
        self, device_id: str, change: Callable[[DeviceRecord], DeviceRecord]
    ) -> tuple[DeviceRecord, DeviceRecord] | None:
        """Change a controller; returns the previous and the new record, or None if it was removed.

        Raises:
            HomeAssistantError: The change could not be saved, and was not made.
        """
        async with self._lock:
            if (before := self.devices.get(device_id)) is None:
                return None
            after = change(before)
            if after is not before and after != before:
                await self._async_commit(self.devices, device_id, after)
            return before, after

    async def async_update_device(
        self, device_id: str, change: Callable[[DeviceRecord], DeviceRecord]
    ) -> tuple[DeviceRecord, DeviceRecord] | None:
        """Change a controller by what it has reported or done; a change that cannot be saved is kept in memory."""
        async with self._lock:
            if (before := self.devices.get(device_id)) is None:
                return None
            after = change(before)
            if after is not before and after != before:
                self.devices[device_id] = after
                await self._async_save_or_retry()
            return before, after

    async def async_replace_link(self, old: str, new: str) -> bool:
        """Use another entity for a linked controller, which keeps its sessions. Returns whether it could."""
        async with self._lock:
            if old not in self.devices or new in self.devices:
                return False
            record = self.devices[old]
            self._remove_device(old)
            self.devices[new] = replace(record, device_id=new, config={**record.config, CONF_LINKED: new})
            await self._async_save_or_retry()
            return True

    async def async_confirm(self, device_id: str) -> None:
        """Mark the subentry of a controller as saved."""
        await self.async_update_device(device_id, lambda record: replace(record, confirmed=True))

    async def async_remove_devices(self, device_ids: Iterable[str]) -> None:
        """Remove controllers. Their keys are invalid from then on, even if the change cannot be saved."""
        async with self._lock:
            for device_id in device_ids:
                self._remove_device(device_id)
            await self._async_save_or_retry()

    async def async_remove_building(self, entry_id: str) -> None:
        """Remove a building with its controllers."""
        async with self._lock:
            for record in self.devices_of(entry_id):
                self._remove_device(record.device_id)
            self.buildings.pop(entry_id, None)
            await self._async_save_or_retry()

    def _remove_device(self, device_id: str) -> None:
        self.devices.pop(device_id, None)
        self.last_seen.pop(device_id, None)
        self._serialized.pop(device_id, None)

    def devices_of(self, entry_id: str) -> list[DeviceRecord]:
        """Return the controllers of one building."""
        return [record for record in self.devices.values() if record.entry_id == entry_id]

    @callback
    def mark_seen(self, device_id: str, when: datetime) -> None:
        """Update when a controller last called; saved after five minutes."""
        self.last_seen[device_id] = when
        if not self._is_save_scheduled:
            # Only once: each further call would postpone the delayed save, with steady polling indefinitely.
            self._is_save_scheduled = True
            self._store.async_delay_save(self._data, _LAST_SEEN_DELAY_S)

    async def _async_commit[T](self, table: dict[str, T], key: str, value: T) -> None:
        """Change one record and save it; restore the previous one if that fails."""
        before = table.get(key)
        table[key] = value
        self.mark_changed()
        try:
            await self._async_save()
        except Exception:
            if before is None:
                del table[key]
            else:
                table[key] = before
            self.mark_changed()
            raise

    async def _async_save(self) -> None:
        """Save everything.

        Raises:
            HomeAssistantError: It could not be saved.
        """
        await self._store.async_save_durably(self._data())
        self._stop_retries()
        self._health.set_saved(StoredPart.DEVICES)

    async def _async_save_or_retry(self) -> None:
        """Save a change that was made in memory, now or later."""
        self.mark_changed()
        # While the disk is full, only the retries write: controllers do not wait for writes that fail.
        if not self._retries:
            try:
                await self._async_save()
            except HomeAssistantError as err:
                self._health.set_failed(StoredPart.DEVICES, str(err.__cause__ or err))
                self._retries = [
                    async_track_time_interval(self._hass, self._async_retry, _RETRY_INTERVAL, cancel_on_shutdown=True),
                    self._hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_retry),
                ]

    async def _async_retry(self, _: datetime | Event) -> None:
        async with self._lock:
            if self._retries:
                with suppress(HomeAssistantError):
                    await self._async_save()

    @callback
    def _stop_retries(self) -> None:
        for stop in self._retries:
            stop()
        self._retries = []

    def _data(self) -> dict[str, Any]:
        self._is_save_scheduled = False
        return {
            "next_building": self._next_building,
            "next_device": self._next_device,
            "buildings": {entry_id: record.as_dict() for entry_id, record in self.buildings.items()},
            "devices": {device_id: self._device_data(device_id) for device_id in self.devices},
        }

    def _device_data(self, device_id: str) -> dict[str, Any]:
        """Return the stored form of a controller, cached because all of them are written with every change."""
        record, seen = self.devices[device_id], self.last_seen.get(device_id)
        cached = self._serialized.get(device_id)
        if cached is None or cached[0] is not record:
            cached = self._serialized[device_id] = (record, record.as_dict(self.clock.to_wall))
        return cached[1] | {"last_seen": seen.isoformat() if seen else None}


DEVICE_STORE: HassKey[DeviceStore] = HassKey(DOMAIN)
