"""The comfort times of a zone as a grid of seven days, as a card edits it. Without Home Assistant."""

from collections.abc import Iterable, Sequence
import hashlib
from itertools import groupby, pairwise
import json
from typing import Any, Final

from .._lib.week_schedule import WeekSchedule

DAY: Final = 1440
MAX_BLOCKS: Final = 24
"""Blocks of a day."""
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

type Block = tuple[int, int]
"""Begin and end in minutes since midnight; the end is excluded."""


class WeekError(ValueError):
    """A week that cannot be read; the text names the place and the reason."""


def week_of(schedule: WeekSchedule | None) -> list[list[Block]]:
    """Return the blocks of each day, Monday first; a slot over midnight is a block of each of its days."""
    days: list[list[Block]] = [[] for _ in _DAYS]
    for entry in schedule.entries if schedule is not None else ():
        for slot in entry.slots:
            for day in entry.days:
                days[day].append((slot.start, min(slot.end, DAY)))
                if slot.end > DAY:
                    days[(day + 1) % 7].append((0, slot.end - DAY))
    return [_joined(blocks) for blocks in days]


def _joined(blocks: Iterable[Block]) -> list[Block]:
    found: list[Block] = []
    for start, end in sorted(blocks):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def parse_week(week: Any) -> list[list[Block]]:
    """Return the blocks of a card's week; raises WeekError. Blocks that touch are joined."""
    if not isinstance(week, list) or len(week) != len(_DAYS):
        raise WeekError("week: must have 7 days")
    return [_parse_day(blocks, f"week[{day}]") for day, blocks in enumerate(week)]


def _parse_day(blocks: Any, where: str) -> list[Block]:
    if not isinstance(blocks, list) or len(blocks) > MAX_BLOCKS:
        raise WeekError(f"{where}: must be a list of at most {MAX_BLOCKS} blocks")
    found: list[Block] = []
    for index, block in enumerate(blocks):
        start, end = (_minute(block, key, f"{where}[{index}]") for key in ("start", "end"))
        if start >= end:
            raise WeekError(f"{where}[{index}]: start must be before end")
        found.append((start, end))
    ordered = sorted(found)
    if any(before[1] > after[0] for before, after in pairwise(ordered)):
        raise WeekError(f"{where}: blocks must not overlap")
    return _joined(ordered)


def _minute(block: Any, key: str, where: str) -> int:
    value = block.get(key) if isinstance(block, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= DAY:
        raise WeekError(f"{where}.{key}: must be a minute of the day")
    return value


def schedule_of(week: Sequence[Sequence[Block]]) -> list[dict[str, Any]]:
    """Return the schedule to store: an entry for the days with the same slots; empty without any slot."""
    slots = [[f"{_clock(start)}-{_clock(end)}" for start, end in blocks] for blocks in week]
    days = sorted((day for day in range(len(_DAYS)) if slots[day]), key=lambda day: (slots[day], day))
    groups = [list(group) for _, group in groupby(days, key=lambda day: slots[day])]
    return [
        {"day": ",".join(_DAYS[day] for day in group), "slots": slots[group[0]]} for group in sorted(groups, key=min)
    ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def revision(stored: Any) -> str:
    """Return what identifies a stored schedule."""
    return hashlib.sha256(json.dumps(stored or [], sort_keys=True).encode()).hexdigest()[:12]
