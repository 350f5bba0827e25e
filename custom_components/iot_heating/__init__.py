"""Smart Heating: ESP32 heating controllers that poll Home Assistant for their configuration."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, MANUFACTURER, PLATFORMS
from .coordinator import Building, IotHeatingConfigEntry
from .registry import REGISTRY, Registry
from .views import async_register_views

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Load what is known for good and open the device-sync API."""
    hass.data[REGISTRY] = registry = Registry(hass)
    await registry.async_load()
    async_register_views(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> bool:
    """Set up a building."""
    registry = hass.data[REGISTRY]
    await registry.async_add_building(entry.entry_id)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        manufacturer=MANUFACTURER,
        name=entry.title,
    )
    entry.runtime_data = building = Building(hass, entry, registry, device.id)
    await building.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> bool:
    """Unload a building; its controllers go on getting their configuration."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> None:
    """Forget a building and the keys of its controllers."""
    await hass.data[REGISTRY].async_remove_building(entry.entry_id)


async def _async_entry_updated(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> None:
    """A controller was added, changed or removed: follow without a reload of all others."""
    await entry.runtime_data.async_sync_controllers()
