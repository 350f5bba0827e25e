"""Fine-tuning of a combination: continuous sources move between their points to the exact demand, surplus or limit."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations
from math import inf, isfinite

from .allocation import Allocation, DispatchRequest, allocation, costs_h, fits
from .operating_points import OperatingPoint, SourceOption, interpolate

ROUNDS = 2
ROUNDING = 1e-12

type Segment = tuple[OperatingPoint, OperatingPoint]


class FineTuning:
    """Moves the sources of one request."""

    def __init__(self, options: Sequence[SourceOption], request: DispatchRequest) -> None:
        self._options, self._request = options, request
        self._segments: list[list[Segment]] = [
            list(pairwise(point for point in option.points if point.level > 0)) if option.continuous else []
            for option in options
        ]
        self._has_phase_limit = any(limit < inf for limit in request.phase_w)

    def tuned(self, points: Sequence[OperatingPoint], *, limited: bool) -> Allocation:
        """Return the best allocation in the neighborhood of these points, which are within the limits."""
        best = allocation(self._options, self._request, points, limited=limited)
        moving = [p for p, option in enumerate(self._options) if option.continuous and points[p].level > 0]
        for _ in range(ROUNDS):
            before = best
            for place in moving:
                for candidate in self._candidates(best, place):
                    best = self._better(best, ((place, candidate),))
            for one, other in permutations(moving, 2):
                for first, second in self._exchanges(best, one, other):
                    best = self._better(best, ((one, first), (other, second)))
            if best is before:
                break
        return best

    def _better(self, best: Allocation, changes: Sequence[tuple[int, OperatingPoint]]) -> Allocation:
        """Return the allocation with some points changed if that is cheaper and within the limits, else ``best``."""
        options, request, points = self._options, self._request, list(best.points)
        for place, point in changes:
            points[place] = point
        heat, power = sum([point.heat_w for point in points]), sum([point.power_w for point in points])
        _, objective = costs_h(options, request, points, heat, power)
        if objective < best.objective_h - ROUNDING and fits(options, request, points):
            return allocation(options, request, points, limited=best.limited)
        return best

    def _candidates(self, now: Allocation, place: int) -> list[OperatingPoint]:
        """Return the points of one source that meet the demand, or use the surplus or the limit."""
        request, here = self._request, now.points[place]
        rest_power = now.power_w - here.power_w
        heat = request.heat_w - (now.heat_w - here.heat_w)
        surplus, limit = request.surplus_w - rest_power, request.site_w - rest_power
        if self._has_phase_limit:
            limit = min(limit, self._phase_room(now.points, place))
        found = []
        for low, high in self._segments[place]:
            if low.heat_w < heat < high.heat_w:
                found.append(interpolate(low, high, (heat - low.heat_w) / (high.heat_w - low.heat_w)))
            found += [
                interpolate(low, high, (power - low.power_w) / (high.power_w - low.power_w))
                for power in (surplus, limit)
                if low.power_w < power < high.power_w
            ]
        return found

    def _phase_room(self, points: Sequence[OperatingPoint], place: int) -> float:
        """Return the power that the phase limits leave to one source."""
        room = list(self._request.phase_w)
        for other, (option, point) in enumerate(zip(self._options, points, strict=True)):
            for phase, share in enumerate(option.phase_shares):
                if other != place and share:
                    room[phase] -= point.power_w * share
        mine = self._options[place].phase_shares
        return min(left / share for left, share in zip(room, mine, strict=True) if share > 0)

    def _exchanges(self, now: Allocation, one: int, other: int) -> Iterator[tuple[OperatingPoint, OperatingPoint]]:
        """Yield points of two sources that meet the demand, with one at a point of its own, or power at a limit."""
        request = self._request
        heat = request.heat_w - now.heat_w + now.points[one].heat_w + now.points[other].heat_w
        rest_power = now.power_w - now.points[one].power_w - now.points[other].power_w
        powers = [total - rest_power for total in (request.site_w, request.surplus_w) if isfinite(total)]
        firsts = [(first, heat - first.heat_w) for first in self._options[one].points[1:]]
        for low, high in self._segments[other]:
            low_w, high_w = low.heat_w, high.heat_w
            if high_w > low_w:
                for first, left_w in firsts:
                    if low_w <= left_w <= high_w:
                        yield first, interpolate(low, high, (left_w - low_w) / (high_w - low_w))
            for a, b in self._segments[one]:
                is_outside = not a.heat_w + low_w <= heat <= b.heat_w + high_w
                if is_outside and a.heat_w <= b.heat_w and low_w <= high_w:
                    continue  # most pairs: this heat lies outside of what they make together
                for power in powers:
                    shares = _crossing((a, b), (low, high), heat, power)
                    if shares is not None:
                        yield interpolate(a, b, shares[0]), interpolate(low, high, shares[1])


def _crossing(first: Segment, second: Segment, heat: float, power: float) -> tuple[float, float] | None:
    """Return the shares along two segments that give this heat and power together; None if they do not cross."""
    (a, b), (c, d) = first, second
    h1, h2, p1, p2 = b.heat_w - a.heat_w, d.heat_w - c.heat_w, b.power_w - a.power_w, d.power_w - c.power_w
    determinant = h1 * p2 - h2 * p1
    heat, power = heat - a.heat_w - c.heat_w, power - a.power_w - c.power_w
    if abs(determinant) < 1e-9:
        return None
    x, y = (heat * p2 - h2 * power) / determinant, (h1 * power - heat * p1) / determinant
    return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None
