"""Issues that the user can do something about."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_KEYLESS, CONF_SOURCE_ADDRESS, DOMAIN


@callback
def update_keyless_issue(hass: HomeAssistant, entry: ConfigEntry, *, removed: bool = False) -> None:
    """Have an issue stand as long as a unit is let in without a key."""
    issue_id = f"keyless_{entry.entry_id}"
    if removed or not entry.data.get(CONF_KEYLESS):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        is_persistent=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="ccu_without_key",
        translation_placeholders={"name": entry.title, "address": entry.data[CONF_SOURCE_ADDRESS]},
    )
