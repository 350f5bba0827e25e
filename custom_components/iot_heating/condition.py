"""Conditions on the state of controllers."""

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition

from ._lib.own_entities import state_condition
from .const import DOMAIN
from .protocol.configuration import Force

CONDITIONS: dict[str, type[Condition]] = {
    "is_forced": state_condition(DOMAIN, SELECT_DOMAIN, "control", Force.ON, Force.OFF),
    "is_heating": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "heating", STATE_ON),
    "is_offline": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "connectivity", STATE_OFF),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
