"""Sessions whose energy cannot have flowed: what contradicts them, and the energy that is counted instead."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from enum import StrEnum
from typing import Any, Final

from .._lib.counters import Counter
from .session_tracker import Session, SessionTracker, Usage, split_by_day

_TOLERANCE: Final = {"meter": 1.1, "power": 1.2, "rated_power": 3.0}
"""How much more than by this evidence is accepted; a meter may include more than the heat source."""
_TOLERANCE_KWH: Final = 0.05
_COVERED: Final = 0.9

type Point = tuple[float, float]
"""A time in s since 1970 and a reading."""


class EnergySource(StrEnum):
    """What the energy of a session is calculated from."""

    METER = "meter"
    POWER = "power"
    RATED_POWER = "rated_power"


@dataclass(frozen=True, slots=True)
class SessionCorrection:
    """A session with its wrong and its corrected energy and cost.

    Attributes:
        session: As it is stored.
        energy_kwh: None where no source gives the energy.
        cost: At the mean price at which the energy was counted.
        source: Where the energy comes from.
    """

    session: Session
    energy_kwh: float | None
    cost: float | None
    source: EnergySource | None

    @property
    def added_kwh(self) -> float:
        """What the usage of the session's days changes by."""
        return (self.energy_kwh or 0.0) - (self.session.energy_kwh or 0.0)

    @property
    def added_cost(self) -> float:
        """What the cost of the session's days changes by."""
        return (self.cost or 0.0) - (self.session.cost or 0.0)

    def as_dict(self) -> dict[str, Any]:
        """Return the form in an action's response."""
        return {
            **self.session.as_dict(),
            "corrected_energy_kwh": None if self.energy_kwh is None else round(self.energy_kwh, 4),
            "corrected_cost": None if self.cost is None else round(self.cost, 4),
            "taken_from": None if self.source is None else self.source.value,
        }


def correct_session(
    session: Session, energies: Mapping[EnergySource, float | None], max_kw: float
) -> SessionCorrection | None:
    """Return the correction of a session; None where nothing contradicts its energy.

    Args:
        session: As it is stored.
        energies: The energy of the same time by each source that knows it, the best one first.
        max_kw: The most that can be consumed.
    """
    if session.energy_kwh is None:
        return None
    known = [(source, kwh) for source, kwh in energies.items() if kwh is not None]
    most = max_kw * session.duration_s / 3600 + _TOLERANCE_KWH
    if known:
        source, kwh = known[0]
        most = min(most, kwh * _TOLERANCE[source] + _TOLERANCE_KWH)
    if 0 <= session.energy_kwh <= most:
        return None
    if not known:
        return SessionCorrection(session, None, None, None)
    source, kwh = known[0]
    cost = session.cost * kwh / session.energy_kwh if session.cost is not None and session.energy_kwh > 0 else None
    return SessionCorrection(session, kwh, cost, source)


def metered_kwh(readings: Iterable[Point], start: float, end: float, max_kw: float) -> float | None:
    """Return the consumption between two times from the readings of a meter; None where they do not reach back."""
    counter = Counter(max_per_hour=max_kw)
    times: list[float] = []
    totals: list[float] = []
    for at, reading in readings:
        if counter.update(reading, at) is not None:
            times.append(at)
            totals.append(counter.total)
    if not times or times[0] > start or times[-1] < start:
        return None
    return _at(times, totals, end) - _at(times, totals, start)


def _at(times: list[float], totals: list[float], at: float) -> float:
    """Return the total at a time; linear between two readings, as the last one after it."""
    i = bisect_right(times, at)
    if i == len(times):
        return totals[-1]
    share = (at - times[i - 1]) / (times[i] - times[i - 1])
    return totals[i - 1] + share * (totals[i] - totals[i - 1])


def integrated_kwh(powers: Sequence[Point], start: float, end: float) -> float | None:
    """Return the energy between two times of a power in W that is reported when it changes."""
    if not powers or powers[0][0] > start or end <= start:
        return None
    energy = 0.0
    for (at, power_w), (until, _) in zip(powers, [*powers[1:], (end, 0.0)], strict=True):
        energy += power_w * max(0.0, min(until, end) - max(at, start)) / 3.6e6
    return energy


def kwh_of_hours(mean_w: Mapping[float, float], start: float, end: float) -> float | None:
    """Return the energy between two times of the mean power of each hour; None where too many hours are missing."""
    covered_s = energy = 0.0
    hour = start // 3600 * 3600
    while hour < end:
        seconds = min(end, hour + 3600) - max(start, hour)
        if (power_w := mean_w.get(hour)) is not None:
            covered_s += seconds
            energy += power_w * seconds / 3.6e6
        hour += 3600
    return energy * (end - start) / covered_s if end > start and covered_s >= _COVERED * (end - start) else None


def correct_days(correction: SessionCorrection, days: Mapping[date, Usage], zone: tzinfo) -> dict[date, Usage]:
    """Return what the usage of each local day changes by: it is taken from the days that are contradicted most."""
    session = correction.session
    parts = split_by_day(session.start, session.end or session.seen, zone)
    if not parts:
        return {}
    rate = max(0.0, correction.energy_kwh or 0.0) / session.duration_s
    seconds = dict(parts)
    excess = {
        day: max(0.0, (usage.energy_kwh or 0.0) - rate * usage.on_s) if (usage := days.get(day)) is not None else 0.0
        for day in seconds
    }
    weights = excess if sum(excess.values()) > 0 else seconds
    total = sum(weights.values())
    return {
        day: Usage(0.0, correction.added_kwh * weight / total, correction.added_cost * weight / total)
        for day, weight in weights.items()
        if weight > 0
    }


def session_hours(corrections: Iterable[SessionCorrection]) -> dict[float, tuple[float, float]]:
    """Return mean and maximum power in W by hour, as the corrected sessions give it.

    The energy of a session is spread evenly for the mean; all of it may have flowed in any one of its hours.
    """
    hours: dict[float, tuple[float, float]] = {}
    for correction in corrections:
        session, kwh = correction.session, correction.energy_kwh or 0.0
        start, end = session.start.timestamp(), (session.end or session.seen).timestamp()
        hour = start // 3600 * 3600
        while hour < end:
            share = (min(end, hour + 3600) - max(start, hour)) / (end - start)
            mean, most = hours.get(hour, (0.0, 0.0))
            hours[hour] = (mean + kwh * share * 1000, most + kwh * 1000)
            hour += 3600
    return hours


def apply_corrections(
    tracker: SessionTracker, corrections: Iterable[SessionCorrection], added: Mapping[date, Usage]
) -> None:
    """Correct what a tracker holds in memory: its running session, its days and its total."""
    for correction in corrections:
        running = tracker.running
        if running is not None and running.id == correction.session.id:
            running.energy_kwh = (running.energy_kwh or 0.0) + correction.added_kwh
            running.cost = None if correction.cost is None else (running.cost or 0.0) + correction.added_cost
            running.estimated = True
    for day, usage in added.items():
        tracker.total = tracker.total.plus(usage)
        if day in tracker.days:
            tracker.days[day] = tracker.days[day].plus(usage)
