"""Conditions for rollouts and device updates."""

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
    """Tests the state of entities of this integration with a certain key."""

    _primary_entities_only = False
    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the entities of this integration and key among the targets."""
        registry = er.async_get(self._hass)
        known = ((entity_id, registry.async_get(entity_id)) for entity_id in super().entity_filter(entities))
        return {
            entity_id
            for entity_id, entry in known
            if entry is not None and entry.platform == DOMAIN and entry.translation_key == self._key
        }


def _condition(domain: str, key: str, *states: str) -> type[Condition]:
    class StateCondition(OtaCondition):
        """Tests one type of entity for certain states."""

        _domain_specs = {domain: DomainSpec()}
        _key = key
        _states = {str(state) for state in states}

    return StateCondition


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
    """Return the conditions."""
    return CONDITIONS
