"""Sessions and daily usage in an SQLite file of their own: durable, and small enough to keep for years. Blocking."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
import sqlite3
import threading
from typing import Final

from .protocol.sessions import Ledger, Session, Usage

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
class Change:
    """What is to be written of one controller: sessions as they are now, usage of days."""

    device: int
    sessions: tuple[Session, ...]
    days: Mapping[date, Usage]


class SessionDb:
    """The file. Every call may wait for the disk; calls from several threads take turns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, made where it is not there; sqlite3.Error where it cannot be used."""
        db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=5)
        # Rollback journal and full sync: a commit that returned is on the platter.
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA synchronous = FULL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            db.close()
            raise sqlite3.DatabaseError(f"{self._path.name} is of a newer version of the integration")
        if version == 0:
            db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        self._db = db

    def close(self) -> None:
        """Close the file; safe to call twice."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _ready(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("the sessions' file is not open")
        return self._db

    def write(self, changes: Iterable[Change]) -> list[list[int]]:
        """Write changes in one transaction; returns the ids of the rows of each change's sessions."""
        with self._lock:
            db = self._ready()
            db.execute("BEGIN IMMEDIATE")
            try:
                ids = [self._write_one(db, change) for change in changes]
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
            return ids

    @staticmethod
    def _write_one(db: sqlite3.Connection, change: Change) -> list[int]:
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

    def load(self, device: int, since: date) -> Ledger:
        """The ledger of a controller: its running session, its total, its days from a date on."""
        ledger = Ledger()
        with self._lock:
            db = self._ready()
            for row in db.execute(_SELECT + " AND end IS NULL", (device,)):
                session = _session(row)
                if ledger.open is not None:
                    # Two cannot run: whichever began first has ended unseen.
                    ledger.open.end, ledger.open.estimated = ledger.open.seen, True
                    ledger.closed.append(ledger.open)
                ledger.open = session
            for day, on_s, energy, cost in db.execute(
                "SELECT day, on_s, energy_kwh, cost FROM days WHERE device = ?", (device,)
            ):
                ledger.total.add(on_s, energy, cost)
                if (when := date.fromisoformat(day)) >= since:
                    ledger.days[when] = Usage(on_s, energy, cost)
        return ledger

    def sessions(self, device: int, start: datetime, end: datetime, limit: int) -> list[Session]:
        """The sessions that overlap a range, oldest first."""
        with self._lock:
            rows = self._ready().execute(
                _SELECT + " AND start <= ? AND coalesce(end, seen) >= ? ORDER BY start LIMIT ?",
                (device, end.timestamp(), start.timestamp(), limit),
            )
            return [_session(row) for row in rows]

    def months(self, device: int, first: date, last: date) -> dict[str, Usage]:
        """Usage by local month (``2026-01``) of the days from ``first`` to ``last``."""
        months: dict[str, Usage] = {}
        with self._lock:
            for day, on_s, energy, cost in self._ready().execute(
                "SELECT day, on_s, energy_kwh, cost FROM days WHERE device = ? AND day BETWEEN ? AND ? ORDER BY day",
                (device, first.isoformat(), last.isoformat()),
            ):
                months.setdefault(day[:7], Usage()).add(on_s, energy, cost)
        return months

    def remove(self, devices: Iterable[int]) -> None:
        """Forget controllers."""
        with self._lock:
            db = self._ready()
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
