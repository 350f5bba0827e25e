"""Dispatch: which source delivers how much of the heat requested now, at the lowest cost and within all limits.

Each source has operating points (including off unless it must run). All combinations are built source by source,
vectorized. If they become too many, only the cheapest of those with similar heat and power is kept. A last step moves
continuous sources between their points to the exact demand, surplus or limit.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, permutations
from math import isfinite

import numpy as np

from .arrays import Array

MAX_COMBINATIONS = 12_000
FINE_POINTS = (20, 40)
"""Number of points of a continuous source: of a single one, and of one among several."""
FINE_TUNED = 8
"""Number of the best combinations that are moved to the exact demand, surplus and limits."""
TOLERANCE_W = 1e-6


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """An operating point of a source. ``other_cost_h`` is its cost per hour without electricity: fuel less revenue."""

    level: float
    heat_w: float
    power_w: float
    other_cost_h: float = 0.0


OFF = OperatingPoint(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class SourceOption:
    """The operating points of a source in this cycle."""

    source_id: str
    points: tuple[OperatingPoint, ...]
    continuous: bool = False
    """Whether it also runs anywhere between adjacent points above off."""
    phase: int | None = None
    now_on: bool = False
    start_price: float = 0.0
    """Cost of a change between off and on."""
    bonus_kwh: float = 0.0
    """Preference in money per kWh of heat."""


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
    site_w: float = np.inf
    """Electric power available for heating."""
    phase_w: tuple[float, float, float] = (np.inf, np.inf, np.inf)


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


class _Combinations:
    """Heat, power (total and of each limited phase), cost and selected points of many combinations."""

    def __init__(self, request: DispatchRequest) -> None:
        self.request = request
        self.heat, self.cost, self.bonus, self.power = np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1)
        self.phases = {phase: np.zeros(1) for phase, limit in enumerate(request.phase_w) if isfinite(limit)}
        self.chosen: list[Array] = []

    def extend(self, option: SourceOption, points: Sequence[OperatingPoint]) -> None:
        """Combine every combination with every point of another source."""
        heat = np.array([p.heat_w for p in points])
        power = np.array([p.power_w for p in points])
        switch = np.array([option.start_price if (p.level > 0) != option.now_on else 0.0 for p in points])
        cost = np.array([p.other_cost_h for p in points])
        count, many = len(self.heat), len(points)
        self.heat = _all_sums(self.heat, heat)
        self.cost = _all_sums(self.cost, cost)
        self.bonus = _all_sums(self.bonus, option.bonus_kwh * heat / 1000 - switch)
        self.power = _all_sums(self.power, power)
        self.phases = {phase: _all_sums(own, power * _on_phase(option, phase)) for phase, own in self.phases.items()}
        self.chosen = [np.repeat(places, many) for places in self.chosen]
        self.chosen.append(np.tile(np.arange(many, dtype=np.int16), count))

    def keep(self, places: Array) -> None:
        """Keep only the combinations at these places."""
        self.heat, self.cost, self.bonus = self.heat[places], self.cost[places], self.bonus[places]
        self.power = self.power[places]
        self.phases = {phase: power[places] for phase, power in self.phases.items()}
        self.chosen = [chosen[places] for chosen in self.chosen]

    def objective(self) -> Array:
        """Return the money per hour of each combination, including penalties."""
        return _cost_with_penalties(self.request, self.heat, self.power, self.cost) - self.bonus

    def fits(self) -> Array:
        """Return for each combination whether it is within the limits."""
        within: Array = self.power <= self.request.site_w + TOLERANCE_W
        for phase, power in self.phases.items():
            within &= power <= self.request.phase_w[phase] + TOLERANCE_W
        return within

    def points(self, row: int) -> list[int]:
        """Return the selected point of each source of one combination."""
        return [int(chosen[row]) for chosen in self.chosen]


def _all_sums(one: Array, other: Array) -> Array:
    return np.add.outer(one, other).reshape(-1)


def _electricity_cost(request: DispatchRequest, power: Array) -> Array:
    own = np.minimum(power, request.surplus_w)
    result: Array = (own * request.surplus_price_kwh + (power - own) * request.price_kwh) / 1000
    return result


def _cost_with_penalties(request: DispatchRequest, heat: Array, power: Array, cost: Array) -> Array:
    short = np.maximum(request.heat_w - heat, 0.0) * request.short_price_kwh
    over = np.maximum(heat - request.heat_w, 0.0) * request.over_price_kwh
    return cost + _electricity_cost(request, power) + (short + over) / 1000


def _refine_points(option: SourceOption, fine_points: int) -> tuple[OperatingPoint, ...]:
    """Return the points, with interpolated ones in between for a continuous source."""
    if not option.continuous:
        return option.points
    finer = max(2, fine_points // max(1, len(option.points) - 2))
    result: list[OperatingPoint] = []
    previous: OperatingPoint | None = None
    for point in option.points:
        if previous is not None and previous.level > 0:
            result += [_interpolate(previous, point, k / finer) for k in range(1, finer)]
        result.append(point)
        previous = point
    return tuple(result)


def _interpolate(low: OperatingPoint, high: OperatingPoint, share: float) -> OperatingPoint:
    return OperatingPoint(
        low.level + share * (high.level - low.level),
        low.heat_w + share * (high.heat_w - low.heat_w),
        low.power_w + share * (high.power_w - low.power_w),
        low.other_cost_h + share * (high.other_cost_h - low.other_cost_h),
    )


def dispatch(options: Sequence[SourceOption], request: DispatchRequest) -> Allocation:
    """Return the cheapest combination within the limits.

    If even the minimum power of sources that must run exceeds a limit, the combination with the lowest power is
    returned.
    """
    shared = sum(option.continuous for option in options) > 1
    tables = [_refine_points(option, FINE_POINTS[shared]) for option in options]
    combos = _Combinations(request)
    order = sorted(range(len(options)), key=lambda i: -len(tables[i]))
    for place in order:
        combos.extend(options[place], tables[place])
        _prune(combos)
    fits, objective = combos.fits(), combos.objective()
    limited = bool((objective[~fits].min(initial=np.inf)) < objective[fits].min(initial=np.inf) - 1e-9)
    if fits.any():
        ranked = np.where(fits, objective, np.inf)
        best = _distinct_best(ranked, combos, [options[place].continuous for place in order])
    else:
        best = [int(np.lexsort((objective, combos.power))[0])]
    found: list[Allocation] = []
    for row in best:
        chosen = [OFF] * len(options)
        for place, point in zip(order, combos.points(row), strict=True):
            chosen[place] = tables[place][point]
        found.append(_fine_tune(options, request, chosen, limited=limited))
    return min(found, key=lambda allocation: allocation.objective_h)


def _distinct_best(ranked: Array, combos: _Combinations, moves: Sequence[bool]) -> list[int]:
    """Return the best combinations, at most two per pattern: a pattern ignores what fine-tuning changes anyway."""
    count = min(len(ranked), FINE_TUNED * 12)
    nearest = np.argpartition(ranked, count - 1)[:count]
    nearest = nearest[np.argsort(ranked[nearest], kind="stable")]
    columns = (
        (np.minimum(chosen[nearest], 1) if moving else chosen[nearest]).tolist()
        for chosen, moving in zip(combos.chosen, moves, strict=True)
    )
    patterns = list(zip(*columns, strict=True)) or [()] * count
    seen: Counter[tuple[int, ...]] = Counter()
    found: list[int] = []
    for row, value, pattern in zip(nearest.tolist(), ranked[nearest].tolist(), patterns, strict=True):
        seen[pattern] += 1
        if seen[pattern] <= 2 and isfinite(value):
            found.append(row)
    return found[:FINE_TUNED]


def _prune(combos: _Combinations) -> None:
    """If there are too many combinations, keep the cheapest of each bucket of similar heat and power."""
    if len(combos.heat) <= MAX_COMBINATIONS:
        return
    heat_step = max(float(combos.heat.max()), 1.0) / 240
    power_step = max(float(combos.power.max()), 1.0) / 40
    key = (combos.heat / heat_step).astype(np.intp) * 1000 + (combos.power / power_step).astype(np.intp)
    value = combos.cost - combos.bonus + combos.power * combos.request.price_kwh / 1000
    order = np.lexsort((value, key))
    first = np.concatenate([[True], np.diff(key[order]) != 0])
    combos.keep(order[first])


def _fine_tune(
    options: Sequence[SourceOption], request: DispatchRequest, points: list[OperatingPoint], *, limited: bool
) -> Allocation:
    """Move sources between their points to the exact demand, own surplus and limit."""
    best = _allocation(options, request, points, limited=limited)
    moving = [p for p, option in enumerate(options) if option.continuous and points[p].level > 0]
    for _ in range(2):
        for place in moving:
            rest_phase = _phase_room(options, request, best.points, place)
            here = best.points[place]
            rest_heat, rest_power = best.heat_w - here.heat_w, best.power_w - here.power_w
            for candidate in _candidates(options[place], request, rest_heat, rest_power, rest_phase):
                best = _better_of(options, request, best, {place: candidate})
        for one, other in permutations(moving, 2):
            for first, second in _exchanges(options, request, best, one, other):
                best = _better_of(options, request, best, {one: first, other: second})
    return best


def _better_of(
    options: Sequence[SourceOption], request: DispatchRequest, best: Allocation, changes: Mapping[int, OperatingPoint]
) -> Allocation:
    """Return the allocation with some points changed if that is cheaper and within the limits, else ``best``."""
    changed = [changes.get(place, point) for place, point in enumerate(best.points)]
    tried = _allocation(options, request, changed, limited=best.limited)
    better = tried.objective_h < best.objective_h - 1e-12 and _fits(options, request, changed)
    return tried if better else best


def _exchanges(
    options: Sequence[SourceOption], request: DispatchRequest, now: Allocation, one: int, other: int
) -> Iterator[tuple[OperatingPoint, OperatingPoint]]:
    """Yield points of two sources that meet the demand, with one source at a point of its own, or power at a limit."""
    heat = request.heat_w - now.heat_w + now.points[one].heat_w + now.points[other].heat_w
    rest_power = now.power_w - now.points[one].power_w - now.points[other].power_w
    powers = [total - rest_power for total in (request.site_w, request.surplus_w) if isfinite(total)]
    mine = _segments(options[one])
    for low, high in _segments(options[other]):
        for first in options[one].points[1:]:
            if low.heat_w <= heat - first.heat_w <= high.heat_w and high.heat_w > low.heat_w:
                yield first, _interpolate(low, high, (heat - first.heat_w - low.heat_w) / (high.heat_w - low.heat_w))
        for a, b in mine:
            if not a.heat_w + low.heat_w <= heat <= b.heat_w + high.heat_w and _rising(a, b, low, high):
                continue  # most pairs: this heat lies outside of what they make together
            for power in powers:
                shares = _crossing((a, b), (low, high), heat, power)
                if shares is not None:
                    yield _interpolate(a, b, shares[0]), _interpolate(low, high, shares[1])


def _rising(a: OperatingPoint, b: OperatingPoint, low: OperatingPoint, high: OperatingPoint) -> bool:
    return a.heat_w <= b.heat_w and low.heat_w <= high.heat_w


def _segments(option: SourceOption) -> list[tuple[OperatingPoint, OperatingPoint]]:
    return list(pairwise(point for point in option.points if point.level > 0))


def _crossing(
    first: tuple[OperatingPoint, OperatingPoint],
    second: tuple[OperatingPoint, OperatingPoint],
    heat: float,
    power: float,
) -> tuple[float, float] | None:
    """Return the shares along two segments that give this heat and power together; None if they do not cross."""
    (a, b), (c, d) = first, second
    h1, h2, p1, p2 = b.heat_w - a.heat_w, d.heat_w - c.heat_w, b.power_w - a.power_w, d.power_w - c.power_w
    determinant = h1 * p2 - h2 * p1
    heat, power = heat - a.heat_w - c.heat_w, power - a.power_w - c.power_w
    if abs(determinant) < 1e-9:
        return None
    x, y = (heat * p2 - h2 * power) / determinant, (h1 * power - heat * p1) / determinant
    return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None


def _phase_room(
    options: Sequence[SourceOption], request: DispatchRequest, points: Sequence[OperatingPoint], place: int
) -> float:
    """Return the power that the phase limits leave to one source."""
    room = list(request.phase_w)
    for other, (option, point) in enumerate(zip(options, points, strict=True)):
        for phase in range(3) if other != place else ():
            room[phase] -= point.power_w * _on_phase(option, phase)
    mine = options[place]
    return min(room[phase] / _on_phase(mine, phase) for phase in range(3) if _on_phase(mine, phase) > 0)


def _on_phase(option: SourceOption, phase: int) -> float:
    return 1 / 3 if option.phase is None else float(option.phase == phase)


def _candidates(
    option: SourceOption, request: DispatchRequest, rest_heat: float, rest_power: float, phase_room: float
) -> list[OperatingPoint]:
    found = []
    running = [point for point in option.points if point.level > 0]
    for low, high in pairwise(running):
        for wanted, a, b in (
            (request.heat_w - rest_heat, low.heat_w, high.heat_w),
            (request.surplus_w - rest_power, low.power_w, high.power_w),
            (min(request.site_w - rest_power, phase_room), low.power_w, high.power_w),
        ):
            if a < wanted < b:
                found.append(_interpolate(low, high, (wanted - a) / (b - a)))
    return found


def _fits(options: Sequence[SourceOption], request: DispatchRequest, points: Sequence[OperatingPoint]) -> bool:
    total = sum(point.power_w for point in points)
    within = all(
        sum(point.power_w * _on_phase(option, phase) for option, point in zip(options, points, strict=True))
        <= limit + TOLERANCE_W
        for phase, limit in enumerate(request.phase_w)
    )
    return within and total <= request.site_w + TOLERANCE_W


def _allocation(
    options: Sequence[SourceOption], request: DispatchRequest, points: Sequence[OperatingPoint], *, limited: bool
) -> Allocation:
    heat = sum(point.heat_w for point in points)
    power = sum(point.power_w for point in points)
    cost = sum(point.other_cost_h for point in points)
    bonus = 0.0
    for option, point in zip(options, points, strict=True):
        bonus += option.bonus_kwh * point.heat_w / 1000
        bonus -= option.start_price if (point.level > 0) != option.now_on else 0.0
    # The same as _electricity_cost and _cost_with_penalties, without the overhead of arrays.
    own = min(power, request.surplus_w)
    cost += (own * request.surplus_price_kwh + (power - own) * request.price_kwh) / 1000
    short = max(request.heat_w - heat, 0.0)
    over = max(heat - request.heat_w, 0.0)
    return Allocation(
        points=tuple(points),
        heat_w=heat,
        power_w=power,
        cost_h=cost,
        objective_h=cost + (short * request.short_price_kwh + over * request.over_price_kwh) / 1000 - bonus,
        short_w=short,
        limited=limited,
    )


def without_off(option: SourceOption) -> SourceOption:
    """Return the option without its off point, for a source that must stay on."""
    running = tuple(point for point in option.points if point.level > 0)
    return replace(option, points=running) if running else option
