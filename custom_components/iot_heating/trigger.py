"""Triggers: controllers that go offline, come back online or are discovered; sessions; results of commands."""

from typing import Any, ClassVar, cast, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.const import CONF_OPTIONS, STATE_OFF, STATE_ON
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.trigger import Trigger, TriggerActionRunner, TriggerNotTriggeredReporter
from homeassistant.helpers.typing import ConfigType
import probatio as vol

from ._lib.own_entities import event_trigger, transition_trigger
from .const import DOMAIN, EVENT_DISCOVERED
from .protocol.commands import CommandStatus


class DiscoveredTrigger(Trigger):
    """Fires when an unregistered controller calls for the first time."""

    _schema: ClassVar[vol.Schema] = vol.Schema({vol.Optional(CONF_OPTIONS, default=dict): vol.Schema({})})

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
    "came_back": transition_trigger(DOMAIN, BINARY_SENSOR_DOMAIN, "connectivity", STATE_OFF, STATE_ON),
    "command_confirmed": event_trigger(DOMAIN, "command_event", CommandStatus.CONFIRMED),
    "command_failed": event_trigger(DOMAIN, "command_event", CommandStatus.FAILED),
    "controller_discovered": DiscoveredTrigger,
    "session_ended": event_trigger(DOMAIN, "session_event", "ended"),
    "session_started": event_trigger(DOMAIN, "session_event", "started"),
    "went_offline": transition_trigger(DOMAIN, BINARY_SENSOR_DOMAIN, "connectivity", STATE_ON, STATE_OFF),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
