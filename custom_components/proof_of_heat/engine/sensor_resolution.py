"""The steps in which a thermometer reports.

A reading in steps of 0.1 K may be 0.05 K above the room: a plan that ends at the bound by the reading is below it.
"""

from dataclasses import dataclass
import math

CHANGES = 8
"""The steps are known after so many changes."""
FINEST_K = 0.02
"""Finer steps do not matter. A sensor without steps has none of which all its changes are multiples."""
ROUNDING_K = 0.004
"""A change may differ by this from a multiple of the steps."""
LARGEST_DOUBT_K = 0.1
"""Most that a plan keeps away from the bounds for the steps: those of some thermostats are half a kelvin."""


@dataclass(slots=True)
class SensorResolution:
    """The largest step of which all changes of a sensor are multiples."""

    _step_k: float = 0.0
    _changes: int = 0
    _last_c: float = math.nan

    def add(self, value_c: float) -> None:
        """Add a reading."""
        change_k = abs(value_c - self._last_c)
        self._last_c = value_c
        if not change_k > ROUNDING_K:
            return
        self._changes = min(CHANGES, self._changes + 1)
        step_k, rest_k = change_k, self._step_k
        while rest_k > ROUNDING_K:
            step_k, rest_k = rest_k, abs(math.remainder(step_k, rest_k))
        self._step_k = step_k

    @property
    def doubt_k(self) -> float:
        """Return by how much a room may be colder or warmer than its reading: half a step."""
        is_known = self._changes >= CHANGES and self._step_k >= FINEST_K
        return min(LARGEST_DOUBT_K, self._step_k / 2) if is_known else 0.0
