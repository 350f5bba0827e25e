"""Keys of Central Control Units, on disk before they are accepted.

Keyed by the CCU ID on the wire. A record is written when the config flow has shown its key. Home Assistant writes
config entries a second later, so an entry that was lost in a crash in between is restored from its record.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
import hashlib
import hmac
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .._lib.device_keys import KeyMatch, KeyRing, hash_key
from .._lib.retried_store import RetriedStore
from ..const import DOMAIN

STORAGE_VERSION: Final = 1
ROTATION_GRACE: Final = timedelta(hours=24)
_MAX_KEY_LENGTH: Final = 256


@dataclass(frozen=True, slots=True)
class CcuRecord:
    """A Central Control Unit with a key.

    Attributes:
        ccu_id: Two upper-case hex digits.
        name: User-defined name.
        keys: Accepted keys.
        confirmed: The config entry is known to be on disk.
    """

    ccu_id: str
    name: str
    keys: KeyRing
    confirmed: bool = False


class CcuKeyStore:
    """Stored records of all Central Control Units with a key, indexed by the hashes of their keys."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = RetriedStore(hass, STORAGE_VERSION, DOMAIN, self._data, domain=DOMAIN)
        self._lock = asyncio.Lock()
        self._ccu_ids_by_hash: dict[str, str] = {}
        self.records: dict[str, CcuRecord] = {}

    async def async_load(self) -> None:
        """Load the records."""
        if (data := await self._store.async_load()) is None:
            return
        for ccu_id, item in data["units"].items():
            keys = KeyRing.from_dict(item["keys"])
            self.records[ccu_id] = CcuRecord(ccu_id, item["name"], keys, item["confirmed"])
        self._update_index()

    def find(self, key: str) -> tuple[CcuRecord, KeyMatch] | None:
        """Return the record that a key belongs to.

        Keys are 256 random bits and are looked up by their hash: the response time reveals nothing about a key.
        """
        ccu_id = self._ccu_ids_by_hash.get(hash_key(key)) if len(key) <= _MAX_KEY_LENGTH else None
        if ccu_id is None:
            # The same amount of work as for a known key.
            hmac.compare_digest(hashlib.sha256(b"").hexdigest(), hashlib.sha256(b"x").hexdigest())
            return None
        record = self.records[ccu_id]
        match = record.keys.match(key, dt_util.utcnow())
        return None if match is KeyMatch.NONE else (record, match)

    async def async_set_key(self, ccu_id: str, name: str, new_key: str) -> None:
        """Set the key of a CCU; a previous key stays valid until the new one is used, for 24 hours at most."""
        async with self._lock:
            record = self.records.get(ccu_id)
            if record is None:
                record = CcuRecord(ccu_id, name, KeyRing.of(new_key))
            else:
                keys = record.keys.rotated(hash_key(new_key), dt_util.utcnow(), ROTATION_GRACE)
                record = replace(record, name=name, keys=keys)
            await self._async_commit(record)

    async def async_end_rotation(self, ccu_id: str) -> None:
        """Revoke the previous key after the new one was used, in memory even if it cannot be written yet."""
        async with self._lock:
            record = self.records.get(ccu_id)
            if record is not None and record.keys.previous is not None:
                await self._async_keep(replace(record, keys=record.keys.settled()))

    async def async_confirm(self, ccu_id: str) -> None:
        """Record that the config entry is on disk."""
        async with self._lock:
            if (record := self.records.get(ccu_id)) is not None and not record.confirmed:
                await self._async_keep(replace(record, confirmed=True))

    async def async_remove(self, ccu_id: str) -> None:
        """Remove a CCU; its keys are refused from now on, even if the change cannot be written."""
        async with self._lock:
            if self.records.pop(ccu_id, None) is not None:
                self._update_index()
                await self._store.async_save_or_retry()

    async def _async_keep(self, record: CcuRecord) -> None:
        """Apply a record, and write it now or as soon as the disk accepts it."""
        self.records[record.ccu_id] = record
        self._update_index()
        await self._store.async_save_or_retry()

    async def _async_commit(self, record: CcuRecord) -> None:
        """Write a record; it takes effect once it is on disk."""
        previous = self.records.get(record.ccu_id)
        self.records[record.ccu_id] = record
        try:
            await self._store.async_commit()
        except BaseException:
            if previous is None:
                del self.records[record.ccu_id]
            else:
                self.records[record.ccu_id] = previous
            raise
        self._update_index()

    def _update_index(self) -> None:
        self._ccu_ids_by_hash = {
            digest: record.ccu_id
            for record in self.records.values()
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
                for record in self.records.values()
            }
        }
