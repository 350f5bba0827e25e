# Generated from lib/archive_views.py by scripts/build: edit that file, not this one.
"""Views over an archive for people and Grafana.

`<table>_values` has a row per number; `<table>_5min`, `_hour` and `_day` (UTC) count, mean and extremes. In each, `ts`
is the instant in the database's own form, `time` the same as epoch seconds (what Grafana's SQLite source wants).
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text

from .archive_spec import COARSE_STEP_S, DAY_S, FINE_STEP_S, ArchiveSpec

_STEPS: Final = {"5min": FINE_STEP_S, "hour": COARSE_STEP_S, "day": DAY_S}


def drop_views(connection: Connection, spec: ArchiveSpec) -> None:
    """Drop them, so that the tables below may change."""
    for view in ("values", *_STEPS):
        connection.execute(text(f"DROP VIEW IF EXISTS {spec.table}_{view}"))


def create_views(connection: Connection, spec: ArchiveSpec) -> None:
    """Create them as this version has them. All names in the statements were checked by ArchiveSpec.

    PostgreSQL replaces them where they stand: views that people have built on them stay.
    """
    postgresql = connection.dialect.name == "postgresql"
    connection.execute(text(_values_postgresql(spec) if postgresql else _values_sqlite(spec)))
    instant = "to_timestamp({})" if postgresql else "strftime('%Y-%m-%dT%H:%M:%SZ', {}, 'unixepoch')"
    create = "CREATE OR REPLACE VIEW" if postgresql else "CREATE VIEW"
    for view, step in _STEPS.items():
        connection.execute(text(_periods(create, spec, view, step, instant)))


def _values_postgresql(spec: ArchiveSpec) -> str:
    metrics = f"r.payload->'{spec.values_at}'" if spec.values_at else "r.payload"
    return f"""
        CREATE OR REPLACE VIEW {spec.table}_values AS
        SELECT r.ts, extract(epoch FROM r.ts)::float8 AS time, {_columns("r", spec.keys)},
               v.key AS metric,
               -- JSON has numbers that are too small for float8, which does not round them but refuses
               CASE WHEN length(v.value::text) > 300 AND abs(v.value::text::numeric) < 3e-324 THEN 0
                    ELSE v.value::text::float8 END AS value
        FROM {spec.table} r
        CROSS JOIN LATERAL jsonb_each(
            CASE jsonb_typeof({metrics}) WHEN 'object' THEN {metrics} ELSE '{{}}'::jsonb END
        ) v
        WHERE jsonb_typeof(v.value) = 'number'
    """  # noqa: S608


def _values_sqlite(spec: ArchiveSpec) -> str:
    path = f"$.{spec.values_at}" if spec.values_at else "$"
    return f"""
        CREATE VIEW {spec.table}_values AS
        SELECT r.ts, unixepoch(r.ts, 'subsec') AS time, {_columns("r", spec.keys)},
               v.key AS metric, v.value AS value
        FROM {spec.table} r, json_each(r.payload, '{path}') v
        WHERE v.type IN ('integer', 'real') AND typeof(v.key) = 'text'
    """  # noqa: S608


def _periods(create: str, spec: ArchiveSpec, view: str, step: int, instant: str) -> str:
    bucket = f"u.bucket / {step} * {step}"
    return f"""
        {create} {spec.table}_{view} AS
        SELECT {instant.format(bucket)} AS ts, {bucket} AS time, {_columns("s", spec.keys)}, s.metric,
               sum(u.total) / sum(u.n) AS mean, min(u.minimum) AS minimum, max(u.maximum) AS maximum, sum(u.n) AS n
        FROM {spec.table}_rollup u
        JOIN {spec.table}_series s ON s.id = u.series_id
        GROUP BY {bucket}, {_columns("s", spec.keys)}, s.metric
    """  # noqa: S608


def _columns(alias: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{alias}.{column}" for column in columns)
