"""Power out of an energy counter, for meters that only count. No Home Assistant here."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

STALE: Final = timedelta(minutes=10)
SPAN: Final = timedelta(minutes=15)
LEAST_KWH: Final = 0.01


@dataclass(slots=True)
class CounterPower:
    """Mean power since the last reading that is far enough back to tell it from the counter's own steps.

    A counter in steps of 0.01 kWh that grew by two of them is right to a half; by five, to a fifth: the window grows
    until the counter did by `enough_kwh`, at most to a quarter of an hour.
    """

    enough_kwh: float = 5 * LEAST_KWH
    _readings: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=200))

    def feed(self, at: datetime, counter_kwh: float) -> None:
        """A reading; repeats and older ones are left out. A counter that fell was reset."""
        if self._readings:
            last_at, last = self._readings[-1]
            if at <= last_at:
                return
            if counter_kwh < last:
                self._readings.clear()
        self._readings.append((at, counter_kwh))
        while len(self._readings) > 2 and at - self._readings[1][0] > SPAN:
            self._readings.popleft()

    def power_w(self, now: datetime) -> float | None:
        """Mean power of late in W; None without two readings or where the last is older than ten minutes."""
        if len(self._readings) < 2 or now - self._readings[-1][0] > STALE:
            return None
        last_at, last = self._readings[-1]
        first_at, first = self._readings[0]
        for at, counter in reversed(self._readings):
            if last - counter >= self.enough_kwh:
                first_at, first = at, counter
                break
        seconds = (last_at - first_at).total_seconds()
        return (last - first) * 3.6e6 / seconds if seconds > 0 else None
