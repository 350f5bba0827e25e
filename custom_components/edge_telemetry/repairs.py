"""Repair issues: a device limit that was reached, an archive or commands that cannot be written; no fixes here."""

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

ARCHIVE_UNAVAILABLE = "archive_unavailable"
STORAGE_FAILED = "storage_failed"
TOO_MANY_DEVICES = "too_many_devices"


@callback
def update_archive_issue(hass: HomeAssistant, entry_id: str, title: str, error: str | None) -> None:
    """Report that the archive cannot be written; without an error, delete the issue."""
    _update(hass, ARCHIVE_UNAVAILABLE, entry_id, title, error)


@callback
def update_storage_issue(hass: HomeAssistant, entry_id: str, title: str, error: str | None) -> None:
    """Report that commands cannot be stored; without an error, delete the issue."""
    _update(hass, STORAGE_FAILED, entry_id, title, error)


@callback
def create_device_limit_issue(hass: HomeAssistant, entry_id: str, title: str, limit: int) -> None:
    """Report that a device was rejected because there are too many."""
    _create(hass, TOO_MANY_DEVICES, entry_id, {"title": title, "limit": str(limit)})


@callback
def delete_device_limit_issue(hass: HomeAssistant, entry_id: str) -> None:
    """Delete the issue; it returns with the next device beyond the limit."""
    ir.async_delete_issue(hass, DOMAIN, f"{TOO_MANY_DEVICES}_{entry_id}")


def _update(hass: HomeAssistant, key: str, entry_id: str, title: str, error: str | None) -> None:
    if error is None:
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry_id}")
    else:
        _create(hass, key, entry_id, {"title": title, "error": error})


def _create(hass: HomeAssistant, key: str, entry_id: str, placeholders: dict[str, str]) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{key}_{entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=placeholders,
    )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return Home Assistant's default flow, which only confirms."""
    return ConfirmRepairFlow()
