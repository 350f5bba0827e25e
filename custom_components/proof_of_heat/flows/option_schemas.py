"""Option forms of solar power and planning, and the advanced sections of heating curve and presence."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import UnitOfPower, UnitOfTemperature, UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    ObjectSelectorConfig,
)
import probatio as vol

from ..const import (
    CONF_ADVANCED,
    CONF_AWAY_DELAY,
    CONF_CO2_ENTITY,
    CONF_CO2_PRICE,
    CONF_COEFFICIENT,
    CONF_COMFORT_WEIGHT,
    CONF_CURVE_POINTS,
    CONF_CURVE_TYPE,
    CONF_CURVE_VALUE,
    CONF_DAMPING,
    CONF_DESIGN_FLOW,
    CONF_DESIGN_OUTDOOR,
    CONF_DESIGN_RETURN,
    CONF_EXPONENT,
    CONF_EXPORT_METER,
    CONF_FEED_IN_PRICE,
    CONF_HEATING_LIMIT,
    CONF_MEASURE,
    CONF_MIN_EXTERNAL,
    CONF_PEAK_POLICY,
    CONF_PV_FORECAST,
    CONF_ROOM_CORRECTION,
    CONF_START_COST,
    CONF_USUAL_LOAD,
)
from ..settings.curve import CURVE_TYPES, CurveError, check
from ..settings.planning import PEAK_POLICIES, PlanningSettings
from ..settings.solar import DEFAULT_USUAL_LOAD_W
from .fields import POWER, RowsSelector, number, select

_CELSIUS: Final = UnitOfTemperature.CELSIUS
_OUTDOOR: Final = number(-40, 15, _CELSIUS)
_WATER: Final = number(20, 80, _CELSIUS)
_POINTS: Final = RowsSelector(
    ObjectSelectorConfig(
        multiple=True,
        label_field="outdoor",
        description_field="flow",
        translation_key="curve_point",
        fields={
            "outdoor": {"required": True, "selector": number(-40, 30, _CELSIUS, 0.5)},
            "flow": {"required": True, "selector": number(15, 80, _CELSIUS, 0.5)},
        },
    )
)
CURVE_ADVANCED: Final = vol.Schema(
    {
        vol.Optional(CONF_CURVE_TYPE): select(list(CURVE_TYPES), "curve_type"),
        vol.Optional(CONF_CURVE_POINTS): _POINTS,
        vol.Optional(CONF_CURVE_VALUE): number(0, 100, None),
        vol.Optional(CONF_MIN_EXTERNAL): _OUTDOOR,
        vol.Optional(CONF_DESIGN_OUTDOOR): _OUTDOOR,
        vol.Optional(CONF_DESIGN_FLOW): _WATER,
        vol.Optional(CONF_DESIGN_RETURN): _WATER,
        vol.Optional(CONF_EXPONENT): number(1, 1.6, None, 0.05),
        vol.Optional(CONF_COEFFICIENT): number(0.5, 5, None, 0.1),
        vol.Optional(CONF_DAMPING): number(0, 48, UnitOfTime.HOURS, 0.5),
        vol.Optional(CONF_HEATING_LIMIT): number(0, 15, UnitOfTemperature.KELVIN, 0.5),
        vol.Optional(CONF_ROOM_CORRECTION): number(0, 10, "K/K", 0.5),
    }
)
PRESENCE_ADVANCED: Final = vol.Schema({vol.Optional(CONF_AWAY_DELAY): number(0, 240, UnitOfTime.MINUTES)})
SOLAR: Final = vol.Schema(
    {
        vol.Optional(CONF_EXPORT_METER): POWER,
        vol.Optional(CONF_PV_FORECAST): EntitySelector(EntitySelectorConfig(domain="sensor", multiple=True)),
        vol.Required(CONF_FEED_IN_PRICE, default=0.0): number(-1, 10, None, "any"),
        vol.Required(CONF_USUAL_LOAD, default=DEFAULT_USUAL_LOAD_W): number(0, 20_000, UnitOfPower.WATT),
    }
)
_USUAL: Final = PlanningSettings()
PLANNING: Final = vol.Schema(
    {
        vol.Required(CONF_COMFORT_WEIGHT, default=_USUAL.comfort_weight): number(1, 200),
        vol.Required(CONF_PEAK_POLICY, default=_USUAL.peak): select(list(PEAK_POLICIES), "peak_policy"),
        vol.Required(CONF_START_COST, default=_USUAL.start_kwh): number(0, 5, "kWh", "any"),
        vol.Optional(CONF_CO2_ENTITY): EntitySelector(EntitySelectorConfig(domain="sensor")),
        vol.Required(CONF_CO2_PRICE, default=_USUAL.co2_price_kg): number(0, 5, None, "any"),
        vol.Required(CONF_MEASURE, default=_USUAL.measure): BooleanSelector(),
    }
)


def curve_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Validate the type of the curve. Errors in a section are shown at the whole form."""
    try:
        check(values.get(CONF_ADVANCED, {}))
    except CurveError as err:
        return {"base": err.key}
    return {}
