"""Heating sessions of one controller: on-time, energy and cost, by session and by local day.

Time is counted only up to the last sign of life, so an outage adds nothing. A session whose end was not seen is
closed at the last sign of life and marked as estimated.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

SHORT_BREAK: Final = timedelta(minutes=10)
"""A session goes on over a break of Home Assistant itself that is not longer."""
UNSEEN: Final = timedelta(minutes=3)
"""A session with a longer stretch that nobody saw is marked as estimated."""


@dataclass(slots=True)
class Session:
    """One stretch of heating.

    Attributes:
        id: Of its row; None until it is on disk.
        start: UTC.
        seen: Counted up to here (UTC).
        end: UTC; None while it runs.
        energy_kwh: None where nothing tells the energy.
        cost: In the currency of the price; None without a price.
        estimated: Its end was not seen, or part of it was not.
        meter_kwh: The last reading of the meter, while it runs.
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
        """For users, automations and exports."""
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
        """How long it has been."""
        return ((self.end or self.seen) - self.start).total_seconds()


@dataclass(slots=True)
class Usage:
    """What adds up over a day, a month, a life."""

    on_s: float = 0.0
    energy_kwh: float | None = None
    cost: float | None = None

    def add(self, on_s: float, energy_kwh: float | None, cost: float | None) -> None:
        """Add some more."""
        self.on_s += on_s
        self.energy_kwh = _plus(self.energy_kwh, energy_kwh)
        self.cost = _plus(self.cost, cost)

    def plus(self, other: Usage) -> Usage:
        """The sum of both."""
        return Usage(self.on_s + other.on_s, _plus(self.energy_kwh, other.energy_kwh), _plus(self.cost, other.cost))


def _plus(left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return left if right is None else right
    return left + right


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of energy at a moment; None: not known.

    Attributes:
        meter_kwh: A meter that counts up; a fall is a reset.
        power_w: Measured, or the rated power.
        price: Of a kilowatt-hour.
    """

    meter_kwh: float | None = None
    power_w: float | None = None
    price: float | None = None


NO_READING: Final = Reading()


@dataclass(slots=True)
class Ledger:
    """The sessions of one controller as they happen.

    Attributes:
        open: The running session.
        total: Of its life.
        days: Usage by local day; those of this month and the week before it at least.
        changed: Days that are not on disk yet.
        closed: Sessions that ended and are not on disk yet.
    """

    zone: tzinfo = UTC
    open: Session | None = None
    total: Usage = field(default_factory=Usage)
    days: dict[date, Usage] = field(default_factory=dict)
    changed: set[date] = field(default_factory=set)
    closed: list[Session] = field(default_factory=list)

    def report(
        self, heating: bool | None, now: datetime, reading: Reading = NO_READING, *, gap: timedelta = SHORT_BREAK
    ) -> tuple[Session, ...]:
        """Take note of a sign of life; returns the sessions that ended or began by it.

        Args:
            heating: What the controller does; None where it does not say.
            now: UTC.
            reading: Of energy, now.
            gap: How long a silence may have been for the session to go on.
        """
        session = self.open
        if session is None:
            return (self._begin(now, reading),) if heating else ()
        if now <= session.seen:
            # The clock was set back: nothing passes until it has caught up.
            return () if heating else (self._end(session.seen, estimated=True),)
        if heating is None or now - session.seen > gap:
            ended = self._end(session.seen, estimated=True)
            return (ended, self._begin(now, reading)) if heating else (ended,)
        session.estimated |= now - session.seen > UNSEEN
        self._accrue(session, now, reading)
        return () if heating else (self._end(now, estimated=session.estimated),)

    def lost(self) -> tuple[Session, ...]:
        """The controller fell silent: the session, if one ran, ended when it was last seen."""
        return () if self.open is None else (self._end(self.open.seen, estimated=True),)

    def add_earlier(self, earlier: Ledger) -> None:
        """Take over what was on disk before this ledger began; a session that ran then ended unseen."""
        if earlier.open is not None:
            earlier.lost()
        self.closed[:0] = earlier.closed
        self.total = earlier.total.plus(self.total)
        for day, usage in earlier.days.items():
            self.days[day] = usage.plus(self.days.get(day, Usage()))

    def today(self, now: datetime) -> Usage:
        """Of the local day."""
        return self.days.get(now.astimezone(self.zone).date(), Usage())

    def week(self, now: datetime) -> Usage:
        """Of the local week, from Monday."""
        day = now.astimezone(self.zone).date()
        return self._since(day - timedelta(days=day.weekday()), day)

    def month(self, now: datetime) -> Usage:
        """Of the local month."""
        day = now.astimezone(self.zone).date()
        return self._since(day.replace(day=1), day)

    def _since(self, first: date, last: date) -> Usage:
        usage = Usage()
        for i in range((last - first).days + 1):
            if (day := self.days.get(first + timedelta(days=i))) is not None:
                usage = usage.plus(day)
        return usage

    def _begin(self, now: datetime, reading: Reading) -> Session:
        energy = None if reading.meter_kwh is None and reading.power_w is None else 0.0
        cost = None if energy is None or reading.price is None else 0.0
        self.open = Session(now, now, energy_kwh=energy, cost=cost, meter_kwh=reading.meter_kwh)
        return self.open

    def _end(self, when: datetime, *, estimated: bool) -> Session:
        assert self.open is not None
        session, self.open = self.open, None
        session.end, session.estimated = when, estimated
        self.closed.append(session)
        return session

    def _accrue(self, session: Session, now: datetime, reading: Reading) -> None:
        """Count the time since the last sign of life, on the days that it fell on."""
        seconds = (now - session.seen).total_seconds()
        energy = _energy(session, reading, seconds)
        cost = None if energy is None or reading.price is None else energy * reading.price
        for day, part in _by_day(session.seen, now, self.zone):
            share = part / seconds
            usage = self.days.setdefault(day, Usage())
            usage.add(part, None if energy is None else energy * share, None if cost is None else cost * share)
            self.changed.add(day)
        self.total.add(seconds, energy, cost)
        session.energy_kwh = _plus(session.energy_kwh, energy)
        session.cost = _plus(session.cost, cost)
        session.seen = now
        if reading.meter_kwh is not None:
            session.meter_kwh = reading.meter_kwh


def _energy(session: Session, reading: Reading, seconds: float) -> float | None:
    """By the meter where it can be read at both ends, else by the power."""
    if reading.meter_kwh is not None and session.meter_kwh is not None:
        grown = reading.meter_kwh - session.meter_kwh
        return grown if grown >= 0 else max(0.0, reading.meter_kwh)
    if reading.power_w is not None:
        return reading.power_w * seconds / 3.6e6
    return None


def _by_day(start: datetime, end: datetime, zone: tzinfo) -> list[tuple[date, float]]:
    """The seconds between two moments on each local day."""
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
