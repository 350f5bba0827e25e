"""What the integration knows for good: buildings with their profiles, controllers with their keys, allotted ids.

One store for all buildings. A device is served from here whether or not its entry is set up, so a building
whose set-up is late or fails does not leave its controllers without a configuration. Every change is on disk
before it is acknowledged; `last_seen` is written with the next one, or after some minutes.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ._lib.device_keys import KeyRing
from ._lib.durable_store import DurableStore
from .const import DOMAIN
from .protocol.profile import Profile

STORAGE_VERSION: Final = 1
_LAST_SEEN_DELAY_S: Final = 300


@dataclass(frozen=True, slots=True)
class BuildingRecord:
    """A building, by its config entry. ``building_id`` is never used again."""

    entry_id: str
    building_id: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A controller, by the id it calls itself.

    Attributes:
        number: The integer of the user API, never used again.
        confirmed: Home Assistant has had the time to write the subentry down. Config entries are saved a second
            late: a controller whose key was shown just before a power cut is there without its subentry.
    """

    device_id: str
    entry_id: str
    number: int
    name: str
    keys: KeyRing
    created: datetime
    confirmed: bool = False


class Registry:
    """Buildings and controllers in memory, mirrored on disk."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store: DurableStore[dict[str, Any]] = DurableStore(hass, STORAGE_VERSION, DOMAIN, domain=DOMAIN)
        self._lock = asyncio.Lock()
        self._next_building = 1
        self._next_device = 1
        self.buildings: dict[str, BuildingRecord] = {}
        self.devices: dict[str, DeviceRecord] = {}
        self.last_seen: dict[str, datetime] = {}
        self._save_is_due = False

    async def async_load(self) -> None:
        """Read the store."""
        if (data := await self._store.async_load()) is None:
            return
        self._next_building = data["next_building"]
        self._next_device = data["next_device"]
        for entry_id, item in data["buildings"].items():
            profile = Profile.from_dict(item["profile"])
            self.buildings[entry_id] = BuildingRecord(entry_id, item["building_id"], profile)
        for device_id, item in data["devices"].items():
            self.devices[device_id] = DeviceRecord(
                device_id,
                item["entry_id"],
                item["number"],
                item["name"],
                KeyRing.from_dict(item["keys"]),
                datetime.fromisoformat(item["created"]),
                item["confirmed"],
            )
            if seen := item["last_seen"]:
                self.last_seen[device_id] = datetime.fromisoformat(seen)

    async def async_add_building(self, entry_id: str) -> BuildingRecord:
        """The building of an entry, made where there is none yet."""
        async with self._lock:
            if (record := self.buildings.get(entry_id)) is None:
                record = BuildingRecord(entry_id, self._next_building, Profile.initial(dt_util.utcnow()))
                self._next_building += 1
                await self._async_commit(self.buildings, entry_id, record)
            return record

    async def async_patch_profile(self, entry_id: str, patch: dict[str, Any]) -> Profile:
        """Change a building's profile; ProtocolError names a field that cannot be accepted."""
        async with self._lock:
            record = self.buildings[entry_id]
            profile = record.profile.patched(patch, dt_util.utcnow())
            if profile is not record.profile:
                await self._async_commit(self.buildings, entry_id, replace(record, profile=profile))
            return profile

    async def async_add_device(self, device_id: str, entry_id: str, name: str, keys: KeyRing) -> DeviceRecord:
        """Register a controller; ValueError where its id is taken."""
        async with self._lock:
            if device_id in self.devices:
                raise ValueError(f"{device_id} is registered already")
            record = DeviceRecord(device_id, entry_id, self._next_device, name, keys, dt_util.utcnow())
            self._next_device += 1
            await self._async_commit(self.devices, device_id, record)
            return record

    async def async_set_keys(self, device_id: str, keys: KeyRing) -> None:
        """Replace the keys of a controller."""
        async with self._lock:
            await self._async_commit(self.devices, device_id, replace(self.devices[device_id], keys=keys))

    async def async_confirm(self, device_id: str) -> None:
        """Note that the subentry of a controller is on disk."""
        async with self._lock:
            if (record := self.devices.get(device_id)) is not None and not record.confirmed:
                await self._async_commit(self.devices, device_id, replace(record, confirmed=True))

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
            await self._store.async_save_durably(self._data())

    def _drop_device(self, device_id: str) -> None:
        self.devices.pop(device_id, None)
        self.last_seen.pop(device_id, None)

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
        try:
            await self._store.async_save_durably(self._data())
        except Exception:
            if before is None:
                del table[key]
            else:
                table[key] = before
            raise

    def _data(self) -> dict[str, Any]:
        self._save_is_due = False
        return {
            "next_building": self._next_building,
            "next_device": self._next_device,
            "buildings": {
                entry_id: {"building_id": record.building_id, "profile": record.profile.as_dict()}
                for entry_id, record in self.buildings.items()
            },
            "devices": {
                device_id: {
                    "entry_id": record.entry_id,
                    "number": record.number,
                    "name": record.name,
                    "keys": record.keys.as_dict(),
                    "created": record.created.isoformat(),
                    "confirmed": record.confirmed,
                    "last_seen": seen.isoformat() if (seen := self.last_seen.get(device_id)) else None,
                }
                for device_id, record in self.devices.items()
            },
        }


REGISTRY: HassKey[Registry] = HassKey(DOMAIN)
