"""The stored records: an SQLite database. A change that `apply` returned from survives kill -9 and a power failure.

Write-ahead logging with `synchronous=FULL` syncs every commit to the disk. The connection locks the file exclusively:
SQLite then needs no shared memory file, and a second process cannot write. All methods block; call them in an executor.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
import os
from pathlib import Path
import sqlite3
import threading
from typing import Any, Final
import zlib

import orjson

from .codec import DecodeError, NewerFormatError
from .errors import StorageError, storage_error
from .files import make_private, make_private_folder, sync_folder
from .record_types import RecordChange, RecordKey

FORMAT: Final = 1
"""Stored as `user_version`; a database with a higher one was written by a newer version and is left unchanged."""
WAL_PAGES: Final = 1000
"""Pages (4 KiB) in the write-ahead log from which on they are copied into the database file."""
WAL_PAGES_IN_BACKUP: Final = 65_536
"""The same during a backup: large, but not infinite, because Home Assistant may not report the end of a backup."""
LOCK_TIMEOUT_S: Final = 5.0
_CREATE: Final = """
    CREATE TABLE records (
        position INTEGER PRIMARY KEY,
        type TEXT NOT NULL,
        id TEXT NOT NULL,
        data BLOB NOT NULL,
        checksum INTEGER NOT NULL,
        UNIQUE (type, id)
    ) STRICT
"""
_UPSERT: Final = """
    INSERT INTO records (type, id, data, checksum) VALUES (?, ?, ?, ?)
    ON CONFLICT (type, id) DO UPDATE SET data = excluded.data, checksum = excluded.checksum
"""
_DELETE: Final = "DELETE FROM records WHERE type = ? AND id = ?"
_NOT_DAMAGED: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_AUTH,
    }
)
"""Primary result codes of failures that may pass; the others mean that the content is damaged."""


class Database:
    """The database file."""

    def __init__(self, path: Path, *, backup_running: bool = False) -> None:
        """Use a file. `load` opens it, `create` creates it."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._backup_running = backup_running
        self._closed = False

    def load(self) -> dict[RecordKey, Any] | None:
        """Return all records in the order in which they were added; None if the database was not created yet.

        Raises:
            NewerFormatError: A newer version wrote the database.
            DecodeError: The database is damaged.
            StorageError: It cannot be read.
        """
        with self._lock:
            self._closed = False
            try:
                if not self._has_content():
                    return None
                connection = self._connection = self._connection or self._connect()
                return self._read(connection) if _is_created(connection, self._path.name) else None
            except (sqlite3.Error, UnicodeError) as err:
                self._disconnect()
                raise _load_error(self._path.name, err) from err
            except OSError as err:
                raise storage_error(err) from err
            except BaseException:
                self._disconnect()
                raise

    def create(self, records: Iterable[RecordChange]) -> None:
        """Create the database with these records in one transaction; a previous file is deleted.

        Raises:
            StorageError: Nothing was saved.
        """
        with self._lock, self._storage_errors():
            self._disconnect()
            self._create_file()
            connection = self._connection = self._connect()
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection):
                connection.execute(_CREATE)
                _write(connection, records)
                connection.execute(f"PRAGMA user_version = {FORMAT}")
            self._configure_checkpoints(connection)

    def apply(self, changes: Iterable[RecordChange]) -> None:
        """Save changes; on return they are on disk.

        Raises:
            StorageError: They were not saved. The next change opens the database again.
        """
        with self._lock, self._storage_errors():
            connection = self._connection = self._connection or self._reconnect()
            with _transaction(connection):
                _write(connection, changes)
            self._configure_checkpoints(connection)
            if self._closed:  # a late change must not keep the file locked
                self._disconnect()

    def begin_backup(self) -> None:
        """Keep the database file unchanged while a backup copies it; changes are only added to the write-ahead log.

        Raises:
            StorageError: The database failed.
        """
        with self._lock, self._storage_errors():
            self._backup_running = True
            if self._connection is not None:
                # An empty log: frames that are in the database file already would be overwritten during the copy.
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._configure_checkpoints(self._connection)

    def end_backup(self) -> None:
        """Copy the log into the database file again.

        The next change opens the file again: the backup may have read it in this process, and closing a file
        releases all locks of a process on it.
        """
        with self._lock:
            self._backup_running = False
            if self._connection is not None:
                self._configure_checkpoints(self._connection)
                self._disconnect()

    def close(self) -> None:
        """Close the database. A later change opens it only for itself."""
        with self._lock:
            self._closed = True
            self._disconnect()

    # -- connection

    def _has_content(self) -> bool:
        try:
            return self._path.stat().st_size > 0
        except FileNotFoundError:
            return False

    def _create_file(self) -> None:
        make_private_folder(self._path.parent)
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # the log gets the same mode
        sync_folder(self._path.parent)

    def _connect(self) -> sqlite3.Connection:
        """Open the existing file."""
        for suffix in ("", "-wal"):  # a restored backup may have made them readable for others
            make_private(self._path.with_name(self._path.name + suffix))
        uri = f"{self._path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            uri, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=True
        )
        try:
            # Until something was written, files that may be damaged or of a newer version are left as they are.
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {self._wal_pages}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _reconnect(self) -> sqlite3.Connection:
        """Open the file for a change: it must be the database, because only `create` writes all records."""
        connection = self._connect()
        try:
            if not _is_created(connection, self._path.name):
                raise DecodeError(f"{self._path.name} is empty")
        except BaseException:
            connection.close()
            raise
        return connection

    def _read(self, connection: sqlite3.Connection) -> dict[RecordKey, Any]:
        (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if result != "ok":
            raise DecodeError(f"{self._path.name}: {result}")
        rows = connection.execute("SELECT type, id, data, checksum FROM records ORDER BY position")
        return {(kind, record_id): _parse(kind, record_id, data, checksum) for kind, record_id, data, checksum in rows}

    @property
    def _wal_pages(self) -> int:
        return WAL_PAGES_IN_BACKUP if self._backup_running else WAL_PAGES

    def _configure_checkpoints(self, connection: sqlite3.Connection) -> None:
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, self._backup_running)
        connection.execute(f"PRAGMA wal_autocheckpoint = {self._wal_pages}")

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        """Close the connection after a failure, and raise it as a storage error."""
        try:
            yield
        except (sqlite3.Error, UnicodeError, DecodeError, OSError) as err:
            self._disconnect()
            raise _storage_error(err) from err


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")  # SQLite may have done it
        raise


def _is_created(connection: sqlite3.Connection, name: str) -> bool:
    """Return whether the first transaction was completed.

    Raises:
        NewerFormatError: A newer version wrote the database.
        DecodeError: The database is damaged.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > FORMAT:
        raise NewerFormatError(f"{name}: format {version}, supported is {FORMAT}")
    if version == FORMAT:
        return True
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version or tables:
        raise DecodeError(f"{name}: format {version} is unknown")
    return False


def _write(connection: sqlite3.Connection, changes: Iterable[RecordChange]) -> None:
    """Write changes in their order, of which the last one of a record is valid."""
    for removed, group in groupby(changes, key=lambda change: change[2] is None):
        if removed:
            connection.executemany(_DELETE, ((str(kind), record_id) for kind, record_id, _ in group))
        else:
            connection.executemany(_UPSERT, (_row(*change) for change in group))


def _row(kind: str, record_id: str, record: Any) -> tuple[str, str, bytes, int]:
    data = orjson.dumps(record, default=dict)  # serializes dataclasses; `default` is for mappings
    return str(kind), record_id, data, _checksum(kind, record_id, data)


def _parse(kind: str, record_id: str, data: bytes, checksum: int) -> Any:
    if _checksum(kind, record_id, data) != checksum:
        raise DecodeError(f"{kind} {record_id} is damaged")
    return orjson.loads(data)


def _checksum(kind: str, record_id: str, data: bytes) -> int:
    """Return a checksum of a record: SQLite has checksums for its log, but not for its database file."""
    return zlib.crc32(data, zlib.crc32(f"{kind} {record_id}".encode()))


def _primary_code(err: Exception) -> int | None:
    """Return the result code of SQLite, if the error has one: not if a text, or a message about one, is not UTF-8."""
    code: int | None = getattr(err, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _load_error(name: str, err: sqlite3.Error | UnicodeError) -> Exception:
    if _primary_code(err) in _NOT_DAMAGED:
        return _storage_error(err)
    return DecodeError(f"{name}: {err}")


def _storage_error(err: Exception) -> StorageError:
    if isinstance(err, OSError):
        return storage_error(err)
    if _primary_code(err) == sqlite3.SQLITE_FULL:
        return StorageError("disk_full")
    return StorageError("storage_failed", error=str(err))
