# Generated from lib/archive_query.py by scripts/build: edit that file, not this one.
"""Questions to an archive. Blocking: ask from an executor thread."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select

from .archive_spec import COARSE_STEP_S, FINE_STEP_S
from .archive_store import Store

_FETCH: Final = 1000


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


def buckets(store: Store, what: Range, aggregation: Aggregation, zone: tzinfo, limit: int) -> list[Bucket]:
    """Counts, means and extremes per period, oldest first; days are those of the time zone.

    What retention has merged into hours is answered in hours, whatever finer period was asked for.
    """
    match aggregation:
        case Aggregation.FIVE_MINUTES:
            return _by_step(store, what, FINE_STEP_S, zone, limit)
        case Aggregation.HOUR:
            return _by_step(store, what, COARSE_STEP_S, zone, limit)
        case Aggregation.DAY:
            return _by_day(store, what, zone, limit)
        case Aggregation.RAW:
            raise ValueError("raw is answered by messages()")


def _by_step(store: Store, what: Range, step: int, zone: tzinfo, limit: int | None) -> list[Bucket]:
    rollup, series, keys = store.tables.rollup, store.tables.series, store.spec.keys
    # Integer arithmetic on both databases: `bucket % step` keeps the type.
    bucket = (rollup.c.bucket - rollup.c.bucket % step).label("start")
    within = [rollup.c.bucket >= _floor(what.start, step), rollup.c.bucket < what.end.timestamp()]
    per_series = select(
        rollup.c.series_id,
        bucket,
        func.sum(rollup.c.n).label("n"),
        func.sum(rollup.c.total).label("total"),
        func.min(rollup.c.minimum).label("minimum"),
        func.max(rollup.c.maximum).label("maximum"),
    )
    names = [series.c[key] for key in keys]
    with store.engine.connect() as connection:
        if what.keys or what.metrics:
            # Their ids, and no word of the step: the index by series answers, whatever the time.
            wanted = select(series.c.id).where(*_by_keys(series, what.keys))
            if what.metrics:
                wanted = wanted.where(series.c.metric.in_(what.metrics))
            within.append(rollup.c.series_id.in_(connection.execute(wanted).scalars().all()))
        else:
            # All series of a time: with all steps named, the key answers.
            within.append(rollup.c.step.in_((FINE_STEP_S, COARSE_STEP_S)))
        found = per_series.where(*within).group_by(rollup.c.series_id, bucket).subquery()
        rows = connection.execute(
            select(found, *names, series.c.metric)
            .join(series, series.c.id == found.c.series_id)
            .order_by(found.c.start, *names, series.c.metric)
            .limit(limit)
        ).all()
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


def _by_day(store: Store, what: Range, zone: tzinfo, limit: int) -> list[Bucket]:
    """Merge periods that never cross a midnight: hours, or five minutes where the zone is not on the hour."""
    offset = what.start.astimezone(zone).utcoffset() or timedelta()
    whole_hours = offset % timedelta(hours=1) == timedelta()
    days: dict[tuple[Any, ...], Bucket] = {}
    for part in _by_step(store, what, COARSE_STEP_S if whole_hours else FINE_STEP_S, zone, None):
        midnight = part.ts.replace(hour=0, minute=0, second=0, microsecond=0)
        key = (midnight.date(), *part.keys.values(), part.metric)
        if (day := days.get(key)) is None:
            if len(days) < limit:
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


def _floor(at: datetime, step: int) -> int:
    return int(at.timestamp()) // step * step
