"""Stored state of a heating system: what the engine learned, the COP, the hashprice, and minimum on and off times."""

from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .._lib.retried_store import RetriedStore, storage_health
from ..const import DOMAIN
from ..engine.engine import Engine
from ..engine.shadow.home import ShadowHome
from ..metering.net_balance import NetCounters
from ..metering.system_cop import SystemCop
from ..prices.hashprice import Hashprice

_LOGGER = logging.getLogger(__name__)

SAVE_INTERVAL: Final = timedelta(minutes=15)
STORE_VERSION: Final = 1
_STORES: Final = ("wanted", "state", "cycling")


class StateStore:
    """Keeps the learned state on disk; times of starts and stops at once, the rest every 15 minutes."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        engine: Engine,
        cop: SystemCop,
        hashprice: Hashprice,
        *,
        shadow: ShadowHome,
        net_counters: NetCounters,
    ) -> None:
        self._hass = hass
        self._engine = engine
        self._cop = cop
        self._hashprice = hashprice
        self._shadow = shadow
        self._net_counters = net_counters
        self._store = RetriedStore(hass, STORE_VERSION, f"{DOMAIN}.state.{entry_id}", self._dump, domain=DOMAIN)
        self._cycling_store = RetriedStore(
            hass, STORE_VERSION, f"{DOMAIN}.cycling.{entry_id}", engine.short_cycle.dump, domain=DOMAIN
        )
        self._saved_cycling: dict[str, object] = {}
        self._saved_at = dt_util.utcnow()

    async def async_load(self) -> None:
        """Restore the state of the last run."""
        if (state := await self._store.async_load()) is not None:
            await self._hass.async_add_executor_job(self._engine.restore, state.get("engine", {}))
            self._cop.load(state.get("cop", {}))
            self._hashprice.load(state.get("hash_price"))
            self._shadow.restore(state.get("shadow", {}))
            self._net_counters.load(state.get("net_meters"))
        if (cycling := await self._cycling_store.async_load()) is not None:
            self._engine.short_cycle.restore(cycling)
            self._saved_cycling = self._engine.short_cycle.dump()

    async def async_save(self) -> None:
        """Store what the engine learned, the COP and the hashprice."""
        self._saved_at = dt_util.utcnow()
        await self._store.async_save_or_retry()

    def _dump(self) -> dict[str, Any]:
        return {
            "engine": self._engine.dump(),
            "cop": self._cop.dump(),
            "hash_price": self._hashprice.dump(),
            "shadow": self._shadow.dump(),
            "net_meters": self._net_counters.dump(),
        }

    async def async_save_if_due(self, now: datetime) -> None:
        """Store every 15 minutes."""
        if not timedelta() <= now - self._saved_at < SAVE_INTERVAL:  # the clock may have been set back
            await self.async_save()

    async def async_save_cycling(self) -> None:
        """Store when sources last started and stopped, so that a crash does not shorten minimum times."""
        cycling = self._engine.short_cycle.dump()
        if cycling != self._saved_cycling:
            self._saved_cycling = cycling
            await self._cycling_store.async_save_or_retry()

    async def async_close(self) -> None:
        """Store before an unload."""
        await self._store.async_close()
        await self._cycling_store.async_close()


async def async_remove_stores(hass: HomeAssistant, entry_id: str) -> None:
    """Remove everything that was stored for a config entry."""
    for name in _STORES:
        key = f"{DOMAIN}.{name}.{entry_id}"
        await Store[dict[str, Any]](hass, STORE_VERSION, key).async_remove()
        storage_health(hass, DOMAIN).set_saved(key)
