"""Conditions: the present state of a heating system, its zones and its sources."""

from typing import Any, ClassVar, Final, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.climate import DOMAIN as CLIMATE_DOMAIN, ClimateEntityStateAttribute
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN
from homeassistant.const import CONF_OPTIONS, STATE_ON, UnitOfTemperature
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL,
    Condition,
    ConditionConfig,
    EntityConditionBase,
    EntityNumericalConditionWithUnitBase,
    EntityStateConditionBase,
)
from homeassistant.util.unit_conversion import TemperatureConverter
import probatio as vol

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


def own_entities(hass: HomeAssistant, entities: set[str], key: str) -> set[str]:
    """Return the entities of this integration with a translation key among those of a target."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entities
        if (entry := registry.async_get(entity_id)) is not None
        and entry.platform == DOMAIN
        and entry.translation_key == key
    }


class _StateCondition(EntityStateConditionBase):
    """True while entities with a certain translation key are in a certain state."""

    _primary_entities_only = False
    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the entities with that key among the targeted ones."""
        return own_entities(self._hass, super().entity_filter(entities), self._key)


def _on(domain: str, key: str) -> type[Condition]:
    class OneCondition(_StateCondition):
        """True while the entity is on."""

        _domain_specs = {domain: DomainSpec()}
        _key = key
        _states = {STATE_ON}

    return OneCondition


class ProfileCondition(EntityConditionBase):
    """The home's profile is one of the selected profiles."""

    _domain_specs = {SELECT_DOMAIN: DomainSpec()}
    _schema = _PROFILE_SCHEMA

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        super().__init__(hass, config)
        options: dict[str, Any] = config.options or {}
        self._profiles = {str(profile) for profile in options[CONF_PROFILE]}

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the profile selects among the targeted entities."""
        return own_entities(self._hass, super().entity_filter(entities), "profile")

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Return whether the profile is one of the selected ones."""
        return entity_state.state in self._profiles


class RoomTemperatureCondition(EntityNumericalConditionWithUnitBase):
    """A zone's room temperature is above, below or between thresholds."""

    _base_unit = UnitOfTemperature.CELSIUS
    _domain_specs = {CLIMATE_DOMAIN: DomainSpec(value_source=ClimateEntityStateAttribute.CURRENT_TEMPERATURE)}
    _unit_converter = TemperatureConverter

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the zones among the targeted entities."""
        return own_entities(self._hass, super().entity_filter(entities), "zone")

    @override
    def _get_entity_unit(self, entity_state: State) -> str | None:
        return self._hass.config.units.temperature_unit


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "budget_is_low": _on(BINARY_SENSOR_DOMAIN, "budget_low"),
    "control_is_active": _on(SWITCH_DOMAIN, "control_active"),
    "driver_is_failing": _on(BINARY_SENSOR_DOMAIN, "fault"),
    "frost_protection_is_on": _on(BINARY_SENSOR_DOMAIN, "frost_protection"),
    "override_is_active": _on(BINARY_SENSOR_DOMAIN, "override_active"),
    "profile_is": ProfileCondition,
    "room_temperature_is": RoomTemperatureCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
