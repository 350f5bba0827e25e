"""Authenticates the requests of Central Control Units."""

import asyncio
import time

from aiohttp import hdrs, web
from homeassistant.core import callback

from .._lib.device_http import HEADER_DEVICE_KEY, DeviceGuard, presented_key
from .._lib.device_keys import KeyMatch
from ..data import HubData
from .directory import HubDirectory
from .key_store import CcuKeyStore
from .request_pacer import RequestPacer


class CcuAuthenticator:
    """Finds the hub of a request by its key, or by its address if the CCU may call without a key."""

    def __init__(self, keys: CcuKeyStore, directory: HubDirectory) -> None:
        self._keys = keys
        self._directory = directory
        self._guard = DeviceGuard()
        self._pacers: dict[str, RequestPacer] = {}
        self._by_ccu_id: dict[str, HubData] = {}
        self._by_address: dict[str, HubData] = {}
        directory.subscribe(self._hubs_changed)

    @callback
    def _hubs_changed(self) -> None:
        hubs = self._directory.hubs
        self._by_ccu_id = {hub.info.ccu_id: hub for hub in hubs.values() if hub.info.ccu_id is not None}
        self._by_address = {hub.info.source_address: hub for hub in hubs.values() if hub.info.source_address}
        self._pacers = {entry_id: pacer for entry_id, pacer in self._pacers.items() if entry_id in hubs}

    async def async_authenticate(self, request: web.Request) -> tuple[HubData, bool]:
        """Return the hub that a request comes from, and whether it presented a key.

        Raises:
            ApiError: ``unauthorized`` or ``too_many``.
        """
        headers = request.headers
        has_key = HEADER_DEVICE_KEY in headers or hdrs.AUTHORIZATION in headers
        if has_key:
            hub = await self._async_find_by_key(presented_key(request, allow_query=False))
        else:
            hub = self._by_address.get(request.remote or "")
        if hub is None:
            self._guard.refuse(request)
        if wait_s := self._pacers.setdefault(hub.info.entry_id, RequestPacer()).reserve(time.monotonic()):
            await asyncio.sleep(wait_s)
        return hub, has_key

    async def _async_find_by_key(self, key: str | None) -> HubData | None:
        found = self._keys.find(key) if key else None
        if found is None:
            return None
        record, match = found
        if match is KeyMatch.CURRENT and record.keys.previous is not None:
            await self._keys.async_end_rotation(record.ccu_id)
        return self._by_ccu_id.get(record.ccu_id)
