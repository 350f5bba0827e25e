"""Edge Telemetry: devices that publish JSON over MQTT become sensors, and their messages are archived in a database."""

from pathlib import Path

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType

from ._lib.cards import async_add_cards, async_remove_cards
from .command_sender import command_store
from .const import DOMAIN, PLATFORMS
from .data import EdgeConfigEntry, create_data
from .device_directory import device_store
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
    entry.runtime_data = data = create_data(hass, entry)
    await data.commands.async_load()
    await data.devices.async_load()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await data.hub.async_start()
    await async_add_cards(hass, entry, Path(__file__).parent / "frontend")
    return True


async def async_unload_entry(hass: HomeAssistant, entry: EdgeConfigEntry) -> bool:
    """Unload an entry; the archive's queue is written."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.hub.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: EdgeConfigEntry) -> None:
    """Remove the stored devices and commands; the archive belongs to the user and stays."""
    await device_store(hass, entry.entry_id).async_remove()
    await command_store(hass, entry.entry_id).async_remove()
    await async_remove_cards(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: EdgeConfigEntry, device_entry: AnyDeviceEntry
) -> bool:
    """Remove an offline device; the entry's own device and systems with devices cannot be removed."""
    devices = entry.runtime_data.devices
    if (device := devices.find(device_entry.identifiers)) is not None:
        if device.online:
            return False
        devices.remove(device)
        return True
    if (DOMAIN, entry.entry_id) in device_entry.identifiers:
        return False
    registry = dr.async_get(hass)
    return not any(
        other.via_device_id == device_entry.id for other in dr.async_entries_for_config_entry(registry, entry.entry_id)
    )
