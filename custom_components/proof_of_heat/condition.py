"""Conditions: the present state of a heating system, its zones and its sources."""

from typing import Any, Final, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.climate import DOMAIN as CLIMATE_DOMAIN, ClimateEntityStateAttribute
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN
from homeassistant.const import CONF_OPTIONS, STATE_ON, UnitOfTemperature
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL,
    Condition,
    ConditionConfig,
    EntityConditionBase,
    EntityNumericalConditionWithUnitBase,
)
from homeassistant.util.unit_conversion import TemperatureConverter
import probatio as vol

from ._lib.own_entities import OwnEntities, state_condition
from .comfort.profiles import Profile
from .const import DOMAIN

CONF_PROFILE: Final = "profile"
_PROFILE_SCHEMA: Final = ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend(
    {
        vol.Required(CONF_OPTIONS): {
            vol.Required(CONF_PROFILE): vol.All(vol.EnsureList(), vol.Length(min=1), [vol.Coerce(Profile)]),
        },
    }
)


class ProfileCondition(OwnEntities, EntityConditionBase, integration=DOMAIN, key="profile"):
    """The home's profile is one of the selected profiles."""

    _domain_specs = {SELECT_DOMAIN: DomainSpec()}
    _schema = _PROFILE_SCHEMA

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        super().__init__(hass, config)
        options: dict[str, Any] = config.options or {}
        self._profiles = {str(profile) for profile in options[CONF_PROFILE]}

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Return whether the profile is one of the selected ones."""
        return entity_state.state in self._profiles


class RoomTemperatureCondition(OwnEntities, EntityNumericalConditionWithUnitBase, integration=DOMAIN, key="zone"):
    """A zone's room temperature is above, below or between thresholds."""

    _base_unit = UnitOfTemperature.CELSIUS
    _domain_specs = {CLIMATE_DOMAIN: DomainSpec(value_source=ClimateEntityStateAttribute.CURRENT_TEMPERATURE)}
    _unit_converter = TemperatureConverter

    @override
    def _get_entity_unit(self, entity_state: State) -> str | None:
        return self._hass.config.units.temperature_unit


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "budget_is_low": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "budget_low", STATE_ON),
    "control_is_active": state_condition(DOMAIN, SWITCH_DOMAIN, "control_active", STATE_ON),
    "driver_is_failing": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "fault", STATE_ON),
    "frost_protection_is_on": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "frost_protection", STATE_ON),
    "override_is_active": state_condition(DOMAIN, BINARY_SENSOR_DOMAIN, "override_active", STATE_ON),
    "profile_is": ProfileCondition,
    "room_temperature_is": RoomTemperatureCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
