"""What is requested of the dispatch, and what it allocates to the sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from .operating_points import OperatingPoint, SourceOption

TOLERANCE_W = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRequest:
    """The heat requested, its limits, and prices per kWh."""

    heat_w: float
    price_kwh: float
    surplus_w: float = 0.0
    surplus_price_kwh: float = 0.0
    short_price_kwh: float = 5.0
    """Penalty per kWh of missing heat; far above the cost of any source."""
    over_price_kwh: float = 0.02
    """Penalty per kWh of excess heat, in addition to its cost."""
    site_w: float = inf
    """Electric power available for heating."""
    phase_w: tuple[float, float, float] = (inf, inf, inf)


@dataclass(frozen=True, slots=True)
class Allocation:
    """The selected operating points, in the order of the options."""

    points: tuple[OperatingPoint, ...]
    heat_w: float
    power_w: float
    cost_h: float
    """Money per hour, without penalties."""
    objective_h: float
    short_w: float
    limited: bool
    """Whether power limits restricted the result."""


def allocation(
    options: Sequence[SourceOption], request: DispatchRequest, points: Sequence[OperatingPoint], *, limited: bool
) -> Allocation:
    """Return what these points give and cost."""
    heat = sum([point.heat_w for point in points])
    power = sum([point.power_w for point in points])
    cost, objective = costs_h(options, request, points, heat, power)
    return Allocation(
        points=tuple(points),
        heat_w=heat,
        power_w=power,
        cost_h=cost,
        objective_h=objective,
        short_w=max(request.heat_w - heat, 0.0),
        limited=limited,
    )


def costs_h(
    options: Sequence[SourceOption],
    request: DispatchRequest,
    points: Sequence[OperatingPoint],
    heat: float,
    power: float,
) -> tuple[float, float]:
    """Return the money per hour of these points, and the same with penalties and preferences."""
    bonus = 0.0
    for option, point in zip(options, points, strict=True):
        if option.bonus_kwh:
            bonus += option.bonus_kwh * point.heat_w / 1000
        if option.start_price and (point.level > 0) != option.now_on:
            bonus -= option.start_price
    own = min(power, request.surplus_w)
    cost = sum([point.other_cost_h for point in points])
    cost += (own * request.surplus_price_kwh + (power - own) * request.price_kwh) / 1000
    missing = request.heat_w - heat
    penalty = missing * request.short_price_kwh if missing > 0 else -missing * request.over_price_kwh
    return cost, cost + penalty / 1000 - bonus


def fits(options: Sequence[SourceOption], request: DispatchRequest, points: Sequence[OperatingPoint]) -> bool:
    """Return whether the points are within the limits of the site and of its phases."""
    for phase, limit in enumerate(request.phase_w):
        if limit < inf:
            on_phase = (p.power_w * option.phase_shares[phase] for option, p in zip(options, points, strict=True))
            if sum(on_phase) > limit + TOLERANCE_W:
                return False
    return sum([point.power_w for point in points]) <= request.site_w + TOLERANCE_W
