"""Heating sessions of one controller: on-time, energy and cost, by session and by local day.

Time is counted only up to the last report, so an outage adds nothing. A session whose end was not reported ends at
the last report and is marked as estimated.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from .._lib.counters import DEFAULT_MAX_PER_HOUR, EnergyMeter

SHORT_BREAK: Final = timedelta(minutes=10)
"""A session continues after an interruption of at most this length, such as a restart of Home Assistant."""
MAX_REPORT_GAP: Final = timedelta(minutes=3)
"""A session with a longer time between two reports is marked as estimated."""
_CLOCK_STEP: Final = timedelta(seconds=2)
"""A larger difference between the wall clock and the steady clock means that the wall clock was set."""


@dataclass(slots=True)
class Session:
    """One continuous period of heating.

    Attributes:
        id: Row in the database; None until it is written.
        start: UTC.
        seen: Time of the last report; the session is counted up to here (UTC).
        end: UTC; None while it is running.
        energy_kwh: None without an energy source.
        cost: In the currency of the price; None without a price.
        estimated: Its end, or a part of it, was not reported.
        meter_kwh: Last reading of the energy meter while it is running.
    """

    start: datetime
    seen: datetime
    end: datetime | None = None
    energy_kwh: float | None = None
    cost: float | None = None
    estimated: bool = False
    meter_kwh: float | None = None
    id: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the form that actions, events and exports use."""
        return {
            "start": self.start.isoformat(timespec="seconds"),
            "end": self.end.isoformat(timespec="seconds") if self.end else None,
            "duration_s": round(self.duration_s),
            "energy_kwh": None if self.energy_kwh is None else round(self.energy_kwh, 4),
            "cost": None if self.cost is None else round(self.cost, 4),
            "estimated": self.estimated,
        }

    @property
    def duration_s(self) -> float:
        """Duration so far."""
        return ((self.end or self.seen) - self.start).total_seconds()


@dataclass(slots=True)
class Usage:
    """Heating time, energy and cost of a period."""

    on_s: float = 0.0
    energy_kwh: float | None = None
    cost: float | None = None

    def add(self, on_s: float, energy_kwh: float | None, cost: float | None) -> None:
        """Add heating time, energy and cost."""
        self.on_s += on_s
        self.energy_kwh = _plus(self.energy_kwh, energy_kwh)
        self.cost = _plus(self.cost, cost)

    def plus(self, other: Usage) -> Usage:
        """Return the sum of both."""
        return Usage(self.on_s + other.on_s, _plus(self.energy_kwh, other.energy_kwh), _plus(self.cost, other.cost))


def _plus(left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return left if right is None else right
    return left + right


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """Energy data at a moment; None where a value is unknown.

    Attributes:
        meter_kwh: Counter of the energy meter.
        power_w: Measured, or the rated power.
        price: Price of a kilowatt-hour.
        max_kw: The most that can be consumed: a counter that grows faster is not accepted.
        meter_reported: When the meter reported its counter; the same report again confirms nothing.
    """

    meter_kwh: float | None = None
    power_w: float | None = None
    price: float | None = None
    max_kw: float = DEFAULT_MAX_PER_HOUR
    meter_reported: datetime | None = None


NO_ENERGY_READING: Final = EnergyReading()


@dataclass(slots=True)
class SessionTracker:
    """Tracks the sessions and the usage of one controller.

    Attributes:
        running: The running session.
        total: Usage since the controller was added.
        days: Usage by local day; at least of this month and the week before it.
        unsaved_days: Days whose usage is not on disk yet.
        unsaved: Ended sessions that are not on disk yet.
    """

    zone: tzinfo = UTC
    running: Session | None = None
    total: Usage = field(default_factory=Usage)
    days: dict[date, Usage] = field(default_factory=dict)
    unsaved_days: set[date] = field(default_factory=set)
    unsaved: list[Session] = field(default_factory=list)
    # Time of the steady clock at the last report of the running session; None if that was before a restart.
    _seen_s: float | None = None
    _meter: EnergyMeter = field(default_factory=EnergyMeter)
    _meter_reported: datetime | None = None

    def report(
        self,
        heating: bool | None,
        now: datetime,
        reading: EnergyReading = NO_ENERGY_READING,
        *,
        gap: timedelta = SHORT_BREAK,
        steady_s: float | None = None,
    ) -> tuple[Session, ...]:
        """Process a report; returns the sessions that it ended or started.

        Args:
            heating: Whether the heat source is on; None where it was not reported.
            now: UTC.
            reading: Energy data now.
            gap: Longest time since the last report over which the session continues.
            steady_s: Time of a clock that does not jump. With it, a step of the wall clock neither ends the session nor
                changes its duration.
        """
        session = self.running
        if session is None:
            self._seen_s = steady_s
            return (self._start(now, reading),) if heating else ()
        self._restore_meter(session, now, steady_s)
        if steady_s is not None:
            self._follow_clock(session, now, steady_s)
        if now < session.seen or (now == session.seen and steady_s is None):
            # Without a steady clock: count nothing until the wall clock has passed the last report again.
            return () if heating else (self._end(session.seen, estimated=True),)
        if heating is None or now - session.seen > gap:
            ended = self._end(session.seen, estimated=True)
            return (ended, self._start(now, reading)) if heating else (ended,)
        session.estimated |= now - session.seen > MAX_REPORT_GAP
        self._accrue(session, now, reading)
        return () if heating else (self._end(now, estimated=session.estimated),)

    def since_report(self, now: datetime, steady_s: float) -> timedelta:
        """Return the time since the last report of the running session."""
        if self.running is None:
            return timedelta(0)
        if self._seen_s is not None:
            return timedelta(seconds=max(0.0, steady_s - self._seen_s))
        return max(timedelta(0), now - self.running.seen)

    def _follow_clock(self, session: Session, now: datetime, steady_s: float) -> None:
        """Express the session in the wall clock as it is set now."""
        step = now - session.seen - self.since_report(now, steady_s)
        if self._seen_s is None:
            # Home Assistant was restarted with a clock that was set back: how long it was away is not known.
            session.estimated |= step < timedelta(0)
        self._seen_s = steady_s
        if abs(step) > _CLOCK_STEP or now < session.seen:
            session.start += step
            session.seen += step

    def end_offline(self) -> tuple[Session, ...]:
        """End the running session at its last report: the controller is offline. Returns the ended session."""
        return () if self.running is None else (self._end(self.running.seen, estimated=True),)

    def add_earlier(self, earlier: SessionTracker) -> None:
        """Add stored sessions and usage that could not be read before; a session that was running then has ended."""
        if earlier.running is not None:
            earlier.end_offline()
        self.unsaved[:0] = earlier.unsaved
        self.total = earlier.total.plus(self.total)
        for day, usage in earlier.days.items():
            self.days[day] = usage.plus(self.days.get(day, Usage()))

    def today(self, now: datetime) -> Usage:
        """Return the usage of the local day."""
        return self.days.get(now.astimezone(self.zone).date(), Usage())

    def week(self, now: datetime) -> Usage:
        """Return the usage of the local week, which starts on Monday."""
        day = now.astimezone(self.zone).date()
        return self._sum(day - timedelta(days=day.weekday()), day)

    def month(self, now: datetime) -> Usage:
        """Return the usage of the local month."""
        day = now.astimezone(self.zone).date()
        return self._sum(day.replace(day=1), day)

    def _sum(self, first: date, last: date) -> Usage:
        usage = Usage()
        for i in range((last - first).days + 1):
            if (day := self.days.get(first + timedelta(days=i))) is not None:
                usage = usage.plus(day)
        return usage

    def _start(self, now: datetime, reading: EnergyReading) -> Session:
        energy = None if reading.meter_kwh is None and reading.power_w is None else 0.0
        cost = None if energy is None or reading.price is None else 0.0
        # What was consumed between the sessions is not theirs.
        self._update_meter(now, reading, 0.0)
        self.running = Session(now, now, energy_kwh=energy, cost=cost, meter_kwh=self._meter.reading_kwh)
        return self.running

    def _update_meter(self, now: datetime, reading: EnergyReading, seconds: float) -> float | None:
        """Return the energy since the last reading; None where it is not known."""
        self._meter.counter.max_per_hour = reading.max_kw
        power_kwh = None if reading.power_w is None else reading.power_w * seconds / 3.6e6
        at = now.timestamp() if self._seen_s is None else self._seen_s
        counter_kwh = None if self._is_doubted_report(reading) else reading.meter_kwh
        consumed = self._meter.update(at, counter_kwh=counter_kwh, power_kwh=power_kwh)
        return None if consumed is None else consumed.kwh

    def _is_doubted_report(self, reading: EnergyReading) -> bool:
        """Whether the meter has not reported since a reading that was not accepted."""
        before, self._meter_reported = self._meter_reported, reading.meter_reported
        return before is not None and before == reading.meter_reported and self._meter.counter.doubted

    def _restore_meter(self, session: Session, now: datetime, steady_s: float | None) -> None:
        """Continue with the last reading before a restart of Home Assistant."""
        if self._meter.counter.accepted is None and session.meter_kwh is not None:
            at = now.timestamp() if steady_s is None else steady_s
            at -= max(0.0, (now - session.seen).total_seconds())
            self._meter.counter.restore({"reading": session.meter_kwh, "at": at, "changed_at": at})

    def _end(self, when: datetime, *, estimated: bool) -> Session:
        assert self.running is not None
        session, self.running = self.running, None
        session.end, session.estimated = when, estimated
        self.unsaved.append(session)
        return session

    def _accrue(self, session: Session, now: datetime, reading: EnergyReading) -> None:
        """Count the time since the last report, split by local day."""
        seconds = (now - session.seen).total_seconds()
        energy = self._update_meter(now, reading, seconds)
        cost = None if energy is None or reading.price is None else energy * reading.price
        for day, part in split_by_day(session.seen, now, self.zone):
            share = part / seconds
            usage = self.days.setdefault(day, Usage())
            usage.add(part, None if energy is None else energy * share, None if cost is None else cost * share)
            self.unsaved_days.add(day)
        self.total.add(seconds, energy, cost)
        session.energy_kwh = _plus(session.energy_kwh, energy)
        session.cost = _plus(session.cost, cost)
        session.seen = now
        session.meter_kwh = self._meter.reading_kwh


def split_by_day(start: datetime, end: datetime, zone: tzinfo) -> list[tuple[date, float]]:
    """Split the time between two moments by local day; returns days and seconds."""
    parts: list[tuple[date, float]] = []
    at = start
    while at < end:
        day = at.astimezone(zone).date()
        after = day + timedelta(days=1)
        midnight = datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC)
        until = min(end, midnight)
        parts.append((day, (until - at).total_seconds()))
        at = until
    return parts
