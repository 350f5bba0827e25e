"""The session store: session trackers of all controllers, saved when a session starts or ends and every minute."""

import asyncio
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
import sqlite3
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .._lib.retried_store import storage_health
from ..const import DOMAIN
from ..protocol.session_correction import SessionCorrection, apply_corrections, correct_days
from ..protocol.session_tracker import Session, SessionTracker, Usage, split_by_day
from .session_database import SessionChange, SessionDatabase
from .stored_part import StoredPart

_SAVE_INTERVAL: Final = timedelta(seconds=60)
_LOADED_DAYS: Final = timedelta(days=40)
"""Enough for this month and the week before it."""
FILE_NAME: Final = "iot_heating_sessions.db"


class SessionStore:
    """The trackers of all controllers, and their database.

    A disk error does not stop heating: controllers are still served, and saving is retried every minute.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._health = storage_health(hass, DOMAIN)
        self._database = SessionDatabase(Path(hass.config.path(FILE_NAME)))
        self._trackers: dict[int, SessionTracker] = {}
        self._lock = asyncio.Lock()
        self._pending: set[int] = set()
        # Trackers that started empty because the file could not be read. Its content is added before they are saved.
        self._not_loaded: set[int] = set()
        self._is_open = False
        self._unsubscribe: list[CALLBACK_TYPE] = []

    async def async_get_tracker(self, number: int) -> SessionTracker:
        """Return the tracker of a controller; the first time it is loaded from disk."""
        if (tracker := self._trackers.get(number)) is None:
            tracker = self._trackers[number] = await self._async_load(number)
        tracker.zone = dt_util.get_default_time_zone()
        return tracker

    async def _async_load(self, number: int) -> SessionTracker:
        async with self._lock:
            try:
                tracker = await self._hass.async_add_executor_job(self._load, number)
            except sqlite3.Error as err:
                self._log_failure(err)
                self._not_loaded.add(number)
                return SessionTracker()
            self._schedule_saves()
            return tracker

    def _schedule_saves(self) -> None:
        if not self._unsubscribe:
            self._unsubscribe = [
                async_track_time_interval(self._hass, self._async_save_all, _SAVE_INTERVAL, cancel_on_shutdown=True),
                self._hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_stop),
            ]

    async def async_save(self, numbers: Iterable[int]) -> None:
        """Save the changes of some trackers. Callers that wait for the disk share the next transaction."""
        self._pending.update(numbers)
        async with self._lock:
            # Empty if the transaction of an earlier caller has included these trackers.
            pending, self._pending = self._pending, set()
            await self._async_save(pending)

    async def _async_save(self, numbers: Iterable[int]) -> None:
        if self._not_loaded and not await self._async_load_missing():
            return
        # Keep the trackers themselves: one may be removed while the disk is busy.
        loaded = [(number, tracker) for number in numbers if (tracker := self._trackers.get(number)) is not None]
        changed = [
            (tracker, change) for number, tracker in loaded if (change := _unsaved_change(number, tracker)) is not None
        ]
        if not changed:
            return
        ended = [tracker.unsaved[:] for tracker, _ in changed]
        running = [tracker.running for tracker, _ in changed]
        for tracker, _ in changed:
            tracker.unsaved_days.clear()
        try:
            row_ids = await self._hass.async_add_executor_job(self._write, [change for _, change in changed])
        except (sqlite3.Error, OSError) as err:
            for tracker, change in changed:
                tracker.unsaved_days |= change.days.keys()
            self._log_failure(err)
            return
        for (tracker, _), sessions, current, ids in zip(changed, ended, running, row_ids, strict=True):
            _mark_saved(tracker, sessions, current, ids)
        self._health.set_saved(StoredPart.SESSIONS)

    async def _async_load_missing(self) -> bool:
        """Load what could not be read before. Returns whether everything is loaded."""
        for number in tuple(self._not_loaded):
            try:
                earlier = await self._hass.async_add_executor_job(self._load, number)
            except sqlite3.Error as err:
                self._log_failure(err)
                return False
            self._not_loaded.discard(number)
            if (tracker := self._trackers.get(number)) is not None:
                tracker.add_earlier(earlier)
        return True

    def _open(self) -> None:
        if not self._is_open:
            self._database.open()
            self._is_open = True

    def _load(self, number: int) -> SessionTracker:
        self._open()
        return self._database.load(number, (dt_util.now() - _LOADED_DAYS).date())

    def _write(self, changes: list[SessionChange]) -> list[list[int]]:
        self._open()
        return self._database.write(changes)

    def _log_failure(self, err: Exception) -> None:
        self._health.set_failed(StoredPart.SESSIONS, str(err))
        self._schedule_saves()

    async def _async_save_all(self, _: datetime) -> None:
        await self.async_save(tuple(self._trackers))

    async def _async_stop(self, _: Event) -> None:
        await self.async_close()

    async def async_close(self) -> None:
        """Save everything and close the file. It is opened again for the next tracker."""
        await self.async_save(tuple(self._trackers))
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self._trackers.clear()
        self._not_loaded.clear()
        await self._hass.async_add_executor_job(self._database.close)
        self._is_open = False

    async def async_get_sessions(self, number: int, start: datetime, end: datetime, limit: int) -> list[Session]:
        """Return the sessions of a controller that overlap a range, including the running one."""
        await self.async_save([number])
        return await self._hass.async_add_executor_job(self._database.sessions, number, start, end, limit)

    async def async_get_months(self, number: int, start: datetime, end: datetime) -> dict[str, Usage]:
        """Return usage by month of the local days from ``start`` to ``end``."""
        await self.async_save([number])
        first, last = dt_util.as_local(start).date(), dt_util.as_local(end).date()
        return await self._hass.async_add_executor_job(self._database.months, number, first, last)

    async def async_correct(self, number: int, corrections: Sequence[SessionCorrection]) -> None:
        """Replace the energy and cost of stored sessions, and correct the usage of their days.

        Raises:
            sqlite3.Error: It could not be saved; nothing is changed.
        """
        await self.async_save([number])
        tracker = await self.async_get_tracker(number)
        async with self._lock:
            added = await self._hass.async_add_executor_job(self._correct, number, corrections, tracker.zone)
        apply_corrections(tracker, corrections, added)

    def _correct(self, number: int, corrections: Sequence[SessionCorrection], zone: tzinfo) -> dict[date, Usage]:
        """Correct the file; returns what the usage of each day changed by."""
        added: dict[date, Usage] = {}
        for correction in corrections:
            session = correction.session
            local = [day for day, _ in split_by_day(session.start, session.end or session.seen, zone)]
            stored = self._database.days(number, local)
            known = {day: usage.plus(added[day]) if day in added else usage for day, usage in stored.items()}
            for day, usage in correct_days(correction, known, zone).items():
                if day in stored:
                    added[day] = added.get(day, Usage()).plus(usage)
        days = {day: usage.plus(added[day]) for day, usage in self._database.days(number, added).items()}
        sessions = tuple(
            replace(each.session, energy_kwh=each.energy_kwh, cost=each.cost, estimated=True) for each in corrections
        )
        self._write([SessionChange(number, sessions, days)])
        return added

    async def async_remove(self, numbers: list[int]) -> None:
        """Delete controllers with all their sessions."""
        for number in numbers:
            self._trackers.pop(number, None)
        if not numbers:
            return
        async with self._lock:
            try:
                await self._hass.async_add_executor_job(self._remove, numbers)
            except sqlite3.Error as err:
                self._log_failure(err)

    def _remove(self, numbers: list[int]) -> None:
        if self._is_open:
            self._database.remove(numbers)
            return
        self._database.open()
        try:
            self._database.remove(numbers)
        finally:
            self._database.close()

    @property
    def trackers(self) -> dict[int, SessionTracker]:
        """The trackers in memory."""
        return self._trackers


def _unsaved_change(number: int, tracker: SessionTracker) -> SessionChange | None:
    """Return the unsaved data of a tracker as copies, which later reports do not modify."""
    running = [tracker.running] if tracker.running is not None else []
    sessions = tuple(replace(session) for session in (*tracker.unsaved, *running))
    if not sessions and not tracker.unsaved_days:
        return None
    return SessionChange(number, sessions, {day: copy(tracker.days[day]) for day in tracker.unsaved_days})


def _mark_saved(tracker: SessionTracker, ended: list[Session], running: Session | None, row_ids: list[int]) -> None:
    """Drop the ended sessions that are on disk now, and note the row of the one that was running, ended or not."""
    tracker.unsaved = [session for session in tracker.unsaved if not any(session is saved for saved in ended)]
    if running is not None:
        running.id = row_ids[-1]


SESSION_STORE: HassKey[SessionStore] = HassKey(f"{DOMAIN}_sessions")
