"""Conditions for rollouts and device updates."""

from typing import Final

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.components.update import DOMAIN as UPDATE_DOMAIN
from homeassistant.const import STATE_OFF
from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition

from ._lib.own_entities import state_condition
from .const import DOMAIN
from .rollout.models import RUNNING, JobState
from .rollout.plan import ENDED, Status

CONDITIONS: Final[dict[str, type[Condition]]] = {
    "device_has_failed": state_condition(DOMAIN, SENSOR_DOMAIN, "update_state", JobState.FAILED, JobState.ROLLED_BACK),
    "device_is_up_to_date": state_condition(DOMAIN, UPDATE_DOMAIN, "firmware", STATE_OFF),
    "device_is_updating": state_condition(DOMAIN, SENSOR_DOMAIN, "update_state", *RUNNING),
    "rollout_has_succeeded": state_condition(DOMAIN, SENSOR_DOMAIN, "status", Status.SUCCEEDED),
    "rollout_is_paused": state_condition(DOMAIN, SENSOR_DOMAIN, "status", Status.PAUSED),
    "rollout_is_running": state_condition(DOMAIN, SENSOR_DOMAIN, "status", Status.RUNNING),
    "rollout_is_scheduled": state_condition(DOMAIN, SENSOR_DOMAIN, "status", Status.SCHEDULED),
    "rollout_was_ended": state_condition(DOMAIN, SENSOR_DOMAIN, "status", *ENDED),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
