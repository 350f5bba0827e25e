"""Central Control Units and their keys, on disk before anybody relies on them.

Keyed by the unit's id on the wire. A record is written before the config flow shows its key; Home Assistant writes
config entries a second late, so a unit whose entry was lost in a crash just after that is brought back from here.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
import hashlib
import hmac
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ._lib.device_keys import KeyMatch, KeyRing, hash_key
from ._lib.durable_store import DurableStore
from .const import DOMAIN

STORAGE_VERSION: Final = 1
ROTATION_GRACE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class CcuRecord:
    """A Central Control Unit.

    Attributes:
        ccu_id: Two upper-case hex digits.
        name: As the user called it.
        keys: What it may present.
        confirmed: Its config entry is known to be on disk.
    """

    ccu_id: str
    name: str
    keys: KeyRing
    confirmed: bool = False


class Registry:
    """All units that have a key, in memory and mirrored on disk, with an index by the hash of their keys."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store: DurableStore[dict[str, Any]] = DurableStore(hass, STORAGE_VERSION, DOMAIN, domain=DOMAIN)
        self._lock = asyncio.Lock()
        self._by_hash: dict[str, str] = {}
        self.units: dict[str, CcuRecord] = {}

    async def async_load(self) -> None:
        """Read the store."""
        if (data := await self._store.async_load()) is None:
            return
        for ccu_id, item in data["units"].items():
            keys = KeyRing.from_dict(item["keys"])
            self.units[ccu_id] = CcuRecord(ccu_id, item["name"], keys, item["confirmed"])
        self._index()

    def find(self, key: str) -> tuple[CcuRecord, KeyMatch] | None:
        """The unit that a key opens.

        Keys are 256 random bits and looked up by their hash: the time that takes tells nothing about a key.
        """
        ccu_id = self._by_hash.get(hash_key(key)) if len(key) <= 256 else None
        if ccu_id is None:
            # As much work as for a known key.
            hmac.compare_digest(hashlib.sha256(b"").hexdigest(), hashlib.sha256(b"x").hexdigest())
            return None
        record = self.units[ccu_id]
        match = record.keys.match(key, dt_util.utcnow())
        return None if match is KeyMatch.NONE else (record, match)

    async def async_set_key(self, ccu_id: str, name: str, new_key: str) -> None:
        """Give a unit a key; one that it had is good until the new one is first used, 24 hours at most."""
        async with self._lock:
            record = self.units.get(ccu_id)
            if record is None:
                record = CcuRecord(ccu_id, name, KeyRing.of(new_key))
            else:
                keys = record.keys.rotated(hash_key(new_key), dt_util.utcnow(), ROTATION_GRACE)
                record = replace(record, name=name, keys=keys)
            await self._async_commit(record)

    async def async_settle(self, ccu_id: str) -> None:
        """The new key was used: the old one is over."""
        async with self._lock:
            record = self.units[ccu_id]
            if record.keys.previous is not None:
                await self._async_commit(replace(record, keys=record.keys.settled()))

    async def async_confirm(self, ccu_id: str) -> None:
        """Note that the config entry is on disk."""
        async with self._lock:
            if (record := self.units.get(ccu_id)) is not None and not record.confirmed:
                await self._async_commit(replace(record, confirmed=True))

    async def async_remove(self, ccu_id: str) -> None:
        """Forget a unit; its keys open nothing from then on, even where the disk refuses the change."""
        async with self._lock:
            if self.units.pop(ccu_id, None) is not None:
                self._index()
                await self._store.async_save_durably(self._data())

    async def _async_commit(self, record: CcuRecord) -> None:
        """Take a record over once it is on disk."""
        before = self.units.get(record.ccu_id)
        self.units[record.ccu_id] = record
        try:
            await self._store.async_save_durably(self._data())
        except BaseException:
            if before is None:
                del self.units[record.ccu_id]
            else:
                self.units[record.ccu_id] = before
            raise
        self._index()

    def _index(self) -> None:
        self._by_hash = {
            digest: record.ccu_id
            for record in self.units.values()
            for digest in (record.keys.current, record.keys.previous)
            if digest is not None
        }

    def _data(self) -> dict[str, Any]:
        return {
            "units": {
                record.ccu_id: {
                    "name": record.name,
                    "keys": record.keys.as_dict(),
                    "confirmed": record.confirmed,
                }
                for record in self.units.values()
            }
        }
