"""Call budgets of cloud accounts: one per account, whether heat pumps or a form make the calls.

The cloud counts by account, so two budgets for one account would together allow twice as much. A budget lives as long
as Home Assistant runs and is stored before a call is made.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
import hashlib
import time
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .._lib.retried_store import RetriedStore
from ..const import DOMAIN
from ..drivers.call_budget import CallBudget, CallLimits

STORE_VERSION: Final = 1


def _store(hass: HomeAssistant, key: str, dump: Callable[[], dict[str, Any]] = dict) -> RetriedStore:
    return RetriedStore(hass, STORE_VERSION, f"{DOMAIN}.budget.{key}", dump, domain=DOMAIN)


class AccountBudget:
    """The call budget of one account. Where its users have different limits, the lowest applies."""

    def __init__(self, hass: HomeAssistant, key: str, limits: CallLimits) -> None:
        self.budget = CallBudget(limits, time.time, time.monotonic)
        self._store = _store(hass, key, self.budget.dump)
        self._users: dict[str, CallLimits] = {}
        self._lock = asyncio.Lock()
        self._loaded = False

    async def async_load(self) -> None:
        """Restore what was counted before Home Assistant started."""
        async with self._lock:
            if not self._loaded and (stored := await self._store.async_load()) is not None:
                self.budget.load(stored)
            self._loaded = True

    @property
    def in_use(self) -> bool:
        """Whether a heat pump uses the account."""
        return bool(self._users)

    def add_user(self, user: str, limits: CallLimits) -> None:
        """Add a heat pump with the limits of its contract."""
        self._users[user] = limits
        self._apply_limits()

    def remove_user(self, user: str) -> None:
        """Remove a heat pump."""
        self._users.pop(user, None)
        self._apply_limits()

    def _apply_limits(self) -> None:
        self.budget.sharers = max(1, len(self._users))
        if self._users:
            limits = self._users.values()
            strictest = min(limits, key=lambda item: item.day)
            self.budget.configure(replace(strictest, short=min(item.short for item in limits)))

    async def async_save(self, _: dict[str, Any]) -> None:
        """Store durably. While the disk is full, calls are counted in memory: heating continues."""
        await self._store.async_save_or_retry()


_BUDGETS: HassKey[dict[str, AccountBudget]] = HassKey(f"{DOMAIN}_budgets")


def account_key(client_id: str, api_url: str) -> str:
    """Return the key under which an account's budget is stored."""
    return hashlib.sha256(f"{client_id}\n{api_url}".encode()).hexdigest()[:16]


async def async_account_budget(hass: HomeAssistant, client_id: str, api_url: str, limits: CallLimits) -> AccountBudget:
    """Return the budget of an account; `limits` apply while no heat pump uses it."""
    budgets = hass.data.setdefault(_BUDGETS, {})
    key = account_key(client_id, api_url)
    if key not in budgets:
        budgets[key] = AccountBudget(hass, key, limits)
    account = budgets[key]
    await account.async_load()
    if not account.in_use:
        account.budget.configure(limits)
    return account


async def async_remove_budgets(hass: HomeAssistant, keys: Iterable[str]) -> None:
    """Remove stored budgets. In memory they stay: the cloud keeps counting."""
    for key in keys:
        await _store(hass, key).async_remove()
