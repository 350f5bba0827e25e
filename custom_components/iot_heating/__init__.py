"""Smart Heating: ESP32 heating controllers that poll Home Assistant for their configuration."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .book import BOOK, SessionBook
from .const import DOMAIN, MANUFACTURER, PLATFORMS
from .coordinator import Building, IotHeatingConfigEntry
from .discovery import DISCOVERIES, Discoveries
from .registry import REGISTRY, Registry
from .services import async_setup_services
from .sources import SOURCES, Sources
from .telemetry_log import LOG, TelemetryLog
from .views import async_register_views

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Load what is known for good, open the HTTP APIs and register the actions."""
    hass.data[REGISTRY] = registry = Registry(hass)
    await registry.async_load()
    hass.data[BOOK] = SessionBook(hass)
    hass.data[LOG] = TelemetryLog(hass)
    hass.data[DISCOVERIES] = Discoveries(hass)
    hass.data[SOURCES] = Sources()
    async_register_views(hass)
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> bool:
    """Set up a building."""
    registry = hass.data[REGISTRY]
    await registry.async_add_building(entry.entry_id)
    device = _building_device(hass, entry)
    entry.runtime_data = building = Building(hass, entry, registry, device.id)
    hass.data[LOG].want(entry.entry_id, building.options)
    await building.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    hass.data[DISCOVERIES].ask_again()
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    # Other integrations, and controllers, see the controllers of entries that are loaded, no others.
    entry.async_on_unload(entry.async_on_state_change(building.entry_state_changed))
    entry.async_on_unload(registry.changed)
    return True


def _building_device(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> dr.DeviceEntry:
    """The building's own device, called as the entry is."""
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        manufacturer=MANUFACTURER,
        name=entry.title,
    )


async def async_unload_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> bool:
    """Unload a building; its controllers go on getting their configuration."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await hass.data[LOG].async_unwant(entry.entry_id)
    book = hass.data[BOOK]
    if hass.config_entries.async_loaded_entries(DOMAIN) in ([], [entry]):
        await book.async_close()
    else:
        await book.async_write([controller.number for controller in entry.runtime_data.controllers.values()])
    return True


async def async_remove_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> None:
    """Forget a building, the keys of its controllers and their sessions."""
    registry = hass.data[REGISTRY]
    numbers = [record.number for record in registry.devices_of(entry.entry_id)]
    await registry.async_remove_building(entry.entry_id)
    await hass.data[BOOK].async_remove(numbers)


async def _async_entry_updated(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> None:
    """The building or a controller changed: follow, where possible without a reload of all controllers."""
    _building_device(hass, entry)
    if entry.runtime_data.needs_reload:
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    await entry.runtime_data.async_sync_controllers()
