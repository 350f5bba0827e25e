"""The engine's configuration, from the system's and the sources' configuration."""

from collections.abc import Mapping
from typing import Any, Final

from .._lib.heat_source import Capabilities, Control, SourceKind
from ..const import CONF_EFFICIENCY_J_TH, CONF_FUEL_PRICE, CONF_NOMINAL_HEAT, CONF_NOMINAL_POWER, CONF_SOURCE_KIND
from ..engine.config import CurveConfig, EngineConfig, SafetyLimits, SiteLimits, SourceConfig, Steering, Weights
from ..system_config import SystemConfig

_RESISTIVE: Final = (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC)
_POWER_STEPS: Final = 5
_MIN_POWER_SHARE: Final = 0.3
_MIN_CYCLE_S: Final = 600.0
_FUEL_EFFICIENCY: Final = 0.9
_ELECTRICITY: Final = "electricity"
ASSUMED_FUEL_PRICES: Final = {"gas": 0.11, "oil": 0.11, "pellets": 0.08, "wood": 0.06, "district_heating": 0.12}
"""Price per kWh of a fuel for which the user entered none, in the currency of the home."""
UPPER_PRICE_SHARE: Final = 0.15
"""Penalty for a room above the setpoint's band, as a share of that for one below it. A cold morning is never the price
of an afternoon that the sun will make a little warmer than the setpoint."""
PEAK_SHARE: Final = 0.92
"""Share of the reference's peak that a plan may use. A source that is controlled by flow temperature, in steps of
half a kelvin, exceeds the planned power by some percent now and then."""
ASSUMED_FUEL_PRICE: Final = 0.11
"""The same of other fuels."""


def source_config(
    source_id: str, capabilities: Capabilities, data: Mapping[str, Any], system: SystemConfig
) -> SourceConfig:
    """Return a source's configuration. Electric sources other than heat pumps are controlled in steps."""
    kind = SourceKind(data.get(CONF_SOURCE_KIND) or capabilities.kind)
    power, heat = data.get(CONF_NOMINAL_POWER), data.get(CONF_NOMINAL_HEAT)
    steps = capabilities.power_steps_w or _steps(capabilities, power)
    fuel = data.get(CONF_FUEL_PRICE)
    if fuel is None and capabilities.fuel != _ELECTRICITY:
        fuel = ASSUMED_FUEL_PRICES.get(capabilities.fuel, ASSUMED_FUEL_PRICE)
    if power is None and heat is None:
        heat = capabilities.max_heat_w
        power = None if kind == SourceKind.HEAT_PUMP or fuel is not None else capabilities.max_power_w
    modulating = bool(capabilities.controls & {Control.FLOW, Control.CURVE, Control.ROOM})
    if kind in _RESISTIVE:
        steering = Steering.STEPS if len(steps) > 1 else Steering.SWITCH
    else:
        steering = Steering.LEVEL if modulating else Steering.SWITCH
    efficiency_j_th = data.get(CONF_EFFICIENCY_J_TH)
    if power is None and steps:
        power = steps[-1]
    return SourceConfig(
        source_id=source_id,
        kind=kind,
        steering=steering,
        nominal_heat_w=heat if heat is not None else (power if kind in _RESISTIVE else None),
        nominal_power_w=power,
        steps_w=steps if steering == Steering.STEPS else (),
        fuel_kwh_price=fuel,
        efficiency=_FUEL_EFFICIENCY if fuel is not None else 1.0,
        efficiency_j_th=(float(efficiency_j_th),) if efficiency_j_th else (),
        min_on_s=max(capabilities.min_on_s, _MIN_CYCLE_S),
        min_off_s=max(capabilities.min_off_s, _MIN_CYCLE_S),
        reboot_s=capabilities.settle_s if kind == SourceKind.MINER else 0.0,
        quiet_level=system.quiet_level,
        pool_fee=system.pool_fee,
        size_assumed=fuel is None and power is None and heat is None,
    )


def _steps(capabilities: Capabilities, nominal: float | None) -> tuple[float, ...]:
    """Divide a continuous power range into a few steps."""
    low, high = capabilities.min_power_w, capabilities.max_power_w or nominal
    if Control.POWER not in capabilities.controls or not high:
        return ()
    low = low or _MIN_POWER_SHARE * high
    return tuple(round(low + index * (high - low) / (_POWER_STEPS - 1)) for index in range(_POWER_STEPS))


def engine_config(system: SystemConfig, sources: tuple[SourceConfig, ...]) -> EngineConfig:
    """Return the engine's configuration."""
    underfloor = system.emitter == "underfloor"
    return EngineConfig(
        sources=sources,
        curve=CurveConfig(slope=system.slope, level_k=system.level, underfloor=underfloor),
        site=SiteLimits() if system.site_power_w is None else SiteLimits(power_w=system.site_power_w),
        weights=Weights(upper_price_share=UPPER_PRICE_SHARE, peak_share=PEAK_SHARE),
        safety=SafetyLimits(max_flow_c=system.max_flow_c, fallback_flow_c=30.0 if underfloor else 45.0),
    )
