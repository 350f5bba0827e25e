"""Call ledgers of cloud accounts: one for each, whoever asks (several heat pumps, a form, a heat pump added anew).

The cloud counts by account, so two ledgers for one would together allow twice as much. A ledger lives as long as Home
Assistant does and is on disk before a call goes out.
"""

import asyncio
from dataclasses import replace
import hashlib
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .._lib.durable_store import DurableStore
from ..const import CONF_CLIENT_ID, CONF_INFO, CONF_KIND, DOMAIN
from ..drivers.call_budget import CallBudget, CallLimits
from ..drivers.viessmann.client import API_URL

STORE_VERSION: Final = 1


class Ledger:
    """The ledger of one account. Where its holders say different limits, the lowest counts."""

    def __init__(self, hass: HomeAssistant, key: str, limits: CallLimits) -> None:
        self.budget = CallBudget(limits, time.time, time.monotonic)
        self.store: DurableStore[dict[str, Any]] = DurableStore(
            hass, STORE_VERSION, f"{DOMAIN}.budget.{key}", domain=DOMAIN
        )
        self._holders: dict[str, CallLimits] = {}
        self._lock = asyncio.Lock()
        self._loaded = False

    async def async_ready(self) -> None:
        """What was counted before Home Assistant started."""
        async with self._lock:
            if not self._loaded and (saved := await self.store.async_load()) is not None:
                self.budget.load(saved)
            self._loaded = True

    @property
    def held(self) -> bool:
        """Whether a heat pump uses it."""
        return bool(self._holders)

    def hold(self, holder: str, limits: CallLimits) -> None:
        """A heat pump uses it, and says what its contract allows."""
        self._holders[holder] = limits
        self._agree()

    def let_go(self, holder: str) -> None:
        """A heat pump is gone."""
        self._holders.pop(holder, None)
        self._agree()

    def _agree(self) -> None:
        self.budget.sharers = max(1, len(self._holders))
        if self._holders:
            said = self._holders.values()
            strictest = min(said, key=lambda limits: limits.day)
            self.budget.configure(replace(strictest, short=min(limits.short for limits in said)))

    async def save(self, data: dict[str, Any]) -> None:
        """On disk when it returns; raises HomeAssistantError."""
        await self.store.async_save_durably(data)


_LEDGERS: HassKey[dict[str, Ledger]] = HassKey(f"{DOMAIN}_ledgers")


def _key(client_id: str, api_url: str) -> str:
    return hashlib.sha256(f"{client_id}\n{api_url}".encode()).hexdigest()[:16]


async def async_ledger(hass: HomeAssistant, client_id: str, api_url: str, limits: CallLimits) -> Ledger:
    """The ledger of an account; `limits` count until somebody holds it."""
    known = hass.data.setdefault(_LEDGERS, {})
    key = _key(client_id, api_url)
    if key not in known:
        known[key] = Ledger(hass, key, limits)
    ledger = known[key]
    await ledger.async_ready()
    if not ledger.held:
        ledger.budget.configure(limits)
    return ledger


async def async_forget_ledgers(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove from disk what no other system uses. In memory a ledger stays: the cloud does not forget either."""
    others = [item for item in hass.config_entries.async_entries(DOMAIN) if item.entry_id != entry.entry_id]
    used = {key for item in others for key in _keys_of(item)}
    for key in set(_keys_of(entry)) - used:
        store: DurableStore[dict[str, Any]] = DurableStore(hass, STORE_VERSION, f"{DOMAIN}.budget.{key}", domain=DOMAIN)
        await store.async_remove()


def _keys_of(entry: ConfigEntry) -> list[str]:
    accounts = [item.data for item in entry.subentries.values() if item.data.get(CONF_KIND) == "viessmann"]
    return [_key(data[CONF_CLIENT_ID], data[CONF_INFO].get("api_url", API_URL)) for data in accounts]
