"""Conditions on the state of controllers."""

from typing import ClassVar, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase

from .const import DOMAIN
from .protocol.configuration import Force


class ControllerCondition(EntityStateConditionBase):
    """Passes while entities of this integration with one key are in one of some states."""

    _primary_entities_only = False
    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the targeted entities of this integration with that key."""
        registry = er.async_get(self._hass)
        targeted = ((entity_id, registry.async_get(entity_id)) for entity_id in super().entity_filter(entities))
        return {
            entity_id
            for entity_id, entry in targeted
            if entry is not None and entry.platform == DOMAIN and entry.translation_key == self._key
        }


def _condition(domain: str, key: str, *states: str) -> type[Condition]:
    class KeyCondition(ControllerCondition):
        """Passes for one key and some states."""

        _domain_specs = {domain: DomainSpec()}
        _key = key
        _states = set(states)

    return KeyCondition


CONDITIONS: dict[str, type[Condition]] = {
    "is_forced": _condition(SELECT_DOMAIN, "control", Force.ON, Force.OFF),
    "is_heating": _condition(BINARY_SENSOR_DOMAIN, "heating", STATE_ON),
    "is_offline": _condition(BINARY_SENSOR_DOMAIN, "connectivity", STATE_OFF),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
