"""The device of a building in Home Assistant's device registry."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from ..const import DOMAIN


def update_building_device(hass: HomeAssistant, entry: ConfigEntry) -> dr.DeviceEntry:
    """Create or rename the device of the building."""
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer=None,
        name=entry.title,
    )
