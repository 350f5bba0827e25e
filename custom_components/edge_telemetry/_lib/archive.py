# Generated from lib/archive.py by scripts/build: edit that file, not this one.
"""Raw measurements in a real database, written in a thread of its own, without blocking the event loop.

    archive = Archive("sqlite:////config/telemetry.db", ArchiveSpec("measurements", ("site", "system", "device")))
    archive.start()
    archive.put(Row(ts, ("van", "ruuvi", "inside"), '{"metrics": {"temperature_c": 21.5}}', {"temperature_c": 21.5}))
    archive.buckets(Range(start=..., end=...), Aggregation.HOUR)     # blocking: in an executor
    archive.close()                                                  # blocking: writes the queue

`put` only appends to a bounded queue. One thread writes batches at least twice a second, upgrades the tables, keeps
the limits of age and size, and retries with increasing delays while the database is not available: then the queue fills
and the oldest rows are dropped and counted. Several archives (specs) may share a database.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import islice
import logging
from pathlib import Path
import random
import threading
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from .archive_bulk import Row
from .archive_query import Aggregation, Bucket, Message, Range, buckets, messages
from .archive_retention import Retention, maintain, size
from .archive_spec import ArchiveSpec
from .archive_store import Store, make_engine, parse_url
from .archive_tables import ArchiveSchemaError

__all__ = [
    "Aggregation",
    "Archive",
    "ArchiveSchemaError",
    "ArchiveSpec",
    "ArchiveStatus",
    "ArchiveUnavailableError",
    "Bucket",
    "Message",
    "Range",
    "Retention",
    "Row",
    "parse_url",
]

_LOGGER = logging.getLogger(__name__)

# Rows wait this long for others; a killed process loses no older ones.
_FLUSH_S: Final = 0.5
_IDLE_S: Final = 60.0
_STEP_S: Final = 0.001
_BATCH_ROWS: Final = 2000
_BACKOFF_S: Final = (1.0, 60.0)
_MAINTAIN_EVERY_S: Final = 3600.0
_BROKEN_FILE: Final = ("file is not a database", "database disk image is malformed")


class ArchiveUnavailableError(Exception):
    """The database is not available; the message has the reason."""


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """How an archive is doing. `dropped` had no room in the queue, `rejected` no database would take."""

    connected: bool
    queued: int
    written: int
    dropped: int
    rejected: int
    removed: int
    last_error: str | None


class Archive:
    """One archive: a queue, the thread behind it, and questions.

    Args:
        url: `sqlite:////absolute/path` or `postgresql://user:password@host/database`.
        spec: Names of the table and of its key columns.
        retention: What is kept.
        queue_rows: How many rows may wait; beyond them the oldest are dropped.
        on_change: Called, in the archive's thread, when the connection came or went.

    Raises:
        ValueError: The URL is of no database that an archive can use.
    """

    def __init__(
        self,
        url: str,
        spec: ArchiveSpec | None = None,
        *,
        retention: Retention | None = None,
        queue_rows: int = 50_000,
        on_change: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = parse_url(url)
        self.spec = spec or ArchiveSpec()
        self.retention = retention or Retention()
        self._store: Store | None = None
        self._queue_rows = queue_rows
        self._on_change = on_change
        self._clock = clock
        self._queue: deque[Row] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._connected = False
        # The database can be read; it is shown as connected only while it can be written, too.
        self._readable = False
        self._cannot_write = False
        self._written = self._dropped = self._rejected = self._removed = 0
        self._last_error: str | None = None
        self._maintenance: Iterator[int] | None = None
        self._maintain_at = 0.0
        self._pause_s = _BACKOFF_S[0]
        self._thread = threading.Thread(target=self._run, name=f"archive {self.spec.table}", daemon=True)

    def start(self) -> None:
        """Start to write. The database does not have to exist yet."""
        self._thread.start()

    def put(self, row: Row) -> None:
        """Queue a row; never waits for the database."""
        with self._wake:
            if self._closing or len(self._queue) >= self._queue_rows:
                self._dropped += 1
                if self._closing:
                    return
                self._queue.popleft()
            self._queue.append(row)
            if len(self._queue) in {1, _BATCH_ROWS}:
                self._wake.notify()

    @property
    def status(self) -> ArchiveStatus:
        """How it is doing now."""
        return ArchiveStatus(
            connected=self._connected,
            queued=len(self._queue),
            written=self._written,
            dropped=self._dropped,
            rejected=self._rejected,
            removed=self._removed,
            last_error=self._last_error,
        )

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what is queued, as far as the database lets it within the time, and stop. Blocking."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        if self._store is not None:
            self._store.close()

    def buckets(
        self, what: Range, aggregation: Aggregation, *, zone: tzinfo = UTC, limit: int = 10_000
    ) -> list[Bucket]:
        """Counts, means and extremes per period and metric (see archive_query.buckets). Blocking.

        Raises:
            ArchiveUnavailableError: The database does not answer.
        """
        return list(islice(self.each_bucket(what, aggregation, zone=zone), limit))

    def each_bucket(self, what: Range, aggregation: Aggregation, *, zone: tzinfo = UTC) -> Iterator[Bucket]:
        """The same for any length, portion by portion. Blocking.

        Raises:
            ArchiveUnavailableError: The database does not answer.
        """
        store = self._ready_store()
        try:
            yield from buckets(store, what, aggregation, zone)
        except SQLAlchemyError as err:
            raise ArchiveUnavailableError(_reason(err)) from err

    def messages(self, what: Range, limit: int | None = None) -> Iterator[Message]:
        """The messages of a range, oldest first. Blocking, portion by portion.

        Raises:
            ArchiveUnavailableError: The database does not answer.
        """
        store = self._ready_store()
        try:
            yield from messages(store, what, limit)
        except SQLAlchemyError as err:
            raise ArchiveUnavailableError(_reason(err)) from err

    def size(self) -> tuple[int, int]:
        """Bytes in use and messages held. Blocking.

        Raises:
            ArchiveUnavailableError: The database does not answer.
        """
        store = self._ready_store()
        try:
            return size(store)
        except SQLAlchemyError as err:
            raise ArchiveUnavailableError(_reason(err)) from err

    def _ready_store(self) -> Store:
        if self._store is None or not self._readable:
            raise ArchiveUnavailableError(self._last_error or "not connected yet")
        return self._store

    # The thread

    def _run(self) -> None:
        try:
            while not self._closing and self._connect() is None:
                pass
            while (batch := self._take()) or not self._closing:
                if batch:
                    self._write(batch)
                if self._maintenance_due():
                    self._maintain_one_step()
        except Exception as err:
            # A bug: log it and stop, rather than fill the queue.
            _LOGGER.exception("Archive %s has stopped", self.spec.table)
            self._closing = True
            self._set_connected(connected=False, error=f"stopped: {err}")

    def _take(self) -> list[Row]:
        """Wait for rows, then a moment more for others to share their transaction."""
        with self._wake:
            if not self._queue and not self._closing:
                self._wake.wait(_STEP_S if self._maintenance else _IDLE_S)
            if self._queue and not self._maintenance:
                self._wake.wait_for(lambda: self._closing or len(self._queue) >= _BATCH_ROWS, _FLUSH_S)
            return [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH_ROWS))]

    def _write(self, batch: list[Row]) -> None:
        """Write a batch, trying again while the database is away."""
        while True:
            store = self._store if self._readable else self._connect()
            if store is not None:
                try:
                    rejected = store.write(batch)
                except SQLAlchemyError as err:
                    # A full disk can be read and opened, but not written.
                    self._cannot_write = True
                    self._lost(err)
                    self._pause()
                else:
                    self._rejected += rejected
                    self._written += len(batch) - rejected
                    if self._cannot_write:
                        self._cannot_write = False
                        self._set_usable()
                    return
            if self._closing:
                self._dropped += len(batch)
                return

    def _connect(self) -> Store | None:
        """Try to open the database; when it fails, pause."""
        try:
            if self._store is None:
                self._store = Store(make_engine(self.url), self.spec)
            self._store.prepare()
        except (SQLAlchemyError, ArchiveSchemaError, ImportError) as err:
            self._lost(err)
            self._pause()
            return None
        self._readable = True
        if not self._cannot_write:
            self._set_usable()
        return self._store

    def _pause(self) -> None:
        """Wait before the next attempt, longer each time; a closing archive does not wait."""
        with self._wake:
            self._wake.wait_for(lambda: self._closing, self._pause_s * random.uniform(0.75, 1.25))
        self._pause_s = min(self._pause_s * 2, _BACKOFF_S[1])

    def _set_usable(self) -> None:
        if self._last_error is not None:
            _LOGGER.info("Archive %s: the database is available again", self.spec.table)
        self._pause_s = _BACKOFF_S[0]
        self._maintain_at = self._clock()
        self._set_connected(connected=True, error=None)

    def _lost(self, err: Exception) -> None:
        reason = _reason(err)
        if self._last_error is None:
            _LOGGER.warning("Archive %s: the database is not available: %s", self.spec.table, reason)
        self._maintenance = None
        self._readable = False
        self._set_connected(connected=False, error=reason)
        if any(sign in reason for sign in _BROKEN_FILE):
            self._set_broken_file_aside()

    def _set_connected(self, *, connected: bool, error: str | None) -> None:
        changed = connected is not self._connected or error != self._last_error
        self._connected, self._last_error = connected, error
        if changed and self._on_change is not None:
            self._on_change()

    def _set_broken_file_aside(self) -> None:
        """A damaged SQLite file is kept under another name, and a new one begun."""
        if self._store is None or self.url.database is None or self.url.drivername != "sqlite":
            return
        self._store.close()
        file = Path(self.url.database)
        aside = f"{file}.corrupt.{int(self._clock())}"
        _LOGGER.error("The archive file %s is damaged; it is kept as %s", file, aside)
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{file}{suffix}").rename(f"{aside}{suffix}")

    def _maintenance_due(self) -> bool:
        return self._connected and (self._maintenance is not None or self._clock() >= self._maintain_at)

    def _maintain_one_step(self) -> None:
        """Take one short step of retention; new rows are written between the steps."""
        if self._maintenance is None:
            self._maintenance = maintain(self._ready_store(), self.retention, self._clock())
        try:
            self._removed += next(self._maintenance)
        except StopIteration:
            self._maintenance = None
            self._maintain_at = self._clock() + _MAINTAIN_EVERY_S
        except SQLAlchemyError as err:
            self._lost(err)


def _reason(err: Exception) -> str:
    """Return the first line of the database's message, without statement and parameters."""
    cause = getattr(err, "orig", None) or err
    return f"{cause}".strip().partition("\n")[0] or type(cause).__name__
