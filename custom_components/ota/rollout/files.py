"""Folders whose entries survive a power failure."""

from contextlib import suppress
import os
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner can read."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def make_private(path: Path) -> None:
    """Let only the owner read and write a file; a file system without permissions is not a failure."""
    with suppress(OSError):
        if path.stat().st_mode & 0o177:
            path.chmod(0o600)


def sync_folder(folder: Path) -> None:
    """Write the names of a folder's files to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
