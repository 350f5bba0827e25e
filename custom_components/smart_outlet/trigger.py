"""Triggers: alerts as they happen, and the end of a power cut.

They watch the event entities, which are written at once, one state per alert.
"""

from typing import ClassVar, override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)

from .const import DOMAIN
from .event import CUT_TYPES
from .model.alerts import AlertKind


class SmartOutletEventTrigger(StatelessEntityTriggerBase):
    """Fires on events of some types from event entities of ours."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _key: ClassVar[str] = "alert"
    _types: ClassVar[frozenset[str]]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Our event entities among those that are meant."""
        registry = er.async_get(self._hass)
        known = ((entity_id, registry.async_get(entity_id)) for entity_id in super().entity_filter(entities))
        return {
            entity_id
            for entity_id, entry in known
            if entry is not None and entry.platform == DOMAIN and entry.translation_key == self._key
        }

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Two events within a millisecond have the same state, but not the same id."""
        return from_state.state != to_state.state or from_state.attributes.get("id") != to_state.attributes.get("id")

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Whether the event is of one of the types."""
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in self._types


def _trigger(*types: str, key: str = "alert") -> type[Trigger]:
    class OneTrigger(SmartOutletEventTrigger):
        """Fires on some types of events."""

        _key = key
        _types = frozenset(types)

    return OneTrigger


TRIGGERS: dict[str, type[Trigger]] = {
    "command_failed": _trigger(AlertKind.COMMAND_FAILED),
    "cut_finished": _trigger(*CUT_TYPES, key="power_cut"),
    "main_threshold_exceeded": _trigger(AlertKind.MAIN_THRESHOLD),
    "overload_tripped": _trigger(AlertKind.OVERLOAD),
    "threshold_exceeded": _trigger(AlertKind.THRESHOLD),
    "threshold_mismatch": _trigger(AlertKind.THRESHOLD_MISMATCH),
    "went_offline": _trigger(AlertKind.OFFLINE),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
