"""Conditions: how a rollout stands, how a device stands."""

from typing import ClassVar, Final, override

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.components.update import DOMAIN as UPDATE_DOMAIN
from homeassistant.const import STATE_OFF
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase

from .const import DOMAIN
from .rollout.models import RUNNING, JobState
from .rollout.plan import ENDED, Status


class OtaCondition(EntityStateConditionBase):
    """Holds while entities of ours with a certain key are in one of certain states."""

    _primary_entities_only = False
    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Our entities of that key among those that are meant, for example by their device."""
        registry = er.async_get(self._hass)
        known = ((entity_id, registry.async_get(entity_id)) for entity_id in super().entity_filter(entities))
        return {
            entity_id
            for entity_id, entry in known
            if entry is not None and entry.platform == DOMAIN and entry.translation_key == self._key
        }


def _condition(domain: str, key: str, *states: str) -> type[Condition]:
    class OneCondition(OtaCondition):
        """Holds while one kind of entity is in one of some states."""

        _domain_specs = {domain: DomainSpec()}
        _key = key
        _states = {str(state) for state in states}

    return OneCondition


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "device_has_failed": _condition(SENSOR_DOMAIN, "update_state", JobState.FAILED, JobState.ROLLED_BACK),
    "device_is_up_to_date": _condition(UPDATE_DOMAIN, "firmware", STATE_OFF),
    "device_is_updating": _condition(SENSOR_DOMAIN, "update_state", *RUNNING),
    "rollout_has_succeeded": _condition(SENSOR_DOMAIN, "status", Status.SUCCEEDED),
    "rollout_is_paused": _condition(SENSOR_DOMAIN, "status", Status.PAUSED),
    "rollout_is_running": _condition(SENSOR_DOMAIN, "status", Status.RUNNING),
    "rollout_is_scheduled": _condition(SENSOR_DOMAIN, "status", Status.SCHEDULED),
    "rollout_was_ended": _condition(SENSOR_DOMAIN, "status", *ENDED),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """All conditions."""
    return CONDITIONS
