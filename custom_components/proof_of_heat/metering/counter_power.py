"""Power from an energy counter, for meters without a power reading. Without Home Assistant."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import math
from typing import Final

from .._lib.counters import Counter

STALE: Final = timedelta(minutes=10)
SPAN: Final = timedelta(minutes=15)
ENOUGH_STEPS: Final = 5
_TOLERANCE: Final = 1.05
_FINEST_KWH: Final = 0.001
"""Finer steps count as this one."""
_ROUNDED: Final = 0.002
_NOISE_KWH: Final = 1e-6
"""Readings are rounded, or converted from other units: a rest up to this is none."""
ACCURATE_STEPS: Final = 20
"""The mean over this many counts is within 5 %."""
OWN_SPAN: Final = timedelta(hours=1)
"""Of counters in devices: many count in steps of 0.1 kWh and are read every five minutes."""
OWN_STALE: Final = timedelta(minutes=30)


@dataclass(slots=True)
class CounterPower:
    """Mean power between two counts, over the shortest time in which the counter moved by several of its own steps.

    A counter in steps of 0.01 kWh that grew by five of them is accurate to a fifth. One that does not move gives an
    upper bound: less than one step since it last moved. What a reading adds is for `Counter` to decide: falls, single
    zeros and jumps are not consumption, and while a reading is doubted, the power is unknown.
    """

    span: timedelta = SPAN
    stale: timedelta = STALE
    _counter: Counter = field(default_factory=Counter)
    _edges: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=200))
    """When the counter had grown, with its total."""
    _last_at: datetime | None = None
    _fed_at: datetime | None = None
    _readings: int = 0
    _incomplete: int = 0
    _step_kwh: float = math.inf
    """The largest step of which all increases were multiples: the counter's resolution once a few were seen."""

    def limit(self, max_kw: float) -> None:
        """Set the power that the source cannot exceed."""
        self._counter.max_per_hour = max_kw

    def feed(self, at: datetime, counter_kwh: float) -> None:
        """Add a reading; older ones, and the last one again, are ignored."""
        if self._fed_at is not None and at <= self._fed_at:
            return
        self._fed_at = at
        grown = self._counter.update(counter_kwh, at.timestamp())
        if grown is None:
            return
        self._last_at = at
        self._readings += 1
        if self._counter.incomplete != self._incomplete:  # nothing before a restart can be compared
            self._incomplete = self._counter.incomplete
            self._edges.clear()
            self._readings = 1
        elif grown > 1e-9:
            self._step_kwh = _common_step(self._step_kwh, grown)
        if grown > 1e-9 or not self._edges:
            self._edges.append((at, self._counter.total))
        while len(self._edges) > 2 and at - self._edges[1][0] > self.span:
            self._edges.popleft()

    def power_w(self, now: datetime) -> float | None:
        """Return the recent mean power in W; None without two readings or if the last one is stale."""
        return None if (mean := self._mean(now)) is None else mean[0]

    def running_w(self, now: datetime) -> float | None:
        """Return the recent mean power of a load that runs; None while the counter gives an upper bound only.

        That bound is of the time since the counter last moved, in most of which the load did not run yet.
        """
        return None if (mean := self._mean(now)) is None or not mean[1] else mean[0]

    def is_accurate(self, now: datetime) -> bool:
        """Return whether the counter moved by enough counts for the power to be within 5 %."""
        return (mean := self._mean(now)) is not None and mean[1] >= ACCURATE_STEPS

    def _mean(self, now: datetime) -> tuple[float, float] | None:
        """Return the power and the counts that it is based on."""
        last_at = self._last_at
        if last_at is None or self._readings < 2 or now - last_at > self.stale or self._counter.doubted:
            return None
        edge_at, edge = self._edges[-1]
        if math.isinf(self._step_kwh) or last_at - edge_at > self.span:  # it has never moved, or not for long
            return 0.0, 0.0
        mean, counts = math.inf, 0.0
        most = self._most_w(edge_at, edge, last_at)
        for at, total in list(self._edges)[-2::-1]:
            mean = (edge - total) * 3.6e6 / (edge_at - at).total_seconds()
            counts = (edge - total) / self._step_kwh
            if edge - total >= ENOUGH_STEPS * self._step_kwh * (1 - 1e-6):
                break
            most = min(most, self._most_w(at, total, last_at))
        return (mean, counts) if mean <= most * _TOLERANCE else (most, 0.0)

    def _most_w(self, at: datetime, total_kwh: float, last_at: datetime) -> float:
        """Return the highest mean power since an edge: what was counted, and less than one more step.

        After a load stopped, the last counts are of standby: the mean over enough counts is from before.
        """
        elapsed_s = (last_at - at).total_seconds()
        grown = self._edges[-1][1] - total_kwh + self._step_kwh
        return grown * 3.6e6 / elapsed_s if elapsed_s > 0 else math.inf


def _common_step(one_kwh: float, other_kwh: float) -> float:
    """Return the largest step of which both are multiples, by Euclid's algorithm; one of them may be infinite."""
    larger, smaller = max(one_kwh, other_kwh), min(one_kwh, other_kwh)
    if math.isinf(larger):
        return smaller
    while smaller > max(_ROUNDED * larger, _NOISE_KWH):
        larger, smaller = smaller, abs(larger - smaller * round(larger / smaller))
    return max(larger, min(_FINEST_KWH, one_kwh, other_kwh))
