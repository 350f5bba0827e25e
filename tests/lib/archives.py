"""Rows of archives, and queries without the archive's own code."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
import json
import time
from typing import Any

from sqlalchemy import create_engine, text

from lib.archive import (
    Archive,
    Range,
    Retention,
    Row,
    parse_url,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VAN = ("van", "ruuvi", "inside")
KEEP_ALL = Retention(raw_days=None, fine_days=None)


def row(at: datetime, keys: tuple[str, ...] = VAN, **metrics: float) -> Row:
    return Row(at.timestamp(), keys, json.dumps({"metrics": metrics}), metrics)


def around(start: datetime = NOON, hours: float = 24, **rest: Any) -> Range:
    return Range(start=start - timedelta(hours=hours), end=start + timedelta(hours=hours), **rest)


def until(condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def written(archive: Archive, rows: Iterable[Row]) -> None:
    """Put rows and wait until they are in the database."""
    before = archive.status.written + archive.status.rejected
    items = list(rows)
    for item in items:
        archive.put(item)
    until(lambda: archive.status.written + archive.status.rejected == before + len(items))


def rows_of(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    """Query without the archive's own code."""
    engine = create_engine(parse_url(database_url))
    with engine.connect() as connection:
        found = [tuple(found) for found in connection.execute(text(statement))]
    engine.dispose()
    return found
