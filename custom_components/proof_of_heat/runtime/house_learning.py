"""Starts to learn a house from its recorded history, and then to simulate control over it."""

from collections.abc import Awaitable, Callable, Mapping

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import SUBENTRY_SOURCE
from ..engine.engine import Engine
from ..learning.history_entities import HomeEntities, home_entities, key_of, standard_time_s
from ..learning.history_import import HistoryImport
from ..learning.history_replay import HistoryReplay
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig
from .listeners import Listeners
from .shadow_mode import ShadowMode


async def async_start_learning(
    hass: HomeAssistant,
    entry: ConfigEntry,
    config: SystemConfig,
    *,
    engine: Engine,
    sources: Mapping[str, ManagedSource],
    shadow: ShadowMode,
    changes: Listeners,
    save: Callable[[], Awaitable[None]],
) -> tuple[HistoryImport, HistoryReplay]:
    """Return the import of the history, started, and the simulation that follows it."""

    def entities() -> HomeEntities:
        configured = [item for item in entry.subentries.values() if item.subentry_type == SUBENTRY_SOURCE]
        return home_entities(hass, config, sources.values(), of_sources=len(configured))

    key = key_of(hass, entry, config)
    replay = HistoryReplay(
        hass,
        entry,
        config,
        lambda: engine.config,
        entities,
        key=key,
        is_needed=lambda: shadow.report() is None and engine.savings_report() is None,
        was_controlled=lambda: not shadow.is_on,
        changed=changes.notify,
    )
    await replay.async_load()
    shadow.past = replay.report
    entry.async_on_unload(changes.subscribe(replay.start_if_possible_now))

    def learned(again: bool) -> None:
        replay.start(again=again)

    history_import = HistoryImport(hass, entry, engine, entities, changes.notify, key=key, save=save, finished=learned)
    await history_import.async_load()
    if (since := history_import.since) is not None:
        shadow.home.begin_at(standard_time_s(dt_util.as_local(since)))
    history_import.start()
    return history_import, replay
