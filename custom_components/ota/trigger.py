"""Triggers: an update or a rollout changed, a release was added."""

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
    """One optional list that narrows the trigger; empty means all."""
    choice = vol.All(cv.ensure_list, [vol.In(values)])
    return vol.Schema({vol.Optional(CONF_OPTIONS, default=dict): {vol.Optional(field, default=list): choice}})


class OtaTrigger(Trigger):
    """Fires on one of our bus events, narrowed by one of its fields."""

    EVENT: str
    FIELD: str
    SCHEMA: vol.Schema

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Check the options."""
        return cast("ConfigType", cls.SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Keep the wanted values."""
        super().__init__(hass, config)
        self._wanted: frozenset[str] = frozenset((config.options or {}).get(self.FIELD, []))

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Listen."""

        @callback
        def heard(event: Event[dict[str, Any]]) -> None:
            value = str(event.data.get(self.FIELD))
            if not self._wanted or value in self._wanted:
                run_action(dict(event.data), f"ota: {value}", event.context)

        return self._hass.bus.async_listen(self.EVENT, heard)


class UpdateTrigger(OtaTrigger):
    """The update of a device reached a state."""

    EVENT = EVENT_UPDATE
    FIELD = "state"
    SCHEMA = _options("state", [state.value for state in JobState])


class RolloutTrigger(OtaTrigger):
    """A rollout changed its status or opened a wave."""

    EVENT = EVENT_ROLLOUT
    FIELD = "status"
    SCHEMA = _options("status", [status.value for status in Status])


class ReleaseTrigger(OtaTrigger):
    """A release was added."""

    EVENT = EVENT_RELEASE
    FIELD = "channel"
    SCHEMA = _options("channel", [channel.value for channel in Channel])


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "release_added": ReleaseTrigger,
    "rollout_changed": RolloutTrigger,
    "update_changed": UpdateTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """All triggers."""
    return TRIGGERS
