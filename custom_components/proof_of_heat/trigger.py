"""Triggers: room temperature, source failures, profile changes, call budgets, savings reports."""

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

from ._lib.own_entities import OwnEntities
from .const import DOMAIN
from .runtime.events import EVENT

_SCHEMA: Final = vol.Schema({vol.Required(CONF_OPTIONS, default=dict): {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}})


class _EventTrigger(Trigger):
    """Fires for one event type of this integration, of any or of one heating system."""

    EVENT_TYPE: str

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate the only option, the config entry."""
        return cast("ConfigType", _SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._entry_id: str | None = (config.options or {}).get(ATTR_CONFIG_ENTRY_ID)

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Listen on the event bus."""

        @callback
        def matches(data: Any) -> bool:
            return data.get("type") == self.EVENT_TYPE and self._entry_id in (None, data.get("entry_id"))

        @callback
        def fired(event: Event) -> None:
            run_action(dict(event.data), f"{self.EVENT_TYPE.replace('_', ' ')}")

        return self._hass.bus.async_listen(EVENT, fired, event_filter=matches)


class DriverFailedTrigger(_EventTrigger):
    """A heat source does not answer or rejects the credentials."""

    EVENT_TYPE = "driver_failed"


class DriverRecoveredTrigger(_EventTrigger):
    """A heat source answers again."""

    EVENT_TYPE = "driver_recovered"


class ProfileChangedTrigger(_EventTrigger):
    """Another profile was selected."""

    EVENT_TYPE = "profile_changed"


class BudgetLowTrigger(_EventTrigger):
    """Most of a cloud account's daily calls are used."""

    EVENT_TYPE = "budget_low"


class SavingsReportReadyTrigger(_EventTrigger):
    """The savings of a week or month are known."""

    EVENT_TYPE = "savings_report_ready"


class RoomTemperatureTrigger(
    OwnEntities, EntityNumericalStateCrossedThresholdTriggerWithUnitBase, integration=DOMAIN, key="zone"
):
    """A zone's room temperature crosses a threshold."""

    _base_unit = UnitOfTemperature.CELSIUS
    _domain_specs = {CLIMATE_DOMAIN: DomainSpec(value_source=ClimateEntityStateAttribute.CURRENT_TEMPERATURE)}
    _unit_converter = TemperatureConverter

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
    """Return the triggers."""
    return TRIGGERS
