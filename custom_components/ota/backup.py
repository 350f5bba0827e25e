"""Backup: keep the database file unchanged while it is copied."""

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .data import OtaConfigEntry
from .storage import set_backup_running


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Save everything; later changes are only added to the write-ahead log of the database."""
    set_backup_running(hass, True)
    for entry in _loaded_entries(hass):
        await entry.runtime_data.hub.storage.async_begin_backup()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Allow changes of the database file again."""
    set_backup_running(hass, False)
    for entry in _loaded_entries(hass):
        await entry.runtime_data.hub.storage.async_end_backup()


def _loaded_entries(hass: HomeAssistant) -> list[OtaConfigEntry]:
    entries: list[OtaConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return entries
