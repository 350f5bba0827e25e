"""Backup: keep the files of the journal while they are copied."""

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .data import OtaConfigEntry


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Stop deleting files; appending to them is harmless."""
    _set_backup_running(hass, True)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Allow deleting files again."""
    _set_backup_running(hass, False)


def _set_backup_running(hass: HomeAssistant, running: bool) -> None:
    entries: list[OtaConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        entry.runtime_data.hub.storage.set_backup_running(running)
