# Generated from lib/own_entities.py by scripts/build: edit that file, not this one.
"""Triggers and conditions that apply to an integration's own entities.

    CONDITIONS = {"is_offline": state_condition(DOMAIN, "binary_sensor", "offline", STATE_ON)}
    TRIGGERS = {
        "went_offline": transition_trigger(DOMAIN, "binary_sensor", "connectivity", STATE_ON, STATE_OFF),
        "overload_tripped": event_trigger(DOMAIN, "alert", "overload"),
    }

The target of an automation may be an area or a device with many entities; only those of the integration with the
given translation key count. Other base classes (numerical ones, for example) use the mixin `OwnEntities`, whose class
keywords are the same: ``class RoomTrigger(OwnEntities, NumericalBase, integration=DOMAIN, key="zone")``.
"""

from typing import Any, ClassVar, override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase
from homeassistant.helpers.trigger import (
    EntityTransitionTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)


def own_entities(hass: HomeAssistant, entity_ids: set[str], integration: str, key: str) -> set[str]:
    """Return the entities of an integration with a translation key, of all that a target holds."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entity_ids
        if (entry := registry.async_get(entity_id)) is not None
        and entry.platform == integration
        and entry.translation_key == key
    }


class OwnEntities:
    """Mixin: restrict an entity trigger or condition to own entities. List it before HA's base class."""

    # Own entities are chosen by their key: diagnostic ones are among them.
    _primary_entities_only: ClassVar[bool] = False
    _hass: HomeAssistant
    _integration: ClassVar[str]
    _key: ClassVar[str]

    def __init_subclass__(cls, *, integration: str | None = None, key: str | None = None, **kwargs: Any) -> None:
        """Set the integration and the translation key of the entities."""
        super().__init_subclass__(**kwargs)
        if integration is not None:
            cls._integration = integration
        if key is not None:
            cls._key = key

    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the own entities among those of the target."""
        base: Any = super()  # the class of HA that the mixin is combined with
        return own_entities(self._hass, base.entity_filter(entities), self._integration, self._key)


def state_condition(integration: str, domain: str, key: str, *states: str) -> type[Condition]:
    """Return a condition that is met while entities are in one of these states."""

    class OwnStateCondition(OwnEntities, EntityStateConditionBase, integration=integration, key=key):
        """Met while own entities are in one of some states."""

        _domain_specs = {domain: DomainSpec()}
        _states = {str(state) for state in states}

    return OwnStateCondition


def transition_trigger(integration: str, domain: str, key: str, from_state: str, to_state: str) -> type[Trigger]:
    """Return a trigger that fires when entities change from one state to another."""

    class OwnTransitionTrigger(OwnEntities, EntityTransitionTriggerBase, integration=integration, key=key):
        """Fires on one state change of own entities."""

        _domain_specs = {domain: DomainSpec()}
        _from_states = {from_state}
        _to_states = {to_state}

    return OwnTransitionTrigger


def event_trigger(integration: str, key: str, *event_types: str) -> type[Trigger]:
    """Return a trigger that fires on events of these types from event entities."""

    class OwnEventTrigger(OwnEntities, StatelessEntityTriggerBase, integration=integration, key=key):
        """Fires on some event types of own event entities."""

        _domain_specs = {EVENT_DOMAIN: DomainSpec()}

        @override
        def is_valid_transition(self, from_state: State, to_state: State) -> bool:
            """Return whether the states are different events.

            Two events within a millisecond have the same state, but not the same `id` attribute, where there is one.
            """
            return (from_state.state, from_state.attributes.get("id")) != (
                to_state.state,
                to_state.attributes.get("id"),
            )

        @override
        def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
            """Return whether the event is of one of the types."""
            return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in event_types

    return OwnEventTrigger
