"""The SQLite file of sessions and daily usage: durable, and small enough to keep for years. All calls block."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
import sqlite3
import threading
from typing import Final

from ..protocol.session_tracker import Session, SessionTracker, Usage

SCHEMA_VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, device INTEGER NOT NULL, start REAL NOT NULL, seen REAL NOT NULL, end REAL,
    energy_kwh REAL, cost REAL, estimated INTEGER NOT NULL, meter_kwh REAL
);
CREATE INDEX sessions_by_device ON sessions (device, start);
CREATE TABLE days (
    device INTEGER NOT NULL, day TEXT NOT NULL, on_s REAL NOT NULL, energy_kwh REAL, cost REAL,
    PRIMARY KEY (device, day)
) WITHOUT ROWID;
"""

_SELECT: Final = "SELECT id, start, seen, end, energy_kwh, cost, estimated, meter_kwh FROM sessions WHERE device = ?"


@dataclass(frozen=True, slots=True)
class SessionChange:
    """Unsaved data of one controller: its sessions, and the usage of its changed days."""

    device: int
    sessions: tuple[Session, ...]
    days: Mapping[date, Usage]


class SessionDatabase:
    """The file. Thread-safe: a lock serializes all calls."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file; create it if it does not exist.

        Raises:
            sqlite3.Error: It cannot be opened or is of a newer version.
        """
        db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=5)
        # Rollback journal and full sync: a commit that returned survives a power failure.
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA synchronous = FULL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            db.close()
            raise sqlite3.DatabaseError(f"{self._path.name} was written by a newer version of the integration")
        if version == 0:
            db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        self._db = db

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("the session database is not open")
        return self._db

    def write(self, changes: Iterable[SessionChange]) -> list[list[int]]:
        """Write changes in one transaction; returns the row IDs of each change's sessions."""
        with self._lock:
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                ids = [self._write_change(db, change) for change in changes]
                db.execute("COMMIT")
            except BaseException:
                # SQLite itself may have rolled back, such as on a full disk.
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            return ids

    @staticmethod
    def _write_change(db: sqlite3.Connection, change: SessionChange) -> list[int]:
        ids: list[int] = []
        for session in change.sessions:
            row = (
                session.start.timestamp(),
                session.seen.timestamp(),
                session.end.timestamp() if session.end else None,
                session.energy_kwh,
                session.cost,
                session.estimated,
                session.meter_kwh,
            )
            if session.id is None:
                cursor = db.execute(
                    "INSERT INTO sessions (device, start, seen, end, energy_kwh, cost, estimated, meter_kwh)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (change.device, *row),
                )
                assert cursor.lastrowid is not None
                ids.append(cursor.lastrowid)
            else:
                db.execute(
                    "UPDATE sessions SET start = ?, seen = ?, end = ?, energy_kwh = ?, cost = ?, estimated = ?,"
                    " meter_kwh = ? WHERE id = ?",
                    (*row, session.id),
                )
                ids.append(session.id)
        db.executemany(
            "INSERT OR REPLACE INTO days (device, day, on_s, energy_kwh, cost) VALUES (?, ?, ?, ?, ?)",
            [
                (change.device, day.isoformat(), usage.on_s, usage.energy_kwh, usage.cost)
                for day, usage in change.days.items()
            ],
        )
        return ids

    def load(self, device: int, since: date) -> SessionTracker:
        """Return the tracker of a controller: its running session, total usage, and daily usage since a date."""
        tracker = SessionTracker()
        with self._lock:
            db = self._connection()
            for row in db.execute(_SELECT + " AND end IS NULL", (device,)):
                session = _session(row)
                if tracker.running is not None:
                    # Only one can be running: the end of the first one was not reported.
                    tracker.running.end, tracker.running.estimated = tracker.running.seen, True
                    tracker.unsaved.append(tracker.running)
                tracker.running = session
            for day, on_s, energy, cost in db.execute(
                "SELECT day, on_s, energy_kwh, cost FROM days WHERE device = ?", (device,)
            ):
                tracker.total.add(on_s, energy, cost)
                if (local_day := date.fromisoformat(day)) >= since:
                    tracker.days[local_day] = Usage(on_s, energy, cost)
        return tracker

    def sessions(self, device: int, start: datetime, end: datetime, limit: int) -> list[Session]:
        """Return the sessions that overlap a range, oldest first."""
        with self._lock:
            rows = self._connection().execute(
                _SELECT + " AND start <= ? AND coalesce(end, seen) >= ? ORDER BY start LIMIT ?",
                (device, end.timestamp(), start.timestamp(), limit),
            )
            return [_session(row) for row in rows]

    def days(self, device: int, days: Iterable[date]) -> dict[date, Usage]:
        """Return the usage of some local days."""
        with self._lock:
            db = self._connection()
            query = "SELECT on_s, energy_kwh, cost FROM days WHERE device = ? AND day = ?"
            rows = [(day, db.execute(query, (device, day.isoformat())).fetchone()) for day in days]
        return {day: Usage(*row) for day, row in rows if row is not None}

    def months(self, device: int, first: date, last: date) -> dict[str, Usage]:
        """Return usage by local month (``2026-01``) of the days from ``first`` to ``last``."""
        months: dict[str, Usage] = {}
        with self._lock:
            for day, on_s, energy, cost in self._connection().execute(
                "SELECT day, on_s, energy_kwh, cost FROM days WHERE device = ? AND day BETWEEN ? AND ? ORDER BY day",
                (device, first.isoformat(), last.isoformat()),
            ):
                months.setdefault(day[:7], Usage()).add(on_s, energy, cost)
        return months

    def remove(self, devices: Iterable[int]) -> None:
        """Delete controllers."""
        with self._lock:
            db = self._connection()
            for device in devices:
                db.execute("DELETE FROM sessions WHERE device = ?", (device,))
                db.execute("DELETE FROM days WHERE device = ?", (device,))


def _session(row: tuple[int, float, float, float | None, float | None, float | None, int, float | None]) -> Session:
    number, start, seen, end, energy, cost, estimated, meter = row
    return Session(
        _time(start),
        _time(seen),
        None if end is None else _time(end),
        energy,
        cost,
        bool(estimated),
        meter,
        number,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
