"""What each heat source offers in each cell of a plan: heat, and what it takes and costs.

An offer is used between nothing and whole. A source whose first part is dear and whose next is cheap (a heat pump's
fan and pump) is offered by the convex hull of its operating points: a share of *time* at its best level, then more.
"""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..house.network import HouseParameters
from ..house.pump_map import PumpMap

LEVELS = 13
FLOW_OVER_MEAN = 1.5
"""Flow above the emitter, per mean water above the emitter (flow lies half the spread over the mean)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One source's part, per cell."""

    source_id: str
    heat_w: Array
    power_w: Array
    cost_h: Array
    """Money per hour of whole use."""
    level_from: Array
    """Level of the source when nothing of this part is used (0: it stands)."""
    level_to: Array


@dataclass(frozen=True, slots=True)
class PumpLimits:
    """What a modulating source may do in a plan."""

    lowest_level: float = 0.25
    highest_level: Array | float = 1.0
    """Per cell (quiet hours) or for all."""
    power_limit_w: float = np.inf
    flow_limit_c: float = 45.0


def pump_offers(
    source_id: str,
    pump: PumpMap,
    house: HouseParameters,
    *,
    emitter_c: Array,
    outdoor_c: Array,
    price_kwh: Array,
    limits: PumpLimits,
) -> tuple[Offer, Offer]:
    """The hull of a modulating electric source: up to its best level, and beyond."""
    levels = np.linspace(limits.lowest_level, 1.0, LEVELS)[None, :]
    outdoor, emitter = outdoor_c[:, None], emitter_c[:, None]
    flow = emitter + 5.0 * levels
    for _ in range(3):
        heat, power = pump.at(levels, flow, outdoor)
        flow = emitter + FLOW_OVER_MEAN * house.water_k_w * heat
    highest = np.broadcast_to(limits.highest_level, emitter_c.shape)[:, None]
    allowed = (levels <= highest + 1e-9) & (power <= limits.power_limit_w) & (flow <= limits.flow_limit_c)
    allowed[:, 0] |= highest[:, 0] >= limits.lowest_level
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
        Offer(source_id, first_heat, first_power, first_power * euro, none, levels[0, best]),
        Offer(source_id, more_heat, more_power, more_power * euro, levels[0, best], levels[0, top]),
    )


def plain_offer(source_id: str, heat_w: float, power_w: float, cost_h: Array) -> Offer:
    """A source whose heat costs the same at every load (a boiler, a heater, one step of a miner)."""
    cells = len(cost_h)
    return Offer(
        source_id,
        np.full(cells, heat_w),
        np.full(cells, power_w),
        cost_h,
        np.zeros(cells),
        np.ones(cells),
    )
