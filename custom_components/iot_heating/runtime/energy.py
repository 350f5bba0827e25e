"""Energy and power of a controller, from other entities."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy, UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.unit_conversion import BaseUnitConverter, EnergyConverter, PowerConverter, TemperatureConverter

from .._lib.counters import DEFAULT_MAX_PER_HOUR
from ..const import CONF_ENERGY_ENTITY, CONF_POWER_ENTITY, CONF_RATED_POWER
from ..protocol.session_tracker import EnergyReading
from .options import BuildingOptions
from .price import current_price
from .state_number import finite_number


@dataclass(frozen=True, slots=True)
class EnergyConfig:
    """Energy sources of a controller. The meter takes precedence over the power sensor, which does over rated power."""

    rated_w: float | None = None
    power_entity: str | None = None
    energy_entity: str | None = None

    @classmethod
    def from_subentry(cls, data: dict[str, Any]) -> Self:
        """Return the energy sources of a subentry."""
        return cls(data.get(CONF_RATED_POWER), data.get(CONF_POWER_ENTITY), data.get(CONF_ENERGY_ENTITY))

    @property
    def is_configured(self) -> bool:
        """Whether there is any energy source."""
        return self.rated_w is not None or self.power_entity is not None or self.energy_entity is not None

    def read(self, hass: HomeAssistant, options: BuildingOptions) -> EnergyReading:
        """Return the energy data now. The rated power replaces a power sensor that is not available."""
        power_w = entity_number(hass, self.power_entity, PowerConverter, UnitOfPower.WATT)
        return EnergyReading(
            entity_number(hass, self.energy_entity, EnergyConverter, UnitOfEnergy.KILO_WATT_HOUR),
            self.rated_w if power_w is None else max(0.0, power_w),
            current_price(hass, options),
            self._max_kw,
            _reported(hass, self.energy_entity),
        )

    @property
    def _max_kw(self) -> float:
        """The most that can be consumed: by a house, or by a larger heat source; a meter may include more than it."""
        return max(DEFAULT_MAX_PER_HOUR, 3 * (self.rated_w or 0) / 1000)


def _reported(hass: HomeAssistant, entity_id: str | None) -> datetime | None:
    """Return when an entity reported its state, changed or not."""
    state = hass.states.get(entity_id) if entity_id is not None else None
    return state.last_reported if state is not None else None


def entity_number(
    hass: HomeAssistant, entity_id: str | None, converter: type[BaseUnitConverter], unit: str
) -> float | None:
    """Return the state of an entity in a unit; None where it is not a number or has another quantity."""
    if entity_id is None or (state := hass.states.get(entity_id)) is None:
        return None
    return state_number(state, converter, unit)


def state_number(state: State, converter: type[BaseUnitConverter], unit: str) -> float | None:
    """Return a state in a unit; None where it is not a number or has another quantity."""
    value = finite_number(state.state)
    if value is None:
        return None
    state_unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if state_unit is None or state_unit == unit:
        return value
    try:
        return converter.convert(value, state_unit, unit)
    except HomeAssistantError:
        return None


def outdoor_temperature(hass: HomeAssistant, entity_id: str | None) -> float | None:
    """Return the outdoor temperature of an entity in degC."""
    return entity_number(hass, entity_id, TemperatureConverter, UnitOfTemperature.CELSIUS)
