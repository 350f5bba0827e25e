"""COP by summed energies (rule and window edges: OpenEnergyMonitor's method, see docs/proof_of_heat/entities.md).

A heat pump's cloud reports heat every 5-10 minutes, an electric meter its counter every few seconds. The times at
which the heat reading changed are the edges; the electric counter is interpolated linearly at each edge, so the
error of an interval is at most the power times the meter's spacing. Ratios are never averaged: energies are summed
over intervals where both are known, then divided. An interval over a gap of more than 15 minutes in the meter, or
over a counter that restarted, is excluded from both sums. What a reading of a counter adds is decided by `Counter`. If
one counter does not move while the other counts, the interval extends until both have moved.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise, takewhile
from typing import Any, Final

from .._lib.counters import Counter
from ..drivers.values import number
from .counter_resolution import CounterResolution

RUNNING_W: Final = 150.0
MAX_GAP_S: Final = 900.0
MAX_EDGE_GAP_S: Final = 4 * 3600.0
MIN_WINDOW_S: Final = 3600.0
MIN_ENERGY_KWH: Final = 0.05
ENOUGH_COUNTS: Final = 20
"""A difference of this many steps of a counter is within 5 %."""
MAX_COP: Final = 8.0
"""More heat than this per electricity over an interval: a counter does not move, or has too coarse steps for it."""
KEEP_DAYS: Final = 400
DATA_VERSION: Final = 1
_FAST_KEPT: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Energies in kWh over `covered_s` seconds. Heat taken from the house in a defrost counts as negative."""

    covered_s: float = 0.0
    electricity: float = 0.0
    electricity_running: float = 0.0
    electricity_heating: float = 0.0
    electricity_dhw: float = 0.0
    electricity_standby: float = 0.0
    heat: float = 0.0
    heat_heating: float = 0.0
    heat_dhw: float = 0.0
    defrost: float = 0.0

    def plus(self, other: Sums) -> Sums:
        """Return the sum of both."""
        return Sums(**{spec.name: getattr(self, spec.name) + getattr(other, spec.name) for spec in fields(Sums)})

    @property
    def cop(self) -> float | None:
        """All heat divided by all electricity, standby included."""
        return _ratio(self.heat, self.electricity)

    @property
    def cop_running(self) -> float | None:
        """The COP while the compressor ran."""
        return _ratio(self.heat, self.electricity_running)

    @property
    def cop_heating(self) -> float | None:
        """The COP of space heating."""
        return _ratio(self.heat_heating, self.electricity_heating)

    @property
    def cop_dhw(self) -> float | None:
        """The COP of hot water."""
        return _ratio(self.heat_dhw, self.electricity_dhw)


def _ratio(heat: float, electricity: float) -> float | None:
    return round(heat / electricity, 2) if electricity >= MIN_ENERGY_KWH else None


@dataclass(frozen=True, slots=True)
class Edge:
    """A change of the heat counters, at the device's own time, in kWh."""

    at: datetime
    heating_kwh: float | None
    dhw_kwh: float | None = None


class CopCalculator:
    """Calculates sums by local day and over the last hours from the readings of both meters."""

    def __init__(self, zone: tzinfo, *, running_w: float = RUNNING_W) -> None:
        self._zone = zone
        self._running_w = running_w
        self._fast: deque[tuple[datetime, float]] = deque(maxlen=_FAST_KEPT)
        self._waiting: deque[Edge] = deque(maxlen=200)
        self._last: tuple[Edge, float] | None = None
        self._last_edge_values: tuple[float | None, float | None] | None = None
        self._recent: deque[tuple[datetime, Sums]] = deque(maxlen=2000)
        self._days: dict[date, Sums] = {}
        self._electricity, self._heating, self._dhw = Counter(), Counter(), Counter()
        self._electricity_fed_at: datetime | None = None
        self._heat_fed_at: datetime | None = None
        self._resolution = CounterResolution()
        self._heat_resolutions = (CounterResolution(), CounterResolution())

    def limit(self, electric_kw: float, heat_kw: float) -> None:
        """Set the electric input and the heat output in kW that the heat pump cannot exceed."""
        self._electricity.max_per_hour = electric_kw
        self._heating.max_per_hour = self._dhw.max_per_hour = heat_kw

    def feed_electricity(self, at: datetime, counter_kwh: float) -> None:
        """Add a reading of the electricity counter. The same one again must not confirm itself."""
        if self._electricity_fed_at is not None and at <= self._electricity_fed_at:
            return
        self._electricity_fed_at = at
        before = self._electricity.incomplete
        grown = self._electricity.update(counter_kwh, at.timestamp())
        if grown is None:
            return
        if self._electricity.incomplete != before:  # a restart: nothing before it can be compared
            self._fast.clear()
            self._waiting.clear()
            self._last = None
            self._resolution = CounterResolution()
        self._resolution.add(grown, counter_kwh)
        self._fast.append((at, self._electricity.total))
        self._settle()

    def feed_heat(self, at: datetime, heating_kwh: float | None, dhw_kwh: float | None = None) -> None:
        """Add a reading of the heat counters; an unchanged one is not an edge."""
        if self._heat_fed_at is not None and at <= self._heat_fed_at:
            return
        self._heat_fed_at = at
        before = self._heating.incomplete + self._dhw.incomplete
        grown = (self._heating.update(heating_kwh, at.timestamp()), self._dhw.update(dhw_kwh, at.timestamp()))
        if any(
            value is None for value, reading in zip(grown, (heating_kwh, dhw_kwh), strict=True) if reading is not None
        ):
            return
        if self._heating.incomplete + self._dhw.incomplete != before:
            self._waiting.clear()
            self._last = None
            self._heat_resolutions = (CounterResolution(), CounterResolution())
        for resolution, value, reading in zip(self._heat_resolutions, grown, (heating_kwh, dhw_kwh), strict=True):
            if value is not None and reading is not None:
                resolution.add(value, reading)
        values = (
            None if heating_kwh is None else self._heating.total,
            None if dhw_kwh is None else self._dhw.total,
        )
        if values in ((None, None), self._last_edge_values):
            return
        self._last_edge_values = values
        self._waiting.append(Edge(at, *values))
        self._settle()

    def is_enough(self, sums: Sums) -> bool:
        """Return whether a ratio of these sums means something: over an hour, and enough counts of both counters."""
        is_enough = sums.electricity >= ENOUGH_COUNTS * self._resolution.kwh
        return is_enough and sums.heat >= ENOUGH_COUNTS * self._heat_resolution_kwh and sums.covered_s >= MIN_WINDOW_S

    @property
    def _heat_resolution_kwh(self) -> float:
        """The resolution of the heat: a device counts heating and hot water in the same steps."""
        return min((found for each in self._heat_resolutions if (found := each.kwh) > 0), default=0.0)

    def window(self, now: datetime, length: timedelta) -> Sums | None:
        """Return the sums of intervals that ended in the last `length`; None if they cover less than an hour."""
        since = now - length
        inside = takewhile(lambda item: item[0] > since, reversed(self._recent))
        found = total(sums for end, sums in inside if end <= now)
        return found if found.covered_s >= min(MIN_WINDOW_S, length.total_seconds()) else None

    def day(self, which: date) -> Sums:
        """Return the sums of a local day."""
        return self._days.get(which, Sums())

    def span(self, first: date, last: date) -> Sums:
        """Return the sums from `first` to `last`, both included."""
        return total(sums for which, sums in self._days.items() if first <= which <= last)

    def month(self, today: date) -> Sums:
        """Return the sums of the month so far."""
        return self.span(today.replace(day=1), today)

    def season(self, today: date) -> Sums:
        """Return the sums of the last 365 days, for the seasonal performance factor."""
        return self.span(today - timedelta(days=364), today)

    def dump(self) -> dict[str, Any]:
        """Return the stored form."""
        days = {
            which.isoformat(): {spec.name: round(getattr(sums, spec.name), 5) for spec in fields(Sums)}
            for which, sums in self._days.items()
        }
        resolution = {"electricity": round(self._resolution.kwh, 6), "heat": round(self._heat_resolution_kwh, 6)}
        return {"version": DATA_VERSION, "days": days, "resolution_kwh": resolution}

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore from the stored form; what is invalid is ignored."""
        known = data.get("resolution_kwh")
        if isinstance(known, Mapping):
            self._resolution = CounterResolution(number(known.get("electricity")) or 0.0)
            self._heat_resolutions = (CounterResolution(number(known.get("heat")) or 0.0), CounterResolution())
        days = data.get("days")
        for text, row in days.items() if isinstance(days, Mapping) else ():
            try:
                which = date.fromisoformat(str(text))
            except ValueError:
                continue
            if isinstance(row, Mapping):
                values = {spec.name: number(row.get(spec.name)) or 0.0 for spec in fields(Sums)}
                self._days[which] = Sums(**values)

    def _settle(self) -> None:
        """Close the intervals whose edges the electricity counter has passed."""
        while self._waiting and self._fast and self._fast[-1][0] >= self._waiting[0].at:
            edge = self._waiting.popleft()
            counter = self._counter_at(edge.at)
            if counter is None:
                self._last = None
                continue
            if self._last is not None and not self._close(self._last, (edge, counter)):
                continue  # one counter does not move: the interval extends until it moves
            self._last = (edge, counter)
        self._drop_old()

    def _counter_at(self, when: datetime) -> float | None:
        before: tuple[datetime, float] | None = None
        for sample in self._fast:
            if sample[0] == when:
                return sample[1]
            if sample[0] > when:
                if before is None or (sample[0] - before[0]).total_seconds() > MAX_GAP_S:
                    return None
                share = (when - before[0]) / (sample[0] - before[0])
                return before[1] + share * (sample[1] - before[1])
            before = sample
        return None

    def _gap_inside(self, start: datetime, end: datetime) -> bool:
        inside = [at for at, _ in self._fast if start <= at <= end]
        points = [start, *inside, end]
        return any((b - a).total_seconds() > MAX_GAP_S for a, b in pairwise(points))

    def _close(self, first: tuple[Edge, float], last: tuple[Edge, float]) -> bool:
        """Add an interval; return False if it has to extend, because its heat cannot be from its electricity."""
        seconds = (last[0].at - first[0].at).total_seconds()
        heating = _difference(first[0].heating_kwh, last[0].heating_kwh)
        dhw = _difference(first[0].dhw_kwh, last[0].dhw_kwh)
        if seconds > MAX_EDGE_GAP_S or (heating is None and dhw is None):
            return True
        if self._gap_inside(first[0].at, last[0].at):
            return True
        electricity = last[1] - first[1]
        if (heating or 0.0) + (dhw or 0.0) > MAX_COP * electricity:
            return False
        sums = interval(seconds, electricity, heating or 0.0, dhw or 0.0, self._running_w)
        self._recent.append((last[0].at, sums))
        which = last[0].at.astimezone(self._zone).date()
        self._days[which] = self.day(which).plus(sums)
        for old in [day for day in self._days if (which - day).days > KEEP_DAYS]:
            del self._days[old]
        return True

    def _drop_old(self) -> None:
        """Keep the samples that a waiting or future edge may need."""
        needed = self._last[0].at if self._last else None
        while len(self._fast) > 2 and needed is not None and self._fast[1][0] < needed:
            self._fast.popleft()


def interval(seconds: float, electricity: float, heating: float, dhw: float, running_w: float = RUNNING_W) -> Sums:
    """Return the energies of one interval by use. Electricity while running is divided like the heat."""
    heat = heating + dhw
    running = electricity / seconds * 3.6e6 >= running_w if seconds > 0 else False
    base = Sums(
        covered_s=seconds,
        electricity=electricity,
        heat=heat,
        heat_heating=heating,
        heat_dhw=dhw,
        defrost=min(0.0, heat),
    )
    if not running:
        return replace(base, electricity_standby=electricity)
    positive = max(heating, 0.0) + max(dhw, 0.0)
    share = max(dhw, 0.0) / positive if positive else 0.0
    return replace(
        base,
        electricity_running=electricity,
        electricity_heating=electricity * (1 - share),
        electricity_dhw=electricity * share,
    )


def _difference(before: float | None, after: float | None) -> float | None:
    """Return a counter's increase; None where it is unknown or negative (a new year, a new device)."""
    if before is None or after is None or after < before:
        return None
    return after - before


def total(parts: Iterable[Sums]) -> Sums:
    """Return the sum of all parts."""
    found = Sums()
    for part in parts:
        found = found.plus(part)
    return found
