# Generated from lib/archive_retention.py by scripts/build: edit that file, not this one.
"""Keeps an archive within its limits of age and size, in short steps. Blocking: the archive's thread calls it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
import math
from typing import Any, Final

from sqlalchemy import delete, func, select, text

from .archive_bulk import Merged
from .archive_spec import COARSE_STEP_S, FINE_STEP_S
from .archive_store import Store

_DELETE_CHUNK: Final = 5000
_VACUUM_PAGES: Final = 1000
_DAY_S: Final = 86_400.0
# Size of a row on PostgreSQL in addition to its columns: a line pointer and its entries in the indexes.
_ROW_OVERHEAD: Final = 84


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept; None means no limit.

    Messages are deleted after `raw_days`; five-minute values become hourly ones after `fine_days`, which are deleted
    after `coarse_days`. Above `max_bytes` the oldest messages are deleted, regardless of their age.
    """

    raw_days: float | None = 30.0
    fine_days: float | None = 400.0
    coarse_days: float | None = None
    max_bytes: int | None = None


def maintain(store: Store, retention: Retention, now: float) -> Iterator[int]:
    """Bring a database within its limits, one short transaction per step; yields the rows each took away."""
    if retention.raw_days is not None:
        yield from _expire_raw(store, now - retention.raw_days * _DAY_S)
    if retention.fine_days is not None:
        yield from _downsample(store, now - retention.fine_days * _DAY_S)
    if retention.coarse_days is not None:
        yield from _expire_coarse(store, now - retention.coarse_days * _DAY_S)
    if retention.max_bytes is not None:
        yield from _shrink(store, retention.max_bytes)
    if store.engine.dialect.name == "sqlite":
        yield from _give_space_back(store)


def _expire_raw(store: Store, before: float) -> Iterator[int]:
    raw = store.tables.raw
    oldest = (
        select(raw.c.id)
        .where(raw.c.ts < datetime.fromtimestamp(max(before, 0.0), UTC))
        .order_by(raw.c.ts)
        .limit(_DELETE_CHUNK)
    )
    yield from _delete_while(store, delete(raw).where(raw.c.id.in_(oldest)))


def _expire_coarse(store: Store, before: float) -> Iterator[int]:
    rollup = store.tables.rollup
    yield from _delete_while(store, delete(rollup).where(rollup.c.step == COARSE_STEP_S, rollup.c.bucket < int(before)))


def _delete_while(store: Store, statement: Any) -> Iterator[int]:
    while True:
        with store.engine.begin() as connection:
            removed = connection.execute(statement).rowcount
        if not removed:
            return
        yield removed


def _downsample(store: Store, before: float) -> Iterator[int]:
    """Merge five-minute values of whole hours before an instant into hourly ones, hour by hour."""
    rollup = store.tables.rollup
    fine = rollup.c.step == FINE_STEP_S
    end = int(before) // COARSE_STEP_S * COARSE_STEP_S
    while True:
        with store.engine.begin() as connection:
            first = connection.execute(select(func.min(rollup.c.bucket)).where(fine, rollup.c.bucket < end)).scalar()
            if first is None:
                return
            hour = first // COARSE_STEP_S * COARSE_STEP_S
            within = (fine, rollup.c.bucket >= hour, rollup.c.bucket < hour + COARSE_STEP_S)
            merged = connection.execute(
                select(
                    rollup.c.series_id,
                    func.sum(rollup.c.n),
                    func.sum(rollup.c.total),
                    func.min(rollup.c.minimum),
                    func.max(rollup.c.maximum),
                )
                .where(*within)
                .group_by(rollup.c.series_id)
                .order_by(rollup.c.series_id)
            )
            rows = [Merged(COARSE_STEP_S, hour, series, int(n), *rest) for series, n, *rest in merged]
            store.merge(connection, rows)
            removed = connection.execute(delete(rollup).where(*within)).rowcount
        yield removed


def _shrink(store: Store, max_bytes: int) -> Iterator[int]:
    """Delete the messages that came first until the rest fits."""
    raw = store.tables.raw
    while True:
        used, rows = size(store)
        if used <= max_bytes or rows == 0:
            return
        excess = math.ceil(rows * (used - max_bytes) / used)
        first = select(raw.c.id).order_by(raw.c.id).limit(min(excess, _DELETE_CHUNK))
        with store.engine.begin() as connection:
            removed = connection.execute(delete(raw).where(raw.c.id.in_(first))).rowcount
        yield removed


def size(store: Store) -> tuple[int, int]:
    """Bytes in use and messages held (PostgreSQL: bytes of what is alive, estimated; its files shrink later)."""
    raw, rollup = store.tables.raw, store.tables.rollup
    with store.engine.connect() as connection:
        first, last = connection.execute(select(func.min(raw.c.id), func.max(raw.c.id))).one()
        rows = 0 if last is None else last - first + 1
        if store.engine.dialect.name == "sqlite":
            pages, free, page = (
                connection.execute(text(f"PRAGMA {name}")).scalar_one()
                for name in ("page_count", "freelist_count", "page_size")
            )
            return (pages - free) * page, rows
        sample = select(raw).order_by(raw.c.id.desc()).limit(1000).subquery("sample")
        width = connection.execute(select(func.avg(func.pg_column_size(text("sample")))).select_from(sample)).scalar()
        rollup_bytes = connection.execute(select(func.pg_total_relation_size(rollup.name))).scalar_one()
        return int(rows * (float(width or 0) + _ROW_OVERHEAD)) + rollup_bytes, rows


def _give_space_back(store: Store) -> Iterator[int]:
    """Make the file smaller while more than a tenth of it is free."""
    while True:
        with store.engine.connect() as connection:
            pages, free = (
                connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("page_count", "freelist_count")
            )
            if free <= pages // 10:
                return
            # Fetched to the end: each step of the statement frees one page.
            cursor = connection.connection.cursor()
            cursor.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")
            cursor.fetchall()
            cursor.close()
            connection.connection.commit()
        yield 0
