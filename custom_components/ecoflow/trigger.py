"""Triggers: the grid supply was lost or restored."""

from typing import override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.components.event.const import EventEntityStateAttribute
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import NotTriggeredReasonReporter, StatelessEntityTriggerBase, Trigger

from .const import DOMAIN
from .event import GRID, LOST, RESTORED


class _GridTrigger(StatelessEntityTriggerBase):
    """Triggers with a grid event."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _event_type = ""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the grid events of this integration among the targeted entities."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entry := registry.async_get(entity_id)) is not None
            and entry.platform == DOMAIN
            and entry.translation_key == GRID.key
        }

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Whether the state is an event of this trigger's type."""
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) == self._event_type


class GridLostTrigger(_GridTrigger):
    """Triggers when the grid supply is lost."""

    _event_type = LOST


class GridRestoredTrigger(_GridTrigger):
    """Triggers when the grid supply is restored."""

    _event_type = RESTORED


TRIGGERS: dict[str, type[Trigger]] = {"grid_lost": GridLostTrigger, "grid_restored": GridRestoredTrigger}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of this integration."""
    return TRIGGERS
