"""A week schedule as calendar events: each slot of each entry is a weekly series.

An edit changes only the slot that it names; all other entries stay exactly as they were written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
import re
from typing import Any, Final

from .._lib.week_schedule import Entry, Mode, Slot, WeekSchedule, parse_mode, parse_target

_DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ICAL_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY: Final = timedelta(days=1)
_SUMMARY: Final = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?\s*°?\s*[CF]?)?[\s·,;-]*([A-Za-z]+)?\s*", re.IGNORECASE)


class ScheduleEditError(ValueError):
    """An edit that a week schedule cannot represent; ``key`` is the reason."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A slot on one day. ``entry`` and ``slot`` are its indexes in the schedule; times are in the home's time zone."""

    entry: int
    slot: int
    start: datetime
    end: datetime


def occurrences(schedule: WeekSchedule, start: datetime, end: datetime, zone: tzinfo) -> Iterator[Occurrence]:
    """Yield the slots that overlap a range, day by day."""
    # A slot may begin on the day before and last until the end of the next one.
    day = start.astimezone(zone).date() - 2 * _DAY
    last = end.astimezone(zone).date()
    while day <= last:
        for i, entry in enumerate(schedule.entries):
            if day.weekday() not in entry.days:
                continue
            for j, slot in enumerate(entry.slots):
                begin, finish = _moment(day, slot.start, zone), _moment(day, slot.end, zone)
                if begin < finish and begin < end and finish > start:
                    yield Occurrence(i, j, begin, finish)
        day += _DAY


def _moment(day: date, minute: int, zone: tzinfo) -> datetime:
    """Return a wall-clock time; one that does not exist in spring is the moment after the gap."""
    extra, minute = divmod(minute, 1440)
    wall = datetime.combine(day + extra * _DAY, time(minute // 60, minute % 60), zone)
    real = wall.astimezone(UTC).astimezone(zone)
    if real.replace(tzinfo=None) == wall.replace(tzinfo=None):
        return wall
    # In the gap: the clock jumps where the offsets change; both readings of the wall time lie around that moment.
    low, high = sorted((wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)))
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0).astimezone(zone)


def event_summary(entry: Entry) -> str:
    """Return the name of an entry's events: target and mode, such as ``22 °C Eco``. See parse_summary."""
    parts = [] if entry.target_c is None else [f"{round(entry.target_c, 2):g} °C"]
    return " ".join([*parts, entry.mode.value.capitalize()])


def parse_summary(text: str) -> dict[str, Any]:
    """Return target and mode of an event's name in the form of an entry.

    Raises:
        ScheduleEditError: ``summary_invalid``: it is not a target and a mode.
    """
    found = _SUMMARY.fullmatch(text)
    if found is None:
        raise ScheduleEditError("summary_invalid")
    entry: dict[str, Any] = {}
    try:
        if found[1]:
            target = re.sub(r"[\s°]", "", found[1]).replace(",", ".")
            target = target if target[-1].upper() in "CF" else f"{target}C"
            parse_target(target)
            entry["target"] = target
        entry["mode"] = parse_mode(found[2] or Mode.AUTO.value).value.capitalize()
    except ValueError as err:
        raise ScheduleEditError("summary_invalid") from err
    return entry


def entry_rrule(entry: Entry) -> str:
    """Return the recurrence rule of an entry's slots."""
    return "FREQ=WEEKLY;BYDAY=" + ",".join(_ICAL_DAYS[day] for day in sorted(entry.days))


def parse_rrule(rrule: str | None, start: date) -> str:
    """Return the days of a recurrence rule in the form of an entry; the event's weekday if it does not repeat.

    Raises:
        ScheduleEditError: ``repeat_unsupported``: it does not repeat every week.
    """
    if rrule is None:
        return _DAY_NAMES[start.weekday()]
    rules = dict(part.partition("=")[::2] for part in rrule.upper().split(";") if part)
    if rules.pop("INTERVAL", "1") != "1" or rules.keys() & {"UNTIL", "COUNT"}:
        raise ScheduleEditError("repeat_unsupported")
    days = rules.pop("BYDAY", None)
    frequency = rules.pop("FREQ", None)
    rules.pop("WKST", None)
    if rules or frequency not in ("DAILY", "WEEKLY"):
        raise ScheduleEditError("repeat_unsupported")
    if days is None:
        return "Daily" if frequency == "DAILY" else _DAY_NAMES[start.weekday()]
    try:
        numbers = {_ICAL_DAYS.index(day) for day in days.split(",")}
    except ValueError as err:
        raise ScheduleEditError("repeat_unsupported") from err
    return format_days(numbers)


def format_days(numbers: set[int]) -> str:
    """Return days in the shortest form of an entry: ``Daily``, ``Mon-Fri``, ``Sat,Sun``."""
    if len(numbers) == 7:
        return "Daily"
    parts: list[str] = []
    day = 0
    while day < 7:
        if day not in numbers:
            day += 1
            continue
        first = day
        while day < 7 and day in numbers:
            day += 1
        run = [_DAY_NAMES[i] for i in range(first, day)]
        parts.append(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run))
    return ",".join(parts)


def format_slot(start: datetime | date, end: datetime | date) -> str:
    """Return the slot of an event in the home's time zone; dates without times are whole days.

    Raises:
        ScheduleEditError: ``too_long``: it is longer than a day.
    """
    if not (isinstance(start, datetime) and isinstance(end, datetime)):
        if end.toordinal() - start.toordinal() > 1:
            raise ScheduleEditError("too_long")
        return "00:00-24:00"
    if end - start > _DAY:
        raise ScheduleEditError("too_long")
    finish = f"{end:%H:%M}"
    if finish == "00:00" or (end - start == _DAY and f"{start:%H:%M}" == "00:00"):
        finish = "24:00"
    elif end - start == _DAY:
        raise ScheduleEditError("too_long")
    return f"{start:%H:%M}-{finish}"


def add_slot(schedule: WeekSchedule, day: str, slot: str, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the raw schedule with an added slot: an entry of its own at the end, where it takes precedence."""
    return [*(dict(entry) for entry in schedule.raw), {"day": day, "slots": [slot], **settings}]


def remove_slot(schedule: WeekSchedule, entry: int, slot: int) -> list[dict[str, Any]]:
    """Return the raw schedule without a slot, and without its entry if that was the last one.

    Raises:
        ScheduleEditError: ``slot_not_found``: the schedule has no such slot.
    """
    _slot_at(schedule, entry, slot)
    raw = [dict(item) for item in schedule.raw]
    slots = list(raw[entry]["slots"])
    del slots[slot]
    if slots:
        raw[entry]["slots"] = slots
    else:
        del raw[entry]
    return raw


def change_slot(
    schedule: WeekSchedule, index: tuple[int, int], day: str, text: str, settings: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the raw schedule with one slot changed. It becomes an entry of its own if days, mode or target differ.

    Raises:
        ScheduleEditError: ``slot_not_found``: the schedule has no such slot.
    """
    entry, slot = index
    _slot_at(schedule, entry, slot)
    old, raw = schedule.entries[entry], [dict(item) for item in schedule.raw]
    changed = WeekSchedule.parse([{"day": day, "slots": [text], **settings}]).entries[0]
    same_target = _rounded(changed.target_c) == _rounded(old.target_c)
    if (changed.days, changed.mode) == (old.days, old.mode) and same_target:
        if changed.slots[0] != old.slots[slot]:
            raw[entry]["slots"] = [*raw[entry]["slots"][:slot], text, *raw[entry]["slots"][slot + 1 :]]
        return raw
    item = {**raw[entry], "day": day if changed.days != old.days else raw[entry]["day"], "slots": [text]}
    if not same_target:
        item.pop("target", None)
        item |= {name: value for name, value in settings.items() if name == "target"}
    if changed.mode is not old.mode:
        item["mode"] = settings["mode"]
    if len(old.slots) == 1:
        raw[entry] = item
        return raw
    rest = list(raw[entry]["slots"])
    del rest[slot]
    raw[entry]["slots"] = rest
    raw.insert(entry + 1, item)
    return raw


def _rounded(target_c: float | None) -> float | None:
    """Return a target with the precision of an event's name (71.6 °F is 22 °C)."""
    return None if target_c is None else round(target_c, 2)


def _slot_at(schedule: WeekSchedule, entry: int, slot: int) -> Slot:
    try:
        return schedule.entries[entry].slots[slot]
    except IndexError as err:
        raise ScheduleEditError("slot_not_found") from err
