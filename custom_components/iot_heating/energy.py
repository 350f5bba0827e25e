"""What is known of a controller's energy, and of its price, from other entities."""

from dataclasses import dataclass
import math
from typing import Any, Self

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.unit_conversion import BaseUnitConverter, EnergyConverter, PowerConverter, TemperatureConverter

from .const import CONF_ENERGY_ENTITY, CONF_POWER_ENTITY, CONF_RATED_POWER, Options
from .protocol.sessions import Reading


@dataclass(frozen=True, slots=True)
class EnergyConfig:
    """Where the energy of a controller is known from: a meter before a power sensor before the rated power."""

    rated_w: float | None = None
    power_entity: str | None = None
    energy_entity: str | None = None

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """From a subentry."""
        return cls(data.get(CONF_RATED_POWER), data.get(CONF_POWER_ENTITY), data.get(CONF_ENERGY_ENTITY))

    @property
    def known(self) -> bool:
        """Whether anything tells the energy."""
        return self.rated_w is not None or self.power_entity is not None or self.energy_entity is not None

    def reading(self, hass: HomeAssistant, options: Options) -> Reading:
        """What is known now. A power sensor that is silent leaves the rated power."""
        power_w = number_of(hass, self.power_entity, PowerConverter, UnitOfPower.WATT)
        return Reading(
            number_of(hass, self.energy_entity, EnergyConverter, UnitOfEnergy.KILO_WATT_HOUR),
            self.rated_w if power_w is None else max(0.0, power_w),
            price_of(hass, options),
        )


def price_of(hass: HomeAssistant, options: Options) -> float | None:
    """The price of a kilowatt-hour now; the fixed one where the price entity says none."""
    if options.price_entity is not None and (state := hass.states.get(options.price_entity)) is not None:
        price = _finite(state.state)
        if price is not None:
            unit = str(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, ""))
            return price / 1000 if unit.endswith("/MWh") else price
    return options.price


def number_of(
    hass: HomeAssistant, entity_id: str | None, converter: type[BaseUnitConverter], unit: str
) -> float | None:
    """The number that an entity shows, in a unit; None where it shows none."""
    if entity_id is None or (state := hass.states.get(entity_id)) is None:
        return None
    value = _finite(state.state)
    if value is None:
        return None
    theirs = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if theirs is None or theirs == unit:
        return value
    try:
        return converter.convert(value, theirs, unit)
    except HomeAssistantError:
        return None


def outdoor_of(hass: HomeAssistant, entity_id: str | None) -> float | None:
    """The outdoor temperature in degC that an entity shows."""
    return number_of(hass, entity_id, TemperatureConverter, UnitOfTemperature.CELSIUS)


def _finite(text: str) -> float | None:
    if text in (STATE_UNKNOWN, STATE_UNAVAILABLE):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
