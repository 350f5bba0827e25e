"""Proof of Heat: control all heat sources of a home from one place."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, PLATFORMS
from .data import HeatConfigEntry
from .flows.form import without_tokens
from .repairs import clear_issues
from .runtime.assembly import async_assemble
from .runtime.persistence import async_remove_stores
from .services import async_setup_services
from .sources.call_budgets import async_remove_budgets
from .sources.control_records import control_records
from .sources.external import DIRECTORY, SourceDirectory
from .sources.registry import budget_keys
from .sources.releaser import REMOVAL_WAIT_S, releaser
from .sources.write_counter import write_counters

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions and the directory of heat sources that other integrations offer."""
    hass.data[DIRECTORY] = directory = SourceDirectory(hass)
    await directory.async_start()
    async_setup_services(hass)
    await releaser(hass).async_resume()
    return True


async def async_setup_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> bool:
    """Set up a heating system. A source that does not answer is shown as failing; the rest starts."""
    _reload_on_change(hass, entry)
    entry.runtime_data = system = await async_assemble(hass, entry)
    await system.coordinator.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


def _reload_on_change(hass: HomeAssistant, entry: HeatConfigEntry) -> None:
    """Reload for what the user changed, not for a renewed token; also for a change during set-up."""
    fingerprint = _fingerprint(entry)

    async def updated(hass: HomeAssistant, changed: HeatConfigEntry) -> None:
        if _fingerprint(changed) != fingerprint:
            hass.config_entries.async_schedule_reload(changed.entry_id)

    entry.async_on_unload(entry.add_update_listener(updated))


def _fingerprint(entry: HeatConfigEntry) -> object:
    """Return everything whose change makes a reload necessary."""
    subentries = {key: (item.title, without_tokens(item.data)) for key, item in entry.subentries.items()}
    return (entry.title, dict(entry.data), dict(entry.options), subentries)


async def async_unload_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> bool:
    """Unload; sources keep their state, so that a reload or restart continues from there."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.supervisor.async_stop()
        await entry.runtime_data.store.async_save()
    if entry.disabled_by is not None:
        clear_issues(hass, entry.entry_id)
        await releaser(hass).async_detach(entry.subentries.values())
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: HeatConfigEntry) -> None:
    """Release the sources, and remove the issues and everything that was stored."""
    clear_issues(hass, entry.entry_id)
    await releaser(hass).async_detach(entry.subentries.values(), wait_s=REMOVAL_WAIT_S)
    others = [item for item in hass.config_entries.async_entries(DOMAIN) if item.entry_id != entry.entry_id]
    used = {key for other in others for key in budget_keys(other)}
    await async_remove_budgets(hass, budget_keys(entry) - used)
    if not others:
        await write_counters(hass).async_remove()
        await control_records(hass).async_remove_if_unused()
    await async_remove_stores(hass, entry.entry_id)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: HeatConfigEntry, device: dr.DeviceEntry) -> bool:
    """Allow the removal of a device whose subentry was removed."""
    return not any((DOMAIN, known) in device.identifiers for known in (entry.entry_id, *entry.subentries))
