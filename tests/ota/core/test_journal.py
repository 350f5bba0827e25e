"""The reader of the journal in which earlier versions stored the records."""

from collections.abc import Sequence
import contextlib
import json
from pathlib import Path
from typing import Any
import zlib

from hypothesis import given, settings, strategies as st
import orjson
import pytest

from custom_components.ota.rollout.codec import DecodeError, NewerFormatError
from custom_components.ota.rollout.errors import StorageError
from custom_components.ota.rollout.journal import (
    MARKER,
    delete_replaced_files,
    is_replaced,
    read_journal,
    replace_journal,
)
from custom_components.ota.rollout.record_types import RecordChange
from custom_components.ota.rollout.records import all_records, load_state
from custom_components.ota.rollout.state import State

from .fleet import as_stored_now

JOURNALS = Path(__file__).parent / "journals"
HEAD = {"format": 1}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    made.mkdir()
    return made


def line(payload: Any) -> bytes:
    data = orjson.dumps(payload)
    return b"%08x %s\n" % (zlib.crc32(data), data)


def write(path: Path, *payloads: Any) -> list[int]:
    """Write a file of the journal; returns where its lines end."""
    lines = [line(payload) for payload in payloads]
    path.write_bytes(b"".join(lines))
    return [sum(map(len, lines[: number + 1])) for number in range(len(lines))]


def batches(count: int) -> list[list[RecordChange]]:
    return [[("job", str(n % 3), {"n": n, "text": "ü" * n}), ("job", "last", n)] for n in range(count)]


def after(done: Sequence[Sequence[RecordChange]]) -> dict[tuple[str, str], Any]:
    """The records after these batches."""
    return {(kind, name): record for batch in done for kind, name, record in batch}


@pytest.mark.parametrize("name", ["logs", "torn", "compacted"])
def test_journals_of_earlier_versions_are_read(folder: Path, name: str) -> None:
    """See journals/README.txt for how they were made."""
    journal = json.loads((JOURNALS / f"{name}.json").read_text("utf-8"))
    for file, text in journal["files"].items():
        (folder / file).write_bytes(text.encode())
    state = State()
    load_state(state, read_journal(folder))
    assert orjson.loads(orjson.dumps(list(all_records(state)), default=dict)) == as_stored_now(journal["records"])
    assert len(state.devices["d0"].history) == 50
    assert {job.state for job in state.jobs.values()} >= {"verified", "failed", "downloading"}


def test_no_folder_and_an_empty_one_have_no_records(folder: Path) -> None:
    assert read_journal(folder) == {}
    assert read_journal(folder / "missing") == {}


def test_records_are_added_replaced_and_removed(folder: Path) -> None:
    write(folder / "00000001.log", HEAD, [["job", "1", 1], ["job", "2", 2]], [["job", "1", None], ["job", "3", None]])
    write(folder / "00000002.log", HEAD, [["job", "2", 3], ["job", "4", 4]])
    (folder / "notes.txt").write_text("not a part of it")
    assert list(read_journal(folder).items()) == [(("job", "2"), 3), (("job", "4"), 4)]


def test_reading_starts_with_the_newest_base(folder: Path) -> None:
    (folder / "00000001.log").write_bytes(b"not read")
    write(folder / "00000002.base", HEAD, [["job", "1", 1]], [["job", "2", 2]])
    write(folder / "00000003.log", HEAD, [["job", "1", 3]])
    assert read_journal(folder) == {("job", "1"): 3, ("job", "2"): 2}


def test_a_log_that_is_torn_anywhere_keeps_the_batches_before(folder: Path) -> None:
    expected = batches(5)
    ends = write(folder / "00000001.log", HEAD, *expected)
    whole = (folder / "00000001.log").read_bytes()
    for size in range(len(whole)):
        (folder / "00000001.log").write_bytes(whole[:size])
        done = sum(end <= size for end in ends[1:])
        assert read_journal(folder) == after(expected[:done]), size
    # A power failure may keep the length but not the content.
    (folder / "00000001.log").write_bytes(whole[: ends[3]] + bytes(len(whole) - ends[3]))
    assert read_journal(folder) == after(expected[:3])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_something_else(tmp_path_factory: Any, at: int, change: int) -> None:
    path = tmp_path_factory.mktemp("journal") / "00000001.log"
    expected = batches(5)
    write(path, HEAD, *expected)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= change
    path.write_bytes(bytes(data))
    with contextlib.suppress(DecodeError):  # not raised if only the last batch is damaged
        assert read_journal(path.parent) in ([after(expected[:n]) for n in range(6)])


def test_damage_of_acknowledged_changes_is_reported(folder: Path) -> None:
    path = folder / "00000001.log"
    write(path, HEAD, *batches(3))
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2][:-3] + b"xxx"
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(DecodeError, match="line 3"):
        read_journal(folder)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"nonsense\n", line([]), line({"version": 1})])
def test_a_base_has_to_be_complete(folder: Path, data: bytes) -> None:
    (folder / "00000001.base").write_bytes(data)
    with pytest.raises(DecodeError):
        read_journal(folder)


def test_a_newer_format_is_refused(folder: Path) -> None:
    write(folder / "00000001.log", {"format": 2})
    with pytest.raises(NewerFormatError, match="format 2, supported is 1"):
        read_journal(folder)


def test_a_folder_that_cannot_be_read_is_reported(folder: Path) -> None:
    (folder / "00000001.log").mkdir()
    with pytest.raises(StorageError):
        read_journal(folder)
    (folder / "file").touch()
    for function in (is_replaced, replace_journal):
        with pytest.raises(StorageError):
            function(folder / "file")


def test_a_replaced_journal_is_refused_by_earlier_versions(folder: Path) -> None:
    write(folder / "00000001.base", HEAD, [["job", "1", 1]])
    write(folder / "00000002.log", HEAD, [["job", "1", 2]])
    (folder / "00000003.tmp").touch()
    assert not is_replaced(folder)
    replace_journal(folder)
    assert is_replaced(folder)
    assert [path.name for path in folder.iterdir()] == [MARKER]
    # They read the marker as the newest base, of a format that they do not support.
    with pytest.raises(DecodeError, match="format 2"):
        read_journal(folder)


def test_files_that_cannot_be_deleted_are_not_read_again(folder: Path) -> None:
    (folder / "00000001.log").mkdir()
    replace_journal(folder)
    delete_replaced_files(folder)
    assert is_replaced(folder)
