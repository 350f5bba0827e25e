"""Backup: complete the stored state before it is copied, and keep its files meanwhile."""

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .data import OtaConfigEntry


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Write the whole state to a file that backups include, and stop deleting files."""
    for entry in _loaded_entries(hass):
        await entry.runtime_data.hub.storage.async_prepare_backup()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Allow deleting files again."""
    for entry in _loaded_entries(hass):
        entry.runtime_data.hub.storage.end_backup()


def _loaded_entries(hass: HomeAssistant) -> list[OtaConfigEntry]:
    entries: list[OtaConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return entries
