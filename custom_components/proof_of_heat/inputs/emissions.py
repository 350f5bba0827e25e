"""The CO2 intensity of the grid's electricity."""

from typing import Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant

from .states import known, number_of

_MASS_KG: Final = {"mg": 1e-6, "g": 1e-3, "kg": 1.0, "t": 1000.0, "lb": 0.45359237}
_ENERGY_KWH: Final = {"wh": 1e-3, "kwh": 1.0, "mwh": 1000.0}
PLAUSIBLE_KG_KWH: Final = 3.0


def emission_kg_kwh(hass: HomeAssistant, entity_id: str | None) -> float:
    """Return the CO2 intensity of a sensor, 0 without a valid one. Units: a mass per energy, such as gCO2eq/kWh."""
    state = known(hass, entity_id)
    value = number_of(state)
    if state is None or value is None:
        return 0.0
    unit = str(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) or "")
    mass, _, energy = unit.lower().replace(" ", "").partition("/")
    for suffix in ("co2eq", "co2e", "co2", "co₂eq", "co₂"):
        mass = mass.removesuffix(suffix)
    if mass not in _MASS_KG or energy not in _ENERGY_KWH:
        return 0.0
    found = value * _MASS_KG[mass] / _ENERGY_KWH[energy]
    return found if 0 <= found <= PLAUSIBLE_KG_KWH else 0.0
