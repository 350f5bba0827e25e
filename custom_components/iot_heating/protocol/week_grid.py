"""A week schedule as seven days of blocks, the form in which the week-schedule card shows and edits it.

Blocks of a day do not overlap: where entries of the schedule do, the one that applies is in the block. A slot that ends
on the next day is two blocks. `schedule_of` returns the shortest schedule with the same effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import itertools
from typing import Any, Final

from .._lib.week_schedule import TARGET_RANGE_C, Entry, Mode, WeekSchedule, parse_mode
from .errors import ProtocolError
from .profile import validate_number
from .schedule_events import format_days

DAYS: Final = 7
DAY_MINUTES: Final = 1440
MAX_BLOCKS: Final = 24
"""Per day."""


@dataclass(frozen=True, slots=True)
class Block:
    """A time of one day in minutes since midnight, the end excluded, with what applies."""

    start: int
    end: int
    target_c: float | None
    mode: Mode

    def as_dict(self) -> dict[str, Any]:
        """Return the block as JSON."""
        return {"start": self.start, "end": self.end, "target_c": self.target_c, "mode": self.mode.value}


type Week = tuple[tuple[Block, ...], ...]
"""Monday to Sunday."""


def week_of(schedule: WeekSchedule) -> Week:
    """Return the blocks of a schedule."""
    return tuple(tuple(_blocks(schedule, day)) for day in range(DAYS))


def _blocks(schedule: WeekSchedule, day: int) -> list[Block]:
    spans = [span for entry in schedule.entries for span in _spans(entry, day)]
    edges = sorted({minute for start, end, _ in spans for minute in (start, end)})
    found: list[Block] = []
    for i, start in enumerate(edges[:-1]):
        # The last entry applies.
        entry = next((entry for begin, end, entry in reversed(spans) if begin <= start < end), None)
        if entry is None:
            continue
        block = Block(start, edges[i + 1], entry.target_c, entry.mode)
        last = found[-1] if found else None
        if last is not None and last.end == start and (last.target_c, last.mode) == (block.target_c, block.mode):
            found[-1] = Block(last.start, block.end, block.target_c, block.mode)
        else:
            found.append(block)
    return found


def _spans(entry: Entry, day: int) -> list[tuple[int, int, Entry]]:
    """Return the times at which an entry is active on a day, also those that began on the day before."""
    found: list[tuple[int, int, Entry]] = []
    for slot in entry.slots:
        if day in entry.days:
            found.append((slot.start, min(slot.end, DAY_MINUTES), entry))
        if (day - 1) % DAYS in entry.days and slot.end > DAY_MINUTES:
            found.append((0, slot.end - DAY_MINUTES, entry))
    return found


def schedule_of(week: Week) -> list[dict[str, Any]]:
    """Return the schedule of a week: days with the same times, target and mode are one entry."""
    days: dict[tuple[float | None, Mode, tuple[str, ...]], set[int]] = {}
    for day, blocks in enumerate(week):
        settings: dict[tuple[float | None, Mode], list[str]] = {}
        for block in blocks:
            settings.setdefault((block.target_c, block.mode), []).append(f"{_time(block.start)}-{_time(block.end)}")
        for (target_c, mode), slots in settings.items():
            days.setdefault((target_c, mode, tuple(slots)), set()).add(day)
    return [
        {"day": format_days(numbers), "slots": list(slots)}
        | ({} if target_c is None else {"target": f"{target_c:g}C"})
        | {"mode": mode.value.capitalize()}
        for (target_c, mode, slots), numbers in days.items()
    ]


def _time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def parse_week(raw: Any) -> Week:
    """Read a week as it comes from JSON.

    Raises:
        ProtocolError: A field is invalid, or blocks of a day overlap.
    """
    if not isinstance(raw, list) or len(raw) != DAYS:
        raise ProtocolError("week", "must be a list of seven days")
    return tuple(_parse_day(day, f"week[{number}]") for number, day in enumerate(raw))


def _parse_day(raw: Any, field: str) -> tuple[Block, ...]:
    if not isinstance(raw, list) or len(raw) > MAX_BLOCKS:
        raise ProtocolError(field, f"must be a list of at most {MAX_BLOCKS} blocks")
    blocks = sorted((_parse_block(item, f"{field}[{i}]") for i, item in enumerate(raw)), key=lambda block: block.start)
    _check_overlaps(blocks, field)
    return tuple(blocks)


def _check_overlaps(blocks: Sequence[Block], field: str) -> None:
    for before, after in itertools.pairwise(blocks):
        if after.start < before.end:
            raise ProtocolError(field, f"blocks overlap at {_time(after.start)}")


def _parse_block(raw: Any, field: str) -> Block:
    if not isinstance(raw, dict):
        raise ProtocolError(field, "must be an object")
    start, end = (_parse_minute(raw.get(name), f"{field}.{name}") for name in ("start", "end"))
    if start >= end:
        raise ProtocolError(f"{field}.end", "must be after the start")
    target = raw.get("target_c")
    target_c = None if target is None else validate_number(target, f"{field}.target_c", TARGET_RANGE_C)
    try:
        mode = parse_mode(raw.get("mode"))
    except ValueError as err:
        raise ProtocolError(f"{field}.mode", "must be auto, eco or manual") from err
    return Block(start, end, None if target_c is None else round(target_c, 2), mode)


def _parse_minute(value: Any, field: str) -> int:
    return int(validate_number(value, field, (0, DAY_MINUTES)))
