"""Triggers: the grid went or came back."""

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
    """Fires with a grid event of one of our devices."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _event_type = ""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Only our devices' grid events, of all that an area or a device holds."""
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
        """Whether this is the event that is waited for."""
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) == self._event_type


class GridLostTrigger(_GridTrigger):
    """The grid went."""

    _event_type = LOST


class GridRestoredTrigger(_GridTrigger):
    """The grid came back."""

    _event_type = RESTORED


TRIGGERS: dict[str, type[Trigger]] = {"grid_lost": GridLostTrigger, "grid_restored": GridRestoredTrigger}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of this integration."""
    return TRIGGERS
