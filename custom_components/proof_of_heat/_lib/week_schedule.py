# Generated from lib/week_schedule.py by scripts/build: edit that file, not this one.
"""Week schedules as heating controllers exchange them: days, slots, target, mode.

``[{"day": "Mon-Fri", "slots": ["06:30-09:30", "18:00-23:00"], "target": "22C", "mode": "Auto"}]``

- Days: names in English, short or full, any case; ranges (also over the week's end, ``Fri-Mon``), lists
  (``Sat,Sun``), ``Daily``, ``Weekdays``, ``Weekend``.
- Slots: ``HH:MM-HH:MM``, the end excluded, ``24:00`` allowed as an end. An end before its start is on the next
  day: the slot belongs to the day on which it begins.
- Where several entries cover a moment the *last* one in the list counts, so exceptions follow rules. Slots of one
  entry may overlap: they are one. An entry without slots is never active.
- Slots go by the wall clock. A slot that begins in the hour that spring skips begins when that hour is over; in
  autumn a slot covers the repeated hour both times.
- What was written is kept as it was written (``raw``): nothing is lost on the way through.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
import math
import re
from typing import Any, Self

MAX_ENTRIES = 64
MAX_SLOTS = 48
TARGET_RANGE_C = (0.0, 100.0)
_DAY_MINUTES = 1440
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {
    "daily": range(7),
    "everyday": range(7),
    "all": range(7),
    "weekdays": range(5),
    "weekend": range(5, 7),
    "weekends": range(5, 7),
}
_SLOT = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*", re.ASCII)
_TARGET = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*°?\s*([CF])?\s*", re.ASCII | re.IGNORECASE)


class Mode(StrEnum):
    """How a slot is meant."""

    AUTO = "auto"
    ECO = "eco"
    MANUAL = "manual"


class ScheduleError(ValueError):
    """A schedule that cannot be read.

    Attributes:
        field: Where, e.g. ``[1].slots[0]``.
        absent: The field is required and not there.
    """

    def __init__(self, field: str, message: str, *, absent: bool = False) -> None:
        super().__init__(f"schedule{field}: {message}")
        self.field = field
        self.message = message
        self.absent = absent


@dataclass(frozen=True, slots=True)
class Slot:
    """A time of day, in minutes since midnight; ``end`` may pass 1440 (the next day)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Days with their slots. ``target_c`` is None where the entry names none."""

    days: frozenset[int]
    slots: tuple[Slot, ...]
    target_c: float | None
    mode: Mode


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in which one entry counts; ``entry`` is its place in the schedule."""

    start: datetime
    end: datetime
    entry: int


@dataclass(frozen=True, slots=True)
class WeekSchedule:
    """A parsed schedule together with what was written."""

    entries: tuple[Entry, ...]
    raw: tuple[dict[str, Any], ...]

    @classmethod
    def parse(cls, raw: Any) -> Self:
        """Read a schedule as it comes from JSON.

        Raises:
            ScheduleError: Names the field at fault.
        """
        if not isinstance(raw, list | tuple):
            raise ScheduleError("", "must be a list")
        if len(raw) > MAX_ENTRIES:
            raise ScheduleError("", f"has more than {MAX_ENTRIES} entries")
        return cls(tuple(_entry(item, f"[{i}]") for i, item in enumerate(raw)), tuple(dict(i) for i in raw))

    def at(self, local: datetime) -> int | None:
        """The place of the entry that counts at a wall-clock time; None between all slots."""
        minute = local.hour * 60 + local.minute + local.second / 60
        weekday = local.weekday()
        for place in range(len(self.entries) - 1, -1, -1):
            entry = self.entries[place]
            for slot in entry.slots:
                if slot.start <= minute < slot.end and weekday in entry.days:
                    return place
                if minute + _DAY_MINUTES < slot.end and (weekday - 1) % 7 in entry.days:
                    return place
        return None

    def next_change(self, now: datetime) -> datetime | None:
        """The first moment after ``now`` at which another entry, or none, counts; UTC.

        ``now`` carries the home's time zone. None where nothing ever changes.
        """
        zone, here = _zone(now), self.at(now)
        for moment in self._moments(now, 9):
            if moment > now and self.at(moment.astimezone(zone)) != here:
                return moment
        return None

    def periods(self, start: datetime, end: datetime) -> list[Period]:
        """The stretches between two times (with the home's zone) in which some entry counts; times in UTC."""
        zone = _zone(start)
        days = (end.astimezone(UTC) - start.astimezone(UTC)).days + 3
        moments = [start.astimezone(UTC)]
        moments += [m for m in self._moments(start, days) if start < m < end]
        found: list[Period] = []
        for i, moment in enumerate(moments):
            until = moments[i + 1] if i + 1 < len(moments) else end.astimezone(UTC)
            place = self.at(moment.astimezone(zone))
            if place is None or moment >= until:
                continue
            if found and found[-1].entry == place and found[-1].end == moment:
                found[-1] = Period(found[-1].start, until, place)
            else:
                found.append(Period(moment, until, place))
        return found

    def _moments(self, around: datetime, days: int) -> Sequence[datetime]:
        """All moments (UTC, ascending) near which something may change, from a day before ``around`` on."""
        zone = _zone(around)
        first = around.date() - timedelta(days=1)
        found: set[datetime] = set()
        for i in range(days + 1):
            day = first + timedelta(days=i)
            found |= set(_clock_changes(day, zone))
            for entry in self.entries:
                if day.weekday() in entry.days:
                    for slot in entry.slots:
                        found |= set(_instants(day, slot.start, zone)) | set(_instants(day, slot.end, zone))
        return sorted(found)


def _zone(when: datetime) -> tzinfo:
    if when.tzinfo is None:
        raise ValueError("a time with its zone is needed")
    return when.tzinfo


def _instants(day: date, minute: int, zone: tzinfo) -> Iterator[datetime]:
    """Yield the moments (UTC) of a wall-clock time: two in the repeated hour in autumn."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    for fold in (0, 1):
        yield wall.replace(fold=fold).astimezone(UTC)


def _clock_changes(day: date, zone: tzinfo) -> Iterator[datetime]:
    """When the clock is put forward or back on a day (UTC)."""
    low = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    high = low + timedelta(days=1)

    def offset(moment: datetime) -> timedelta | None:
        return moment.astimezone(zone).utcoffset()

    if offset(low) == offset(high):
        return
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle <= low:
            break
        low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
    yield high


def _entry(item: Any, where: str) -> Entry:
    if not isinstance(item, dict):
        raise ScheduleError(where, "must be an object")
    for name in ("day", "slots"):
        if name not in item:
            raise ScheduleError(f"{where}.{name}", "is required", absent=True)
    slots = item["slots"]
    if not isinstance(slots, list | tuple):
        raise ScheduleError(f"{where}.slots", "must be a list")
    if len(slots) > MAX_SLOTS:
        raise ScheduleError(f"{where}.slots", f"has more than {MAX_SLOTS} slots")
    return Entry(
        parse_days(item["day"], f"{where}.day"),
        tuple(parse_slot(slot, f"{where}.slots[{i}]") for i, slot in enumerate(slots)),
        parse_target(item.get("target"), f"{where}.target"),
        parse_mode(item.get("mode"), f"{where}.mode"),
    )


def parse_days(text: Any, where: str = ".day") -> frozenset[int]:
    """Weekdays, 0 Monday .. 6 Sunday."""
    if not isinstance(text, str) or not text.strip():
        raise ScheduleError(where, "has to name days, e.g. Mon-Fri")
    found: set[int] = set()
    for part in text.split(","):
        words = [word.strip().lower() for word in part.split("-")]
        if len(words) == 1 and words[0] in _GROUPS:
            found |= set(_GROUPS[words[0]])
            continue
        numbers = [_day(word, where) for word in words]
        if len(numbers) > 2:
            raise ScheduleError(where, f"{part.strip()!r} is not a range of days")
        found |= {(numbers[0] + i) % 7 for i in range((numbers[-1] - numbers[0]) % 7 + 1)}
    return frozenset(found)


def _day(word: str, where: str) -> int:
    for number, name in enumerate(_DAYS):
        if len(word) >= 3 and name.startswith(word):
            return number
    raise ScheduleError(where, f"{word!r} is not a day")


def parse_slot(text: Any, where: str = ".slots") -> Slot:
    """One slot, e.g. ``06:30-09:30`` or ``22:00-06:00``."""
    found = _SLOT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ScheduleError(where, "must look like 06:30-09:30")
    start, end = (_minute(found[i], found[i + 1], where) for i in (1, 3))
    if start in (end, _DAY_MINUTES):
        raise ScheduleError(where, "has no length; a whole day is 00:00-24:00")
    return Slot(start, end if end > start else end + _DAY_MINUTES)


def _minute(hour: str, minute: str, where: str) -> int:
    value = int(hour) * 60 + int(minute)
    if int(minute) > 59 or value > _DAY_MINUTES:
        raise ScheduleError(where, f"{hour}:{minute} is not a time of day")
    return value


def parse_target(value: Any, where: str = ".target") -> float | None:
    """A target temperature in degC from a number (degC) or a text such as ``22``, ``22C``, ``71.6F``."""
    if value is None:
        return None
    if isinstance(value, str) and (found := _TARGET.fullmatch(value)):
        number = float(found[1])
        celsius = (number - 32) / 1.8 if (found[2] or "").upper() == "F" else number
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        celsius = float(value)
    else:
        raise ScheduleError(where, "must be a temperature, e.g. 22, 22C or 71.6F")
    if not TARGET_RANGE_C[0] <= celsius <= TARGET_RANGE_C[1]:
        raise ScheduleError(where, f"{celsius:g} degC is not in 0..100 degC")
    return celsius


def parse_mode(value: Any, where: str = ".mode") -> Mode:
    """Auto, Eco or Manual in any case; Auto where none is given."""
    if value is None:
        return Mode.AUTO
    try:
        return Mode(value.lower())
    except (AttributeError, ValueError) as err:
        raise ScheduleError(where, "must be Auto, Eco or Manual") from err
