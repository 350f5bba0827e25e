"""Keys of stand-alone devices, secret URLs and the upload API: only hashes, saved before a key is shown."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .._lib.device_keys import MAX_KEY_LENGTH, KeyMatch, KeyRing, hash_key, new_key
from ..storage import OtaStore

ROTATION_GRACE: Final = timedelta(days=7)
"""How long the previous key remains valid, unless the new one is used before."""


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """The two secrets of a device."""

    header: KeyRing = field(default_factory=KeyRing)
    """Sent in a header; only this key may report."""
    url: KeyRing = field(default_factory=KeyRing)
    """Part of the URL path, for clients that cannot send headers."""
    confirmed: bool = False
    """Home Assistant has had the time to save the subentry of the device."""


@dataclass(frozen=True, slots=True)
class IssuedSecrets:
    """New secrets, shown once."""

    key: str
    url_token: str


type Change = Callable[[DeviceKeys | None], DeviceKeys | None]


class KeyStore:
    """The key rings by device uid."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Create the store; `async_load` reads it."""
        self._store = OtaStore(hass, "keys", self._dump)
        self.devices: dict[str, DeviceKeys] = {}
        self.upload = KeyRing()
        self.gateway = KeyRing()
        """The token with which a DDI gateway calls for all stand-alone devices."""
        self._by_url: dict[str, str] = {}
        self._candidate: dict[str, Any] | None = None
        """The data of a change that is being saved."""
        self._changing = asyncio.Lock()
        """Held during a change until it is saved: simultaneous changes must not undo each other."""

    async def async_load(self) -> None:
        """Load the keys."""
        data = await self._store.async_load() or {}
        self.upload = KeyRing.from_dict(data.get("upload", {}))
        self.gateway = KeyRing.from_dict(data.get("gateway", {}))
        for uid, raw in data.get("devices", {}).items():
            self.devices[uid] = DeviceKeys(
                KeyRing.from_dict(raw["header"]), KeyRing.from_dict(raw["url"]), bool(raw.get("confirmed"))
            )
        self._index()

    async def async_close(self) -> None:
        """Stop the attempts to write; the next load continues them."""
        if self._store.is_failing:
            await self._store.async_close()

    async def async_remove(self) -> None:
        """Delete the store."""
        await self._store.async_remove()

    def _index(self) -> None:
        self._by_url = {
            digest: uid
            for uid, keys in self.devices.items()
            for digest in (keys.url.current, keys.url.previous)
            if digest is not None
        }

    async def _async_change(self, uid: str, change: Change) -> None:
        """Change the keys of a device. They become valid only after they were saved."""
        async with self._changing:
            before = self.devices.get(uid)
            after = change(before)
            if after == before:
                return
            devices = {**self.devices}
            devices.pop(uid, None)
            if after is not None:
                devices[uid] = after
            await self._async_save(devices, self.upload, self.gateway)
            self.devices = devices
            self._index()

    async def _async_save(self, devices: dict[str, DeviceKeys], upload: KeyRing, gateway: KeyRing) -> None:
        self._candidate = _data(devices, upload, gateway)
        try:
            await self._store.async_commit()
        finally:
            self._candidate = None

    def _dump(self) -> dict[str, Any]:
        return self._candidate or _data(self.devices, self.upload, self.gateway)

    async def async_issue(self, uid: str, now: datetime, *, header: bool = True) -> IssuedSecrets:
        """Create new secrets; the previous ones remain valid for `ROTATION_GRACE`.

        Args:
            uid: The device.
            now: UTC.
            header: Also create a header key; False for a fleet's device, whose key its provider manages.
        """
        issued = IssuedSecrets(new_key() if header else "", new_key())

        def rotate(keys: DeviceKeys | None) -> DeviceKeys:
            keys = keys or DeviceKeys()
            rings = replace(keys, url=_rotated(keys.url, issued.url_token, now))
            return replace(rings, header=_rotated(keys.header, issued.key, now)) if header else rings

        await self._async_change(uid, rotate)
        return issued

    async def async_issue_upload(self) -> str:
        """Create a new key for the upload API; the previous one is revoked."""
        key = new_key()
        ring = KeyRing.of(key)
        async with self._changing:
            await self._async_save(self.devices, ring, self.gateway)
            self.upload = ring
        return key

    async def async_issue_gateway(self) -> str:
        """Create a new gateway token; the previous one is revoked."""
        key = new_key()
        ring = KeyRing.of(key)
        async with self._changing:
            await self._async_save(self.devices, self.upload, ring)
            self.gateway = ring
        return key

    async def async_set_secrets(self, uid: str, issued: IssuedSecrets) -> None:
        """Store secrets that were shown to a user."""
        keys = DeviceKeys(KeyRing.of(issued.key), KeyRing.of(issued.url_token))
        await self._async_change(uid, lambda _: keys)

    async def async_confirm(self, uid: str) -> None:
        """Store that the subentry of the device is saved."""
        await self._async_change(uid, lambda keys: replace(keys, confirmed=True) if keys else None)

    async def async_revoke(self, uid: str) -> None:
        """Revoke all secrets of a device."""
        await self._async_change(uid, lambda _: None)

    async def async_key_used(self, uid: str, match: KeyMatch, *, url: bool) -> None:
        """End a rotation, because the device used its new key.

        If that cannot be saved, the previous key remains valid until a later use of the new one.
        """
        keys = self.devices.get(uid)
        ring = None if keys is None else keys.url if url else keys.header
        if keys is None or ring is None or match is not KeyMatch.CURRENT or ring.previous is None:
            return
        if self._store.is_failing:  # no write for each call; the store itself tries again
            return
        used = ring.current

        def settle(keys: DeviceKeys | None) -> DeviceKeys | None:
            ring = None if keys is None else keys.url if url else keys.header
            if keys is None or ring is None:
                return keys
            # If the key was rotated again meanwhile, the device still has the one it used.
            ring = ring.settled() if ring.current == used else replace(ring, previous=used)
            return replace(keys, url=ring) if url else replace(keys, header=ring)

        with suppress(HomeAssistantError):
            await self._async_change(uid, settle)

    def header_keys(self, uid: str) -> KeyRing | None:
        """Return the header keys of a device, if any."""
        keys = self.devices.get(uid)
        return keys.header if keys else None

    def find_by_url_token(self, token: str, now: datetime) -> tuple[str, KeyMatch] | None:
        """Return the device with this URL token. The lookup by hash does not leak timing."""
        if not token or len(token) > MAX_KEY_LENGTH:
            return None
        uid = self._by_url.get(hash_key(token))
        if uid is None:
            return None
        match = self.devices[uid].url.match(token, now)
        return None if match is KeyMatch.NONE else (uid, match)


def _rotated(ring: KeyRing, key: str, now: datetime) -> KeyRing:
    if ring.current is None:
        return KeyRing.of(key)
    return ring.rotated(hash_key(key), now, ROTATION_GRACE)


def _data(devices: dict[str, DeviceKeys], upload: KeyRing, gateway: KeyRing) -> dict[str, Any]:
    return {
        "upload": upload.as_dict(),
        "gateway": gateway.as_dict(),
        "devices": {
            uid: {"header": keys.header.as_dict(), "url": keys.url.as_dict(), "confirmed": keys.confirmed}
            for uid, keys in devices.items()
        },
    }
