"""A repair issue for a controller that has been silent for a day."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .controller import Controller

_AFTER: Final = timedelta(days=1)


def _issue_id(device_id: str) -> str:
    return f"controller_silent_{device_id}"


@callback
def async_check_silent(
    hass: HomeAssistant, building: str, controller: Controller, started: datetime, now: datetime
) -> None:
    """Raise the issue once a controller has been silent for a day."""
    since = controller.last_seen or started
    if now - since < _AFTER:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(controller.device_id),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="controller_silent",
        translation_placeholders={
            "name": controller.name,
            "device_id": controller.device_id,
            "building": building,
            "since": dt_util.as_local(since).strftime("%Y-%m-%d %H:%M"),
        },
        learn_more_url="https://github.com/heat-suite/heat-suite/blob/main/docs/iot_heating.md#trouble",
    )


@callback
def async_forget_silent(hass: HomeAssistant, device_id: str) -> None:
    """The controller called again, or is no longer ours."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(device_id))
