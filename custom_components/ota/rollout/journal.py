"""The records on disk: an append-only journal. What `append` returned from survives kill -9 and a power cut.

A folder of numbered files. `N.base` is a whole picture, `N.log` what changed since; reading begins with the newest
base and goes on with all logs after it. Each line is a batch: CRC-32 in hex, a blank, JSON. A batch puts or drops whole
records, so one that is read twice does no harm. All methods block; call them in an executor, one at a time but for
`write_base`, which may run beside appends.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import batched, chain
import os
from pathlib import Path
import re
import shutil
from typing import Any, Final
import zlib

import orjson

from .codec import DecodeError
from .errors import storage_error
from .record_types import RecordChange, RecordKey

FORMAT: Final = 1
COMPACT_AT: Final = 1024 * 1024
"""Bytes of logs from which on a new base pays, when they also outweigh the base."""
_FILE: Final = re.compile(r"(\d{8})\.(base|log)")
_BATCH: Final = 50


def _line(payload: Any) -> bytes:
    data = orjson.dumps(payload, default=dict)  # records natively; a mapping that is no dict as one
    return b"%08x %s\n" % (zlib.crc32(data), data)


def _payload(line: bytes) -> Any:
    """The JSON of a line, or None where the line is not whole."""
    crc, _, data = line.partition(b" ")
    if len(crc) != 8 or crc != b"%08x" % zlib.crc32(data):
        return None
    return orjson.loads(data)


class Journal:
    """The folder. Load it first."""

    def __init__(self, folder: Path) -> None:
        """Touch nothing yet."""
        self._folder = folder
        self._last = 0
        self._log: int | None = None
        self._log_bytes = 0
        self._base_bytes = 0

    # -- reading

    def load(self) -> dict[RecordKey, Any]:
        """The records as they were put last, in the order in which they came.

        Raises:
            DecodeError: Something that was acknowledged cannot be read, or a newer version wrote it.
            StorageError: The disk refuses.
        """
        records: dict[RecordKey, Any] = {}
        try:
            for unfinished in self._folder.glob("*.tmp"):
                unfinished.unlink(missing_ok=True)
            files = self._files()
            start = max((number for number, kind, _ in files if kind == "base"), default=0)
            for number, kind, path in files:
                self._last = max(self._last, number)
                if number < start:
                    continue
                data = path.read_bytes()
                if kind == "base":
                    self._base_bytes = len(data)
                else:
                    self._log_bytes += len(data)
                for batch in _batches(path.name, data, whole=kind == "base"):
                    _apply(records, batch)
        except OSError as err:
            raise storage_error(err) from err
        return records

    def _files(self) -> list[tuple[int, str, Path]]:
        if not self._folder.is_dir():
            return []
        found = ((_FILE.fullmatch(path.name), path) for path in self._folder.iterdir())
        return sorted((int(match[1]), match[2], path) for match, path in found if match)

    # -- writing

    def append(self, ops: Sequence[RecordChange]) -> None:
        """Add a batch; on return it is on disk.

        Raises:
            StorageError: It is not; nobody may be told that it is. A file that refused is not written to again.
        """
        data = _line(ops)
        try:
            if self._log is None:
                self._log = self._open(self._next())
                data = _line({"format": FORMAT}) + data
            _write(self._log, data)
            os.fdatasync(self._log)
        except OSError as err:
            self.close()
            raise storage_error(err) from err
        self._log_bytes += len(data)

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _open(self, number: int) -> int:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        log = os.open(self._folder / f"{number:08d}.log", flags, 0o600)
        try:
            _sync_folder(self._folder)
        except OSError:
            os.close(log)
            raise
        return log

    def close(self) -> None:
        """Let go of the log; the next append begins another."""
        log, self._log = self._log, None
        if log is not None:
            with suppress(OSError):
                os.close(log)

    # -- compaction

    @property
    def wants_base(self) -> bool:
        """Whether a new base would save space and time."""
        return self._log_bytes > max(COMPACT_AT, self._base_bytes)

    def rotate(self) -> int:
        """Begin a new log, and keep the number before it for a base with all that was put until now."""
        self.close()
        self._log_bytes = 0
        return self._next()

    def write_base(self, number: int, ops: Iterable[RecordChange]) -> None:
        """Write a base under its kept number; then all before it is deleted.

        Raises:
            StorageError: It could not be written; what there was stays.
        """
        path = self._folder / f"{number:08d}.base"
        coming = path.with_suffix(".tmp")
        old = [file for file_number, _, file in self._files() if file_number < number]
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            size = _write_whole(coming, ops)
            coming.replace(path)
            _sync_folder(self._folder)
        except OSError as err:
            with suppress(OSError):
                coming.unlink(missing_ok=True)
            raise storage_error(err) from err
        for file in old:
            with suppress(OSError):
                file.unlink()
        self._base_bytes = size

    def remove(self) -> None:
        """Delete all of it."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _batches(name: str, data: bytes, *, whole: bool) -> Iterator[Sequence[RecordChange]]:
    """The batches of a file. The last one of a log may be torn: nobody was told that it was kept."""
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
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise DecodeError(f"{name}: format {head!r} is not known")
    yield from batches


def _apply(records: dict[RecordKey, Any], batch: Sequence[RecordChange]) -> None:
    for kind, name, record in batch:
        if record is None:
            records.pop((kind, name), None)
        else:
            records[kind, name] = record


def _write(file: int, data: bytes) -> None:
    """All of it: a disk that gets full may take a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _write_whole(path: Path, ops: Iterable[RecordChange]) -> int:
    """Write in pieces, each on disk before the next, so that nobody waits long for the disk; returns the size."""
    size = 0
    file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        for payload in chain([{"format": FORMAT}], batched(ops, _BATCH, strict=False)):
            data = _line(payload)
            _write(file, data)
            if size // COMPACT_AT != (size + len(data)) // COMPACT_AT:
                os.fdatasync(file)
            size += len(data)
        os.fsync(file)
    finally:
        os.close(file)
    return size


def _sync_folder(folder: Path) -> None:
    """A new name itself survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
