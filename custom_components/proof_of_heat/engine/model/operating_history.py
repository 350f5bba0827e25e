"""The operation of further modulating sources while running, to learn the performance map of each.

The house's history contains one modulating source; each further one has its own trace here.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
import math
from typing import Any

import numpy as np

from ..arrays import Array
from .history import STEP_S
from .performance_map import Operation

KEEP = 1344
"""Two weeks of steps of 15 minutes."""
EARLY_S = 1.0
RUNNING_W = 1.0
COLUMNS = 5

type OperatingValues = tuple[float, float, float, float, float]
"""Level, flow, outdoor temperature, heat and power."""

NOTHING: OperatingValues = (math.nan, math.nan, math.nan, math.nan, math.nan)


@dataclass
class _Trace:
    rows: deque[OperatingValues] = field(default_factory=lambda: deque(maxlen=KEEP))
    sums: Array = field(default_factory=lambda: np.zeros(COLUMNS))
    elapsed_s: float = 0.0
    whole: bool = True

    def add(self, values: OperatingValues, elapsed_s: float) -> None:
        self.whole &= all(map(math.isfinite, values)) and values[3] > RUNNING_W
        if self.whole:
            self.sums += np.array(values) * elapsed_s
        self.elapsed_s += elapsed_s
        if self.elapsed_s < STEP_S - EARLY_S:
            return
        if self.whole:
            level, flow, outdoor, heat, power = (self.sums / self.elapsed_s).tolist()
            self.rows.append((level, flow, outdoor, heat, power))
        self.sums, self.elapsed_s, self.whole = np.zeros(COLUMNS), 0.0, True


class OperatingHistory:
    """The traces of all further modulating sources."""

    def __init__(self, source_ids: Iterable[str]) -> None:
        self._operating_history = {source_id: _Trace() for source_id in source_ids}

    def add(self, values: Mapping[str, OperatingValues], elapsed_s: float) -> None:
        """Add the operation since the last cycle; a step counts if the source ran for all of it."""
        if not 0 < elapsed_s <= STEP_S + EARLY_S:
            return
        for source_id, trace in self._operating_history.items():
            trace.add(values.get(source_id, NOTHING), elapsed_s)

    def operations(self) -> dict[str, Operation]:
        """Return the operation of each source."""
        found = {}
        for source_id, trace in self._operating_history.items():
            table = np.array(trace.rows, dtype=float).reshape(-1, COLUMNS)
            found[source_id] = Operation(*(table[:, i] for i in range(COLUMNS)))
        return found

    def forget(self, source_ids: Collection[str]) -> None:
        """Begin again with some sources: they are measured otherwise now."""
        for source_id in self._operating_history.keys() & set(source_ids):
            self._operating_history[source_id] = _Trace()

    def dump(self) -> dict[str, Any]:
        """Return the traces as JSON values."""
        return {
            name: [[round(value, 3) for value in row] for row in trace.rows]
            for name, trace in self._operating_history.items()
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Restore what ``dump`` returned; invalid rows are skipped."""
        for name, trace in self._operating_history.items():
            rows = saved.get(name)
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, list) and len(row) == COLUMNS and all(isinstance(v, int | float) for v in row):
                    level, flow, outdoor, heat, power = map(float, row)
                    trace.rows.append((level, flow, outdoor, heat, power))
