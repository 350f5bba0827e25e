# Generated from lib/archive_store.py by scripts/build: edit that file, not this one.
"""One archive database, opened and written. Blocking: the archive's thread calls it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
import math
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, StatementError

from .archive_spec import FINE_STEP_S, ArchiveSpec
from .archive_tables import ArchiveTables, as_json_text, migrate

# Faults of the data itself: trying the same again is of no use. All else is the database's fault.
_BAD_DATA: Final = (DataError, IntegrityError, OverflowError, TypeError, ValueError)


class Row(NamedTuple):
    """One message for the archive.

    `ts` is epoch seconds; `keys` follow the spec; `payload` is JSON text, or what can be made into it; `numbers` are
    the metrics that go into the five-minute and hourly tables.
    """

    ts: float
    keys: tuple[str, ...]
    payload: object
    numbers: Mapping[str, float]


def parse_url(url: str) -> URL:
    """Read a database URL; `postgres://` and `postgresql://` mean psycopg.

    Raises:
        ValueError: It is no URL, or not of SQLite or PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise ValueError("not a database URL") from err
    match parsed.drivername:
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("an archive needs a file")
            return parsed
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
    raise ValueError(f"unknown kind of database: {parsed.drivername}")


def make_engine(parsed: URL, *, connect_timeout_s: int = 5, statement_timeout_s: int = 60) -> Engine:
    """An engine whose every wait has an end. Imports the driver: not for the event loop."""
    if parsed.drivername == "sqlite":
        engine = create_engine(
            parsed,
            connect_args={"timeout": connect_timeout_s},
            json_serializer=as_json_text,
            json_deserializer=orjson.loads,
        )
        event.listen(engine, "connect", _sqlite_pragmas)
        return engine
    return create_engine(
        parsed,
        pool_pre_ping=True,
        pool_size=2,
        pool_timeout=connect_timeout_s,
        connect_args={
            "connect_timeout": connect_timeout_s,
            "application_name": "home-assistant-archive",
            "keepalives_idle": 10,
            "tcp_user_timeout": 10_000,
            "options": f"-c statement_timeout={statement_timeout_s}s -c timezone=UTC",
        },
        json_serializer=as_json_text,
        json_deserializer=orjson.loads,
    )


def _sqlite_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # auto_vacuum has to be set before the first table: it lets retention give space back bit by bit.
    cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
    cursor.execute("PRAGMA journal_mode=WAL")
    # Survives a killed process whole; a power cut costs the last transactions, never the file.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


class Store:
    """The tables of one archive in one database."""

    def __init__(self, engine: Engine, spec: ArchiveSpec) -> None:
        self.engine = engine
        self.spec = spec
        self.tables = ArchiveTables(spec)
        self._series: dict[tuple[str, ...], int] = {}
        self.upsert = self._upsert_statement()

    def prepare(self) -> None:
        """Make or upgrade the tables.

        Raises:
            ArchiveSchemaError: The database must not be touched.
            SQLAlchemyError: It cannot be reached.
        """
        self._series.clear()
        with self.engine.begin() as connection:
            migrate(connection, self.tables, self._add_to_rollup)

    def write(self, rows: Sequence[Row]) -> int:
        """Write rows, all that can be written; return how many could not, for a fault of their own.

        Raises:
            SQLAlchemyError: The database failed; nothing of the failed part was written.
        """
        try:
            with self.engine.begin() as connection:
                self._write(connection, rows)
        except _BAD_DATA:
            pass
        except StatementError as err:
            if not isinstance(err.orig, _BAD_DATA):
                raise
        else:
            return 0
        self._series.clear()  # ids that were made in the transaction are gone with it
        if len(rows) == 1:
            return 1
        middle = len(rows) // 2
        return self.write(rows[:middle]) + self.write(rows[middle:])

    def _write(self, connection: Connection, rows: Sequence[Row]) -> None:
        keys = self.spec.keys
        stamped = [(datetime.fromtimestamp(row.ts, UTC), row) for row in rows]
        connection.execute(
            insert(self.tables.raw),
            [
                {"ts": ts, "payload": as_json_text(row.payload), **dict(zip(keys, row.keys, strict=True))}
                for ts, row in stamped
            ],
        )
        self._add_to_rollup(connection, ((ts, row.keys, row.numbers) for ts, row in stamped))

    def _add_to_rollup(
        self,
        connection: Connection,
        rows: Iterable[tuple[datetime, tuple[str, ...], Mapping[str, float]]],
    ) -> None:
        """Merge numbers into the five-minute values."""
        sums: dict[tuple[tuple[str, ...], int], list[float]] = {}
        for ts, keys, numbers in rows:
            bucket = int(ts.timestamp()) // FINE_STEP_S * FINE_STEP_S
            for metric, value in numbers.items():
                if not math.isfinite(value):
                    continue
                if (found := sums.get(((*keys, metric), bucket))) is None:
                    sums[((*keys, metric), bucket)] = [1, value, value, value]
                    continue
                found[0] += 1
                found[1] += value
                found[2] = min(found[2], value)
                found[3] = max(found[3], value)
        if not sums:
            return
        ids = self._series_ids(connection, {series for series, _ in sums})
        # In one order everywhere, so that two writers never wait for each other in a circle.
        values = [
            {
                "series_id": ids[series],
                "step": FINE_STEP_S,
                "bucket": bucket,
                "n": int(n),
                "total": total,
                "minimum": low,
                "maximum": high,
            }
            for (series, bucket), (n, total, low, high) in sums.items()
        ]
        values.sort(key=lambda value: (value["series_id"], value["bucket"]))
        connection.execute(self.upsert, values)

    def _series_ids(self, connection: Connection, wanted: set[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
        known = self._series
        if new := wanted - known.keys():
            table = self.tables.series
            names = (*self.spec.keys, "metric")
            dialect_insert = self._dialect_insert()
            connection.execute(
                dialect_insert(table).on_conflict_do_nothing(),
                [dict(zip(names, series, strict=True)) for series in sorted(new)],
            )
            for row in connection.execute(select(*(table.c[name] for name in names), table.c.id)):
                known[tuple(row[:-1])] = row[-1]
        return known

    def _dialect_insert(self) -> Any:
        return postgresql_insert if self.engine.dialect.name == "postgresql" else sqlite_insert

    def _upsert_statement(self) -> Any:
        rollup = self.tables.rollup
        statement = self._dialect_insert()(rollup)
        new = statement.excluded
        postgresql = self.engine.dialect.name == "postgresql"
        least, greatest = (func.least, func.greatest) if postgresql else (func.min, func.max)
        return statement.on_conflict_do_update(
            index_elements=["series_id", "step", "bucket"],
            set_={
                "n": rollup.c.n + new.n,
                "total": rollup.c.total + new.total,
                "minimum": least(rollup.c.minimum, new.minimum),
                "maximum": greatest(rollup.c.maximum, new.maximum),
            },
        )

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
