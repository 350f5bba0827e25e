"""Triggers: a room is too cold, a driver failed, the profile changed, calls run out, a report is ready."""

from typing import Any, Final, cast, override

from homeassistant.components.climate import DOMAIN as CLIMATE_DOMAIN, ClimateEntityStateAttribute
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_OPTIONS, UnitOfTemperature
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    EntityNumericalStateCrossedThresholdTriggerWithUnitBase,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.unit_conversion import TemperatureConverter
import probatio as vol

from .condition import ours
from .const import DOMAIN

EVENT: Final = f"{DOMAIN}_event"
_SCHEMA: Final = vol.Schema({vol.Required(CONF_OPTIONS, default=dict): {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}})


class _EventTrigger(Trigger):
    """Fires for one kind of event of ours, of any system or of the one named."""

    KIND: str

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Only the entry may be named."""
        return cast("ConfigType", _SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._entry_id: str | None = (config.options or {}).get(ATTR_CONFIG_ENTRY_ID)

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Listen on the bus."""

        @callback
        def matches(data: Any) -> bool:
            return data.get("type") == self.KIND and self._entry_id in (None, data.get("entry_id"))

        @callback
        def fired(event: Event) -> None:
            run_action(dict(event.data), f"{self.KIND.replace('_', ' ')}")

        return self._hass.bus.async_listen(EVENT, fired, event_filter=matches)


class DriverFailedTrigger(_EventTrigger):
    """A heat source does not answer or reports a fault."""

    KIND = "driver_failed"


class DriverRecoveredTrigger(_EventTrigger):
    """It answers again."""

    KIND = "driver_recovered"


class ProfileChangedTrigger(_EventTrigger):
    """Another profile was chosen."""

    KIND = "profile_changed"


class BudgetLowTrigger(_EventTrigger):
    """A cloud's calls of the day are nearly used."""

    KIND = "budget_low"


class SavingsReportReadyTrigger(_EventTrigger):
    """A week or month can be judged."""

    KIND = "savings_report_ready"


class RoomTemperatureTrigger(EntityNumericalStateCrossedThresholdTriggerWithUnitBase):
    """A zone's room crosses a temperature and stays there for a while."""

    _base_unit = UnitOfTemperature.CELSIUS
    _domain_specs = {CLIMATE_DOMAIN: DomainSpec(value_source=ClimateEntityStateAttribute.CURRENT_TEMPERATURE)}
    _unit_converter = TemperatureConverter

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Our zones among what is meant."""
        return ours(self._hass, super().entity_filter(entities), "zone")

    @override
    def _get_entity_unit(self, state: State) -> str | None:
        return self._hass.config.units.temperature_unit


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "budget_low": BudgetLowTrigger,
    "driver_failed": DriverFailedTrigger,
    "driver_recovered": DriverRecoveredTrigger,
    "profile_changed": ProfileChangedTrigger,
    "room_temperature_crossed": RoomTemperatureTrigger,
    "savings_report_ready": SavingsReportReadyTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Our triggers."""
    return TRIGGERS
