"""The migration of the journal and of the first stores to the database, killed at every moment."""

import json
from pathlib import Path
import subprocess
import sys
from typing import Any

import orjson
import pytest

from custom_components.ota.rollout.codec import DecodeError
from custom_components.ota.rollout.errors import StorageError
from custom_components.ota.rollout.journal import MARKER, read_journal
from custom_components.ota.rollout.record_store import RecordStore
from custom_components.ota.rollout.record_types import RecordKey
from custom_components.ota.rollout.records import all_records, load_state
from custom_components.ota.rollout.state import State

from .fleet import as_stored_now

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

ROOT = Path(__file__).parents[3]
LEGACY: dict[RecordKey, Any] = {("job", "1"): "legacy"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def write_journal(folder: Path, name: str = "compacted") -> list[Any]:
    """Write a journal of an earlier version; returns its records."""
    journal = json.loads((Path(__file__).parent / "journals" / f"{name}.json").read_text("utf-8"))
    folder.mkdir()
    for file, text in journal["files"].items():
        (folder / file).write_bytes(text.encode())
    records: list[Any] = as_stored_now(journal["records"])
    return records


def start(folder: Path, legacy: dict[RecordKey, Any] | None = None) -> list[Any]:
    """Load the state as the integration does; returns its records."""
    store = RecordStore(folder)
    state = State()
    try:
        load_state(state, store.read(legacy or {}))
        store.complete(all_records(state))
    finally:
        store.database.close()
    found: list[Any] = orjson.loads(orjson.dumps(list(all_records(state)), default=dict))
    return found


def raw(folder: Path, legacy: dict[RecordKey, Any] | None = None) -> dict[RecordKey, Any]:
    """Complete the store with the records as they are; returns them."""
    store = RecordStore(folder)
    try:
        records = dict(store.read(legacy or {}))
        store.complete([(kind, name, record) for (kind, name), record in records.items()])
    finally:
        store.database.close()
    return records


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.stat().st_size}


@pytest.mark.parametrize("name", ["logs", "torn", "compacted"])
def test_a_journal_is_migrated_once(folder: Path, name: str) -> None:
    records = write_journal(folder, name)
    assert start(folder) == records
    assert names(folder) == {MARKER, "state.db"}
    assert start(folder) == records


def test_a_new_folder_refuses_earlier_versions_too(folder: Path) -> None:
    assert raw(folder) == {}
    assert names(folder) == {MARKER, "state.db"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    with pytest.raises(DecodeError, match="format 2"):
        read_journal(folder)


def test_the_journal_takes_precedence_over_the_first_stores(folder: Path) -> None:
    records = write_journal(folder)
    assert start(folder, LEGACY) == records


def test_the_first_stores_are_migrated_once(folder: Path) -> None:
    assert raw(folder, LEGACY) == LEGACY
    store = RecordStore(folder)
    store.read({})
    store.database.apply([("job", "1", "newer")])
    store.database.close()
    assert raw(folder, LEGACY) == {("job", "1"): "newer"}  # killed before the stores were deleted


def test_a_database_without_marker_is_kept(folder: Path) -> None:
    raw(folder, LEGACY)
    (folder / MARKER).unlink()
    before = (folder / "state.db").read_bytes()
    assert raw(folder) == LEGACY
    assert (folder / "state.db").read_bytes() == before
    assert (folder / MARKER).exists()


def test_a_missing_database_is_reported(folder: Path) -> None:
    raw(folder)
    (folder / "state.db").unlink()
    with pytest.raises(DecodeError, match="missing"):
        raw(folder)
    assert names(folder) == {MARKER}


def test_a_migration_that_fails_leaves_the_journal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = write_journal(folder)
    before = names(folder)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("custom_components.ota.rollout.journal.os.fsync", full)
        with pytest.raises(StorageError):
            start(folder)
    assert names(folder) >= before
    assert start(folder) == records


def test_the_store_can_be_removed(folder: Path) -> None:
    write_journal(folder)
    store = RecordStore(folder)
    store.complete([(kind, name, record) for (kind, name), record in store.read({}).items()])
    store.remove()
    assert not folder.exists()


MIGRATIONS = """
import os, shutil, signal, sqlite3, sys
from pathlib import Path
from custom_components.ota.rollout.record_store import RecordStore

def migrate(folder, left):
    def step(*_):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def hook(event, args):
        if event in ("open", "os.mkdir", "os.remove", "os.rename", "sqlite3.connect"):
            step()
    def connect(*args, connect=sqlite3.connect, **options):
        connection = connect(*args, **options)
        connection.set_trace_callback(step)
        return connection
    sqlite3.connect = connect
    store = RecordStore(folder)
    records = store.read({})
    sys.addaudithook(hook)
    store.complete([(kind, name, record) for (kind, name), record in list(records.items())[:3]])
    os._exit(0)

journal, results = map(Path, sys.argv[1:])
for steps in range(1000):
    folder = shutil.copytree(journal, results / str(steps))
    child = os.fork() or migrate(folder, steps)
    if (status := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) != -signal.SIGKILL:
        sys.exit(status)
"""


def test_a_kill_at_any_step_of_the_migration_loses_nothing(folder: Path, tmp_path: Path) -> None:
    """Each step is a file operation or an SQL statement; one process for each step is killed before it."""
    write_journal(folder)
    expected = list(read_journal(folder).items())[:3]
    results = tmp_path / "results"
    results.mkdir()
    subprocess.run([sys.executable, "-c", MIGRATIONS, str(folder), str(results)], cwd=ROOT, check=True)
    folders = sorted(results.iterdir(), key=lambda folder: int(folder.name))
    assert len(folders) > 20
    for killed in folders:
        replaced = (killed / MARKER).exists()
        if not replaced:  # the earlier version continues to work
            assert len(read_journal(killed)) > 3
        found = list(raw(killed).items())
        assert found[:3] == expected
        assert len(found) == 3 if replaced else len(found) > 3
        assert {MARKER, "state.db"} <= names(killed) <= {MARKER, "state.db", "state.db-wal"}
    assert {(folder / MARKER).exists() for folder in folders[-3:]} == {True}
