"""Triggers for changed updates and rollouts and for added releases."""

from typing import Any, Final, cast, override

from homeassistant.const import CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.trigger import Trigger, TriggerActionRunner, TriggerConfig, TriggerNotTriggeredReporter
from homeassistant.helpers.typing import ConfigType
import probatio as vol

from .const import EVENT_RELEASE, EVENT_ROLLOUT, EVENT_UPDATE
from .rollout.manifest import Channel
from .rollout.models import JobState
from .rollout.plan import Status


def _options(field: str, values: list[str]) -> vol.Schema:
    """Return a schema with one optional list of values; an empty list accepts all."""
    choice = vol.All(cv.ensure_list, [vol.In(values)])
    return vol.Schema({vol.Optional(CONF_OPTIONS, default=dict): {vol.Optional(field, default=list): choice}})


class OtaTrigger(Trigger):
    """Triggers on a bus event of this integration, filtered by one of its fields."""

    EVENT: str
    FIELD: str
    SCHEMA: vol.Schema

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate the options."""
        return cast("ConfigType", cls.SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Store the accepted values."""
        super().__init__(hass, config)
        self._accepted: frozenset[str] = frozenset((config.options or {}).get(self.FIELD, []))

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Subscribe to the bus event."""

        @callback
        def on_event(event: Event[dict[str, Any]]) -> None:
            value = str(event.data.get(self.FIELD))
            if not self._accepted or value in self._accepted:
                run_action(dict(event.data), f"ota: {value}", event.context)

        return self._hass.bus.async_listen(self.EVENT, on_event)


class UpdateTrigger(OtaTrigger):
    """Triggers when the update of a device reaches a state."""

    EVENT = EVENT_UPDATE
    FIELD = "state"
    SCHEMA = _options("state", [state.value for state in JobState])


class RolloutTrigger(OtaTrigger):
    """Triggers when a rollout changes its status or starts a wave."""

    EVENT = EVENT_ROLLOUT
    FIELD = "status"
    SCHEMA = _options("status", [status.value for status in Status])


class ReleaseTrigger(OtaTrigger):
    """Triggers when a release is added."""

    EVENT = EVENT_RELEASE
    FIELD = "channel"
    SCHEMA = _options("channel", [channel.value for channel in Channel])


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "release_added": ReleaseTrigger,
    "rollout_changed": RolloutTrigger,
    "update_changed": UpdateTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
