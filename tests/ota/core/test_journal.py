"""The journal: what an append returned from is there, whatever happens afterwards."""

import contextlib
import errno
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ota.rollout import journal as module
from custom_components.ota.rollout.codec import DecodeError
from custom_components.ota.rollout.errors import StorageError
from custom_components.ota.rollout.journal import Journal
from custom_components.ota.rollout.record_types import RecordChange

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def read(folder: Path) -> dict[tuple[str, str], Any]:
    return Journal(folder).load()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_records_are_put_replaced_and_dropped(folder: Path) -> None:
    journal = Journal(folder)
    assert journal.load() == {}
    journal.append([("job", "1", {"state": "offered"}), ("job", "2", {"state": "offered"})])
    journal.append([("job", "1", {"state": "verified"}), ("sequence", "a/b", 7)])
    journal.append([("job", "2", None)])
    assert read(folder) == {("job", "1"): {"state": "verified"}, ("sequence", "a/b"): 7}


def test_each_start_writes_a_file_of_its_own(folder: Path) -> None:
    for number in range(3):
        journal = Journal(folder)
        journal.load()
        journal.append([("job", str(number), number)])
        journal.close()
    assert files(folder) == ["00000001.log", "00000002.log", "00000003.log"]
    assert list(read(folder)) == [("job", "0"), ("job", "1"), ("job", "2")]  # the order in which they came
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def batches(count: int) -> list[list[RecordChange]]:
    return [[("job", str(n % 3), {"n": n, "text": "ü" * n}), ("job", "last", n)] for n in range(count)]


def after(done: list[list[RecordChange]]) -> dict[tuple[str, str], Any]:
    """What has to be there after these batches."""
    return {(kind, name): record for batch in done for kind, name, record in batch}


def test_a_log_that_is_torn_anywhere_keeps_the_batches_before(folder: Path) -> None:
    journal = Journal(folder)
    wanted, ends = batches(5), []
    for batch in wanted:
        journal.append(batch)
        ends.append((folder / "00000001.log").stat().st_size)
    whole = (folder / "00000001.log").read_bytes()
    for size in range(len(whole)):
        (folder / "00000001.log").write_bytes(whole[:size])
        done = sum(end <= size for end in ends)
        assert read(folder) == after(wanted[:done]), size
    # A power outage can keep the file length but lose the content.
    (folder / "00000001.log").write_bytes(whole[: ends[2]] + bytes(len(whole) - ends[2]))
    assert read(folder) == after(wanted[:3])


def test_after_a_torn_log_what_is_written_next_counts(folder: Path) -> None:
    Journal(folder).append([("job", "1", 1)])
    with (folder / "00000001.log").open("ab") as log:
        log.write(b"0badc0de [[")
    journal = Journal(folder)
    journal.load()
    journal.append([("job", "2", 2)])
    assert read(folder) == {("job", "1"): 1, ("job", "2"): 2}


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_something_else(tmp_path_factory: Any, at: int, change: int) -> None:
    folder = tmp_path_factory.mktemp("journal") / "state"
    journal, wanted = Journal(folder), batches(5)
    for batch in wanted:
        journal.append(batch)
    data = bytearray((folder / "00000001.log").read_bytes())
    at %= len(data)
    data[at] ^= change
    (folder / "00000001.log").write_bytes(bytes(data))
    with contextlib.suppress(DecodeError):  # reported, or only the last batch or the header is damaged
        assert read(folder) in ([after(wanted[:n]) for n in range(6)])


def test_damage_of_acknowledged_changes_is_reported(folder: Path) -> None:
    journal = Journal(folder)
    for batch in batches(3):
        journal.append(batch)
    path = folder / "00000001.log"
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2][:-3] + b"xxx"
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(DecodeError, match="line 3"):
        read(folder)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"nonsense\n"])
def test_a_base_has_to_be_whole(folder: Path, data: bytes) -> None:
    folder.mkdir()
    (folder / "00000001.base").write_bytes(data)
    with pytest.raises(DecodeError):
        read(folder)


def test_a_future_format_is_refused_and_left_alone(folder: Path) -> None:
    folder.mkdir()
    line = module._line({"format": 2})
    (folder / "00000001.log").write_bytes(line)
    with pytest.raises(DecodeError, match="format"):
        read(folder)
    assert (folder / "00000001.log").read_bytes() == line


def test_base_replaces_all_earlier_files(folder: Path) -> None:
    journal = Journal(folder)
    for batch in batches(9):
        journal.append(batch)
    number = journal.rotate()
    journal.append([("job", "new", 1)])  # meanwhile
    journal.write_base(number, [("job", str(n), n) for n in range(200)])
    journal.append([("job", "0", None)])
    assert files(folder) == ["00000002.base", "00000003.log"]
    expected = {("job", str(n)): n for n in range(1, 200)} | {("job", "new"): 1}
    assert read(folder) == expected


@pytest.mark.parametrize("leave", ["nothing", "unfinished", "finished"])
def test_a_kill_during_compaction_loses_nothing(folder: Path, leave: str) -> None:
    journal = Journal(folder)
    for batch in batches(4):
        journal.append(batch)
    number = journal.rotate()
    journal.append([("job", "after", 1)])
    if leave == "unfinished":
        (folder / f"{number:08d}.tmp").write_bytes(b"half of")
    if leave == "finished":  # renamed, and nothing deleted yet
        old = (folder / "00000001.log").read_bytes()
        journal.write_base(number, [(kind, name, record) for (kind, name), record in after(batches(4)).items()])
        (folder / "00000001.log").write_bytes(old)
    assert read(folder) == {**after(batches(4)), ("job", "after"): 1}
    assert not list(folder.glob("*.tmp"))


def test_it_asks_for_a_base_when_that_pays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPACT_AT", 2000)
    journal = Journal(folder)
    journal.append([("job", "1", "x" * 1000)])
    assert not journal.wants_base
    journal.append([("job", "1", "x" * 1000)])
    assert journal.wants_base
    number = journal.rotate()
    assert not journal.wants_base
    journal.write_base(number, [("job", str(n), "x" * 1000) for n in range(5)])
    for _ in range(4):
        journal.append([("job", "1", "x" * 1000)])
    assert not journal.wants_base  # the base is larger
    journal.append([("job", "1", "x" * 1000)])
    assert journal.wants_base
    again = Journal(folder)
    again.load()
    assert again.wants_base


class Disk:
    """A disk that takes so many bytes more."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.real = os.write

    def write(self, file: int, data: Any) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self.real(file, bytes(data)[: self.room])
        self.room -= taken
        return taken


@pytest.mark.parametrize("room", [0, 1, 9, 40])
def test_full_disk_is_reported_and_saving_continues_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    journal = Journal(folder)
    journal.append([("job", "1", 1)])
    with monkeypatch.context() as patched:
        patched.setattr(module.os, "write", Disk(room).write)
        with pytest.raises(StorageError) as caught:
            journal.append([("job", "2", "x" * 100)])
    assert caught.value.code == "disk_full"
    assert read(folder) == {("job", "1"): 1}
    journal.append([("job", "3", 3)])
    assert read(folder) == {("job", "1"): 1, ("job", "3"): 3}


def test_failed_sync_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    journal = Journal(folder)
    with monkeypatch.context() as patched:
        patched.setattr(module.os, "fdatasync", broken)
        with pytest.raises(StorageError) as caught:
            journal.append([("job", "1", 1)])
    assert caught.value.code == "storage_failed"
    journal.append([("job", "1", 2)])
    assert read(folder) == {("job", "1"): 2}


def test_failed_folder_sync_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    journal = Journal(folder)
    with monkeypatch.context() as patched:
        patched.setattr(module.os, "fsync", broken)
        with pytest.raises(StorageError):
            journal.append([("job", "1", 1)])
    journal.append([("job", "1", 1)])
    assert read(folder) == {("job", "1"): 1}


def test_a_base_that_cannot_be_written_leaves_what_there_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(folder)
    journal.append([("job", "1", 1)])
    number = journal.rotate()
    with monkeypatch.context() as patched:
        patched.setattr(module.os, "write", Disk(30).write)
        with pytest.raises(StorageError):
            journal.write_base(number, [("job", "1", 1)])
    assert files(folder) == ["00000001.log"]
    journal.append([("job", "2", 2)])
    assert read(folder) == {("job", "1"): 1, ("job", "2"): 2}


def test_unreadable_folder_is_reported(folder: Path) -> None:
    (folder / "00000001.log").mkdir(parents=True)
    with pytest.raises(StorageError):
        read(folder)


def test_it_can_be_removed(folder: Path) -> None:
    journal = Journal(folder)
    journal.append([("job", "1", 1)])
    journal.remove()
    assert not folder.exists()


WRITER = """
import sys, threading
from pathlib import Path
from custom_components.ota.rollout.journal import Journal
journal = Journal(Path(sys.argv[1]))
journal.load()
for n in range(int(sys.argv[2]), 10**9):
    journal.append([("job", str(n), {"n": n, "text": "x" * 300})])
    sys.stdout.write(f"{n}\\n"); sys.stdout.flush()
    if n % 50 == 49:
        number = journal.rotate()
        everything = [("job", str(k), {"n": k, "text": "x" * 300}) for k in range(n + 1)]
        threading.Thread(target=journal.write_base, args=(number, everything)).start()
"""


def test_kill_9_while_it_writes_and_compacts(folder: Path) -> None:
    begin = 0
    for milliseconds in (20, 60, 110, 35, 5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(begin)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        threading.Timer(milliseconds / 1000, process.send_signal, [signal.SIGKILL]).start()
        acknowledged = [int(line) for line in (first, *process.stdout) if line.endswith("\n")]
        process.wait()
        found = read(folder)
        numbers = sorted(int(name) for _, name in found)
        assert numbers[: acknowledged[-1] + 1] == list(range(acknowledged[-1] + 1))
        assert len(numbers) <= acknowledged[-1] + 2  # one may be on disk but not acknowledged yet
        begin = numbers[-1] + 1
