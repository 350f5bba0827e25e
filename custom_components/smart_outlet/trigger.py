"""Triggers: alerts, and the end of an emergency power-off.

They watch the event entities, which are written at once, one state per event.
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

from .const import DOMAIN, POWER_OFF_EVENT_TYPES
from .model.alerts import AlertType


class SmartOutletEventTrigger(StatelessEntityTriggerBase):
    """Triggers on some event types of this integration's event entities."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _key: ClassVar[str] = "alert"
    _types: ClassVar[frozenset[str]]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the targeted event entities of this integration."""
        registry = er.async_get(self._hass)
        entries = ((entity_id, registry.async_get(entity_id)) for entity_id in super().entity_filter(entities))
        return {
            entity_id
            for entity_id, entry in entries
            if entry is not None and entry.platform == DOMAIN and entry.translation_key == self._key
        }

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether the event is new; two events within a millisecond have the same state but not the same ID."""
        return from_state.state != to_state.state or from_state.attributes.get("id") != to_state.attributes.get("id")

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Return whether the event has one of the types."""
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in self._types


def _trigger(*types: str, key: str = "alert") -> type[Trigger]:
    class EventTypeTrigger(SmartOutletEventTrigger):
        """Triggers on the given event types."""

        _key = key
        _types = frozenset(types)

    return EventTypeTrigger


_POWER_OFF_FINISHED = _trigger(*POWER_OFF_EVENT_TYPES, key="power_off")

TRIGGERS: dict[str, type[Trigger]] = {
    "command_failed": _trigger(AlertType.COMMAND_FAILED),
    # Former name of power_off_finished, for existing automations.
    "cut_finished": _POWER_OFF_FINISHED,
    "main_threshold_exceeded": _trigger(AlertType.MAIN_THRESHOLD),
    "overload_tripped": _trigger(AlertType.OVERLOAD),
    "power_off_finished": _POWER_OFF_FINISHED,
    "threshold_exceeded": _trigger(AlertType.THRESHOLD),
    "threshold_mismatch": _trigger(AlertType.THRESHOLD_MISMATCH),
    "went_offline": _trigger(AlertType.OFFLINE),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
