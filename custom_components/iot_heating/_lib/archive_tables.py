# Generated from lib/archive_tables.py by scripts/build: edit that file, not this one.
"""The tables of an archive, on SQLite and PostgreSQL: their columns, their migrations, the views on them.

`<table>`           every message as it came: id, ts, the key columns, payload (JSON; JSONB on PostgreSQL)
`<table>_series`    one row per combination of keys and metric
`<table>_rollup`    per series, step and bucket: count, total, minimum, maximum of the metric's numbers
`<table>_schema`    number of the steps below that were run
Views for people and Grafana: `<table>_values` (a row per number), `<table>_5min`, `<table>_hour`, `<table>_day`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, override

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from .archive_spec import ArchiveSpec
from .archive_views import create_views, drop_views

_BACKFILL_CHUNK: Final = 5000


class ArchiveSchemaError(Exception):
    """The database holds something that this version must not touch."""


def as_iso_utc(at: datetime) -> str:
    """An instant, in UTC, as SQLite holds it."""
    return f"{at.isoformat(timespec='milliseconds')[:-6]}Z"


class UtcTimestamp(TypeDecorator[datetime]):
    """An instant: timestamptz on PostgreSQL, sortable ISO 8601 text in UTC with milliseconds on SQLite."""

    impl = String
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(24))

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return as_iso_utc(value.astimezone(UTC))

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value if value is None else value.astimezone(UTC)
        return datetime.fromisoformat(value)


class ArchiveTables:
    """The tables of one spec."""

    def __init__(self, spec: ArchiveSpec) -> None:
        self.spec = spec
        self.metadata = metadata = MetaData()
        name = spec.table
        big = BigInteger().with_variant(Integer(), "sqlite")
        self.raw = Table(
            name,
            metadata,
            Column("id", big, primary_key=True, autoincrement=True),
            # In the key on PostgreSQL, because a hypertable asks for it (see _create_raw).
            Column("ts", UtcTimestamp, nullable=False),
            *(Column(key, String, nullable=False) for key in spec.keys),
            Column("payload", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
            CheckConstraint("json_valid(payload)").ddl_if(dialect="sqlite"),
        )
        Index(f"{name}_by_key", *(self.raw.c[key] for key in spec.keys), self.raw.c.ts)
        Index(f"{name}_by_ts", self.raw.c.ts)
        self.series = Table(
            f"{name}_series",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=True),
            *(Column(key, String, nullable=False) for key in spec.keys),
            Column("metric", String, nullable=False),
            UniqueConstraint(*spec.keys, "metric"),
        )
        self.rollup = Table(
            f"{name}_rollup",
            metadata,
            # By time first: what is written now then lies in a few pages, not in one per series.
            Column("step", Integer, primary_key=True, autoincrement=False),
            Column("bucket", BigInteger, primary_key=True, autoincrement=False),
            Column("series_id", ForeignKey(self.series.c.id), primary_key=True),
            Column("n", BigInteger, nullable=False),
            Column("total", Float(53), nullable=False),
            Column("minimum", Float(53), nullable=False),
            Column("maximum", Float(53), nullable=False),
            sqlite_with_rowid=False,
        )
        Index(f"{name}_rollup_by_series", self.rollup.c.series_id, self.rollup.c.bucket)
        self.schema = Table(f"{name}_schema", metadata, Column("version", Integer, nullable=False))


def as_json_text(payload: object) -> str:
    """Serialize what is not yet text; NUL characters, which JSONB refuses, are left out."""
    text_ = payload if isinstance(payload, str) else orjson.dumps(payload).decode()
    if "\\u0000" in text_:
        text_ = orjson.dumps(_without_nul(orjson.loads(text_))).decode()
    return text_


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "")
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


type Backfill = Callable[[Connection, Iterable[tuple[float, tuple[str, ...], Mapping[str, float]]]], None]


def migrate(connection: Connection, tables: ArchiveTables, backfill: Backfill) -> int:
    """Take the steps that this database has not taken yet; return the version reached.

    Raises:
        ArchiveSchemaError: The database is from a newer version, or the table has another origin.
    """
    if connection.dialect.name == "postgresql":
        # Two writers that start together take the steps one after the other.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": tables.raw.name})
        connection.execute(text("SET LOCAL statement_timeout = 0"))  # a step over a large table takes its time
    else:
        # The driver begins a transaction at the first row, not at the first table: a process that is killed in a step
        # would leave a half of it.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    version = _version(connection, tables)
    if version > len(STEPS):
        raise ArchiveSchemaError(
            f"table {tables.raw.name} has schema version {version}, this program knows {len(STEPS)}: "
            "update it, or use another database"
        )
    if version == len(STEPS):
        return version
    if connection.dialect.name == "sqlite":
        drop_views(connection, tables.spec)
    for step in STEPS[version:]:
        step(connection, tables, backfill)
    create_views(connection, tables.spec)
    connection.execute(tables.schema.update().values(version=len(STEPS)))
    return len(STEPS)


def _version(connection: Connection, tables: ArchiveTables) -> int:
    inspector = inspect(connection)
    if inspector.has_table(tables.schema.name):
        return int(connection.execute(select(tables.schema.c.version)).scalar_one())
    if inspector.has_table(tables.raw.name):
        raise ArchiveSchemaError(
            f"table {tables.raw.name} is there already and was not made by this program: choose another database"
        )
    tables.schema.create(connection)
    connection.execute(tables.schema.insert().values(version=0))
    return 0


def _create_raw(connection: Connection, tables: ArchiveTables, _backfill: Backfill) -> None:
    """Step 1: the messages."""
    tables.raw.create(connection)
    if connection.dialect.name != "postgresql":
        return
    name = tables.raw.name
    # A hypertable needs its time column in every unique index.
    connection.execute(text(f"ALTER TABLE {name} DROP CONSTRAINT {name}_pkey, ADD PRIMARY KEY (id, ts)"))
    extension = text(
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'timescaledb'"
    )
    if (schema := connection.execute(extension).scalar()) is not None:
        connection.execute(text(f"SELECT {schema}.create_hypertable('{name}', 'ts', create_default_indexes => false)"))


def _create_rollup(connection: Connection, tables: ArchiveTables, backfill: Backfill) -> None:
    """Step 2: counts, means and extremes per five minutes, also of the messages that are there."""
    tables.series.create(connection)
    tables.rollup.create(connection)
    raw, spec = tables.raw, tables.spec
    last_id = 0
    while True:
        found = connection.execute(
            select(raw).where(raw.c.id > last_id).order_by(raw.c.id).limit(_BACKFILL_CHUNK)
        ).all()
        if not found:
            return
        backfill(
            connection,
            ((row.ts.timestamp(), tuple(row[2 : 2 + len(spec.keys)]), spec.numbers(row.payload)) for row in found),
        )
        last_id = found[-1].id


def _order_rollup_by_time(connection: Connection, tables: ArchiveTables, _backfill: Backfill) -> None:
    """Step 3: the key of the rollup begins with the time; it began with the series."""
    name = tables.rollup.name
    if connection.dialect.name == "postgresql":
        # Room for new versions of a row in its own page: an update then touches no index.
        connection.execute(text(f"ALTER TABLE {name} SET (fillfactor = 70)"))
    if any(index["name"] == f"{name}_by_series" for index in inspect(connection).get_indexes(name)):
        return  # step 2 of today made it so
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"DROP INDEX {name}_by_bucket"))
        connection.execute(
            text(f"ALTER TABLE {name} DROP CONSTRAINT {name}_pkey, ADD PRIMARY KEY (step, bucket, series_id)")
        )
        connection.execute(text(f"CREATE INDEX {name}_by_series ON {name} (series_id, bucket)"))
        return
    columns = ", ".join(tables.rollup.c.keys())
    connection.execute(text(f"ALTER TABLE {name} RENAME TO {name}_before"))
    tables.rollup.create(connection)
    connection.execute(text(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name}_before"))  # noqa: S608
    connection.execute(text(f"DROP TABLE {name}_before"))


def _recreate_views(_connection: Connection, _tables: ArchiveTables, _backfill: Backfill) -> None:
    """Step 4: the views, which are created again after each step, failed on the smallest numbers before."""


# Only ever added to: a database remembers how many it has taken.
STEPS: Final = (_create_raw, _create_rollup, _order_rollup_by_time, _recreate_views)
