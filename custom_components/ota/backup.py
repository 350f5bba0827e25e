"""Home Assistant's backups: the journal's files stay while they are copied."""

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .coordinator import OtaConfigEntry


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Delete no file from now on; what is appended meanwhile does no harm."""
    _hold(hass, held=True)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Go on."""
    _hold(hass, held=False)


def _hold(hass: HomeAssistant, *, held: bool) -> None:
    entries: list[OtaConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        entry.runtime_data.storage.hold(held=held)
