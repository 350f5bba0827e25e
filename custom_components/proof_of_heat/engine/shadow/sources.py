"""Simulated heat sources of shadow mode: what a command would deliver and draw, by the learned performance maps."""

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Final

import numpy as np

from ..config import SourceConfig, Steering
from ..decision_record import SourceCommand
from ..model.network import HouseParameters
from ..model.performance_map import PerformanceMap
from ..planning.segments import FLOW_OVER_MEAN
from ..snapshot import SourceSnapshot
from ..sources import full_load, heat_output_w

_ITERATIONS: Final = 3
"""Flow temperature and heat depend on each other."""
_RETURN_UNDER_MEAN: Final = FLOW_OVER_MEAN - 1.0


@dataclass(frozen=True, slots=True)
class Output:
    """Heat and electric input in W."""

    heat_w: float = 0.0
    power_w: float = 0.0


def output(
    source: SourceConfig,
    command: SourceCommand,
    pump: PerformanceMap | None,
    *,
    house: HouseParameters,
    emitter_c: float,
    outdoor_c: float,
) -> Output:
    """Return what a source delivers and draws at a command."""
    if not command.on or command.level <= 0:
        return Output()
    full_heat_w, full_power_w = full_load(source)
    match source.steering:
        case Steering.STEPS:
            top = max(source.steps_w, default=full_power_w)
            watts = min(source.steps_w, key=lambda step: abs(step - command.level * top), default=full_power_w)
            return Output(full_heat_w * watts / full_power_w, watts)
        case Steering.SWITCH if pump is None:
            return Output(full_heat_w, full_power_w)
        case Steering.LEVEL if pump is None:
            return Output(full_heat_w * command.level, full_power_w * command.level)
    assert pump is not None
    share = 1.0 if source.steering is Steering.SWITCH else command.level
    level, outdoor = np.array(share), np.array(outdoor_c)
    flow_c = emitter_c + 5.0 * share
    heat = power = np.array(0.0)
    for _ in range(_ITERATIONS):
        heat, power = pump.at(level, np.array(flow_c), outdoor)
        flow_c = emitter_c + FLOW_OVER_MEAN * house.water_k_w * float(heat)
    return Output(float(heat), float(power))


def simulated(
    reading: SourceSnapshot, made: Output, level: float, *, house: HouseParameters, emitter_c: float
) -> SourceSnapshot:
    """Return the reading that a source would report after delivering this."""
    runs = made.heat_w > 0 or made.power_w > 0
    above_k = house.water_k_w * made.heat_w
    return SourceSnapshot(
        source_id=reading.source_id,
        available=reading.available,
        steerable=reading.steerable,
        on=runs,
        level=level if runs else 0.0,
        power_w=made.power_w,
        heat_w=made.heat_w,
        flow_c=emitter_c + FLOW_OVER_MEAN * above_k,
        return_c=emitter_c + _RETURN_UNDER_MEAN * above_k,
        running=runs,
    )


def is_shared(reading: SourceSnapshot) -> bool:
    """Return whether a source does the same in both homes: it cannot be commanded now, or it heats hot water."""
    return not reading.available or reading.hot_water


def real_output(configs: Mapping[str, SourceConfig], reading: SourceSnapshot, outdoor_c: float) -> Output:
    """Return what a source of the real home delivers and draws, as far as it is known."""
    config = configs.get(reading.source_id)
    if config is None:
        return Output()
    power_w = reading.power_w if math.isfinite(reading.power_w) else reading.counted_w
    return Output(heat_output_w(config, reading, outdoor_c), power_w if math.isfinite(power_w) else 0.0)
