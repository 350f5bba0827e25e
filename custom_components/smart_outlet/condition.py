"""Conditions: whether an outlet is in one of its bad states now."""

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
    """Holds while entities of ours with a certain key are in a certain state."""

    _primary_entities_only = False
    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Our entities of that key among those that are meant."""
        registry = er.async_get(self._hass)
        known = ((entity_id, registry.async_get(entity_id)) for entity_id in super().entity_filter(entities))
        return {
            entity_id
            for entity_id, entry in known
            if entry is not None and entry.platform == DOMAIN and entry.translation_key == self._key
        }


def _condition(domain: str, key: str, state: str) -> type[Condition]:
    class OneCondition(SmartOutletCondition):
        """Holds while one kind of entity is in one state."""

        _domain_specs = {domain: DomainSpec()}
        _key = key
        _states = {state}

    return OneCondition


CONDITIONS: dict[str, type[Condition]] = {
    "cut_is_running": _condition(SENSOR_DOMAIN, "cut_state", "running"),
    "is_offline": _condition(BINARY_SENSOR_DOMAIN, "offline", STATE_ON),
    "is_over_threshold": _condition(BINARY_SENSOR_DOMAIN, "threshold_exceeded", STATE_ON),
    "is_overloaded": _condition(BINARY_SENSOR_DOMAIN, "overload", STATE_ON),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
