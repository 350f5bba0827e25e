"""Power from an energy counter, for meters without a power reading. Without Home Assistant."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import math
from typing import Final

STALE: Final = timedelta(minutes=10)
SPAN: Final = timedelta(minutes=15)
ENOUGH_STEPS: Final = 5
ACCURATE_STEPS: Final = 20
"""The mean over this many counts is within 5 %."""
OWN_SPAN: Final = timedelta(hours=1)
"""Of counters in devices: many count in steps of 0.1 kWh and are read every five minutes."""
OWN_STALE: Final = timedelta(minutes=30)


@dataclass(slots=True)
class CounterPower:
    """Mean power over the shortest time in which the counter moved by several of its own steps.

    A counter in steps of 0.01 kWh that grew by five of them is accurate to a fifth. One that does not move gives an
    upper bound: less than one step since it last moved.
    """

    span: timedelta = SPAN
    stale: timedelta = STALE
    _readings: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=200))
    _step_kwh: float = math.inf
    """The smallest increase seen: the counter's resolution, or the smallest load between readings."""

    def feed(self, at: datetime, counter_kwh: float) -> None:
        """Add a reading; older ones are ignored. A counter that fell was reset."""
        if self._readings:
            last_at, last = self._readings[-1]
            if at <= last_at:
                return
            growth = counter_kwh - last
            if growth < 0:
                self._readings.clear()
            elif growth > 1e-9:
                self._step_kwh = min(self._step_kwh, growth)
        self._readings.append((at, counter_kwh))
        while len(self._readings) > 2 and at - self._readings[1][0] > self.span:
            self._readings.popleft()

    def power_w(self, now: datetime) -> float | None:
        """Return the recent mean power in W; None without two readings or if the last one is stale."""
        return None if (mean := self._mean(now)) is None else mean[0]

    def is_accurate(self, now: datetime) -> bool:
        """Return whether the counter moved by enough counts for the power to be within 5 %."""
        return (mean := self._mean(now)) is not None and mean[1] >= ACCURATE_STEPS

    def _mean(self, now: datetime) -> tuple[float, float] | None:
        """Return the power and the counts that it is based on."""
        if len(self._readings) < 2 or now - self._readings[-1][0] > self.stale:
            return None
        last_at, last = self._readings[-1]
        mean, most, counts = 0.0, math.inf, 0.0
        for at, counter in list(self._readings)[-2::-1]:
            seconds = (last_at - at).total_seconds()
            mean = (last - counter) * 3.6e6 / seconds
            counts = (last - counter) / self._step_kwh
            if last - counter >= ENOUGH_STEPS * self._step_kwh:
                break
            most = min(most, (last - counter + self._step_kwh) * 3.6e6 / seconds)
        return min(mean, most), counts
