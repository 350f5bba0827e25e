"""Conditions: states of outlets and of the emergency power-off."""

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition

from ._lib.own_entities import state_condition
from .const import DOMAIN

_POWER_OFF_IN_PROGRESS = state_condition(DOMAIN, SENSOR_DOMAIN, "power_off_state", "running")

CONDITIONS: dict[str, type[Condition]] = {
    # Former name of is_power_off_in_progress, for existing automations.
    "cut_is_running": _POWER_OFF_IN_PROGRESS,
    "is_offline": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "offline", STATE_ON),
    "is_over_threshold": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "threshold_exceeded", STATE_ON),
    "is_overloaded": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "overload", STATE_ON),
    "is_power_off_in_progress": _POWER_OFF_IN_PROGRESS,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
