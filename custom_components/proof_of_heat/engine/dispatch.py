"""Dispatch: which source delivers how much of the heat requested now, at the lowest cost and within all limits.

Each source has operating points (including off unless it must run). All combinations are built source by source,
vectorized. If they become too many, only the cheapest of those with similar heat and power is kept. A last step moves
continuous sources between their points to the exact demand, surplus or limit.
"""

from collections import Counter
from collections.abc import Sequence
from math import inf, isfinite

import numpy as np

from .allocation import Allocation, DispatchRequest
from .arrays import Array
from .combinations import Combinations
from .fine_tuning import FineTuning
from .operating_points import OFF, SourceOption, refine_points

FINE_POINTS = (20, 40)
"""Number of points of a continuous source: of a single one, and of one among several."""
FINE_TUNED = 8
"""Number of the best combinations that are moved to the exact demand, surplus and limits."""


def dispatch(options: Sequence[SourceOption], request: DispatchRequest) -> Allocation:
    """Return the cheapest combination within the limits.

    If even the minimum power of sources that must run exceeds a limit, the combination with the lowest power is
    returned.
    """
    shared = sum(option.continuous for option in options) > 1
    tables = [refine_points(option, FINE_POINTS[shared]) for option in options]
    combos = Combinations(request)
    order = sorted(range(len(options)), key=lambda i: -len(tables[i]))
    for place in order:
        combos.extend(options[place], tables[place])
    limited, best = _best(combos, [options[place].continuous for place in order])
    tuning, found = FineTuning(options, request), []
    for row in best:
        chosen = [OFF] * len(options)
        for place, point in zip(order, row, strict=True):
            chosen[place] = tables[place][point]
        found.append(tuning.tuned(chosen, limited=limited))
    return min(found, key=lambda allocation: allocation.objective_h)


def _best(combos: Combinations, moves: Sequence[bool]) -> tuple[bool, list[tuple[int, ...]]]:
    """Return whether limits exclude the cheapest combination, and the points of the best ones within the limits."""
    fits, ranked, limited = combos.fits(), combos.objective(), False
    if fits is not None:
        if not fits.any():
            columns = combos.selected([combos.lowest_power(ranked)])
            return True, [tuple(int(column[0]) for column in columns)]
        excluded = np.where(fits, inf, ranked).min()
        ranked = np.where(fits, ranked, inf)
        limited = bool(excluded < ranked.min() - 1e-9)
    return limited, _distinct_best(ranked, combos, moves)


def _distinct_best(ranked: Array, combos: Combinations, moves: Sequence[bool]) -> list[tuple[int, ...]]:
    """Return the best combinations, at most two per pattern: a pattern ignores what fine-tuning changes anyway."""
    count = min(len(ranked), FINE_TUNED * 12)
    nearest = np.argpartition(ranked, count - 1)[:count]
    nearest = nearest[np.argsort(ranked[nearest], kind="stable")]
    columns = [column.tolist() for column in combos.selected(nearest)]
    rows = list(zip(*columns, strict=True)) or [()] * count
    seen: Counter[tuple[int, ...]] = Counter()
    found: list[tuple[int, ...]] = []
    for row, value in zip(rows, ranked[nearest].tolist(), strict=True):
        pattern = tuple([min(point, 1) if moving else point for point, moving in zip(row, moves, strict=True)])
        seen[pattern] += 1
        if seen[pattern] <= 2 and isfinite(value):
            found.append(row)
            if len(found) == FINE_TUNED:
                break
    return found
