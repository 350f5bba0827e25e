"""Proof of Heat: control all heat sources of a home from one place."""

from pathlib import Path

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from ._lib.cards import async_add_cards, async_remove_cards
from .const import DOMAIN, PLATFORMS
from .data import HeatConfigEntry, HeatingSystem
from .learning.history_import import async_remove_import
from .learning.history_replay import async_remove_replay
from .repairs import clear_issues
from .runtime.assembly import async_assemble
from .runtime.persistence import async_remove_stores
from .runtime.reconfiguration import fingerprint
from .runtime.voice import async_register_voice
from .services import async_setup_services
from .sources.call_budgets import async_remove_budgets
from .sources.control_records import control_records
from .sources.external import DIRECTORY, SourceDirectory
from .sources.registry import budget_keys
from .sources.releaser import REMOVAL_WAIT_S, releaser
from .sources.write_counter import write_counters
from .websocket_api import async_register_commands

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions, the commands of the cards, and the directory of heat sources of other integrations."""
    hass.data[DIRECTORY] = directory = SourceDirectory(hass)
    await directory.async_start()
    async_setup_services(hass)
    async_register_commands(hass)
    async_register_voice(hass)
    await releaser(hass).async_resume()
    return True


async def async_setup_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> bool:
    """Set up a heating system. A source that does not answer is shown as failing; the rest starts."""
    _follow_changes(hass, entry)
    entry.runtime_data = system = await async_assemble(hass, entry)
    await system.coordinator.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_add_cards(hass, entry, Path(__file__).parent / "frontend")
    return True


def _follow_changes(hass: HomeAssistant, entry: HeatConfigEntry) -> None:
    """Apply what the user changed, by a reload where that is necessary; also what was changed during set-up."""
    at_set_up = (fingerprint(entry), dict(entry.options))

    async def updated(hass: HomeAssistant, changed: HeatConfigEntry) -> None:
        system: HeatingSystem | None = getattr(changed, "runtime_data", None)
        if system is None or changed.state is not ConfigEntryState.LOADED:
            applied = (fingerprint(changed), dict(changed.options)) == at_set_up
        else:
            applied = await system.reconfiguration.async_apply()
        if not applied:
            hass.config_entries.async_schedule_reload(changed.entry_id)

    entry.async_on_unload(entry.add_update_listener(updated))


async def async_unload_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> bool:
    """Unload; sources keep their state, so that a reload or restart continues from there."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.supervisor.async_stop()
        await entry.runtime_data.store.async_close()
        await entry.runtime_data.user.async_close()
    if entry.disabled_by is not None:
        clear_issues(hass, entry.entry_id)
        await releaser(hass).async_detach(entry.subentries.values())
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> None:
    """Release the sources, and remove the issues, the cards' resource and everything that was stored."""
    clear_issues(hass, entry.entry_id)
    await releaser(hass).async_detach(entry.subentries.values(), wait_s=REMOVAL_WAIT_S)
    others = [item for item in hass.config_entries.async_entries(DOMAIN) if item.entry_id != entry.entry_id]
    used = {key for other in others for key in budget_keys(other)}
    await async_remove_budgets(hass, budget_keys(entry) - used)
    if not others:
        await write_counters(hass).async_remove()
        await control_records(hass).async_remove_if_unused()
    await async_remove_cards(hass, entry)
    await async_remove_stores(hass, entry.entry_id)
    await async_remove_import(hass, entry.entry_id)
    await async_remove_replay(hass, entry.entry_id)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: HeatConfigEntry, device: dr.DeviceEntry) -> bool:
    """Allow the removal of a device whose subentry was removed."""
    return not any((DOMAIN, known) in device.identifiers for known in (entry.entry_id, *entry.subentries))
