"""The resolution of an energy counter, learned from its increases. Without Home Assistant.

All increases of a counter are multiples of its last digit, or of the energy of one pulse. The greatest step that
divides them all is never finer than that, and reaches it after a few increases. The smallest increase alone is too
coarse for a device that is read rarely: it counts several steps between two readings.

A counter that rests between its increases, although it is read, may be updated by its device from time to time only.
What is known of it is then no more exact than such an increase, however many digits it has.
"""

from collections import deque
import math
from typing import Final

FINE_KWH: Final = 0.001
"""Finer steps are not looked for: they make no difference."""
_CONSECUTIVE: Final = 3
"""A counter that increased at this many consecutive readings is not slower than the readings."""
_COMPARED: Final = 48
_EXACT_KWH: Final = 1e-6
_SINGLE_PRECISION: Final = 1.2e-7
"""Relative error of the difference of two numbers of 32 bits, as many devices send them."""


class CounterResolution:
    """The least difference of a counter that means something, in kWh."""

    def __init__(self, known_kwh: float = 0.0) -> None:
        self._known_kwh = known_kwh
        self._increases: deque[tuple[float, float]] = deque(maxlen=_COMPARED)
        self._smallest = math.inf
        self._parts = 1
        self._has_moved = False
        self._consecutive = 0

    @property
    def kwh(self) -> float:
        """The resolution: the one known from before until the counter increased; 0 without any."""
        if math.isinf(self._smallest):
            return self._known_kwh
        return self._smallest if self._consecutive < _CONSECUTIVE else self._smallest / self._parts

    def add(self, increase_kwh: float, reading_kwh: float) -> None:
        """Add what the counter grew by up to a reading; 0 if it did not."""
        if increase_kwh <= _EXACT_KWH:
            self._has_moved = False
            return
        self._consecutive += self._has_moved
        self._has_moved = True
        if increase_kwh < self._smallest:
            self._smallest, self._parts = increase_kwh, 1
        self._increases.append((increase_kwh, max(_EXACT_KWH, _SINGLE_PRECISION * reading_kwh)))
        while self._smallest / self._parts > FINE_KWH and not self._divides_all():
            self._parts += 1

    def _divides_all(self) -> bool:
        """Return whether all increases are multiples of the smallest one's part, as exactly as they are known."""
        step = self._smallest / self._parts
        for increase, error in self._increases:
            steps = round(increase / step)
            if abs(increase - steps * step) > error * (1 + steps / self._parts):
                return False
        return True
