"""Which source makes how much of the heat that is wanted now, for the least money and within every limit.

Each source has operating points (off among them unless it must run). All combinations are built source by source,
vectorised; where they become many, combinations that heat alike and draw alike keep only their cheapest. A last step
moves sources that can run between their points to the exact demand, surplus or limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .arrays import Array

MOST_COMBINATIONS = 20_000
KEPT_COMBINATIONS = 3_000
FINER = 10
"""Points between two neighbours of a source that can run between them."""
TOLERANCE_W = 1e-6


@dataclass(frozen=True, slots=True)
class Point:
    """One way to run a source. ``other_cost_h`` is what it costs per hour besides electricity (fuel, less revenue)."""

    level: float
    heat_w: float
    power_w: float
    other_cost_h: float = 0.0


OFF = Point(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Option:
    """What one source can do in this cycle."""

    source_id: str
    points: tuple[Point, ...]
    continuous: bool = False
    """Whether it also runs anywhere between neighbouring points above off."""
    phase: int | None = None
    now_on: bool = False
    start_price: float = 0.0
    """Money for a change between off and on."""
    bonus_kwh: float = 0.0
    """Preference, as money per kWh of heat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The heat wanted and what bounds it. Prices per kWh."""

    heat_w: float
    price_kwh: float
    surplus_w: float = 0.0
    surplus_price_kwh: float = 0.0
    short_price_kwh: float = 5.0
    """What a kWh of heat that is not delivered is worth; far above any source."""
    over_price_kwh: float = 0.02
    """What a kWh of heat too much costs beyond its making."""
    site_w: float = np.inf
    """Electric power left for heating."""
    phase_w: tuple[float, float, float] = (np.inf, np.inf, np.inf)


@dataclass(frozen=True, slots=True)
class Allocation:
    """The points chosen, in the order of the options."""

    points: tuple[Point, ...]
    heat_w: float
    power_w: float
    cost_h: float
    """Money per hour, penalties left out."""
    objective_h: float
    short_w: float
    limited: bool
    """Whether power limits kept it from delivering."""


class _Combinations:
    """Heat, power (total and per phase), cost and chosen points of many combinations."""

    def __init__(self) -> None:
        self.heat, self.cost, self.bonus = np.zeros(1), np.zeros(1), np.zeros(1)
        self.phases = np.zeros((1, 3))
        self.chosen = np.zeros((1, 0), dtype=np.intp)

    @property
    def power(self) -> Array:
        result: Array = self.phases.sum(axis=1)
        return result

    def extend(self, option: Option, points: Sequence[Point]) -> None:
        """Every combination with every point of one more source."""
        heat = np.array([p.heat_w for p in points])
        power = np.array([p.power_w for p in points])
        switch = np.array([option.start_price if (p.level > 0) != option.now_on else 0.0 for p in points])
        cost = np.array([p.other_cost_h for p in points])
        count, many = len(self.heat), len(points)
        self.heat = (self.heat[:, None] + heat).reshape(-1)
        self.cost = (self.cost[:, None] + cost).reshape(-1)
        self.bonus = (self.bonus[:, None] + option.bonus_kwh * heat / 1000 - switch).reshape(-1)
        share = np.full(3, 1 / 3) if option.phase is None else np.eye(3)[option.phase]
        self.phases = (self.phases[:, None, :] + power[None, :, None] * share).reshape(-1, 3)
        place = np.tile(np.arange(many), count)[:, None]
        self.chosen = np.concatenate([np.repeat(self.chosen, many, axis=0), place], axis=1)

    def keep(self, places: Array) -> None:
        """Only these."""
        self.heat, self.cost, self.bonus = self.heat[places], self.cost[places], self.bonus[places]
        self.phases, self.chosen = self.phases[places], self.chosen[places]

    def objective(self, request: Request) -> Array:
        """Money per hour, penalties included."""
        return _money(request, self.heat, self.power, self.cost) - self.bonus

    def fits(self, request: Request) -> Array:
        """Whether the limits hold."""
        within = self.power <= request.site_w + TOLERANCE_W
        return within & (self.phases <= np.array(request.phase_w) + TOLERANCE_W).all(axis=1)


def _electricity(request: Request, power: Array) -> Array:
    own = np.minimum(power, request.surplus_w)
    result: Array = (own * request.surplus_price_kwh + (power - own) * request.price_kwh) / 1000
    return result


def _money(request: Request, heat: Array, power: Array, cost: Array) -> Array:
    short = np.maximum(request.heat_w - heat, 0.0) * request.short_price_kwh
    over = np.maximum(heat - request.heat_w, 0.0) * request.over_price_kwh
    return cost + _electricity(request, power) + (short + over) / 1000


def _between(option: Option) -> tuple[Point, ...]:
    """The points, with finer ones between where the source can run there."""
    if not option.continuous:
        return option.points
    result: list[Point] = []
    previous: Point | None = None
    for point in option.points:
        if previous is not None and previous.level > 0:
            result += [_mix(previous, point, k / FINER) for k in range(1, FINER)]
        result.append(point)
        previous = point
    return tuple(result)


def _mix(low: Point, high: Point, share: float) -> Point:
    return Point(
        low.level + share * (high.level - low.level),
        low.heat_w + share * (high.heat_w - low.heat_w),
        low.power_w + share * (high.power_w - low.power_w),
        low.other_cost_h + share * (high.other_cost_h - low.other_cost_h),
    )


def dispatch(options: Sequence[Option], request: Request) -> Allocation:
    """The cheapest combination that keeps the limits.

    Where even the least draw of sources that must run breaks a limit, the combination with the least excess is taken.
    """
    tables = [_between(option) for option in options]
    combos = _Combinations()
    for option, points in sorted(zip(options, tables, strict=True), key=lambda pair: -len(pair[1])):
        combos.extend(option, points)
        _thin(combos, request)
    order = sorted(range(len(options)), key=lambda i: -len(tables[i]))
    fits = combos.fits(request)
    objective = combos.objective(request)
    limited = bool((objective[~fits].min(initial=np.inf)) < objective[fits].min(initial=np.inf) - 1e-9)
    if fits.any():
        best = int(np.where(fits, objective, np.inf).argmin())
    else:
        best = int(np.lexsort((objective, combos.power))[0])
    chosen = [OFF] * len(options)
    for column, place in enumerate(order):
        chosen[place] = tables[place][combos.chosen[best, column]]
    return _tuned(options, request, chosen, limited=limited)


def _thin(combos: _Combinations, request: Request) -> None:
    """Where there are many, keep the cheapest of each bucket of like heat and like power."""
    if len(combos.heat) <= MOST_COMBINATIONS:
        return
    heat_step = max(float(combos.heat.max()), 1.0) / 120
    power_step = max(float(combos.power.max()), 1.0) / 25
    key = (combos.heat / heat_step).astype(np.intp) * 1000 + (combos.power / power_step).astype(np.intp)
    value = combos.cost - combos.bonus + combos.power * request.price_kwh / 1000
    order = np.lexsort((value, key))
    first = np.concatenate([[True], np.diff(key[order]) != 0])
    combos.keep(order[first][: KEPT_COMBINATIONS * 2])


def _tuned(options: Sequence[Option], request: Request, points: list[Point], *, limited: bool) -> Allocation:
    """Move sources between their points to the exact demand, own surplus and limit."""
    best = _allocation(options, request, points, limited=limited)
    for _ in range(2):
        for place, option in enumerate(options):
            here = best.points[place]
            if not option.continuous or here.level <= 0:
                continue
            rest_heat, rest_power = best.heat_w - here.heat_w, best.power_w - here.power_w
            for candidate in _candidates(option, request, rest_heat, rest_power):
                changed = [*best.points[:place], candidate, *best.points[place + 1 :]]
                tried = _allocation(options, request, changed, limited=limited)
                if tried.objective_h < best.objective_h - 1e-12 and _fits(options, request, changed):
                    best = tried
    return best


def _candidates(option: Option, request: Request, rest_heat: float, rest_power: float) -> list[Point]:
    found = []
    running = [point for point in option.points if point.level > 0]
    for low, high in pairwise(running):
        for wanted, a, b in (
            (request.heat_w - rest_heat, low.heat_w, high.heat_w),
            (request.surplus_w - rest_power, low.power_w, high.power_w),
            (request.site_w - rest_power, low.power_w, high.power_w),
        ):
            if a < wanted < b:
                found.append(_mix(low, high, (wanted - a) / (b - a)))
    return found


def _fits(options: Sequence[Option], request: Request, points: Sequence[Point]) -> bool:
    total, phases = 0.0, [0.0, 0.0, 0.0]
    for option, point in zip(options, points, strict=True):
        total += point.power_w
        for phase in range(3):
            if option.phase is None:
                phases[phase] += point.power_w / 3
            elif option.phase == phase:
                phases[phase] += point.power_w
    return total <= request.site_w + TOLERANCE_W and all(
        drawn <= limit + TOLERANCE_W for drawn, limit in zip(phases, request.phase_w, strict=True)
    )


def _allocation(options: Sequence[Option], request: Request, points: Sequence[Point], *, limited: bool) -> Allocation:
    heat = sum(point.heat_w for point in points)
    power = sum(point.power_w for point in points)
    cost = sum(point.other_cost_h for point in points)
    bonus = 0.0
    for option, point in zip(options, points, strict=True):
        bonus += option.bonus_kwh * point.heat_w / 1000
        bonus -= option.start_price if (point.level > 0) != option.now_on else 0.0
    h, p = np.array(heat), np.array(power)
    money = cost + float(_electricity(request, p))
    return Allocation(
        points=tuple(points),
        heat_w=heat,
        power_w=power,
        cost_h=money,
        objective_h=float(_money(request, h, p, np.array(cost))) - bonus,
        short_w=max(0.0, request.heat_w - heat),
        limited=limited,
    )


def without_off(option: Option) -> Option:
    """The same source where it has to go on running."""
    running = tuple(point for point in option.points if point.level > 0)
    return replace(option, points=running) if running else option
