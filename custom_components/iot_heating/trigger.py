"""Triggers: controllers that go offline, come back online or are discovered; sessions; results of commands.

Sessions and commands are events of the event entities, the connection is the state of the connectivity sensor.
"""

from typing import Any, ClassVar, cast, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    EntityTransitionTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerActionRunner,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import probatio as vol

from .const import DOMAIN, EVENT_DISCOVERED
from .protocol.commands import CommandStatus


class _OwnEntityTrigger(EntityTriggerBase):
    """A trigger on entities of this integration with one key."""

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


class _EventTrigger(_OwnEntityTrigger, StatelessEntityTriggerBase):
    """Fires on events of one type."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _type: ClassVar[str]

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Whether the event is of the type."""
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) == self._type


class _ConnectivityTrigger(_OwnEntityTrigger, EntityTransitionTriggerBase):
    """Fires when controllers go offline or come back online."""

    _domain_specs = {BINARY_SENSOR_DOMAIN: DomainSpec()}
    _key = "connectivity"


def _on_event(key: str, event_type: str) -> type[Trigger]:
    class EventTypeTrigger(_EventTrigger):
        """Fires on one type of one event entity."""

        _key = key
        _type = event_type

    return EventTypeTrigger


def _on_connectivity(before: str, after: str) -> type[Trigger]:
    class ChangeTrigger(_ConnectivityTrigger):
        """Fires on one change."""

        _from_states = {before}
        _to_states = {after}

    return ChangeTrigger


class DiscoveredTrigger(Trigger):
    """Fires when an unregistered controller calls for the first time."""

    _schema: ClassVar[vol.Schema] = vol.Schema({})

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate the configuration, which has no options."""
        return cast("ConfigType", cls._schema(config))

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Subscribe to the bus event."""

        @callback
        def run(event: Event[dict[str, Any]]) -> None:
            run_action(dict(event.data), f"discovered controller {event.data['device_id']}", event.context)

        return self._hass.bus.async_listen(EVENT_DISCOVERED, run)


TRIGGERS: dict[str, type[Trigger]] = {
    "came_back": _on_connectivity(STATE_OFF, STATE_ON),
    "command_confirmed": _on_event("command_event", CommandStatus.CONFIRMED),
    "command_failed": _on_event("command_event", CommandStatus.FAILED),
    "controller_discovered": DiscoveredTrigger,
    "session_ended": _on_event("session_event", "ended"),
    "session_started": _on_event("session_event", "started"),
    "went_offline": _on_connectivity(STATE_ON, STATE_OFF),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
