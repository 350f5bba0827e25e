"""Conditions: states of outlets and of the emergency power-off."""

from typing import ClassVar, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase

from .const import DOMAIN


class SmartOutletCondition(EntityStateConditionBase):
    """Tests the state of this integration's entities with a certain key."""

    _primary_entities_only = False
    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the targeted entities of this integration with the key."""
        registry = er.async_get(self._hass)
        entries = ((entity_id, registry.async_get(entity_id)) for entity_id in super().entity_filter(entities))
        return {
            entity_id
            for entity_id, entry in entries
            if entry is not None and entry.platform == DOMAIN and entry.translation_key == self._key
        }


def _condition(domain: str, key: str, state: str) -> type[Condition]:
    class StateCondition(SmartOutletCondition):
        """Tests one state of one entity key."""

        _domain_specs = {domain: DomainSpec()}
        _key = key
        _states = {state}

    return StateCondition


_POWER_OFF_IN_PROGRESS = _condition(SENSOR_DOMAIN, "power_off_state", "running")

CONDITIONS: dict[str, type[Condition]] = {
    # Former name of is_power_off_in_progress, for existing automations.
    "cut_is_running": _POWER_OFF_IN_PROGRESS,
    "is_offline": _condition(BINARY_SENSOR_DOMAIN, "offline", STATE_ON),
    "is_over_threshold": _condition(BINARY_SENSOR_DOMAIN, "threshold_exceeded", STATE_ON),
    "is_overloaded": _condition(BINARY_SENSOR_DOMAIN, "overload", STATE_ON),
    "is_power_off_in_progress": _POWER_OFF_IN_PROGRESS,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
