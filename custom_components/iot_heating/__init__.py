"""Smart Heating: ESP32 heating controllers that call Home Assistant for their configuration."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from ._lib.cards import async_add_cards, async_remove_cards
from ._lib.publisher import Publisher
from .const import DOMAIN, PLATFORMS
from .data import IotHeatingConfigEntry, IotHeatingData
from .hub import ControllerHub
from .runtime.building import Building
from .runtime.building_device import update_building_device
from .runtime.change_listeners import CHANGE_LISTENERS, ChangeListeners
from .runtime.discovery import DISCOVERY, ControllerDiscovery
from .runtime.options import BuildingOptions
from .runtime.voice import async_register_voice
from .runtime.weather_forecast import WeatherForecast
from .services import async_setup_services
from .storage.device_store import DEVICE_STORE, DeviceStore
from .storage.session_store import SESSION_STORE, SessionStore
from .storage.telemetry_archive import TELEMETRY_ARCHIVE, TelemetryArchive
from .views import async_register_views
from .websocket_api import async_register_commands

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Load the stores, register the HTTP views and the actions."""
    hass.data[DEVICE_STORE] = device_store = DeviceStore(hass)
    await device_store.async_load()
    hass.data[SESSION_STORE] = SessionStore(hass)
    hass.data[TELEMETRY_ARCHIVE] = TelemetryArchive(hass)
    hass.data[DISCOVERY] = ControllerDiscovery(hass)
    hass.data[CHANGE_LISTENERS] = ChangeListeners()
    async_register_views(hass)
    async_register_commands(hass)
    async_register_voice(hass)
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> bool:
    """Set up a building."""
    device_store = hass.data[DEVICE_STORE]
    await device_store.async_add_building(entry.entry_id)
    device = update_building_device(hass, entry)
    options = BuildingOptions.from_entry(dict(entry.options))
    hub = ControllerHub(
        hass,
        entry,
        options,
        device_store=device_store,
        session_store=hass.data[SESSION_STORE],
        change_listeners=hass.data[CHANGE_LISTENERS],
    )
    entry.runtime_data = IotHeatingData(
        Building(
            hass,
            entry.entry_id,
            device_id=device.id,
            options=options,
            store=device_store,
            controllers=hub.controllers,
        ),
        hub,
        hub.commands,
        WeatherForecast(hass, options.weather_entity),
        Publisher.for_entry(hass, entry),
    )
    if (limits := options.archive_limits) is not None:
        hass.data[TELEMETRY_ARCHIVE].add_building(entry.entry_id, limits)
    await hub.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_add_cards(hass, entry, Path(__file__).parent / "frontend")
    hass.data[DISCOVERY].restart_flows()
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    # Controllers and other integrations see the controllers of loaded entries only.
    entry.async_on_unload(entry.async_on_state_change(hub.entry_state_changed))
    entry.async_on_unload(device_store.mark_changed)
    await hub.async_sync()  # a controller may have been added since the set-up began
    return True


async def async_unload_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> bool:
    """Unload a building. Its controllers still get their configuration."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await hass.data[TELEMETRY_ARCHIVE].async_remove_building(entry.entry_id)
    session_store = hass.data[SESSION_STORE]
    if hass.config_entries.async_loaded_entries(DOMAIN) in ([], [entry]):
        await session_store.async_close()
    else:
        await session_store.async_save([c.number for c in entry.runtime_data.hub.controllers.values()])
    return True


async def async_remove_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> None:
    """Delete a building with the keys and sessions of its controllers."""
    device_store = hass.data[DEVICE_STORE]
    numbers = [record.number for record in device_store.devices_of(entry.entry_id)]
    await device_store.async_remove_building(entry.entry_id)
    await hass.data[SESSION_STORE].async_remove(numbers)
    await async_remove_cards(hass, entry)


async def _async_entry_updated(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> None:
    """Apply a change of the building or of a controller, where possible without a reload."""
    update_building_device(hass, entry)
    if entry.runtime_data.hub.needs_reload:
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    await entry.runtime_data.hub.async_sync()
