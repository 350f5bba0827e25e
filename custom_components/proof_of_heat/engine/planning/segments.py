"""The segments of each source's cost curve in each cell of a plan: heat, power and cost.

The use of a segment is 0..1. If the first part of a source's output is more expensive than the next (fan and pump of a
heat pump), the segments are the convex hull of its operating points: a share of *time* at its best level, then more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..arrays import Array
from ..model.network import HouseParameters
from ..model.performance_map import PerformanceMap

LEVELS = 13
FLOW_OVER_MEAN = 1.5
"""Flow temperature above the emitter, as a multiple of the mean water temperature above the emitter."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of a source's cost curve, per cell."""

    source_id: str
    heat_w: Array
    power_w: Array
    cost_h: Array
    """Money per hour at full use."""
    level_from: Array
    """Level of the source at the beginning of the segment (0: off)."""
    level_to: Array


@dataclass(frozen=True, slots=True)
class PowerStep:
    """A fixed electric input of a source, with its heat and its revenue per hour."""

    heat_w: float
    power_w: float
    revenue_h: float = 0.0


@dataclass(frozen=True, slots=True)
class ModulationLimits:
    """Limits of a modulating source in a plan."""

    min_modulation: float = 0.25
    highest_level: Array | float = 1.0
    """Maximum level, per cell (quiet hours) or for all cells."""
    power_limit_w: float = np.inf
    flow_limit_c: float = 45.0


def modulating_segments(
    source_id: str,
    pump: PerformanceMap,
    house: HouseParameters,
    *,
    emitter_c: Array,
    outdoor_c: Array,
    price_kwh: Array,
    limits: ModulationLimits,
) -> tuple[Segment, Segment]:
    """Return the segments of a modulating electric source: up to its most efficient level, and above it."""
    levels = np.linspace(limits.min_modulation, 1.0, LEVELS)[None, :]
    outdoor, emitter = outdoor_c[:, None], emitter_c[:, None]
    flow = emitter + 5.0 * levels
    for _ in range(3):
        heat, power = pump.at(levels, flow, outdoor)
        flow = emitter + FLOW_OVER_MEAN * house.water_k_w * heat
    highest = np.broadcast_to(limits.highest_level, emitter_c.shape)[:, None]
    allowed = (levels <= highest + 1e-9) & (power <= limits.power_limit_w) & (flow <= limits.flow_limit_c)
    allowed[:, 0] |= highest[:, 0] >= limits.min_modulation
    stands = ~allowed.any(axis=1)
    allowed[:, 0] = True
    efficiency = np.where(allowed, heat / power, -1.0)
    rows = np.arange(len(emitter_c))
    best = efficiency.argmax(axis=1)
    top = LEVELS - 1 - allowed[:, ::-1].argmax(axis=1)
    first_heat = np.where(stands, 0.0, heat[rows, best])
    first_power = np.where(stands, 0.0, power[rows, best])
    more_heat = np.where(stands, 0.0, np.maximum(heat[rows, top] - first_heat, 0.0))
    more_power = np.where(stands, 0.0, np.maximum(power[rows, top] - first_power, 0.0))
    none = np.zeros(len(emitter_c))
    euro = price_kwh / 1000
    return (
        Segment(source_id, first_heat, first_power, first_power * euro, none, levels[0, best]),
        Segment(source_id, more_heat, more_power, more_power * euro, levels[0, best], levels[0, top]),
    )


def constant_segment(source_id: str, heat_w: float, power_w: float, cost_h: Array) -> Segment:
    """Return the segment of a source with constant cost of heat (a boiler, a heater)."""
    cells = len(cost_h)
    return Segment(
        source_id,
        np.full(cells, heat_w),
        np.full(cells, power_w),
        cost_h,
        np.zeros(cells),
        np.ones(cells),
    )


def step_segments(source_id: str, steps: Sequence[PowerStep], price_kwh: Array) -> list[Segment]:
    """Return the segments of a source with fixed inputs (a miner's modes): the hull of its steps, cheapest first."""
    hull = lower_hull([(0.0, 0.0, 0.0), *((step.heat_w, -step.revenue_h, step.power_w) for step in steps)])
    most = max((step.power_w for step in steps), default=1.0)
    cells = np.ones(len(price_kwh))
    found = []
    for (heat0, spent0, power0), (heat1, spent1, power1) in pairwise(hull):
        power = power1 - power0
        cost_h = power * price_kwh / 1000 + (spent1 - spent0)
        level_from, level_to = cells * (power0 / most), cells * (power1 / most)
        found.append(Segment(source_id, cells * (heat1 - heat0), cells * power, cost_h, level_from, level_to))
    return found


def lower_hull(points: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Return the lower convex hull of points (heat, cost, power) in the order of heat."""
    hull: list[tuple[float, float, float]] = []
    for point in sorted(points):
        while len(hull) > 1 and _above(hull[-2], hull[-1], point):
            hull.pop()
        if not hull or point[0] > hull[-1][0]:
            hull.append(point)
    return hull


def _above(one: tuple[float, ...], middle: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Return whether the middle point is on or above the line through the other two."""
    straight = (middle[1] - one[1]) * (other[0] - one[0]) - (other[1] - one[1]) * (middle[0] - one[0])
    return straight >= -1e-12


def limit_level(segment: Segment, highest: Array) -> Segment:
    """Return the part of a segment up to a level per cell (quiet hours)."""
    span = np.maximum(segment.level_to - segment.level_from, 1e-9)
    share = np.clip((highest - segment.level_from) / span, 0.0, 1.0)
    return replace(
        segment,
        heat_w=segment.heat_w * share,
        power_w=segment.power_w * share,
        cost_h=segment.cost_h * share,
        level_to=segment.level_from + span * share,
    )
