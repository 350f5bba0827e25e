"""The plan's time grid: short cells first, longer ones later."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..arrays import Array, Index

STEP_S = 900
BLOCKS = ((12, 1), (10, 2), (16, 4), (12, 8))
"""(number of cells, 15-minute steps per cell): up to 3 h, 8 h, 24 h and 48 h."""


@dataclass(frozen=True)
class TimeGrid:
    """Cells of one or more 15-minute steps."""

    begin: Index
    end: Index

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def steps(self) -> int:
        """Number of 15-minute steps in all cells."""
        return int(self.end[-1])

    @property
    def hours(self) -> Array:
        """Length of each cell in hours."""
        return (self.end - self.begin) * (STEP_S / 3600)

    def mean(self, steps: Array) -> Array:
        """Return the mean of a series of 15-minute steps in each cell."""
        result: Array = np.add.reduceat(steps[: self.steps], self.begin) / (self.end - self.begin)
        return result

    def cumulated(self, impulse: Array) -> Array:
        """Return the response at each cell's end (rows) to a unit input over each cell (columns).

        ``impulse[k]`` is the response k + 1 steps after the start of a unit pulse of one step.
        """
        total = np.concatenate([[0.0], np.cumsum(impulse)])
        since_begin = np.clip(self.end[:, None] - self.begin[None, :], 0, None)
        since_end = np.clip(self.end[:, None] - self.end[None, :], 0, None)
        result: Array = total[since_begin] - total[since_end]
        return result


@cache
def time_grid(steps: int) -> TimeGrid:
    """Return the grid over at most ``steps`` 15-minute steps."""
    lengths = [length for count, length in BLOCKS for _ in range(count)]
    end = np.cumsum(lengths)
    end = end[end <= steps]
    begin = np.concatenate([[0], end[:-1]]) if len(end) else end
    return TimeGrid(begin.astype(np.intp), end.astype(np.intp))
