"""The database: a change that `apply` returned from is stored, regardless of what happens afterwards."""

from collections.abc import Iterator
import contextlib
from pathlib import Path
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ota.rollout import database as module
from custom_components.ota.rollout.codec import DecodeError, NewerFormatError
from custom_components.ota.rollout.database import Database
from custom_components.ota.rollout.errors import StorageError
from custom_components.ota.rollout.record_types import RecordChange, RecordKey

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

ROOT = Path(__file__).parents[3]
type Records = dict[RecordKey, Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """An empty database."""
    made = Database(path)
    made.create([])
    yield made
    made.close()


def read(path: Path) -> Records | None:
    """What a start after kill -9 reads: the files as they are now."""
    folder = path.with_name("copy")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in path.parent.glob("state.db*"):
        shutil.copy(file, folder)
    database = Database(folder / path.name)
    try:
        return database.load()
    finally:
        database.close()


def content(path: Path) -> dict[str, bytes]:
    """The files; an empty log is none."""
    return {file.name: data for file in path.parent.glob("state.db*") if (data := file.read_bytes())}


def wal(path: Path) -> Path:
    return path.with_name("state.db-wal")


def batches(count: int) -> list[list[RecordChange]]:
    return [[("job", str(n % 3), {"n": n, "text": "ü" * n}), ("job", "last", n)] for n in range(count)]


def after(done: list[list[RecordChange]]) -> Records:
    """The records after these batches."""
    records: Records = {}
    for kind, name, record in (change for batch in done for change in batch):
        if record is None:
            records.pop((kind, name), None)
        else:
            records[kind, name] = record
    return records


def test_records_are_added_replaced_and_removed(database: Database, path: Path) -> None:
    database.apply([("job", "1", {"state": "offered"}), ("job", "2", {"state": "offered"})])
    database.apply([("job", "1", {"state": "verified"}), ("sequence", "a/b", 7)])
    database.apply([("job", "2", None), ("job", "3", None)])
    assert read(path) == {("job", "1"): {"state": "verified"}, ("sequence", "a/b"): 7}


def test_missing_and_uncreated_files_contain_nothing(path: Path) -> None:
    database = Database(path)
    assert database.load() is None
    path.parent.mkdir()
    path.touch()
    assert database.load() is None
    connection = sqlite3.connect(path)  # as after a kill before the first transaction was complete
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    assert path.stat().st_size
    assert database.load() is None
    database.create([("job", "1", 1)])
    assert read(path) == {("job", "1"): 1}
    database.close()


def test_creating_replaces_a_previous_file(database: Database, path: Path) -> None:
    database.apply([("job", "1", 1)])
    database.create([("job", "2", 2)])
    assert read(path) == {("job", "2"): 2}


def test_only_the_owner_can_read_the_files(database: Database, path: Path) -> None:
    database.apply([("job", "1", 1)])
    assert set(content(path)) == {"state.db", "state.db-wal"}
    assert [file.stat().st_mode & 0o777 for file in path.parent.glob("state.db*")] == [0o600, 0o600]
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_files_that_others_may_read_become_private(database: Database, path: Path) -> None:
    database.create([("a", "1", 1)])
    wal = path.with_name(f"{path.name}-wal")
    database.begin_backup()
    database.apply([("a", "2", 2)])
    database.close()
    for file in (path, wal):
        file.chmod(0o644)
    other = Database(path)
    assert other.load() == {("a", "1"): 1, ("a", "2"): 2}
    assert {file.stat().st_mode & 0o777 for file in (path, wal)} == {0o600}
    other.close()


def test_every_commit_is_synced(database: Database) -> None:
    connection = database._connection
    assert connection is not None
    pragmas = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}


NAMES = st.sampled_from("abcd")
CHANGES = st.lists(
    st.tuples(st.sampled_from(["job", "device"]), NAMES, st.none() | st.booleans() | st.text(max_size=2000)), max_size=8
)
COMMANDS = st.lists(
    st.tuples(st.just("apply"), CHANGES)
    | st.tuples(st.sampled_from(["kill", "reopen", "close", "begin_backup", "end_backup"]), st.none()),
    max_size=15,
)


@settings(max_examples=100, deadline=None)
@given(COMMANDS)
def test_any_sequence_of_commands_keeps_the_records_and_their_order(tmp_path_factory: Any, commands: Any) -> None:
    path = tmp_path_factory.mktemp("database") / "state" / "state.db"
    database = Database(path)
    database.create([])
    done: list[list[RecordChange]] = []
    for command, changes in commands:
        match command:
            case "apply":
                database.apply(changes)
                done.append(changes)
            case "kill":
                records = read(path)
                assert records == after(done)
            case "reopen":
                database.close()
                database = Database(path)
                records = database.load()
                assert records is not None
                assert list(records.items()) == list(after(done).items())
            case _:
                getattr(database, command)()
    assert read(path) == after(done)
    database.close()


def test_a_log_that_is_torn_anywhere_keeps_the_batches_before(database: Database, path: Path) -> None:
    database.close()  # moves the created tables into the database file
    database.load()
    expected, ends = batches(5), []
    for batch in expected:
        database.apply(batch)
        ends.append(wal(path).stat().st_size)
    whole = content(path)
    for size in sorted({*range(0, ends[-1], 509), *ends, *(end - 1 for end in ends)}):
        database.close()
        path.write_bytes(whole["state.db"])
        log = whole["state.db-wal"]
        # A power failure may keep the length but not the content.
        for torn in (log[:size], log[:size] + bytes(ends[-1] - size)):
            wal(path).write_bytes(torn)
            done = sum(torn[:end] == log[:end] for end in ends)
            assert read(path) == after(expected[:done]), size
    wal(path).unlink()


def test_changes_after_a_torn_log_are_kept(database: Database, path: Path) -> None:
    database.apply([("job", "1", 1)])
    files = content(path)
    database.close()
    path.write_bytes(files["state.db"])
    wal(path).write_bytes(files["state.db-wal"] + b"half of a frame")
    database.load()
    database.apply([("job", "2", 2)])
    assert read(path) == {("job", "1"): 1, ("job", "2"): 2}


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_something_else(tmp_path_factory: Any, at: int, change: int) -> None:
    path = tmp_path_factory.mktemp("database") / "state" / "state.db"
    database = Database(path)
    database.create([])
    for batch in batches(5):
        database.apply(batch)
    database.close()
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= change
    path.write_bytes(bytes(data))
    with contextlib.suppress(DecodeError, StorageError):
        assert database.load() == after(batches(5))
    database.close()


@pytest.mark.parametrize(
    "damage",
    [
        b"nonsense" * 100,
        "UPDATE records SET data = CAST('[1]' AS BLOB)",
        "UPDATE records SET id = '2'",
        "UPDATE records SET type = CAST(x'ff' AS TEXT)",
        "DROP TABLE records",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -1",
    ],
)
def test_damage_is_reported_and_the_files_are_left_unchanged(database: Database, path: Path, damage: Any) -> None:
    database.apply([("job", "1", {"state": "offered"})])
    database.close()
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    else:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(damage)
        connection.close()
    before = content(path)
    with pytest.raises(DecodeError):
        database.load()
    database.close()
    assert content(path) == before


def test_a_damaged_page_is_reported(database: Database, path: Path) -> None:
    database.apply([("job", str(n), "x" * 500) for n in range(50)])
    database.close()
    data = bytearray(path.read_bytes())
    data[8192:8200] = bytes(8)
    path.write_bytes(bytes(data))
    with pytest.raises(DecodeError):
        database.load()


def test_a_newer_format_is_refused_and_left_unchanged(database: Database, path: Path) -> None:
    database.apply([("job", "1", 1)])
    database.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = content(path)
    with pytest.raises(NewerFormatError, match="format 2, supported is 1"):
        database.load()
    with pytest.raises(StorageError, match="format 2"):
        database.apply([("job", "2", 2)])
    database.close()
    assert content(path) == before


def test_a_damaged_file_refuses_changes(database: Database, path: Path) -> None:
    database.close()
    path.write_bytes(b"nonsense" * 100)
    with pytest.raises(StorageError, match="not a database"):
        database.apply([("job", "1", 1)])
    path.unlink()
    with pytest.raises(StorageError, match="unable to open"):
        database.apply([("job", "1", 1)])
    assert not path.exists()  # a new file would contain only the changes
    path.touch()
    with pytest.raises(StorageError, match="empty"):
        database.apply([("job", "1", 1)])


def test_full_disk_is_reported_and_saving_continues_later(database: Database, path: Path) -> None:
    database.apply([("job", "1", 1)])
    assert database._connection is not None
    (pages,) = database._connection.execute("PRAGMA page_count").fetchone()
    database._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError) as caught:
        database.apply([("job", "2", 2), ("job", "3", "x" * 100_000)])
    assert caught.value.code == "disk_full"
    assert read(path) == {("job", "1"): 1}
    database.apply([("job", "4", 4)])
    assert read(path) == {("job", "1"): 1, ("job", "4"): 4}


@contextlib.contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Writes beyond a size fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("more", [0, 1, 24, 4000, 9000])
def test_failed_write_is_reported_and_saving_continues_later(database: Database, path: Path, more: int) -> None:
    database.apply([("job", "1", 1)])
    with no_file_larger_than(wal(path).stat().st_size + more), pytest.raises(StorageError) as caught:
        database.apply([("job", "2", "x" * 10_000)])
    assert caught.value.code == "storage_failed"
    assert read(path) == {("job", "1"): 1}
    database.apply([("job", "3", 3)])
    assert read(path) == {("job", "1"): 1, ("job", "3"): 3}


def test_a_file_that_cannot_be_created_is_reported(path: Path) -> None:
    database = Database(path)
    path.parent.write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageError):
        database.load()
    with pytest.raises(StorageError):
        database.create([])


def test_a_file_that_cannot_be_read_is_reported(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StorageError):
        Database(path).load()


def test_a_record_that_is_not_json_is_not_written(database: Database, path: Path) -> None:
    with pytest.raises(TypeError):
        database.apply([("job", "1", 1), ("job", "2", object())])
    database.apply([("job", "3", 3)])
    assert read(path) == {("job", "3"): 3}


def test_a_second_connection_is_refused(database: Database, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 0)
    with pytest.raises(StorageError, match="locked"):
        Database(path).load()
    database.close()
    database.apply([("job", "1", 1)])  # by a request that was in progress: it does not keep the file locked
    assert database.load() == {("job", "1"): 1}


def test_an_invalid_setting_closes_the_connection(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.close()
    monkeypatch.setattr(module, "WAL_PAGES", "'")
    with pytest.raises(StorageError):
        database.apply([])


def test_the_log_is_copied_into_the_file(database: Database, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAL_PAGES", 20)
    for number in range(200):
        database.apply([("job", str(number % 10), "x" * 1000)])
    assert wal(path).stat().st_size < 50 * 4096
    assert len(read(path) or {}) == 10


def test_a_backup_copies_a_consistent_state(
    database: Database, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAL_PAGES", 5)
    database.apply([("job", "before", 1)])
    database.begin_backup()
    copied = tmp_path / "copied" / "state.db"
    copied.parent.mkdir()
    shutil.copy(path, copied)
    for number in range(30):
        database.apply([("job", str(number), "x" * 5000)])
    database.close()  # a reload of the entry
    database = Database(path, backup_running=True)
    database.load()
    database.apply([("job", "30", "x")])
    assert path.read_bytes() == copied.read_bytes()
    shutil.copy(wal(path), copied.parent)
    expected = {("job", "before"): 1} | {("job", str(number)): "x" * 5000 for number in range(30)}
    assert read(copied) == expected | {("job", "30"): "x"}
    wal(copied).unlink()
    assert read(copied) == {("job", "before"): 1}
    database.end_backup()
    assert not wal(path).exists()
    database.apply([("job", "after", 1)])
    assert len(read(path) or {}) == 33
    database.close()


def test_a_backup_of_a_closed_database(database: Database, path: Path) -> None:
    database.apply([("job", "1", 1)])
    database.close()
    before = content(path)
    database.begin_backup()
    database.apply([("job", "2", 2)])
    assert content(path)["state.db"] == before["state.db"]
    database.end_backup()
    assert read(path) == {("job", "1"): 1, ("job", "2"): 2}


def test_a_backup_that_cannot_be_prepared_is_reported(database: Database) -> None:
    assert database._connection is not None
    database._connection.close()
    with pytest.raises(StorageError):
        database.begin_backup()


WRITER = """
import sys
from pathlib import Path
from custom_components.ota.rollout import database as module
module.WAL_PAGES = 40
database = module.Database(Path(sys.argv[1]))
if database.load() is None:
    database.create([])
for n in range(int(sys.argv[2]), 10**9):
    database.apply([("job", str(n), {"n": n, "text": "x" * 300})])
    sys.stdout.write(f"{n}\\n"); sys.stdout.flush()
    if n % 50 == 49:
        database.begin_backup()
    if n % 50 == 20:
        database.end_backup()
"""


def test_kill_9_while_it_writes_and_copies_the_log(path: Path) -> None:
    begin = 0
    for milliseconds in (20, 60, 110, 35, 5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(begin)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        threading.Timer(milliseconds / 1000, process.send_signal, [signal.SIGKILL]).start()
        acknowledged = [int(line) for line in (first, *process.stdout) if line.endswith("\n")]
        process.wait()
        numbers = [int(name) for _, name in read(path) or {}]
        assert numbers == list(range(len(numbers)))
        # One change may be on disk that was not acknowledged yet.
        assert acknowledged[-1] + 1 <= len(numbers) <= acknowledged[-1] + 2
        begin = len(numbers)
