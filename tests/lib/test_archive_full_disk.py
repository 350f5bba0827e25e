"""An archive on a full disk: it can be opened and read, but not written."""

import json
from pathlib import Path
import time
from typing import Any

import pytest
from sqlalchemy import event

from lib import archive as module
from lib.archive import Aggregation, Archive, Row
from tests.lib.archives import KEEP_ALL, NOON, VAN, around, row, until

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A disk with room for a number of pages, as SQLite itself limits them."""
    room = {"pages": 1_000_000}
    make_engine = module.make_engine

    def limited(url: Any) -> Any:
        engine = make_engine(url)

        @event.listens_for(engine, "begin")
        def limit(connection: Any) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={room['pages']}")

        return engine

    monkeypatch.setattr(module, "make_engine", limited)
    monkeypatch.setattr(module, "_BACKOFF_S", (0.02, 0.1))
    monkeypatch.setattr(module, "_FLUSH_S", 0.01)
    return room


def test_a_full_disk_is_one_loss_that_ends_with_the_first_row_written(tmp_path: Path, disk: dict[str, int]) -> None:
    changes = []
    archive = Archive(
        f"sqlite:///{tmp_path}/a.db",
        retention=KEEP_ALL,
        queue_rows=50,
        on_change=lambda: changes.append(archive.status.connected),
    )
    archive.start()
    archive.put(row(NOON, t=1.0))
    until(lambda: archive.status.written == 1)
    disk["pages"] = 1  # no more than there are now
    attempts = []
    connect = archive._connect
    archive._connect = lambda: (attempts.append(1), connect())[1]  # type: ignore[method-assign]
    for number in range(300):
        archive.put(Row(NOON.timestamp(), VAN, json.dumps({"note": "x" * 2000}), {"t": float(number)}))
    until(lambda: len(attempts) > 3)
    assert archive.status.connected is False
    assert "full" in (archive.status.last_error or "")
    # What is there can be read, and the queue stays within its bound; what had no room is counted.
    until(lambda: archive._readable)
    assert archive.status.queued <= 50
    assert archive.status.dropped >= 1
    assert changes == [True, False]
    # It does not try without a pause.
    before = len(attempts)
    time.sleep(0.3)
    assert len(attempts) - before < 12
    disk["pages"] = 1_000_000
    until(lambda: archive.status.queued == 0 and archive.status.connected)
    assert changes == [True, False, True]
    assert archive.status.last_error is None
    assert archive.buckets(around(), Aggregation.HOUR)
    archive.close()
    assert archive.status.written + archive.status.dropped == 301
