"""Images on disk: immutable, named by their SHA-256 hash, verified before they are served.

All methods block; call them in an executor. An upload is written to `incoming/`, hashed while it is written,
and becomes an image by fsync and rename, so that readers never see a part of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import hashlib
import mmap
import os
from pathlib import Path
import re
import secrets
import shutil
import threading
from typing import BinaryIO, Final

from .errors import StorageError, storage_error
from .files import sync_folder

DEFAULT_LIMIT: Final = 16 * 1024 * 1024
KEEP_FREE: Final = 64 * 1024 * 1024
"""Free disk space left for Home Assistant, bytes."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Digests:
    """Size and hashes of a file. Clients ask for MD5 and SHA-1; only SHA-256 is trusted."""

    size: int
    sha256: str
    sha1: str
    md5: str


class Upload:
    """An upload in progress. End it with `ImageStore.commit` or `abort`."""

    def __init__(self, path: Path, limit: int) -> None:
        """Create the temporary file."""
        self.path = path
        self._limit = limit
        self._size = 0
        self._hashes = (
            hashlib.sha256(),
            hashlib.sha1(usedforsecurity=False),
            hashlib.md5(usedforsecurity=False),
        )
        self._file: BinaryIO | None = path.open("xb")

    @property
    def size(self) -> int:
        """Return the number of bytes written."""
        return self._size

    def write(self, chunk: bytes) -> None:
        """Write a chunk.

        Raises:
            StorageError: `too_large`, `disk_full`, `storage_failed`; the upload is deleted then.
        """
        if self._size + len(chunk) > self._limit:
            self.abort()
            raise StorageError("too_large", limit=str(self._limit))
        assert self._file is not None
        with self._cleaned():
            self._file.write(chunk)
        self._size += len(chunk)
        for algorithm in self._hashes:
            algorithm.update(chunk)

    def close(self) -> Digests:
        """Flush the file to disk.

        Raises:
            StorageError: `disk_full`, `storage_failed`; the upload is deleted then.
        """
        assert self._file is not None
        with self._cleaned():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        self._file = None
        sha256, sha1, md5 = (algorithm.hexdigest() for algorithm in self._hashes)
        return Digests(self._size, sha256, sha1, md5)

    @contextmanager
    def mapped(self) -> Iterator[memoryview]:
        """Map the closed file into memory."""
        with self.path.open("rb") as file:
            if self._size == 0:
                yield memoryview(b"")
                return
            # Not closed here: the traceback of an error may hold slices. It is closed with the last of them.
            yield memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def abort(self) -> None:
        """Delete the temporary file."""
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError):
                file.close()
        self.path.unlink(missing_ok=True)

    @contextmanager
    def _cleaned(self) -> Iterator[None]:
        try:
            yield
        except OSError as err:
            self.abort()
            raise storage_error(err) from err


class ImageStore:
    """The folder of all images."""

    def __init__(self, folder: Path, *, limit: int = DEFAULT_LIMIT, keep_free: int = KEEP_FREE) -> None:
        """Create the store; `prepare` creates its folder."""
        self.folder = folder
        self.limit = limit
        self._keep_free = keep_free
        self._incoming = folder / "incoming"
        self._verified: dict[str, tuple[int, int, int]] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Create the folder and delete the remains of interrupted uploads.

        Raises:
            StorageError: `storage_failed`, `disk_full`.
        """
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            for leftover in self._incoming.iterdir():
                leftover.unlink(missing_ok=True)
        except OSError as err:
            raise storage_error(err) from err

    def begin(self, expected_size: int | None = None, *, limit: int | None = None) -> Upload:
        """Start an upload; `limit` overrides the maximum size of the store.

        Raises:
            StorageError: `too_large`, `disk_full`, `storage_failed`.
        """
        limit = self.limit if limit is None else limit
        if expected_size is not None and expected_size > limit:
            raise StorageError("too_large", limit=str(limit))
        try:
            free = shutil.disk_usage(self._incoming).free
            if free - (expected_size if expected_size is not None else limit) < self._keep_free:
                raise StorageError("disk_full")
            return Upload(self._incoming / secrets.token_hex(16), limit)
        except OSError as err:
            raise storage_error(err) from err

    def commit(self, upload: Upload, digests: Digests) -> Path:
        """Turn a closed upload into an image. An existing image is kept.

        Raises:
            StorageError: `disk_full`, `storage_failed`.
        """
        target = self.path(digests.sha256)
        try:
            with self._lock:
                if target.exists() and self._check(digests.sha256):
                    upload.abort()
                    return target
                upload.path.chmod(0o444)
                upload.path.replace(target)
                sync_folder(self.folder)
                self._verified[digests.sha256] = _identity(target)
        except OSError as err:
            upload.abort()
            raise storage_error(err) from err
        return target

    def path(self, sha256: str) -> Path:
        """Return the path of an image, whether it exists or not.

        Raises:
            StorageError: `no_such_image`, the name is not a hash: nothing else ever becomes a path.
        """
        if not _SHA256.fullmatch(sha256):
            raise StorageError("no_such_image")
        return self.folder / f"{sha256}.bin"

    def verified(self, sha256: str) -> Path:
        """Return the path of an image after hashing its content, unless it is unchanged (size, time, inode).

        Raises:
            StorageError: `no_such_image`, `damaged_image`.
        """
        path = self.path(sha256)
        with self._lock:
            try:
                if not self._check(sha256):
                    raise StorageError("damaged_image", sha256=sha256)
            except FileNotFoundError as err:
                raise StorageError("no_such_image") from err
            except OSError as err:
                raise storage_error(err) from err
        return path

    def _check(self, sha256: str) -> bool:
        path = self.path(sha256)
        identity = _identity(path)
        if self._verified.get(sha256) == identity:
            return True
        self._verified.pop(sha256, None)
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return False
        self._verified[sha256] = identity
        return True

    def remove(self, sha256: str) -> None:
        """Delete an image; downloads in progress can finish."""
        with self._lock:
            self._verified.pop(sha256, None)
            self.path(sha256).unlink(missing_ok=True)

    def present(self) -> set[str]:
        """Return the hashes of all images."""
        return {path.stem for path in self.folder.glob("*.bin") if _SHA256.fullmatch(path.stem)}


def _identity(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino
