# Generated from lib/archive_query.py by scripts/build: edit that file, not this one.
"""Questions to an archive. Blocking: ask from an executor thread."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select

from .archive_spec import COARSE_STEP_S, DAY_S, FINE_STEP_S
from .archive_store import Store

_FETCH: Final = 1000
_FETCH_BUCKETS: Final = 20_000


class Aggregation(StrEnum):
    """How finely to answer."""

    RAW = "raw"
    FIVE_MINUTES = "5min"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Which rows: `start` <= ts < `end`, keys and metrics as given (none given: all)."""

    start: datetime
    end: datetime
    keys: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a range needs instants with a time zone")


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was archived."""

    ts: datetime
    keys: dict[str, str]
    payload: Any


@dataclass(slots=True)
class Bucket:
    """The numbers of one metric within one period that begins at `ts`."""

    ts: datetime
    keys: dict[str, str]
    metric: str
    n: int
    mean: float
    minimum: float
    maximum: float


def messages(store: Store, what: Range, limit: int | None = None) -> Iterator[Message]:
    """The messages of a range, oldest first, fetched in portions. `metrics` does not apply."""
    raw, keys = store.tables.raw, store.spec.keys
    found = (
        select(raw.c.ts, *(raw.c[key] for key in keys), raw.c.payload)
        .where(raw.c.ts >= what.start, raw.c.ts < what.end, *_by_keys(raw, what.keys))
        .order_by(raw.c.ts)
        .limit(limit)
    )
    with store.engine.connect() as connection:
        for row in connection.execution_options(yield_per=_FETCH).execute(found):
            yield Message(row[0], dict(zip(keys, row[1:-1], strict=True)), row[-1])


def buckets(store: Store, what: Range, aggregation: Aggregation, zone: tzinfo) -> Iterator[Bucket]:
    """Counts, means and extremes per period, oldest first, fetched in portions; days are those of the time zone.

    What retention has merged into hours is answered in hours, also where a finer period was asked for.
    """
    match aggregation:
        case Aggregation.FIVE_MINUTES:
            step = FINE_STEP_S
        case Aggregation.HOUR:
            step = COARSE_STEP_S
        case Aggregation.DAY:
            yield from _by_day(store, what, zone)
            return
        case Aggregation.RAW:
            raise ValueError("raw is answered by messages()")
    source = _Source(store, what)
    length = source.periods_at_once() * step
    start, end = source.extent(step)
    while start < end:
        yield from source.read(start, min(start + length, end), step, zone)
        start += length


class _Source:
    """The rollup, and which of its series are asked for."""

    def __init__(self, store: Store, what: Range) -> None:
        self._store = store
        self._what = what
        series = store.tables.series
        wanted = select(series.c.id).where(*_by_keys(series, what.keys))
        if what.metrics:
            wanted = wanted.where(series.c.metric.in_(what.metrics))
        with store.engine.connect() as connection:
            self._ids = connection.execute(wanted).scalars().all()

    def periods_at_once(self) -> int:
        """How many periods to fetch at a time, so that years of many series do not fill the memory."""
        return max(1, _FETCH_BUCKETS // max(1, len(self._ids)))

    def extent(self, step: int) -> tuple[int, float]:
        """The range, as far as the archive goes: the first whole period and the end."""
        rollup = self._store.tables.rollup
        known: list[int] = []
        with self._store.engine.connect() as connection:
            for kept in (FINE_STEP_S, COARSE_STEP_S):
                # One by one: only so each is a look at one end of the key.
                for edge in (func.min, func.max):
                    found = connection.execute(select(edge(rollup.c.bucket)).where(rollup.c.step == kept)).scalar()
                    known += [] if found is None else [found]
        if not known:
            return 0, 0
        first, last = min(known), max(known)
        start = max(self._what.start.timestamp(), first)
        return int(start) // step * step, min(self._what.end.timestamp(), last + 1)

    def read(self, start: int, end: float, step: int, zone: tzinfo) -> list[Bucket]:
        """The periods from `start` to before `end`."""
        rollup, series, keys = self._store.tables.rollup, self._store.tables.series, self._store.spec.keys
        # Integer arithmetic on both databases: `bucket % step` keeps the type.
        bucket = (rollup.c.bucket - rollup.c.bucket % step).label("start")
        within = [rollup.c.bucket >= start, rollup.c.bucket < end]
        if self._what.keys or self._what.metrics:
            # The ids, and no word of the step: the index by series answers, for any time.
            within.append(rollup.c.series_id.in_(self._ids))
        else:
            # All series of a time: with all steps named, the key answers.
            within.append(rollup.c.step.in_((FINE_STEP_S, COARSE_STEP_S)))
        found = (
            select(
                rollup.c.series_id,
                bucket,
                func.sum(rollup.c.n).label("n"),
                func.sum(rollup.c.total).label("total"),
                func.min(rollup.c.minimum).label("minimum"),
                func.max(rollup.c.maximum).label("maximum"),
            )
            .where(*within)
            .group_by(rollup.c.series_id, bucket)
            .subquery()
        )
        names = [series.c[key] for key in keys]
        named = (
            select(found, *names, series.c.metric)
            .join(series, series.c.id == found.c.series_id)
            .order_by(found.c.start, *names, series.c.metric)
        )
        with self._store.engine.connect() as connection:
            rows = connection.execute(named).all()
        return [
            Bucket(
                ts=datetime.fromtimestamp(row.start, zone),
                keys={key: getattr(row, key) for key in keys},
                metric=row.metric,
                n=int(row.n),
                mean=row.total / int(row.n),
                minimum=row.minimum,
                maximum=row.maximum,
            )
            for row in rows
        ]


def _by_day(store: Store, what: Range, zone: tzinfo) -> Iterator[Bucket]:
    """Merge periods that never cross a midnight: hours, or five minutes where the zone is not on the hour."""
    source = _Source(store, what)
    days_at_once = timedelta(days=max(1, source.periods_at_once() * FINE_STEP_S // DAY_S))
    start, end = source.extent(FINE_STEP_S)
    while start < end:
        midnight = datetime.fromtimestamp(start, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        until = midnight + days_at_once  # on the clock of the zone: days may have 23 or 25 hours
        whole_hours = all(
            (at.utcoffset() or timedelta()) % timedelta(hours=1) == timedelta() for at in (midnight, until)
        )
        step = COARSE_STEP_S if whole_hours else FINE_STEP_S
        parts = source.read(start // step * step, min(until.timestamp(), end), step, zone)
        yield from _merged_by_day(parts)
        start = int(until.timestamp())


def _merged_by_day(parts: list[Bucket]) -> list[Bucket]:
    days: dict[tuple[Any, ...], Bucket] = {}
    for part in parts:
        midnight = part.ts.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        key = (midnight.date(), *part.keys.values(), part.metric)
        if (day := days.get(key)) is None:
            part.ts = midnight
            days[key] = part
            continue
        day.mean = (day.mean * day.n + part.mean * part.n) / (day.n + part.n)
        day.n += part.n
        day.minimum = min(day.minimum, part.minimum)
        day.maximum = max(day.maximum, part.maximum)
    return sorted(days.values(), key=lambda day: (day.ts, *day.keys.values(), day.metric))


def _by_keys(table: Any, keys: Mapping[str, str]) -> list[ColumnElement[bool]]:
    return [table.c[key] == value for key, value in keys.items()]
