"""Read the journal in which earlier versions stored the records.

A folder of numbered files: `N.base` has all records, `N.log` the changes since. Reading starts with the newest base and
continues with all later logs. Each line is a batch: CRC-32 in hexadecimal, a space, JSON.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
import os
from pathlib import Path
import re
from typing import Any, Final
import zlib

import orjson

from .codec import DecodeError, NewerFormatError
from .errors import storage_error
from .files import make_private_folder, sync_folder
from .record_types import RecordChange, RecordKey

FORMAT: Final = 1
MARKER: Final = "99999999.base"
"""A base of a later format. Earlier versions report it, instead of starting with an empty state after a downgrade."""
_MARKER_CONTENT: Final = {"format": FORMAT + 1, "note": "a newer version of the integration moved the data to state.db"}
_FILE: Final = re.compile(r"(\d{8})\.(base|log)")


def read_journal(folder: Path) -> dict[RecordKey, Any]:
    """Return the records in the order in which they were added; empty without a journal.

    Raises:
        DecodeError: The journal is damaged, or a newer version wrote it.
        StorageError: It cannot be read.
    """
    records: dict[RecordKey, Any] = {}
    try:
        files = _files(folder)
        start = max((number for number, kind, _ in files if kind == "base"), default=0)
        for number, kind, path in files:
            if number < start:
                continue
            for batch in _batches(path.name, path.read_bytes(), whole=kind == "base"):
                _apply(records, batch)
    except OSError as err:
        raise storage_error(err) from err
    return records


def is_replaced(folder: Path) -> bool:
    """Return whether `replace_journal` wrote its marker.

    Raises:
        StorageError: The folder cannot be read.
    """
    try:
        (folder / MARKER).stat()
    except FileNotFoundError:
        return False
    except OSError as err:
        raise storage_error(err) from err
    return True


def replace_journal(folder: Path) -> None:
    """Replace the journal by the marker. All of its records must be stored elsewhere.

    Raises:
        StorageError: The marker cannot be written; the journal remains.
    """
    content = orjson.dumps(_MARKER_CONTENT)
    temporary = folder / "marker.tmp"
    try:
        make_private_folder(folder)
        with temporary.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(b"%08x %s\n" % (zlib.crc32(content), content))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / MARKER)
        sync_folder(folder)
    except OSError as err:
        raise storage_error(err) from err
    delete_replaced_files(folder)


def delete_replaced_files(folder: Path) -> None:
    """Delete the files of a replaced journal; those that cannot be deleted are not read again."""
    with suppress(OSError):
        for path in [*(path for _, _, path in _files(folder)), *folder.glob("*.tmp")]:
            if path.name != MARKER:
                path.unlink()


def _files(folder: Path) -> list[tuple[int, str, Path]]:
    """Return number, type and path of the journal's files in the order in which they were written."""
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return []
    found = ((_FILE.fullmatch(path.name), path) for path in paths)
    return sorted((int(match[1]), match[2], path) for match, path in found if match)


def _batches(name: str, data: bytes, *, whole: bool) -> Iterator[Sequence[RecordChange]]:
    """Return the batches of a file. The last one of a log may be incomplete: it was never acknowledged."""
    *lines, rest = data.split(b"\n")
    payloads = [_payload(line) for line in lines]
    if rest:
        payloads.append(None)
    end = next((at for at, payload in enumerate(payloads) if payload is None), len(payloads))
    if end < len(payloads) and (whole or any(payload is not None for payload in payloads[end:])):
        raise DecodeError(f"{name}: line {end + 1} is damaged")
    if not payloads or end == 0:
        if whole:
            raise DecodeError(f"{name}: empty")
        return
    head, *batches = payloads[:end]
    if not isinstance(head, dict) or "format" not in head:
        raise DecodeError(f"{name}: line 1 is damaged")
    if head["format"] != FORMAT:
        raise NewerFormatError(f"{name}: format {head['format']}, supported is {FORMAT}")
    yield from batches


def _payload(line: bytes) -> Any:
    """Return the JSON of a line; None if the line is incomplete."""
    crc, _, data = line.partition(b" ")
    if len(crc) != 8 or crc != b"%08x" % zlib.crc32(data):
        return None
    return orjson.loads(data)


def _apply(records: dict[RecordKey, Any], batch: Sequence[RecordChange]) -> None:
    for kind, record_id, record in batch:
        if record is None:
            records.pop((kind, record_id), None)
        else:
            records[kind, record_id] = record
