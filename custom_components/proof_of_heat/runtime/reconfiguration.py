"""Applies changed settings to a running heating system, without a reload that would interrupt heating."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback

from ..const import CONF_WEEK, SUBENTRY_ZONE
from ..engine.engine import Engine
from ..engine.reconfiguration import configure
from ..flows.form import without_tokens
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig, ZoneConfig, read_config
from .engine_config import engine_config
from .listeners import Listeners

IN_PLACE: Final = frozenset(
    {
        *("slope", "level", "max_flow_c"),
        *("site_power_w", "quiet_from", "quiet_to", "quiet_level"),
        *("fixed_price", "fees", "fee_tariff", "tax", "tariff", "hashprice", "pool_fee"),
        *("persons", "way_zones", "away_delay_s"),
    }
)
"""Settings that every part of the system reads when it needs them."""


class Reconfiguration:
    """The changes of one config entry."""

    def __init__(
        self,
        entry: ConfigEntry,
        config: SystemConfig,
        *,
        engine: Engine,
        sources: Mapping[str, ManagedSource],
        changes: Listeners,
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        self._entry = entry
        self._config = config
        self._engine = engine
        self._sources = sources
        self._changes = changes
        self._refresh = refresh
        self._fingerprint = fingerprint(entry)

    @callback
    def apply(self) -> bool:
        """Apply what has changed in the entry; return False if only a reload can do that."""
        new = read_config(self._entry)
        differs = self._config.differs_in(new)
        in_place = IN_PLACE | {"zones"} if _same_but_week(self._config.zones, new.zones) else IN_PLACE
        if fingerprint(self._entry) != self._fingerprint or differs - in_place:
            return False
        if differs:
            self._config.adopt(new)
            self._configure_engine()
            self._changes.notify()
        return True

    async def async_apply(self) -> bool:
        """Apply what has changed, and decide again with it."""
        if not self.apply():
            return False
        await self._refresh()
        return True

    def _configure_engine(self) -> None:
        config = self._config
        for managed in self._sources.values():
            managed.config = replace(managed.config, quiet_level=config.quiet_level, pool_fee=config.pool_fee)
        sources = tuple(managed.config for managed in self._sources.values())
        configure(self._engine, engine_config(config, sources))


def _same_but_week(before: Iterable[ZoneConfig], after: Iterable[ZoneConfig]) -> bool:
    """Return whether zones differ in nothing but their weekly schedules."""
    return [replace(zone, week=None) for zone in before] == [replace(zone, week=None) for zone in after]


def fingerprint(entry: ConfigEntry) -> object:
    """Return everything apart from the options whose change makes a reload necessary.

    A renewed token does not, nor the weekly schedule of a zone.
    """
    subentries = {
        key: (
            item.title,
            {
                name: value
                for name, value in without_tokens(item.data).items()
                if not (item.subentry_type == SUBENTRY_ZONE and name == CONF_WEEK)
            },
        )
        for key, item in entry.subentries.items()
    }
    return (entry.title, dict(entry.data), subentries)
