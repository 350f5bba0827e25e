# Generated from lib/archive_bulk.py by scripts/build: edit that file, not this one.
"""Many rows at once, past SQLAlchemy's work on each: plain tuples on SQLite, COPY and arrays on PostgreSQL.

Rows are made while the database takes them, a few at a time: between them the driver lets go of Python, so that the
event loop in the other thread never waits for a whole batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
import math
from typing import Any, Final, NamedTuple, override

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from .archive_spec import FINE_STEP_S
from .archive_tables import ArchiveTables, as_iso_utc, as_json_text

_MERGE_CHUNK: Final = 500
_ROLLUP: Final = ("step", "bucket", "series_id", "n", "total", "minimum", "maximum")
_KINDS: Final = ("int", "bigint", "int", "bigint", "float8", "float8", "float8")


class Row(NamedTuple):
    """One message for the archive.

    `ts` is epoch seconds; `keys` follow the spec; `payload` is JSON text, or what can be made into it; `numbers` are
    the metrics that go into the five-minute and hourly tables.
    """

    ts: float
    keys: tuple[str, ...]
    payload: object
    numbers: Mapping[str, float]


class Merged(NamedTuple):
    """A row of the rollup."""

    step: int
    bucket: int
    series_id: int
    n: int
    total: float
    minimum: float
    maximum: float


class Sums:
    """Count, total, least and largest of each metric per five minutes."""

    def __init__(self) -> None:
        # (keys, bucket) -> metric -> [n, total, minimum, maximum]
        self._groups: dict[tuple[tuple[str, ...], int], dict[str, list[float]]] = {}

    def add(self, ts: float, keys: tuple[str, ...], numbers: Mapping[str, float]) -> None:
        """Count the numbers of a message; what is not finite does not count."""
        place = (keys, int(ts) // FINE_STEP_S * FINE_STEP_S)
        if (group := self._groups.get(place)) is None:
            group = self._groups[place] = {}
        for metric, number in numbers.items():
            value = float(number)
            if not math.isfinite(value):
                continue
            if (found := group.get(metric)) is None:
                group[metric] = [1, value, value, value]
                continue
            found[0] += 1
            found[1] += value
            if value < found[2]:
                found[2] = value
            elif value > found[3]:
                found[3] = value

    def series(self) -> set[tuple[str, ...]]:
        """The series that have numbers: keys and metric."""
        return {(*keys, metric) for (keys, _), group in self._groups.items() for metric in group}

    def merged(self, ids: Mapping[tuple[str, ...], int]) -> list[Merged]:
        """As rows, in one order everywhere: two writers never wait for each other in a circle."""
        return sorted(
            Merged(FINE_STEP_S, bucket, ids[*keys, metric], int(n), total, low, high)
            for (keys, bucket), group in self._groups.items()
            for metric, (n, total, low, high) in group.items()
        )


class Bulk(ABC):
    """Writes into the tables of one archive."""

    def __init__(self, engine: Engine, tables: ArchiveTables) -> None:
        self._engine = engine
        self._raw = tables.raw.name
        self._rollup = tables.rollup.name
        self._columns = ("ts", *tables.spec.keys, "payload")

    @abstractmethod
    def insert(self, connection: Connection, rows: Sequence[Row], sums: Sums) -> None:
        """Insert messages, and count their numbers on the way."""

    @abstractmethod
    def merge(self, connection: Connection, rows: Sequence[Merged]) -> None:
        """Add to the rollup."""

    def _keys(self, row: Row) -> tuple[str, ...]:
        if len(row.keys) != len(self._columns) - 2:
            raise ValueError("keys do not follow the spec")
        return row.keys

    @contextmanager
    def _cursor(self, connection: Connection, what: str) -> Generator[Any]:
        """The driver's own cursor; its errors are raised as SQLAlchemy's."""
        dbapi: Any = self._engine.dialect.loaded_dbapi
        cursor = connection.connection.cursor()
        try:
            yield cursor
        except dbapi.Error as err:
            raise DBAPIError.instance(what, None, err, dbapi.Error, dialect=self._engine.dialect) from err
        finally:
            cursor.close()


class SqliteBulk(Bulk):
    """SQLite: one prepared statement, stepped through."""

    @override
    def insert(self, connection: Connection, rows: Sequence[Row], sums: Sums) -> None:
        def each() -> Generator[tuple[Any, ...]]:
            for row in rows:
                ts, keys = as_iso_utc(datetime.fromtimestamp(row.ts, UTC)), self._keys(row)
                sums.add(row.ts, keys, row.numbers)
                yield ts, *keys, as_json_text(row.payload)

        marks = ", ".join("?" * len(self._columns))
        statement = f"INSERT INTO {self._raw} ({', '.join(self._columns)}) VALUES ({marks})"  # noqa: S608
        with self._cursor(connection, statement) as cursor:
            cursor.executemany(statement, each())

    @override
    def merge(self, connection: Connection, rows: Sequence[Merged]) -> None:
        statement = f"""
            INSERT INTO {self._rollup} ({", ".join(_ROLLUP)}) VALUES ({", ".join("?" * len(_ROLLUP))})
            ON CONFLICT (step, bucket, series_id) DO UPDATE SET
                n = n + excluded.n, total = total + excluded.total,
                minimum = min(minimum, excluded.minimum), maximum = max(maximum, excluded.maximum)
        """  # noqa: S608
        with self._cursor(connection, statement) as cursor:
            cursor.executemany(statement, rows)


class PostgresqlBulk(Bulk):
    """PostgreSQL: messages by COPY, the rollup as one array per column."""

    @override
    def insert(self, connection: Connection, rows: Sequence[Row], sums: Sums) -> None:
        statement = f"COPY {self._raw} ({', '.join(self._columns)}) FROM STDIN"
        with self._cursor(connection, statement) as cursor, cursor.copy(statement) as copy:
            for row in rows:
                ts, keys = datetime.fromtimestamp(row.ts, UTC), self._keys(row)
                sums.add(row.ts, keys, row.numbers)
                copy.write_row((ts, *keys, as_json_text(row.payload)))

    @override
    def merge(self, connection: Connection, rows: Sequence[Merged]) -> None:
        statement = f"""
            INSERT INTO {self._rollup} AS old ({", ".join(_ROLLUP)})
            SELECT * FROM unnest({", ".join(f"%s::{kind}[]" for kind in _KINDS)})
            ON CONFLICT (step, bucket, series_id) DO UPDATE SET
                n = old.n + excluded.n, total = old.total + excluded.total,
                minimum = least(old.minimum, excluded.minimum), maximum = greatest(old.maximum, excluded.maximum)
        """  # noqa: S608
        with self._cursor(connection, statement) as cursor:
            for start in range(0, len(rows), _MERGE_CHUNK):
                columns = zip(*rows[start : start + _MERGE_CHUNK], strict=True)
                cursor.execute(statement, [list(column) for column in columns])


def bulk_for(engine: Engine, tables: ArchiveTables) -> Bulk:
    """The one for a database."""
    return (PostgresqlBulk if engine.dialect.name == "postgresql" else SqliteBulk)(engine, tables)


def sums_of(rows: Iterable[tuple[float, tuple[str, ...], Mapping[str, float]]]) -> Sums:
    """Count the numbers of messages that are in the table already."""
    sums = Sums()
    for ts, keys, numbers in rows:
        sums.add(ts, keys, numbers)
    return sums
