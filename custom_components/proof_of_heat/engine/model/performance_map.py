"""The performance map of a modulating source: heat and power over level, flow and outdoor temperature.

Both are linear in the level, with an offset and a slope that depend on the two temperatures: six coefficients each.
They are learned from the source's own meters by Bayesian least squares. The prior is a typical air-to-water heat pump
of the size observed so far.
"""

from dataclasses import dataclass
import math

import numpy as np

from ..arrays import Array, Mask
from .history import Series

FLOW_MID_C, OUTDOOR_MID_C, SPAN_K = 35.0, 5.0, 10.0
# offset, per 10 K flow, per 10 K outdoor, level, level per 10 K flow, level per 10 K outdoor; shares of full load
USUAL_HEAT = np.array([0.0, 0.0, 0.0, 1.0, -0.05, 0.2])
USUAL_POWER = np.array([0.1, 0.02, 0.0, 0.9, 0.1, 0.0])
PRIOR_SIGMA = np.array([0.15, 0.1, 0.1, 0.2, 0.1, 0.1])
RESIDUAL_SHARE = 0.03
MINIMUM_SAMPLES = 6
TERMS = len(USUAL_HEAT)
PLAUSIBLE_COP = (1.3, 8.0)
"""Outside of this, the meters of heat and electricity do not belong to the same heat pump."""
LARGEST_QUANTILE = 0.98
"""Quantile of the electric input that counts as full load: a single spike of a meter does not."""
KEPT_SIZE = 0.998
"""Share of the size of the last learning that is kept; after half a year at a lower input, 70 % of it are left."""


@dataclass(frozen=True, slots=True)
class Operation:
    """The operation of a source per step; steps in which it was off may be included."""

    level: Array
    flow_c: Array
    outdoor_c: Array
    heat_w: Array
    power_w: Array


@dataclass(frozen=True)
class PerformanceMap:
    """Coefficients of heat and power, in W."""

    heat: Array
    power: Array
    samples: int
    error: float
    """Relative root mean square error of the map's power for the measured steps."""
    largest_w: float = math.inf
    """Largest electric input seen, of a source of unknown size; the map is a little above it at full level."""

    @property
    def full_power_w(self) -> float:
        """Electric input at full level and reference temperatures (35 degC flow, 5 degC outdoors)."""
        return min(float(self.power[0] + self.power[3]), self.largest_w)

    def at(self, level: Array, flow_c: Array, outdoor_c: Array) -> tuple[Array, Array]:
        """Return heat and power in W at levels above 0."""
        x = features(level, flow_c, outdoor_c)
        return np.maximum(x @ self.heat, 0.0), np.maximum(x @ self.power, 1.0)

    @property
    def has_known_level(self) -> bool:
        """Whether the source has a level to be set: one of unknown size follows a flow temperature."""
        return math.isinf(self.largest_w)

    def level_of(self, share: Array, flow_c: Array, outdoor_c: Array) -> Array:
        """Return the level at which the source gives this share of its full heat.

        The level of a source of unknown size is its share of the largest input, of which a heat pump needs about half
        for its lowest heat.
        """
        if self.has_known_level:
            return share
        least = features(np.zeros_like(share), flow_c, outdoor_c) @ self.heat
        most = features(np.ones_like(share), flow_c, outdoor_c) @ self.heat
        rise = most - least
        level: Array = np.where(rise > 0, (share * most - least) / np.where(rise > 0, rise, 1.0), share)
        return np.clip(level, 0.0, 1.0)


def features(level: Array, flow_c: Array, outdoor_c: Array) -> Array:
    """Return the six terms along a new last axis."""
    flow, outdoor = (flow_c - FLOW_MID_C) / SPAN_K, (outdoor_c - OUTDOOR_MID_C) / SPAN_K
    terms = np.empty((*np.broadcast(level, flow, outdoor).shape, TERMS))
    for term, value in enumerate((1.0, flow, outdoor, level, level * flow, level * outdoor)):
        terms[..., term] = value
    return terms


def linear_map(heat_w: float, input_w: float) -> PerformanceMap:
    """Return a map in proportion to the level, independent of temperatures (a boiler, a heater)."""
    unit = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    return PerformanceMap(heat_w * unit, input_w * unit, 0, 0.0)


def plausible_cop(pump: PerformanceMap) -> bool:
    """Return whether heat and power of a heat pump can be of the same machine, at full level in mild weather."""
    low, high = PLAUSIBLE_COP
    return low <= full_cop(pump) <= high


def full_cop(pump: PerformanceMap) -> float:
    """Return the COP at full level, 35 degC flow and 5 degC outdoors."""
    heat, power = pump.at(np.array(1.0), np.array(FLOW_MID_C), np.array(OUTDOOR_MID_C))
    return float(heat) / float(power)


def learn(series: Series, before: PerformanceMap | None = None) -> PerformanceMap | None:
    """Return the map of the history's modulating source; None with too few running steps."""
    seen = Operation(series.level, series.flow_c, series.outdoor_c, series.pump_heat_w, series.power_w)
    return learn_from(seen, before)


def learn_from(seen: Operation, before: PerformanceMap | None = None) -> PerformanceMap | None:
    """Return the map that fits a source's operation; None with too few running steps.

    ``before``: the map of an earlier learning. The size that it found is kept: a power limit must not become the size.
    """
    full_w = _largest_w(seen, before)
    level = _levels(seen, full_w)
    flow_c = usual_flow(seen)
    steady = (seen.heat_w > 1.0) & (level > 0.02) & np.isfinite(flow_c) & (seen.power_w > 1.0)
    if steady.sum() < MINIMUM_SAMPLES:
        return None
    level, heat_w, power_w = level[steady], seen.heat_w[steady], seen.power_w[steady]
    x = features(level, flow_c[steady], seen.outdoor_c[steady])
    full_heat = float(np.median(heat_w / np.maximum(x @ USUAL_HEAT, 0.1)))
    full_power = float(np.median(power_w / np.maximum(x @ USUAL_POWER, 0.1)))
    heat = _ridge(x, heat_w / full_heat, USUAL_HEAT) * full_heat
    power = _ridge(x, power_w / full_power, USUAL_POWER) * full_power
    error = float(np.sqrt(np.mean((x @ power / power_w - 1) ** 2)))
    return PerformanceMap(heat, power, int(steady.sum()), error, full_w)


def _levels(seen: Operation, full_w: float) -> Array:
    return seen.level if math.isinf(full_w) else np.where(_runs(seen), np.minimum(seen.power_w / full_w, 1.0), 0.0)


def _runs(seen: Operation) -> Mask:
    runs: Mask = (seen.heat_w > 1.0) & (seen.power_w > 1.0)
    return runs


def _largest_w(seen: Operation, before: PerformanceMap | None) -> float:
    """Return the input that counts as full load of a source of unknown size; infinite if its level is known."""
    runs = _runs(seen)
    if not runs.any() or np.median(seen.level[runs]) > 0.0:
        return math.inf
    full_w = float(np.quantile(seen.power_w[runs], LARGEST_QUANTILE))
    return full_w if before is None or math.isinf(before.largest_w) else max(full_w, KEPT_SIZE * before.largest_w)


def usual_flow(seen: Operation) -> Array:
    """Return the flow temperatures; a constant one where the source has no sensor for it."""
    return seen.flow_c if np.isfinite(seen.flow_c).any() else np.full_like(seen.flow_c, FLOW_MID_C)


def _ridge(x: Array, y: Array, prior: Array) -> Array:
    weight = 1 / RESIDUAL_SHARE**2
    normal = weight * (x.T @ x) + np.diag(1 / PRIOR_SIGMA**2)
    return np.linalg.solve(normal, weight * (x.T @ y) + prior / PRIOR_SIGMA**2)
