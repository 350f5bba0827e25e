"""Repairs: what the user has to know of and nobody else can mend."""

from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .api.errors import NotAllowedError
from .api.families import GENERIC_NAME
from .const import DOMAIN

if TYPE_CHECKING:
    from .coordinator import EcoflowCoordinator

CLOCK_TOLERANCE_S: Final = 60.0
_DOCS: Final = "https://github.com/heat-suite/heat-suite/blob/main/docs/ecoflow.md"


@callback
def async_check_clock(hass: HomeAssistant, entry: ConfigEntry, offset_s: float) -> None:
    """Tell of a clock that differs from the cloud's so much that the signature had to be corrected."""
    issue_id = f"clock_skew_{entry.entry_id}"
    if abs(offset_s) < CLOCK_TOLERANCE_S:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="clock_skew",
        translation_placeholders={"seconds": str(round(abs(offset_s)))},
    )


@callback
def async_key_in_use(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell of somebody else who uses the same key."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"key_in_use_{entry.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="key_in_use",
        translation_placeholders={"account": entry.title},
        learn_more_url=f"{_DOCS}#one-key-one-home-assistant",
    )


@callback
def async_key_is_ours(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Withdraw it: nobody else has shown for long."""
    ir.async_delete_issue(hass, DOMAIN, f"key_in_use_{entry.entry_id}")


@callback
def async_check_device(hass: HomeAssistant, coordinator: EcoflowCoordinator, sn: str) -> None:
    """Tell of a device that is not known, or that may not be read."""
    client = coordinator.client
    device = client.states[sn].device
    placeholders = {"device": device.name, "product": device.product or "?"}
    unknown = bool(client.states[sn].values) and client.family(sn).name == GENERIC_NAME
    _set(hass, f"unknown_device_{sn}", "unknown_device", placeholders if unknown else None)
    refused = isinstance(client.errors.get(sn), NotAllowedError)
    _set(hass, f"not_allowed_{sn}", "not_allowed", placeholders if refused else None)


def _set(hass: HomeAssistant, issue_id: str, key: str, placeholders: dict[str, str] | None) -> None:
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
        learn_more_url=f"{_DOCS}#models",
    )


@callback
def async_forget_device(hass: HomeAssistant, sn: str) -> None:
    """Withdraw what was told of a device that is gone."""
    for prefix in ("unknown_device", "not_allowed"):
        ir.async_delete_issue(hass, DOMAIN, f"{prefix}_{sn}")


@callback
def async_forget_account(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Withdraw what was told of an account."""
    for prefix in ("clock_skew", "key_in_use"):
        ir.async_delete_issue(hass, DOMAIN, f"{prefix}_{entry.entry_id}")
