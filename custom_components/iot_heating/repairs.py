"""Repair issues: a controller that is offline for a day, files that cannot be written, a price in an unknown unit."""

from datetime import datetime

from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ._lib.entity_fix import fix_flow
from .const import DOMAIN

_LEARN_MORE_URL = "https://heat-suite.github.io/heat-suite/iot_heating/#troubleshooting"


def _offline_issue_id(device_id: str) -> str:
    return f"controller_offline_{device_id}"


@callback
def async_create_offline_issue(hass: HomeAssistant, device_id: str, name: str, building: str, since: datetime) -> None:
    """Create the issue of a controller that has been offline for a day."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _offline_issue_id(device_id),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="controller_offline",
        translation_placeholders={
            "name": name,
            "device_id": device_id,
            "building": building,
            "since": dt_util.as_local(since).strftime("%Y-%m-%d %H:%M"),
        },
        learn_more_url=_LEARN_MORE_URL,
    )


@callback
def async_delete_offline_issue(hass: HomeAssistant, device_id: str) -> None:
    """Delete the issue: the controller is online, or was removed."""
    ir.async_delete_issue(hass, DOMAIN, _offline_issue_id(device_id))


def _price_unit_issue_id(entry_id: str) -> str:
    return f"price_unit_unknown_{entry_id}"


@callback
def async_create_price_unit_issue(hass: HomeAssistant, entry_id: str, name: str, entity_id: str, unit: str) -> None:
    """Create the issue of a price sensor whose unit is not known."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _price_unit_issue_id(entry_id),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="price_unit_unknown",
        translation_placeholders={"name": name, "entity": entity_id, "unit": unit},
        learn_more_url=_LEARN_MORE_URL,
    )


@callback
def async_delete_price_unit_issue(hass: HomeAssistant, entry_id: str) -> None:
    """Delete the issue: the unit is known, or the sensor is no longer used."""
    ir.async_delete_issue(hass, DOMAIN, _price_unit_issue_id(entry_id))


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of a fixable issue; Home Assistant requires this function of a repairs platform."""
    return fix_flow(DOMAIN, issue_id)
