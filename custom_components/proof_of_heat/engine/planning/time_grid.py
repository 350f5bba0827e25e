"""The plan's time grid: fine now, coarse later."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..arrays import Array, Index

STEP_S = 900
BLOCKS = ((12, 1), (10, 2), (16, 4), (12, 8))
"""So many cells of so many 15-minute steps: 3 h, to 8 h, to 24 h, to 48 h."""


@dataclass(frozen=True)
class TimeGrid:
    """Cells of whole 15-minute steps."""

    begin: Index
    end: Index

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def steps(self) -> int:
        """How many 15-minute steps all cells cover."""
        return int(self.end[-1])

    @property
    def hours(self) -> Array:
        """Length of each cell."""
        return (self.end - self.begin) * (STEP_S / 3600)

    def mean(self, steps: Array) -> Array:
        """The mean of a series of 15-minute steps in each cell."""
        result: Array = np.add.reduceat(steps[: self.steps], self.begin) / (self.end - self.begin)
        return result

    def cumulated(self, impulse: Array) -> Array:
        """Response at each cell's end (rows) to a unit held over each cell (columns).

        ``impulse[k]`` is the response k + 1 steps after the start of a one-step unit pulse.
        """
        total = np.concatenate([[0.0], np.cumsum(impulse)])
        since_begin = np.clip(self.end[:, None] - self.begin[None, :], 0, None)
        since_end = np.clip(self.end[:, None] - self.end[None, :], 0, None)
        result: Array = total[since_begin] - total[since_end]
        return result


@cache
def time_grid(steps: int) -> TimeGrid:
    """The grid over at most so many steps."""
    lengths = [length for count, length in BLOCKS for _ in range(count)]
    end = np.cumsum(lengths)
    end = end[end <= steps]
    begin = np.concatenate([[0], end[:-1]]) if len(end) else end
    return TimeGrid(begin.astype(np.intp), end.astype(np.intp))
