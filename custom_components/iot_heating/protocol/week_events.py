"""A week schedule seen as calendar events, each slot of each entry a weekly series, and edited that way.

Edits touch only what they name: all other entries stay as they were written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
import re
from typing import Any, Final

from .._lib.week_schedule import Entry, Mode, Slot, WeekSchedule, parse_mode, parse_target

_WORDS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ICAL: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY: Final = timedelta(days=1)
_SUMMARY: Final = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?\s*°?\s*[CF]?)?[\s·,;-]*([A-Za-z]+)?\s*", re.IGNORECASE)


class EditError(ValueError):
    """An edit that a week schedule cannot hold; ``key`` says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A slot on one day. ``entry`` and ``slot`` are its places in the schedule; times are in the home's zone."""

    entry: int
    slot: int
    start: datetime
    end: datetime


def occurrences(schedule: WeekSchedule, start: datetime, end: datetime, zone: tzinfo) -> Iterator[Occurrence]:
    """The slots that overlap a range, day by day."""
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
    """A wall-clock time; one that spring skips is the moment after the gap."""
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


def summary_of(entry: Entry) -> str:
    """What an event is called: target and mode, e.g. ``22 °C Eco``; read back by read_summary."""
    parts = [] if entry.target_c is None else [f"{round(entry.target_c, 2):g} °C"]
    return " ".join([*parts, entry.mode.value.capitalize()])


def read_summary(text: str) -> dict[str, Any]:
    """Target and mode as an entry writes them.

    Raises:
        EditError: ``summary_unreadable``.
    """
    found = _SUMMARY.fullmatch(text)
    if found is None:
        raise EditError("summary_unreadable")
    entry: dict[str, Any] = {}
    try:
        if found[1]:
            target = re.sub(r"[\s°]", "", found[1]).replace(",", ".")
            target = target if target[-1].upper() in "CF" else f"{target}C"
            parse_target(target)
            entry["target"] = target
        entry["mode"] = parse_mode(found[2] or Mode.AUTO.value).value.capitalize()
    except ValueError as err:
        raise EditError("summary_unreadable") from err
    return entry


def rrule_of(entry: Entry) -> str:
    """The repetition of an entry's slots."""
    return "FREQ=WEEKLY;BYDAY=" + ",".join(_ICAL[day] for day in sorted(entry.days))


def days_of(rrule: str | None, start: date) -> str:
    """The days that an event repeats on, as an entry writes them. One that does not repeat means its weekday.

    Raises:
        EditError: ``repeat_unsupported``: not every week.
    """
    if rrule is None:
        return _WORDS[start.weekday()]
    rules = dict(part.partition("=")[::2] for part in rrule.upper().split(";") if part)
    if rules.pop("INTERVAL", "1") != "1" or rules.keys() & {"UNTIL", "COUNT"}:
        raise EditError("repeat_unsupported")
    days = rules.pop("BYDAY", None)
    frequency = rules.pop("FREQ", None)
    rules.pop("WKST", None)
    if rules or frequency not in ("DAILY", "WEEKLY"):
        raise EditError("repeat_unsupported")
    if days is None:
        return "Daily" if frequency == "DAILY" else _WORDS[start.weekday()]
    try:
        numbers = {_ICAL.index(day) for day in days.split(",")}
    except ValueError as err:
        raise EditError("repeat_unsupported") from err
    return days_text(numbers)


def days_text(numbers: set[int]) -> str:
    """Days as an entry writes them, shortest: ``Daily``, ``Mon-Fri``, ``Sat,Sun``."""
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
        run = [_WORDS[i] for i in range(first, day)]
        parts.append(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run))
    return ",".join(parts)


def slot_text(start: datetime | date, end: datetime | date) -> str:
    """The slot of an event in the home's zone; days without times are whole days.

    Raises:
        EditError: ``too_long``: longer than a day.
    """
    if not (isinstance(start, datetime) and isinstance(end, datetime)):
        if end.toordinal() - start.toordinal() > 1:
            raise EditError("too_long")
        return "00:00-24:00"
    if end - start > _DAY:
        raise EditError("too_long")
    finish = f"{end:%H:%M}"
    if finish == "00:00" or (end - start == _DAY and f"{start:%H:%M}" == "00:00"):
        finish = "24:00"
    elif end - start == _DAY:
        raise EditError("too_long")
    return f"{start:%H:%M}-{finish}"


def with_slot(schedule: WeekSchedule, day: str, slot: str, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The schedule, as it is written, with a slot more: an entry of its own at the end, where it counts."""
    return [*(dict(entry) for entry in schedule.raw), {"day": day, "slots": [slot], **settings}]


def without_slot(schedule: WeekSchedule, entry: int, slot: int) -> list[dict[str, Any]]:
    """The schedule, as it is written, with a slot less; an entry whose last slot this was goes.

    Raises:
        EditError: ``gone``: there is no such slot (any more).
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


def with_changed_slot(
    schedule: WeekSchedule, place: tuple[int, int], day: str, text: str, settings: dict[str, Any]
) -> list[dict[str, Any]]:
    """The schedule, as it is written, with one slot changed; it leaves an entry that it no longer fits.

    Raises:
        EditError: ``gone``: there is no such slot (any more).
    """
    entry, slot = place
    _slot_at(schedule, entry, slot)
    old, raw = schedule.entries[entry], [dict(item) for item in schedule.raw]
    changed = WeekSchedule.parse([{"day": day, "slots": [text], **settings}]).entries[0]
    same_target = _shown(changed.target_c) == _shown(old.target_c)
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


def _shown(target_c: float | None) -> float | None:
    """A target as exactly as an event's name shows it (71.6 °F is 22 °C)."""
    return None if target_c is None else round(target_c, 2)


def _slot_at(schedule: WeekSchedule, entry: int, slot: int) -> Slot:
    try:
        return schedule.entries[entry].slots[slot]
    except IndexError as err:
        raise EditError("gone") from err
