"""Triggers: alerts, and the end of an emergency power-off.

They watch the event entities, which are written at once, one state per event.
"""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import Trigger

from ._lib.own_entities import event_trigger
from .const import DOMAIN, POWER_OFF_EVENT_TYPES
from .model.alerts import AlertType

_POWER_OFF_FINISHED = event_trigger(DOMAIN, "power_off", *POWER_OFF_EVENT_TYPES)

TRIGGERS: dict[str, type[Trigger]] = {
    "command_failed": event_trigger(DOMAIN, "alert", AlertType.COMMAND_FAILED),
    # Former name of power_off_finished, for existing automations.
    "cut_finished": _POWER_OFF_FINISHED,
    "main_threshold_exceeded": event_trigger(DOMAIN, "alert", AlertType.MAIN_THRESHOLD),
    "overload_tripped": event_trigger(DOMAIN, "alert", AlertType.OVERLOAD),
    "power_off_finished": _POWER_OFF_FINISHED,
    "threshold_exceeded": event_trigger(DOMAIN, "alert", AlertType.THRESHOLD),
    "threshold_mismatch": event_trigger(DOMAIN, "alert", AlertType.THRESHOLD_MISMATCH),
    "went_offline": event_trigger(DOMAIN, "alert", AlertType.OFFLINE),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
