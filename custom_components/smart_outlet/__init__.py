"""The Smart Outlet integration: outlets behind a Central Control Unit (HTTP) or an HC-12 radio."""

from functools import partial
from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from ._lib.cards import async_add_cards, async_remove_cards
from ._lib.entry_recovery import confirm_later, reconcile, restore_entry
from .const import CONF_CCU_ID, DOMAIN, PLATFORMS
from .data import SmartOutletConfigEntry
from .domain.key_store import CcuKeyStore
from .domain.parts import DOMAIN_PARTS, async_get_parts
from .hub.settings import outlet_settings
from .hub.store import HubStore
from .hub.voice import async_register_voice
from .repairs import delete_keyless_issue, update_keyless_issue
from .services import async_setup_services
from .setup import async_create_hub
from .views import async_register_views
from .websocket_api import async_register_commands

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the HTTP and WebSocket APIs and the actions."""
    parts = await async_get_parts(hass)
    async_register_views(hass, parts)
    async_register_commands(hass)
    async_register_voice(hass)
    async_setup_services(hass)
    _restore_lost_entries(hass, parts.keys)
    return True


@callback
def _restore_lost_entries(hass: HomeAssistant, keys: CcuKeyStore) -> None:
    """Restore config entries that were lost in a crash just after their key was shown."""
    entries = hass.config_entries.async_entries(DOMAIN)
    configured = {entry.data[CONF_CCU_ID] for entry in entries if CONF_CCU_ID in entry.data}
    confirmed = {ccu_id: record.confirmed for ccu_id, record in keys.records.items()}
    for ccu_id in reconcile(confirmed, configured).restore:
        restore_entry(hass, DOMAIN, keys.records[ccu_id].name, {CONF_CCU_ID: ccu_id})


async def async_setup_entry(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> bool:
    """Set up a hub."""
    parts = hass.data[DOMAIN_PARTS]
    entry.runtime_data = hub = await async_create_hub(hass, entry, parts)
    parts.directory.add(hub)
    entry.async_on_unload(partial(parts.directory.remove, hub))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_add_cards(hass, entry, Path(__file__).parent / "frontend")
    if hub.radio is not None:
        hub.radio.start()
    update_keyless_issue(hass, entry)
    if (ccu_id := hub.info.ccu_id) is not None:
        confirm_later(hass, entry, partial(parts.keys.async_confirm, ccu_id))
    loaded_settings = _entry_settings(entry)

    async def update_listener(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> None:
        """Add and remove outlets without a reload; reload for any other change."""
        if _entry_settings(entry) != loaded_settings or _has_changed_outlet(entry):
            hass.config_entries.async_schedule_reload(entry.entry_id)
            return
        for device_id in hub.outlets.sync(outlet_settings(entry)):
            hub.notifier.outlet_listeners.pop(device_id, None)
        hub.notifier.hub_changed()
        parts.directory.update_outlets()

    entry.async_on_unload(entry.add_update_listener(update_listener))
    await update_listener(hass, entry)  # an outlet may have been added since the set-up began
    return True


def _entry_settings(entry: ConfigEntry) -> tuple[object, ...]:
    return (entry.title, dict(entry.data), dict(entry.options))


def _has_changed_outlet(entry: SmartOutletConfigEntry) -> bool:
    """Return whether the settings of a loaded outlet have changed."""
    loaded = entry.runtime_data.model.outlets
    return any(
        device_id in loaded and loaded[device_id].settings != settings
        for device_id, (_, settings) in outlet_settings(entry).items()
    )


async def async_unload_entry(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> bool:
    """Unload a hub."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        hub = entry.runtime_data
        if hub.radio is not None:
            await hub.radio.async_stop()
        await hub.store.async_close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> None:
    """Delete the key, the stored data and the issue of a hub."""
    parts = hass.data[DOMAIN_PARTS]
    if (ccu_id := entry.data.get(CONF_CCU_ID)) is not None:
        await parts.keys.async_remove(ccu_id)
    await parts.meters.async_remove(entry.entry_id)
    await HubStore(hass, entry.entry_id, dict).async_remove()
    delete_keyless_issue(hass, entry)
    await async_remove_cards(hass, entry)
