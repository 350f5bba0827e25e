"""Repair issues."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_ACCEPT_WITHOUT_KEY, CONF_SOURCE_ADDRESS, DOMAIN


@callback
def update_keyless_issue(hass: HomeAssistant, entry: ConfigEntry, *, removed: bool = False) -> None:
    """Create or delete the issue about a CCU that is accepted without a key."""
    issue_id = f"keyless_{entry.entry_id}"
    if removed or not entry.data.get(CONF_ACCEPT_WITHOUT_KEY):
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


@callback
def create_outlet_conflict_issue(hass: HomeAssistant, device_id: str, hub_names: list[str]) -> None:
    """Create the issue about an outlet that is reported by several hubs."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _outlet_conflict_id(device_id),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="outlet_reported_by_several_hubs",
        translation_placeholders={"device_id": device_id, "hubs": ", ".join(hub_names)},
    )


@callback
def delete_outlet_conflict_issue(hass: HomeAssistant, device_id: str) -> None:
    """Delete the issue about an outlet that is reported by several hubs."""
    ir.async_delete_issue(hass, DOMAIN, _outlet_conflict_id(device_id))


def _outlet_conflict_id(device_id: str) -> str:
    return f"outlet_claimed_twice_{device_id}"
