"""Repair issues."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_ACCEPT_WITHOUT_KEY, CONF_SOURCE_ADDRESS, DOMAIN


@callback
def update_keyless_issue(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Create or delete the issue about a CCU that is accepted without a key."""
    if not entry.data.get(CONF_ACCEPT_WITHOUT_KEY):
        delete_keyless_issue(hass, entry)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _keyless_id(entry),
        is_fixable=False,
        is_persistent=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="ccu_without_key",
        translation_placeholders={"name": entry.title, "address": entry.data[CONF_SOURCE_ADDRESS]},
    )


@callback
def delete_keyless_issue(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the issue about a CCU that is accepted without a key."""
    ir.async_delete_issue(hass, DOMAIN, _keyless_id(entry))


def _keyless_id(entry: ConfigEntry) -> str:
    return f"keyless_{entry.entry_id}"


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
