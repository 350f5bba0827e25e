"""Consumption from energy counters, which in practice do not only grow.

    counter = Counter(max_per_hour=12.0)            # the most that can flow, in the counter's unit
    grown = counter.update(reading_kwh, at_s)       # consumption since the last accepted reading; None: not known yet
    counter.total                                   # everything that was counted so far

    meter = EnergyMeter(max_kw=12.0)                # a counter, a power sensor or both; nothing is counted twice
    grown = meter.update(at_s, counter_kwh=..., power_w=...)

This is the only place where a difference between two readings becomes consumption. Real counters do this:

- They repeat an older reading, fall by a step, or read 0 once. Such a fall is not a restart: it is ignored, and what
  was consumed meanwhile is counted with the next good reading.
- They restart at 0, or roll over at the end of their digits. That is accepted once a second reading near zero follows.
  Counted is what the counter shows since; what was consumed between the last reading and the restart is not known.
- They are replaced and continue at another value. The growth from the new value on is counted.
- They jump up by more than can have flowed. That is not counted.
- They freeze while something flows, and then catch up.

Times are seconds of any one clock, of the wall where the state is stored. Without Home Assistant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from typing import Any, Final

DEFAULT_MAX_PER_HOUR: Final = 100.0
"""kWh per hour: more than the connection of a house provides."""
STATE_VERSION: Final = 1

_EQUAL: Final = 1e-9
_NEAR_ZERO: Final = 0.1
"""A restarted counter shows at most this share of what it showed before."""
_RESTART_READINGS: Final = 2
_OTHER_LEVEL_READINGS: Final = 5
_UNDONE_READINGS: Final = 3
_LAG_S: Final = 30.0
"""Reports may lag by this much, so a little more than the limit can appear between two readings."""
_UNCONFIRMED_S: Final = 3600.0
"""More than can flow in this time is counted only when a second reading confirms it, however long the gap was."""
_CATCH_UP_S: Final = 86400.0
"""A counter that did not change for up to this time may catch up at once."""


@dataclass(slots=True)
class _Run:
    """Consecutive readings that contradict the accepted one but not each other."""

    first: float
    last: float
    at: float
    count: int = 1


@dataclass(slots=True, kw_only=True)
class Counter:
    """Consumption by a counter that grows.

    Attributes:
        max_per_hour: The most that can be consumed in an hour, in the counter's unit.
        digits_end: The value at which the counter rolls over to 0, such as 65536 or 100000; None where it is not known.
        total: Consumption counted so far.
        accepted: The last reading that was accepted; None before the first one.
        incomplete: How often a part of the consumption could not be known: a restart, a replaced counter.
    """

    max_per_hour: float = DEFAULT_MAX_PER_HOUR
    digits_end: float | None = None
    total: float = 0.0
    accepted: float | None = None
    incomplete: int = 0
    _at: float | None = field(default=None, repr=False)
    _changed_at: float | None = field(default=None, repr=False)
    _run: _Run | None = field(default=None, repr=False)
    _earlier: float | None = field(default=None, repr=False)
    """The accepted reading before the last growth; None where that growth was confirmed by another reading."""
    # The reading before the last restart, its time and `total` then: two readings of 0 look like a restart until the
    # counter is back.
    _before: tuple[float, float, float] | None = field(default=None, repr=False)
    _owed: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        """Reject a limit that would refuse every growth."""
        if not self.max_per_hour > 0:
            raise ValueError("max_per_hour must be above 0")

    @property
    def doubted(self) -> bool:
        """Whether the last reading was not accepted, so that present consumption is not known."""
        return self._run is not None

    def update(self, reading: float | None, at: float) -> float | None:
        """Add a reading at a time in s; return the consumption that it adds, None while it is not accepted.

        A reading that is missing, not finite or negative changes nothing.
        """
        if reading is None or not math.isfinite(reading) or reading < 0:
            return None
        if self.accepted is None or self._at is None:
            return self._start(reading, at)
        growth = reading - self.accepted
        if abs(growth) <= _EQUAL * max(1.0, reading):
            growth = 0.0
        if 0 <= growth <= self._limit(min(at - self._at, _UNCONFIRMED_S)):
            if growth > 0:
                self._before = None  # it counts, so the last restart was one
            return self._accept(reading, at, growth)
        if (back := self._back_from_restart(reading, at)) is not None:
            return back
        return self._doubt(reading, at, growth)

    def as_dict(self) -> dict[str, Any]:
        """Return the state to store."""
        return {
            "version": STATE_VERSION,
            "total": self.total,
            "reading": self.accepted,
            "at": self._at,
            "changed_at": self._changed_at,
            "owed": self._owed,
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Continue from a stored state; invalid parts are ignored."""
        self.total = _number(stored.get("total")) or 0.0
        self.accepted = _number(stored.get("reading"))
        self._at = _number(stored.get("at")) if self.accepted is not None else None
        self._changed_at = _number(stored.get("changed_at")) if self._at is not None else None
        self._owed = _number(stored.get("owed")) or 0.0
        self._run = self._before = self._earlier = None

    def _start(self, reading: float, at: float) -> float:
        self.accepted, self._at, self._changed_at = reading, at, at
        return 0.0

    def _limit(self, elapsed_s: float) -> float:
        """Return the largest plausible growth in a time. A clock that was set back leaves the least time."""
        return self.max_per_hour * (max(0.0, elapsed_s) + _LAG_S) / 3600

    def _accept(self, reading: float, at: float, growth: float) -> float:
        self._earlier = self.accepted if growth > 0 else None
        if growth > 0:
            self._changed_at = at
        self.accepted, self._at, self._run = reading, at, None
        return self._count(growth)

    def _count(self, growth: float) -> float:
        """Count a growth, less what was counted too much before."""
        paid = min(self._owed, growth)
        self._owed -= paid
        self.total += growth - paid
        return growth - paid

    def _doubt(self, reading: float, at: float, growth: float) -> float | None:
        """Keep a contradicting reading until enough others confirm it."""
        run = self._run
        if run is not None and 0 <= reading - run.last <= self._limit(at - run.at):
            run.last, run.at, run.count = reading, at, run.count + 1
        else:
            self._run = run = _Run(reading, reading, at)
        assert self.accepted is not None
        assert self._at is not None
        if growth > 0:
            return self._confirm_jump(run, reading, at)
        if (rolled := self._rolled_over(run)) is not None:
            return self._restart(run, rolled)
        if run.first <= self.accepted * _NEAR_ZERO and run.first <= self._limit(run.at - self._at):
            return self._restart(run, run.last) if run.count >= _RESTART_READINGS else None
        if self._earlier is not None and run.first >= self._earlier and run.count >= _UNDONE_READINGS:
            # The last growth was a single wrong reading.
            self._owed += self.accepted - run.last
            return self._accept(run.last, run.at, 0.0)
        if run.count >= _OTHER_LEVEL_READINGS and run.last > run.first:
            return self._restart(run, run.last - run.first)
        return None

    def _confirm_jump(self, run: _Run, reading: float, at: float) -> float | None:
        """A counter that was frozen may catch up with what flowed since its last change; more is another counter."""
        assert self.accepted is not None
        assert self._at is not None
        since = self._at if self._changed_at is None else max(self._changed_at, self._at - _CATCH_UP_S)
        if run.first > self.accepted and run.count >= _RESTART_READINGS:
            if reading - self.accepted <= self._limit(at - since):
                return self._accept(reading, at, reading - self.accepted)
            if run.count >= _OTHER_LEVEL_READINGS:
                return self._restart(run, run.last - run.first)
        return None

    def _rolled_over(self, run: _Run) -> float | None:
        """Return the growth over the end of the digits, if two readings beyond it are plausible."""
        assert self.accepted is not None
        assert self._at is not None
        if self.digits_end is None or run.count < _RESTART_READINGS:
            return None
        growth = self.digits_end - self.accepted + run.last
        return growth if 0 <= growth <= self._limit(run.at - self._at) else None

    def _restart(self, run: _Run, growth: float) -> float:
        """Continue at another value, of whose growth `growth` is certain."""
        assert self.accepted is not None
        assert self._at is not None
        self.incomplete += 1
        if self._before is None or self.accepted > self._before[0]:
            self._before = (self.accepted, self._at, self.total)
        return self._accept(run.last, run.at, growth)

    def _back_from_restart(self, reading: float, at: float) -> float | None:
        """Return the consumption where the counter is back at its value before a restart, which then was none."""
        assert self.accepted is not None
        if self._before is None or reading < self.accepted:
            return None
        before, before_at, total = self._before
        growth = reading - before
        if not -_EQUAL <= growth <= self._limit(at - before_at):
            return None
        self._before = None
        self.incomplete -= 1
        correction = growth - (self.total - total)
        if correction < 0:
            self._owed -= correction
        return self._accept(reading, at, max(0.0, correction))


@dataclass(slots=True, kw_only=True)
class PowerIntegrator:
    """Energy in kWh from readings of a power in W.

    Attributes:
        max_gap_s: A longer time between two readings is not counted.
        hold: Each power applies until the next reading, as one that was commanded does; else the mean of both applies.
        total: Energy counted so far.
    """

    max_gap_s: float = 300.0
    hold: bool = False
    total: float = 0.0
    _power_w: float | None = field(default=None, repr=False)
    _at: float | None = field(default=None, repr=False)

    def update(self, power_w: float | None, at: float) -> float | None:
        """Add a power at a time in s; return the energy since the last one, None where it is not known."""
        if power_w is not None and not math.isfinite(power_w):
            power_w = None
        before_w, before = self._power_w, self._at
        self._power_w, self._at = power_w, at
        if before_w is None or before is None or not 0 <= at - before <= self.max_gap_s:
            return None
        if power_w is None and not self.hold:
            return None
        mean_w = before_w if self.hold or power_w is None else (before_w + power_w) / 2
        energy = mean_w * (at - before) / 3.6e6
        self.total += energy
        return energy


@dataclass(frozen=True, slots=True)
class Consumed:
    """Energy in kWh that a reading added. `estimated`: from the power, because the counter reported nothing."""

    kwh: float
    estimated: bool = False


class EnergyMeter:
    """Consumption by a counter where it is readable and by the power where it is not; nothing is counted twice.

    While the counter is away, doubted or frozen, the energy of the power counts. When the counter is back, what
    the power counted meanwhile is subtracted from its growth.
    """

    def __init__(self, *, max_kw: float = DEFAULT_MAX_PER_HOUR, max_gap_s: float = 600.0, hold: bool = True) -> None:
        self.counter = Counter(max_per_hour=max_kw)
        self._power = PowerIntegrator(max_gap_s=max_gap_s, hold=hold)
        self._estimated = 0.0
        self._step = math.inf
        self._unmoved = 0.0
        self.total = 0.0

    @property
    def reading_kwh(self) -> float | None:
        """The accepted reading plus what the power counted since; None before the first reading."""
        accepted = self.counter.accepted
        return None if accepted is None else accepted + self._estimated

    def update(
        self,
        at: float,
        *,
        counter_kwh: float | None = None,
        power_w: float | None = None,
        power_kwh: float | None = None,
    ) -> Consumed | None:
        """Add what is known at a time in s; None where neither reports anything about the time since the last call.

        `power_kwh` is the energy since the last call, for callers that calculate it from a power themselves.
        """
        by_power = self._power.update(power_w, at) if power_kwh is None else power_kwh
        first = self.counter.accepted is None
        by_counter = self.counter.update(counter_kwh, at)
        if first:
            # The power is from before the first reading: the counter will not settle it.
            return self._add_estimate(by_power, settled_later=False)
        if by_counter is None:
            return self._add_estimate(by_power)
        if by_counter <= 0 and by_power:
            # A counter does not change within its last digit; one that lacks several of them is frozen.
            self._unmoved += by_power
            if self._unmoved > self._frozen_after():
                frozen, self._unmoved = self._unmoved, math.inf
                return self._add_estimate(by_power if math.isinf(frozen) else frozen)
        if by_counter > 0:
            self._step, self._unmoved = min(self._step, by_counter), 0.0
        settled = min(self._estimated, by_counter)
        self._estimated -= settled
        self.total += by_counter - settled
        return Consumed(by_counter - settled)

    def as_dict(self) -> dict[str, Any]:
        """Return the state to store."""
        return {
            "version": STATE_VERSION,
            "total": self.total,
            "estimated": self._estimated,
            "counter": self.counter.as_dict(),
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Continue from a stored state; invalid parts are ignored."""
        self.total = _number(stored.get("total")) or 0.0
        self._estimated = _number(stored.get("estimated")) or 0.0
        counter = stored.get("counter")
        if isinstance(counter, Mapping):
            self.counter.restore(counter)

    def _add_estimate(self, by_power: float | None, *, settled_later: bool = True) -> Consumed | None:
        if by_power is None:
            return None
        if settled_later and self.counter.accepted is not None:
            self._estimated += by_power
        self.total += by_power
        return Consumed(by_power, estimated=True)

    def _frozen_after(self) -> float:
        return 3 * self._step if math.isfinite(self._step) else 1.0


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
