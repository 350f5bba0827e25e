"""The repair issue of a source that does not confirm its release."""

from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN

PREFIX: Final = "not_released_"


def issue_id(subentry_id: str) -> str:
    """Return the id of a source's issue."""
    return f"{PREFIX}{subentry_id}"


def raise_issue(hass: HomeAssistant, subentry_id: str, name: str, error: str, entry_id: str | None) -> None:
    """Raise the issue; that of a source without its entry outlasts restarts."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(subentry_id),
        is_fixable=True,
        is_persistent=entry_id is None,
        severity=ir.IssueSeverity.ERROR,
        translation_key="not_released",
        translation_placeholders={"name": name, "error": error or "-"},
        data={"name": name} if entry_id is None else {"name": name, "entry_id": entry_id},
    )


def clear_issue(hass: HomeAssistant, subentry_id: str) -> None:
    """Clear the issue."""
    ir.async_delete_issue(hass, DOMAIN, issue_id(subentry_id))
