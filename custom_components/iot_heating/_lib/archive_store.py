# Generated from lib/archive_store.py by scripts/build: edit that file, not this one.
"""One archive database, opened and written. Blocking: the archive's thread calls it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, StatementError

from .archive_bulk import Merged, Row, Sums, bulk_for, sums_of
from .archive_spec import ArchiveSpec
from .archive_tables import ArchiveTables, as_json_text, migrate

# Faults of the data itself: trying the same again is of no use. All else is the database's fault.
_BAD_DATA: Final = (DataError, IntegrityError, OverflowError, TypeError, ValueError)


def parse_url(url: str) -> URL:
    """Read a database URL; `postgres://` and `postgresql://` mean psycopg.

    Raises:
        ValueError: It is not a URL, or not of SQLite or PostgreSQL.
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
    # Survives a killed process; a power outage costs the last transactions, never the file.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


class Store:
    """The tables of one archive in one database."""

    def __init__(self, engine: Engine, spec: ArchiveSpec) -> None:
        self.engine = engine
        self.spec = spec
        self.tables = ArchiveTables(spec)
        self._series: dict[tuple[str, ...], int] = {}
        self._bulk = bulk_for(engine, self.tables)

    def prepare(self) -> None:
        """Make or upgrade the tables.

        Raises:
            ArchiveSchemaError: The database must not be touched.
            SQLAlchemyError: It cannot be reached.
        """
        self._series.clear()
        with self.engine.begin() as connection:
            migrate(connection, self.tables, self.add_to_rollup)

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
        self._series.clear()  # IDs that were created in the transaction are rolled back with it
        if len(rows) == 1:
            return 1
        middle = len(rows) // 2
        return self.write(rows[:middle]) + self.write(rows[middle:])

    def _write(self, connection: Connection, rows: Sequence[Row]) -> None:
        sums = Sums()
        self._bulk.insert(connection, rows, sums)
        self._merge_sums(connection, sums)

    def merge(self, connection: Connection, rows: Sequence[Merged]) -> None:
        """Add to the rollup."""
        self._bulk.merge(connection, rows)

    def add_to_rollup(
        self, connection: Connection, rows: Iterable[tuple[float, tuple[str, ...], Mapping[str, float]]]
    ) -> None:
        """Count messages that are in the table already."""
        self._merge_sums(connection, sums_of(rows))

    def _merge_sums(self, connection: Connection, sums: Sums) -> None:
        if series := sums.series():
            self._bulk.merge(connection, sums.merged(self._series_ids(connection, series)))

    def _series_ids(self, connection: Connection, wanted: set[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
        known = self._series
        if new := wanted - known.keys():
            table = self.tables.series
            names = (*self.spec.keys, "metric")
            dialect_insert: Any = postgresql_insert if self.engine.dialect.name == "postgresql" else sqlite_insert
            connection.execute(
                dialect_insert(table).on_conflict_do_nothing(),
                [dict(zip(names, series, strict=True)) for series in sorted(new)],
            )
            for row in connection.execute(select(*(table.c[name] for name in names), table.c.id)):
                known[tuple(row[:-1])] = row[-1]
        return known

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
