"""Stretches of time (comfort by a schedule, away by a calendar), asked for moments to come. No Home Assistant here."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Self


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches in order of time that do not touch, in UTC; the end is excluded."""

    starts: tuple[datetime, ...] = ()
    ends: tuple[datetime, ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[datetime, datetime]]) -> Self:
        """Out of any stretches with their zones: empty ones are dropped, those that touch are joined."""
        rows = sorted((start.astimezone(UTC), end.astimezone(UTC)) for start, end in pairs if start < end)
        reach = list(accumulate((end for _, end in rows), max))
        starts: list[datetime] = []
        ends: list[datetime] = []
        for place, (start, _) in enumerate(rows):
            if place and start <= reach[place - 1]:
                ends[-1] = reach[place]
            else:
                starts.append(start)
                ends.append(reach[place])
        return cls(tuple(starts), tuple(ends))

    def holds(self, when: datetime) -> bool:
        """Whether a moment lies in one of them."""
        place = bisect_right(self.starts, when) - 1
        return place >= 0 and when < self.ends[place]

    def end_of(self, when: datetime) -> datetime | None:
        """When the stretch around a moment ends; None outside of all."""
        place = bisect_right(self.starts, when) - 1
        return self.ends[place] if place >= 0 and when < self.ends[place] else None
