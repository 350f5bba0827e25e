"""Settings of the planning: comfort against cost, power peaks, CO2."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..const import (
    CONF_CO2_ENTITY,
    CONF_CO2_PRICE,
    CONF_COMFORT_WEIGHT,
    CONF_MEASURE,
    CONF_PEAK_POLICY,
    CONF_START_COST,
)

PEAK_POLICIES: Final = ("reference", "none")
FUEL_EMISSIONS_KG_KWH: Final = {
    "gas": 0.201,
    "oil": 0.266,
    "pellets": 0.036,
    "wood": 0.027,
    "district_heating": 0.18,
    "fuel": 0.201,
}
"""CO2 per kWh of fuel: emission factors of the German Federal Environment Agency (gas, oil) and of the BAFA's fact
sheet on CO2 factors (pellets, wood, a typical heat network)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningSettings:
    """The settings; see engine.config.Weights."""

    comfort_weight: float = 50.0
    peak: str = "reference"
    start_kwh: float = 0.12
    co2_price_kg: float = 0.0
    co2_entity: str | None = None
    measure: bool = True


def read(values: Mapping[str, Any]) -> PlanningSettings:
    """Return the settings of stored options."""
    usual = PlanningSettings()
    peak = values.get(CONF_PEAK_POLICY, usual.peak)
    return PlanningSettings(
        comfort_weight=float(values.get(CONF_COMFORT_WEIGHT, usual.comfort_weight)),
        peak=peak if peak in PEAK_POLICIES else usual.peak,
        start_kwh=float(values.get(CONF_START_COST, usual.start_kwh)),
        co2_price_kg=float(values.get(CONF_CO2_PRICE, usual.co2_price_kg)),
        co2_entity=values.get(CONF_CO2_ENTITY),
        measure=bool(values.get(CONF_MEASURE, usual.measure)),
    )
