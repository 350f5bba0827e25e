"""Upgrades of an archive's tables, and its limits, on real databases."""

from datetime import UTC, timedelta
from pathlib import Path
import sqlite3
import time
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.event import listen

from lib.archive import (
    Aggregation,
    Archive,
    ArchiveSchemaError,
    ArchiveSpec,
    Range,
    Retention,
    parse_url,
)
from lib.archive_query import buckets
from lib.archive_retention import maintain, size
from lib.archive_store import Store, make_engine
from lib.archive_tables import STEPS, migrate
from lib.archive_views import create_views, drop_views
from tests.lib.archives import KEEP_ALL, NOON, around, row, rows_of, until, written

pytestmark = pytest.mark.slow  # not run by scripts/test --quick


# Tables and their steps


def test_an_archive_of_an_earlier_step_is_upgraded_with_its_numbers(database_url: str) -> None:
    """Step 1 knew no rollups: what was archived then is counted when step 2 is taken."""
    store = Store(make_engine(parse_url(database_url)), ArchiveSpec())
    with store.engine.begin() as connection:
        store.tables.schema.create(connection)
        connection.execute(store.tables.schema.insert().values(version=0))
        STEPS[0](connection, store.tables, store.add_to_rollup)
        connection.execute(store.tables.schema.update().values(version=1))
        connection.execute(
            store.tables.raw.insert(),
            [
                {
                    "ts": NOON + timedelta(seconds=n),
                    "site": "van",
                    "system": "ruuvi",
                    "device": "inside",
                    "payload": {"metrics": {"t": n, "on": True, "name": "x"}},
                }
                for n in range(7)
            ],
        )
    store.close()
    archive = Archive(database_url, retention=KEEP_ALL)
    archive.start()
    until(lambda: archive.status.connected)
    (bucket,) = archive.buckets(around(), Aggregation.HOUR)
    assert (bucket.metric, bucket.n, bucket.mean) == ("t", 7, 3.0)
    archive.close()
    assert rows_of(database_url, "SELECT version FROM measurements_schema") == [(len(STEPS),)]


# The rollup as version 2 made it.
_ROLLUP_2 = {
    "sqlite": "CREATE TABLE measurements_rollup (series_id INTEGER NOT NULL, step INTEGER NOT NULL, "
    "bucket BIGINT NOT NULL, n BIGINT NOT NULL, total FLOAT NOT NULL, minimum FLOAT NOT NULL, maximum FLOAT NOT NULL, "
    "PRIMARY KEY (series_id, step, bucket), "
    "FOREIGN KEY(series_id) REFERENCES measurements_series (id)) WITHOUT ROWID",
    "postgresql": "CREATE TABLE measurements_rollup (series_id INTEGER NOT NULL, step INTEGER NOT NULL, "
    "bucket BIGINT NOT NULL, n BIGINT NOT NULL, total FLOAT(53) NOT NULL, minimum FLOAT(53) NOT NULL, "
    "maximum FLOAT(53) NOT NULL, PRIMARY KEY (series_id, step, bucket), "
    "FOREIGN KEY(series_id) REFERENCES measurements_series (id))",
}


def test_an_archive_whose_rollup_began_with_the_series_is_upgraded(store: Store, database_url: str) -> None:
    """Step 3: the same numbers in another order, and those that come now are added to them."""
    store.write([row(NOON + timedelta(minutes=n), t=float(n), h=50.0) for n in range(60)])
    columns = "series_id, step, bucket, n, total, minimum, maximum"
    with store.engine.begin() as connection:
        drop_views(connection, store.spec)
        for statement in (
            "ALTER TABLE measurements_rollup RENAME TO today",
            "DROP INDEX measurements_rollup_by_series",
            "ALTER INDEX measurements_rollup_pkey RENAME TO today_pkey",
            _ROLLUP_2[connection.dialect.name],
            "CREATE INDEX measurements_rollup_by_bucket ON measurements_rollup (step, bucket)",
            f"INSERT INTO measurements_rollup ({columns}) SELECT {columns} FROM today",  # noqa: S608
            "DROP TABLE today",
            "UPDATE measurements_schema SET version = 2",
        ):
            if connection.dialect.name == "postgresql" or not statement.startswith("ALTER INDEX"):
                connection.execute(text(statement))
        create_views(connection, store.spec)
    archive = Archive(database_url, retention=KEEP_ALL)
    archive.start()
    written(archive, [row(NOON, t=100.0)])
    (bucket,) = archive.buckets(around(metrics=("t",)), Aggregation.HOUR)
    assert (bucket.n, bucket.minimum, bucket.maximum) == (61, 0.0, 100.0)
    archive.close()
    assert rows_of(database_url, "SELECT version FROM measurements_schema") == [(len(STEPS),)]
    with store.engine.connect() as connection:
        found = inspect(connection)
        key = found.get_pk_constraint("measurements_rollup")["constrained_columns"]
        indexes = [index["name"] for index in found.get_indexes("measurements_rollup")]
    assert (key, indexes) == (["step", "bucket", "series_id"], ["measurements_rollup_by_series"])


@pytest.mark.parametrize(
    ("what", "index"),
    [
        (around(hours=1), "PRIMARY KEY"),
        (around(hours=9000, keys={"device": "d3"}), "measurements_rollup_by_series"),
        (around(hours=9000, metrics=("t",)), "measurements_rollup_by_series"),
    ],
)
def test_neither_a_day_of_all_nor_a_year_of_one_walks_through_everything(
    tmp_path: Path, what: Range, index: str
) -> None:
    """SQLite knows nothing of its tables' sizes here, as in an archive that was never analysed."""
    store = Store(make_engine(parse_url(f"sqlite:///{tmp_path}/a.db")), ArchiveSpec())
    store.prepare()
    store.write([row(NOON, ("van", "ruuvi", f"d{n}"), t=1.0) for n in range(20)])
    asked: list[tuple[str, Any]] = []
    listen(store.engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    assert list(buckets(store, what, Aggregation.HOUR, UTC))
    with store.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1][0]}", asked[-1][1]).all()
    store.close()
    found = next(step[3] for step in plan if "rollup" in step[3])
    assert found.startswith("SEARCH")
    assert index in found


def test_opening_again_changes_nothing(store: Store) -> None:
    store.write([row(NOON, t=1.0)])
    store.prepare()
    with store.engine.begin() as connection:
        assert migrate(connection, store.tables, store.add_to_rollup) == len(STEPS)


def test_a_database_of_a_newer_version_is_not_touched(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(store.tables.schema.update().values(version=99))
    with pytest.raises(ArchiveSchemaError, match="99"):
        store.prepare()


def test_a_foreign_table_is_not_changed(database_url: str) -> None:
    engine = create_engine(parse_url(database_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE measurements (x integer)"))
    engine.dispose()
    archive = Archive(database_url)
    archive.start()
    until(lambda: archive.status.last_error is not None)
    assert "not made by this program" in (archive.status.last_error or "")
    archive.close()


def test_postgresql_alone_gets_a_plain_table_that_could_become_a_hypertable(postgresql_url: str) -> None:
    """What TimescaleDB demands (see test_archive_timescaledb.py): its time column in every unique index."""
    archive = Archive(postgresql_url)
    archive.start()
    until(lambda: archive.status.connected)
    archive.close()
    assert rows_of(
        postgresql_url,
        "SELECT count(*) FROM pg_indexes WHERE tablename = 'measurements' AND indexdef LIKE '%UNIQUE%' "
        "AND indexdef NOT LIKE '%ts%'",
    ) == [(0,)]


# Limits


def test_old_messages_go_and_their_hours_stay(store: Store) -> None:
    store.write([row(NOON - timedelta(days=40, seconds=n), t=1.0) for n in range(6000)])
    store.write([row(NOON, t=2.0)])
    assert sum(maintain(store, Retention(raw_days=30, fine_days=None), NOON.timestamp())) == 6000
    assert size(store)[1] == 1
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT sum(n) FROM measurements_hour")).scalar() == 6001


def test_old_five_minutes_become_hours_and_say_the_same(store: Store) -> None:
    long_ago = NOON - timedelta(days=500)
    store.write([row(long_ago + timedelta(minutes=n), t=float(n)) for n in range(180)])
    store.write([row(NOON, t=5.0)])
    before = _hours(store)
    list(maintain(store, Retention(raw_days=None, fine_days=400), NOON.timestamp()))
    assert _hours(store) == before
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM measurements_rollup")).scalar() == 3 + 1
    # a straggler joins its hour
    store.write([row(long_ago, t=100.0)])
    list(maintain(store, Retention(raw_days=None, fine_days=400), NOON.timestamp()))
    assert _hours(store)[0][1:] == (61, 100.0)


def _hours(store: Store) -> list[tuple[Any, ...]]:
    with store.engine.connect() as connection:
        return [
            tuple(found)
            for found in connection.execute(text("SELECT time, n, maximum FROM measurements_hour ORDER BY time"))
        ]


def test_old_hours_go_last(store: Store) -> None:
    store.write([row(NOON - timedelta(days=500), t=1.0), row(NOON, t=1.0)])
    list(maintain(store, Retention(raw_days=None, fine_days=10, coarse_days=400), NOON.timestamp()))
    assert len(_hours(store)) == 1


def test_beyond_its_size_an_archive_loses_what_came_first(store: Store) -> None:
    store.write([row(NOON + timedelta(seconds=n), t=float(n), filling=0.123456789) for n in range(20_000)])
    used, rows = size(store)
    assert rows == 20_000
    limit = used // 2
    list(maintain(store, Retention(raw_days=None, fine_days=None, max_bytes=limit), NOON.timestamp()))
    used, rows = size(store)
    assert used <= limit
    assert 5_000 < rows < 15_000
    with store.engine.connect() as connection:
        (oldest,) = connection.execute(text("SELECT min(value) FROM measurements_values WHERE metric = 't'")).one()
    assert oldest == 20_000 - rows


def test_a_limit_below_an_empty_archive_ends(store: Store) -> None:
    store.write([row(NOON, t=1.0)])
    list(maintain(store, Retention(raw_days=None, fine_days=None, max_bytes=1), NOON.timestamp()))
    assert size(store)[1] == 0


def test_a_file_becomes_smaller_again(tmp_path: Path) -> None:
    store = Store(make_engine(parse_url(f"sqlite:///{tmp_path}/a.db")), ArchiveSpec())
    store.prepare()
    store.write([row(NOON - timedelta(days=60, seconds=n), t=float(n)) for n in range(20_000)])
    _checkpoint(tmp_path / "a.db")
    before = (tmp_path / "a.db").stat().st_size
    list(maintain(store, Retention(), NOON.timestamp()))
    store.close()
    _checkpoint(tmp_path / "a.db")
    assert (tmp_path / "a.db").stat().st_size < before / 2


def _checkpoint(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def test_limits_are_kept_while_rows_keep_coming(database_url: str) -> None:
    now = [NOON.timestamp()]
    archive = Archive(database_url, retention=Retention(raw_days=1), clock=lambda: now[0])
    archive.start()
    written(archive, [row(NOON - timedelta(hours=20, seconds=n), t=1.0) for n in range(12_000)])
    now[0] += 5 * 3600  # all of them are older than a day now
    end = time.monotonic() + 60
    n = 0
    while archive.status.removed < 12_000:
        assert time.monotonic() < end
        archive.put(row(NOON + timedelta(hours=4, seconds=n), t=2.0))
        n += 1
        time.sleep(0.002)
    until(lambda: archive.status.written == 12_000 + n)
    assert archive.size()[1] <= 12_000 + n
    assert len(list(archive.messages(around(hours=10)))) == n
    archive.close()
