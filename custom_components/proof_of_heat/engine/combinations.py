"""All combinations of the operating points of several sources, each source along an axis of its own.

A quantity that a source does not change has an axis of length 1 there, so that most arithmetic is done on few values.
In memory, the axis of the first source is the last one: it is the longest, and numpy is fast along it.
"""

from collections.abc import Sequence
from math import isfinite, prod

import numpy as np

from .allocation import TOLERANCE_W, DispatchRequest
from .arrays import Array, Index, Mask
from .operating_points import OperatingPoint, SourceOption

MAX_COMBINATIONS = 12_000


class Combinations:
    """Heat, power (total and of each limited phase), cost and selected points of many combinations."""

    def __init__(self, request: DispatchRequest) -> None:
        self._request = request
        self._heat, self._power, self._cost, self._bonus = np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1)
        self._phases = {phase: np.zeros(1) for phase, limit in enumerate(request.phase_w) if isfinite(limit)}
        self._sizes = [1]
        self._kept: list[Index] = []
        """The points of the sources along the first axis: those of combinations that were kept."""
        self._has_bonus = self._feeds_in = False

    def extend(self, option: SourceOption, points: Sequence[OperatingPoint]) -> None:
        """Combine every combination with every point of another source."""
        heat, power = np.array([p.heat_w for p in points]), np.array([p.power_w for p in points])
        cost, bonus = np.array([p.other_cost_h for p in points]), None
        if option.bonus_kwh or option.start_price:
            changed = np.array([option.start_price if (p.level > 0) != option.now_on else 0.0 for p in points])
            bonus, self._has_bonus = option.bonus_kwh * heat / 1000 - changed, True
        self._feeds_in |= bool(power.min() < 0)
        self._sizes.append(len(points))
        self._heat, self._power = _all_sums(self._heat, heat), _all_sums(self._power, power)
        self._cost = _all_sums(self._cost, cost if cost.any() else None)
        self._bonus = _all_sums(self._bonus, bonus)
        for phase, own in self._phases.items():
            share = option.phase_shares[phase]
            self._phases[phase] = _all_sums(own, power * share if share else None)
        if prod(self._sizes) > MAX_COMBINATIONS:
            self._prune()

    def objective(self) -> Array:
        """Return the money per hour of each combination, including penalties."""
        request = self._request
        result = self._electricity_cost() + self._cost
        missing = request.heat_w - self._heat
        over = np.maximum(-missing, 0.0)
        over *= request.over_price_kwh
        penalty = np.maximum(missing, 0.0, out=missing)
        penalty *= request.short_price_kwh
        penalty += over
        penalty /= 1000
        result = result + penalty
        return self._flat(result - self._bonus if self._has_bonus else result)

    def _electricity_cost(self) -> Array:
        request, power = self._request, self._power
        if request.surplus_w == 0 and not self._feeds_in:
            cost: Array = power * request.price_kwh
        else:
            own = np.minimum(power, request.surplus_w)
            cost = own * request.surplus_price_kwh + (power - own) * request.price_kwh
        return cost / 1000

    def fits(self) -> Mask | None:
        """Return for each combination whether it is within the limits; None if all are."""
        pairs = [(self._power, self._request.site_w)]
        pairs += [(power, self._request.phase_w[phase]) for phase, power in self._phases.items()]
        masks = [power <= limit + TOLERANCE_W for power, limit in pairs if power.max() > limit + TOLERANCE_W]
        if not masks:
            return None
        within = masks[0]
        for mask in masks[1:]:
            within = within & mask
        return self._flat(within)

    def lowest_power(self, objective: Array) -> int:
        """Return the place of the combination with the lowest power, the cheapest of several."""
        return int(np.lexsort((objective, self._flat(self._power)))[0])

    def selected(self, places: Sequence[int] | Index) -> list[Index]:
        """Return for each source its selected points in the combinations at these places."""
        first, *others = np.unravel_index(places, self._sizes)
        return [kept[first] for kept in self._kept] + others

    def _flat(self, values: Array) -> Array:
        flat: Array = np.broadcast_to(values, self._sizes[::-1]).T.reshape(-1)
        return flat

    def _prune(self) -> None:
        """Keep only the cheapest of each bucket of similar heat and power."""
        heat, power = self._flat(self._heat), self._flat(self._power)
        heat_step, power_step = max(float(heat.max()), 1.0) / 240, max(float(power.max()), 1.0) / 40
        key = (heat / heat_step).astype(np.intp) * 1000 + (power / power_step).astype(np.intp)
        value = self._flat(self._cost - self._bonus) + power * self._request.price_kwh / 1000
        order = np.lexsort((value, key))
        places = order[np.concatenate([[True], np.diff(key[order]) != 0])]
        self._kept = self.selected(places)
        self._cost, self._bonus = self._flat(self._cost)[places], self._flat(self._bonus)[places]
        self._phases = {phase: self._flat(own)[places] for phase, own in self._phases.items()}
        self._heat, self._power = heat[places], power[places]
        self._sizes = [len(places)]


def _all_sums(own: Array, more: Array | None) -> Array:
    """Return the sums along a new axis; without ``more`` nothing is added there."""
    result: Array = own[np.newaxis]
    return result if more is None else result + more.reshape(-1, *(1,) * own.ndim)
