"""A disk that is full or read-only, as the operating system reports it."""

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import os
from typing import Any
from unittest.mock import patch

from atomicwrites import AtomicWriter
from homeassistant.helpers.storage import Store

REAL_FILE = AtomicWriter.get_fileobject


def _get_full_file(writer: AtomicWriter, **options: Any) -> Any:
    """Open the file to write, and have the kernel refuse its content with ENOSPC."""
    file = REAL_FILE(writer, **options)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, file.fileno())
    os.close(full)
    return file


@contextmanager
def full_disk() -> Iterator[None]:
    """No store can be written."""
    with patch.object(AtomicWriter, "get_fileobject", _get_full_file):
        yield


@contextmanager
def read_only_disk() -> Iterator[None]:
    """No file can be created."""
    with patch.object(AtomicWriter, "get_fileobject", side_effect=OSError(errno.EROFS, "Read-only file system")):
        yield


@contextmanager
def full_disk_of(domain: str) -> Iterator[None]:
    """No store of an integration can be written; those of others can."""
    real = Store._async_write_data

    async def write(store: Store[Any], data: dict[str, Any]) -> None:
        if store.key.startswith(domain):
            raise OSError(errno.ENOSPC, "No space left on device")
        await real(store, data)

    with patch.object(Store, "_async_write_data", write):
        yield
