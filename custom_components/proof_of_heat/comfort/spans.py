"""Time spans of schedules (comfort) and calendars (away). Without Home Assistant."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Self


@dataclass(frozen=True, slots=True)
class Spans:
    """Disjoint time spans in chronological order, in UTC; the end is excluded."""

    starts: tuple[datetime, ...] = ()
    ends: tuple[datetime, ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[datetime, datetime]]) -> Self:
        """Return the spans of any pairs of aware times: empty ones are dropped, adjacent ones are joined."""
        rows = sorted((start.astimezone(UTC), end.astimezone(UTC)) for start, end in pairs if start < end)
        reach = list(accumulate((end for _, end in rows), max))
        starts: list[datetime] = []
        ends: list[datetime] = []
        for index, (start, _) in enumerate(rows):
            if index and start <= reach[index - 1]:
                ends[-1] = reach[index]
            else:
                starts.append(start)
                ends.append(reach[index])
        return cls(tuple(starts), tuple(ends))

    def contains(self, when: datetime) -> bool:
        """Return whether a time is in one of the spans."""
        index = bisect_right(self.starts, when) - 1
        return index >= 0 and when < self.ends[index]

    def moments(self) -> Iterator[datetime]:
        """Yield all starts and ends."""
        yield from self.starts
        yield from self.ends

    def end_of(self, when: datetime) -> datetime | None:
        """Return the end of the span that contains a time; None outside of all."""
        index = bisect_right(self.starts, when) - 1
        return self.ends[index] if index >= 0 and when < self.ends[index] else None
