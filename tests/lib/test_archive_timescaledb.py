"""The archive on the real TimescaleDB extension, compiled to WebAssembly with PostgreSQL (npm; nothing to install)."""

from collections.abc import Generator, Sequence
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import shutil
import signal
import socket
import subprocess
from typing import Any

import pytest
import pytest_socket
from sqlalchemy import Connection, text

from lib.archive import Aggregation, ArchiveSpec, Range, Retention, Row, parse_url
from lib.archive_bulk import PostgresqlBulk, Sums
from lib.archive_query import buckets, messages
from lib.archive_retention import maintain, size
from lib.archive_store import Store, make_engine

FILES = Path(__file__).parents[1] / "timescaledb"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def timescaledb_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of a server with the extension."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("timescaledb")
    if shutil.which("npm") is None:
        pytest.skip("node is not installed")
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    install = subprocess.run(
        ["npm", "ci", "--legacy-peer-deps", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, timeout=120,
        text=True, check=False,
    )  # fmt: skip
    if install.returncode:
        pytest.skip(f"npm could not fetch it: {install.stderr[-200:]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # `node` may be a script that starts node (as Python's wheel of it does): the group ends as a whole.
    server = subprocess.Popen(
        ["node", "server.mjs", str(port)], cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    yield f"postgresql://postgres:any@127.0.0.1:{port}/postgres?sslmode=disable&gssencmode=disable"
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def insert_singly(self: PostgresqlBulk, connection: Connection, rows: Sequence[Row], sums: Sums) -> None:
    """This server has no COPY from a client."""
    marks = ", ".join(["%s"] * len(self._columns))
    with self._cursor(connection, "INSERT") as cursor:
        for row in rows:
            sums.add(row.ts, row.keys, row.numbers)
            cursor.execute(
                f"INSERT INTO {self._raw} ({', '.join(self._columns)}) VALUES ({marks})",  # noqa: S608
                (datetime.fromtimestamp(row.ts, UTC), *row.keys, row.payload),
            )


@pytest.mark.slow
@pytest.mark.usefixtures("socket_enabled")
def test_messages_are_a_hypertable_that_is_written_asked_and_kept_small(
    timescaledb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresqlBulk, "insert", insert_singly)
    store = Store(make_engine(parse_url(timescaledb_url)), ArchiveSpec())

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with store.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    store.prepare()
    assert ask("SELECT hypertable_name FROM timescaledb_information.hypertables") == [("measurements",)]
    rows = []
    for n in range(1000):
        keys = ("van", "env", f"d{n % 3}")
        rows.append(Row((NOON - timedelta(hours=n)).timestamp(), keys, f'{{"metrics": {{"t": {n}}}}}', {"t": n}))
    assert store.write(rows) == 0
    ((chunks,),) = ask("SELECT num_chunks FROM timescaledb_information.hypertables")
    assert chunks >= 6  # a chunk a week
    day = Range(start=NOON - timedelta(hours=23), end=NOON + timedelta(hours=1))
    assert [bucket.n for bucket in buckets(store, day, Aggregation.HOUR, UTC)] == [1] * 24
    assert [message.payload["metrics"]["t"] for message in messages(store, day)] == list(range(23, -1, -1))
    assert ask("SELECT count(*) FROM measurements_values") == [(1000,)]
    assert sum(maintain(store, Retention(raw_days=30, fine_days=20), NOON.timestamp())) > 279
    assert size(store)[1] == 721
    store.prepare()  # opening again changes nothing
    assert ask("SELECT count(*) FROM measurements") == [(721,)]
    store.close()
