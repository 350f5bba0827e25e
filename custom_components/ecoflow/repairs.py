"""Repair issues."""

import time
from typing import Final

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ._lib.entity_fix import fix_flow
from .api.client import EcoflowClient
from .api.errors import NotAllowedError
from .api.families.generic import GENERIC_FAMILY
from .const import DOMAIN

CLOCK_TOLERANCE_S: Final = 60.0
# Answers to commands of another client before the key counts as shared.
UNKNOWN_REPLIES_LIMIT: Final = 2
# The issue is removed when no other client has been noticed for this time.
KEY_EXCLUSIVE_AFTER_S: Final = 3600.0
_DOCS: Final = "https://heat-suite.github.io/heat-suite/ecoflow/"


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the repair flow of an issue."""
    return fix_flow(DOMAIN, issue_id)


def _update_issue(
    hass: HomeAssistant, issue_id: str, key: str, placeholders: dict[str, str] | None, docs_anchor: str = ""
) -> None:
    """Create an issue, or delete it if `placeholders` is None."""
    if placeholders is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=placeholders,
        learn_more_url=f"{_DOCS}#{docs_anchor}" if docs_anchor else None,
    )


@callback
def async_check_clock(hass: HomeAssistant, entry: ConfigEntry, offset_s: float) -> None:
    """Report a local clock that differs too much from the cloud's."""
    is_wrong = abs(offset_s) >= CLOCK_TOLERANCE_S
    placeholders = {"seconds": str(round(abs(offset_s)))} if is_wrong else None
    _update_issue(hass, f"clock_skew_{entry.entry_id}", "clock_skew", placeholders)


@callback
def async_update_archive(hass: HomeAssistant, entry: ConfigEntry, error: str | None) -> None:
    """Report that measurements cannot be archived; without an error, delete the issue."""
    placeholders = None if error is None else {"account": entry.title, "error": error}
    issue_id = f"archive_unavailable_{entry.entry_id}"
    _update_issue(hass, issue_id, "archive_unavailable", placeholders, "measurement-archive")


@callback
def async_check_device(hass: HomeAssistant, client: EcoflowClient, sn: str) -> None:
    """Report a device of an unknown model, or one that cannot be read."""
    state = client.states[sn]
    placeholders = {"device": state.device.name, "product": state.device.product or "?"}
    family = client.family(sn)
    is_unknown = bool(state.values) and (family.name == GENERIC_FAMILY or not family.is_certain)
    is_refused = isinstance(client.errors.get(sn), NotAllowedError)
    _update_issue(hass, f"unknown_device_{sn}", "unknown_device", placeholders if is_unknown else None, "models")
    _update_issue(hass, f"not_allowed_{sn}", "not_allowed", placeholders if is_refused else None, "models")


@callback
def async_delete_device_issues(hass: HomeAssistant, sn: str) -> None:
    """Delete the issues of a device."""
    for key in ("unknown_device", "not_allowed"):
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{sn}")


@callback
def async_delete_account_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the issues of an account."""
    for key in ("clock_skew", "key_in_use"):
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.entry_id}")


class SharedKeyMonitor:
    """Reports another client that uses the same access key."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Start without another client."""
        self._hass = hass
        self._entry = entry
        self._unknown_replies = 0
        self._noticed_at: float | None = None

    @callback
    def unknown_reply(self) -> None:
        """Record an answer of a device to a command of another client."""
        self._unknown_replies += 1
        if self._unknown_replies >= UNKNOWN_REPLIES_LIMIT:
            self.session_taken_over()

    @callback
    def session_taken_over(self) -> None:
        """Record that another client was noticed."""
        if self._noticed_at is None:
            self._update_issue({"account": self._entry.title})
        self._noticed_at = time.monotonic()

    @callback
    def check(self, *, connected: bool) -> None:
        """Delete the issue when the connection has been exclusive for long enough."""
        if self._noticed_at is None or not connected:
            return
        if time.monotonic() - self._noticed_at > KEY_EXCLUSIVE_AFTER_S:
            self._unknown_replies, self._noticed_at = 0, None
            self._update_issue(None)

    def _update_issue(self, placeholders: dict[str, str] | None) -> None:
        issue_id = f"key_in_use_{self._entry.entry_id}"
        _update_issue(self._hass, issue_id, "key_in_use", placeholders, "one-key-one-home-assistant")
