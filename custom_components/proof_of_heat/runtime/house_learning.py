"""Starts to learn a house from its recorded history, and then to simulate control over it."""

from collections.abc import Awaitable, Callable, Mapping

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..engine.engine import Engine
from ..learning.history_import import HistoryImport
from ..learning.history_replay import HistoryReplay
from ..learning.links import HomeLinks, links_of
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

    def links() -> HomeLinks:
        return links_of(hass, config, sources.values())

    replay = HistoryReplay(
        hass,
        entry,
        config,
        lambda: engine.config,
        links,
        is_needed=lambda: shadow.report() is None and engine.savings_report() is None,
        was_controlled=lambda: not shadow.is_on,
        changed=changes.notify,
    )
    await replay.async_load()
    shadow.past = replay.report
    entry.async_on_unload(changes.subscribe(replay.start_if_possible_now))

    def learned(again: bool) -> None:
        replay.start(again=again)

    history_import = HistoryImport(hass, entry, engine, links, changes.notify, save=save, finished=learned)
    history_import.start()
    return history_import, replay
