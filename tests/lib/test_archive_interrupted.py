"""An upgrade of an archive's tables that ends in the middle changes nothing; the next one does all of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
import shutil
import sqlite3
from typing import Any

import pytest
from sqlalchemy import event, text

from lib.archive import ArchiveSpec, parse_url
from lib.archive_store import Store, make_engine
from lib.archive_tables import STEPS
from lib.archive_views import create_views, drop_views
from tests.lib.archives import NOON, row
from tests.lib.test_archive_tables import _ROLLUP_2

ROWS = 40


def store_of(path: Path) -> Store:
    return Store(make_engine(parse_url(f"sqlite:///{path}")), ArchiveSpec())


def nothing(path: Path) -> None:
    """No database at all."""


def of_step_1(path: Path) -> None:
    """Messages without rollups."""
    store = store_of(path)
    with store.engine.begin() as connection:
        store.tables.schema.create(connection)
        STEPS[0](connection, store.tables, store.add_to_rollup)
        connection.execute(store.tables.schema.insert().values(version=1))
        payload = [{"metrics": {"t": float(n)}} for n in range(ROWS)]
        rows = [
            {"ts": NOON + timedelta(minutes=n), "site": "van", "system": "ruuvi", "device": "in", "payload": one}
            for n, one in enumerate(payload)
        ]
        connection.execute(store.tables.raw.insert(), rows)
    store.close()


def of_step_2(path: Path) -> None:
    """A rollup that begins with the series."""
    store = store_of(path)
    store.prepare()
    store.write([row(NOON + timedelta(minutes=n), t=float(n)) for n in range(ROWS)])
    columns = "series_id, step, bucket, n, total, minimum, maximum"
    with store.engine.begin() as connection:
        drop_views(connection, store.spec)
        for statement in (
            "ALTER TABLE measurements_rollup RENAME TO today",
            "DROP INDEX measurements_rollup_by_series",
            _ROLLUP_2["sqlite"],
            "CREATE INDEX measurements_rollup_by_bucket ON measurements_rollup (step, bucket)",
            f"INSERT INTO measurements_rollup ({columns}) SELECT {columns} FROM today",  # noqa: S608
            "DROP TABLE today",
            "UPDATE measurements_schema SET version = 2",
        ):
            connection.execute(text(statement))
        create_views(connection, store.spec)
    store.close()


class KilledError(Exception):
    """The process ended before this statement."""


def is_interrupted(path: Path, before: int) -> bool:
    """Upgrade until a statement; return False if there are fewer."""
    store, count = store_of(path), 0

    def execute(*_: Any) -> None:
        nonlocal count
        count += 1
        if count > before:
            raise KilledError

    event.listen(store.engine, "before_cursor_execute", execute)
    try:
        store.prepare()
    except KilledError:
        return True
    finally:
        store.close()
    return False


def content(path: Path) -> Any:
    """The tables, and what the rollups add up to."""
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    version = connection.execute("SELECT version FROM measurements_schema").fetchall()
    sums = connection.execute(
        "SELECT sum(n), sum(total), min(minimum), max(maximum) FROM measurements_rollup"
    ).fetchone()
    connection.close()
    return tables, version, sums


@pytest.mark.parametrize("made", [nothing, of_step_1, of_step_2])
def test_an_upgrade_that_is_killed_is_done_again_completely(tmp_path: Path, made: Callable[[Path], None]) -> None:
    old, whole = tmp_path / "old.db", tmp_path / "whole.db"
    made(old)
    if old.exists():
        shutil.copy(old, whole)
    store_of(whole).prepare()
    expected = content(whole)
    assert expected[1] == [(len(STEPS),)]
    assert made is nothing or expected[2][0] >= ROWS
    before = 0
    while True:
        path = tmp_path / f"{before}.db"
        if old.exists():
            shutil.copy(old, path)
        if not is_interrupted(path, before):
            break
        store_of(path).prepare()
        assert content(path) == expected, f"killed before statement {before + 1}"
        before += 1
    assert before > 10
