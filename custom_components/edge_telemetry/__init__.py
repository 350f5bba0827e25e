"""Edge Telemetry: whatever publishes JSON over MQTT becomes sensors, and goes into a real database."""

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, PLATFORMS
from .coordinator import EdgeConfigEntry, EdgeHub, async_forget
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EdgeConfigEntry) -> bool:
    """Set up an entry."""
    if not await mqtt.async_wait_for_mqtt_client(hass):
        raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="mqtt_not_available")
    hub = EdgeHub(hass, entry)
    await hub.async_load()
    entry.runtime_data = hub
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await hub.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: EdgeConfigEntry) -> bool:
    """Unload an entry; what waits for the archive is written."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: EdgeConfigEntry) -> None:
    """Forget devices and commands; the archive is the user's and stays."""
    await async_forget(hass, entry.entry_id)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: EdgeConfigEntry, device_entry: AnyDeviceEntry
) -> bool:
    """Let a device go that is silent; the hub and systems with devices stay."""
    hub = entry.runtime_data
    ids = {identifier for domain, identifier in device_entry.identifiers if domain == DOMAIN}
    for address, device in list(hub.devices.items()):
        if f"{entry.entry_id}_{device.id}" in ids:
            if device.online:
                return False
            hub.forget_device(address)
            return True
    if entry.entry_id in ids:
        return False
    registry = dr.async_get(hass)
    return not any(
        other.via_device_id == device_entry.id for other in dr.async_entries_for_config_entry(registry, entry.entry_id)
    )
