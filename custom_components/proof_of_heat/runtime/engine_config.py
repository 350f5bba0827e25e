"""The engine's configuration, from the system's and the sources' configuration."""

from collections.abc import Mapping
import math
from typing import Any, Final

from .._lib.heat_source import Capabilities, Control, SourceKind
from ..const import (
    CONF_ADVANCED,
    CONF_COP,
    CONF_EFFICIENCY_J_TH,
    CONF_FLOW_LIMIT,
    CONF_FUEL_EFFICIENCY,
    CONF_FUEL_PRICE,
    CONF_HEAT_SHARE,
    CONF_MAX_STARTS,
    CONF_MIN_LEVEL,
    CONF_MIN_OFF,
    CONF_MIN_ON,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
    CONF_PHASE,
    CONF_PRIORITY,
    CONF_RAMP,
    CONF_SOURCE_KIND,
)
from ..engine.config import (
    CurveConfig,
    EngineConfig,
    PeakPolicy,
    SafetyLimits,
    SiteLimits,
    SourceConfig,
    Steering,
    Weights,
)
from ..settings.planning import FUEL_EMISSIONS_KG_KWH
from ..sources.source_commands import can_stop
from ..system_config import SystemConfig

_RESISTIVE: Final = (SourceKind.MINER, SourceKind.DIRECT_ELECTRIC)
_POWER_STEPS: Final = 5
_MIN_POWER_SHARE: Final = 0.3
_MIN_CYCLE_S: Final = 600.0
_MAX_STARTS_H: Final = 3
_FUEL_EFFICIENCY: Final = 90.0
_HEAT_SHARE: Final = 100.0
_COP: Final = 3.0
_MIN_LEVEL: Final = 25.0
_PHASES: Final = {"l1": 0, "l2": 1, "l3": 2}
_ELECTRICITY: Final = "electricity"
ASSUMED_FUEL_PRICES: Final = {"gas": 0.11, "oil": 0.11, "pellets": 0.08, "wood": 0.06, "district_heating": 0.12}
"""Price per kWh of a fuel for which the user entered none. Gas: the average of households in the European Union in the
first half of 2025 (Eurostat). The others are usual in Central Europe. Costs with them are marked as estimates."""
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
    advanced: Mapping[str, Any] = data.get(CONF_ADVANCED, {})
    efficiency = _efficiency(kind, fuel, advanced)
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
        fuel_price_assumed=fuel is not None and data.get(CONF_FUEL_PRICE) is None,
        efficiency=efficiency,
        typical_cop=float(advanced.get(CONF_COP, _COP)),
        min_modulation=float(advanced.get(CONF_MIN_LEVEL, _MIN_LEVEL)) / 100,
        efficiency_j_th=(float(efficiency_j_th),) if efficiency_j_th else (),
        min_on_s=max(capabilities.min_on_s, _cycle_s(kind, advanced.get(CONF_MIN_ON))),
        min_off_s=max(capabilities.min_off_s, _cycle_s(kind, advanced.get(CONF_MIN_OFF))),
        max_starts_h=_starts_h(kind, advanced.get(CONF_MAX_STARTS)),
        ramp_w=float(advanced.get(CONF_RAMP, math.inf)),
        phase=_PHASES.get(advanced.get(CONF_PHASE, "")),
        priority=float(advanced.get(CONF_PRIORITY, 0.0)) - _emission_price(fuel, efficiency, capabilities, system),
        flow_limit_c=advanced.get(CONF_FLOW_LIMIT),
        reboot_s=capabilities.settle_s if kind == SourceKind.MINER else 0.0,
        quiet_level=system.quiet_level,
        pool_fee=system.pool_fee,
        size_assumed=fuel is None and power is None and heat is None,
        can_stop=can_stop(capabilities),
    )


def _efficiency(kind: SourceKind, fuel: float | None, advanced: Mapping[str, Any]) -> float:
    """Return the heat per fuel energy; of a miner, the share of its electric input that heats the home."""
    if fuel is not None:
        return float(advanced.get(CONF_FUEL_EFFICIENCY, _FUEL_EFFICIENCY)) / 100
    return float(advanced.get(CONF_HEAT_SHARE, _HEAT_SHARE)) / 100 if kind == SourceKind.MINER else 1.0


def _emission_price(fuel: float | None, efficiency: float, capabilities: Capabilities, system: SystemConfig) -> float:
    """Return the price of the CO2 of a kWh of heat from fuel; that of electricity is added to its price."""
    if fuel is None or efficiency <= 0:
        return 0.0
    emission = FUEL_EMISSIONS_KG_KWH.get(capabilities.fuel, FUEL_EMISSIONS_KG_KWH["fuel"])
    return system.planning.co2_price_kg * emission / efficiency


def _curve(system: SystemConfig, *, underfloor: bool) -> CurveConfig:
    curve = system.curve
    return CurveConfig(
        slope=system.slope,
        level_k=system.level,
        underfloor=underfloor,
        kind=curve.kind,
        points=curve.points,
        curve_value=curve.value,
        min_external_c=curve.min_external_c,
        design_outdoor_c=curve.design_outdoor_c,
        design_flow_c=curve.design_flow_c,
        design_return_c=curve.design_return_c,
        exponent=curve.exponent,
        coefficient=curve.coefficient,
        damping_h=curve.damping_h,
        heating_limit_below_k=curve.heating_limit_k,
        trim_k_per_k=curve.room_correction,
    )


def _cycle_s(kind: SourceKind, minutes: float | None) -> float:
    """Return a minimum on or off time; that of a compressor cannot be shortened."""
    seconds = _MIN_CYCLE_S if minutes is None else 60.0 * minutes
    return max(seconds, _MIN_CYCLE_S) if kind == SourceKind.HEAT_PUMP else seconds


def _starts_h(kind: SourceKind, starts: float | None) -> int:
    """Return the maximum of starts per hour; that of a compressor cannot be raised."""
    found = _MAX_STARTS_H if starts is None else int(starts)
    return min(found, _MAX_STARTS_H) if kind == SourceKind.HEAT_PUMP else found


def _steps(capabilities: Capabilities, nominal: float | None) -> tuple[float, ...]:
    """Divide a continuous power range into a few steps."""
    low, high = capabilities.min_power_w, capabilities.max_power_w or nominal
    if Control.POWER not in capabilities.controls or not high:
        return ()
    low = low or _MIN_POWER_SHARE * high
    return tuple(round(low + index * (high - low) / (_POWER_STEPS - 1)) for index in range(_POWER_STEPS))


def engine_config(system: SystemConfig, sources: tuple[SourceConfig, ...]) -> EngineConfig:
    """Return the engine's configuration."""
    underfloor, planning = system.emitter == "underfloor", system.planning
    return EngineConfig(
        sources=sources,
        curve=_curve(system, underfloor=underfloor),
        weights=Weights(
            discomfort_weight=planning.comfort_weight,
            start_kwh=planning.start_kwh,
            carbon_price_kg=planning.co2_price_kg,
            peak=PeakPolicy(planning.peak),
        ),
        commission=planning.measure,
        site=SiteLimits(
            power_w=math.inf if system.site_power_w is None else system.site_power_w,
            phase_w=math.inf if system.phases.power_w is None else system.phases.power_w,
        ),
        safety=SafetyLimits(
            max_flow_c=system.max_flow_c,
            frost_room_c=system.basics.frost_room_c,
            fallback_flow_c=system.basics.fallback_flow_c,
        ),
    )
