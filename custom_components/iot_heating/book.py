"""Keeps the controllers' ledgers on disk: at once where a session begins or ends, else every minute."""

import asyncio
from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from pathlib import Path
import sqlite3
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .protocol.sessions import Ledger, Session, Usage
from .session_db import Change, SessionDb

_LOGGER = logging.getLogger(__name__)
_CHECKPOINT: Final = timedelta(seconds=60)
FILE_NAME: Final = "iot_heating_sessions.db"


class SessionBook:
    """The ledgers of all controllers, and their file.

    A disk that refuses costs no heating: controllers are served, and what could not be written is tried again
    every minute.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._db = SessionDb(Path(hass.config.path(FILE_NAME)))
        self._ledgers: dict[int, Ledger] = {}
        self._lock = asyncio.Lock()
        self._due: set[int] = set()
        self._opened = False
        self._failing = False
        self._unsubscribe: list[CALLBACK_TYPE] = []

    async def async_ledger(self, number: int) -> Ledger:
        """The ledger of a controller, read from disk the first time."""
        if (ledger := self._ledgers.get(number)) is None:
            ledger = self._ledgers[number] = await self._async_load(number)
        ledger.zone = dt_util.get_default_time_zone()
        return ledger

    async def _async_load(self, number: int) -> Ledger:
        # A month and a week before: all that sensors show.
        since = (dt_util.now() - timedelta(days=40)).date()
        async with self._lock:
            try:
                if not self._opened:
                    await self._hass.async_add_executor_job(self._db.open)
                    self._opened = True
                    self._follow_time()
                return await self._hass.async_add_executor_job(self._db.load, number, since)
            except sqlite3.Error as err:
                self._complain(err)
                return Ledger()

    def _follow_time(self) -> None:
        if not self._unsubscribe:
            self._unsubscribe = [
                async_track_time_interval(self._hass, self._async_checkpoint, _CHECKPOINT, cancel_on_shutdown=True),
                self._hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_stop),
            ]

    async def async_write(self, numbers: Iterable[int]) -> None:
        """Write what is new of some ledgers. Those who wait while the disk is busy share the next transaction."""
        self._due.update(numbers)
        async with self._lock:
            # Empty where somebody who waited before has written ours too.
            due, self._due = self._due, set()
            await self._async_write(due)

    async def _async_write(self, numbers: Iterable[int]) -> None:
        changes = [change for number in numbers if (change := _change(number, self._ledgers.get(number))) is not None]
        if not changes:
            return
        taken = [self._ledgers[change.device].closed[:] for change in changes]
        for change in changes:
            self._ledgers[change.device].changed.clear()
        try:
            ids = await self._hass.async_add_executor_job(self._write, changes)
        except (sqlite3.Error, OSError) as err:
            for change in changes:
                self._ledgers[change.device].changed |= change.days.keys()
            self._complain(err)
            return
        for change, closed, numbers_ in zip(changes, taken, ids, strict=True):
            _settle(self._ledgers[change.device], closed, change.sessions, numbers_)
        if self._failing:
            self._failing = False
            _LOGGER.info("Sessions are written to disk again")

    def _write(self, changes: list[Change]) -> list[list[int]]:
        if not self._opened:
            self._db.open()
            self._opened = True
        return self._db.write(changes)

    def _complain(self, err: Exception) -> None:
        if not self._failing:
            _LOGGER.error("Heating sessions cannot be written to disk: %s", err)
        self._failing = True
        self._follow_time()

    async def _async_checkpoint(self, _: datetime) -> None:
        await self.async_write(tuple(self._ledgers))

    async def _async_stop(self, _: Event) -> None:
        await self.async_close()

    async def async_close(self) -> None:
        """Write all and close the file; it opens again with the next ledger."""
        await self.async_write(tuple(self._ledgers))
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self._ledgers.clear()
        await self._hass.async_add_executor_job(self._db.close)
        self._opened = False

    async def async_sessions(self, number: int, start: datetime, end: datetime, limit: int) -> list[Session]:
        """The sessions of a controller that overlap a range, the running one included."""
        await self.async_write([number])
        return await self._hass.async_add_executor_job(self._db.sessions, number, start, end, limit)

    async def async_months(self, number: int, start: datetime, end: datetime) -> dict[str, Usage]:
        """Usage by month of the local days from ``start`` to ``end``."""
        await self.async_write([number])
        first, last = dt_util.as_local(start).date(), dt_util.as_local(end).date()
        return await self._hass.async_add_executor_job(self._db.months, number, first, last)

    async def async_remove(self, numbers: list[int]) -> None:
        """Forget controllers with all their sessions."""
        for number in numbers:
            self._ledgers.pop(number, None)
        if not numbers:
            return
        async with self._lock:
            try:
                await self._hass.async_add_executor_job(self._remove, numbers)
            except sqlite3.Error as err:
                self._complain(err)

    def _remove(self, numbers: list[int]) -> None:
        if self._opened:
            self._db.remove(numbers)
            return
        self._db.open()
        try:
            self._db.remove(numbers)
        finally:
            self._db.close()

    @callback
    def ledgers(self) -> dict[int, Ledger]:
        """Those in memory, for diagnostics."""
        return self._ledgers


def _change(number: int, ledger: Ledger | None) -> Change | None:
    """What is new of a ledger, as copies that later reports do not touch."""
    if ledger is None:
        return None
    running = [ledger.open] if ledger.open is not None else []
    sessions = tuple(replace(session) for session in (*ledger.closed, *running))
    if not sessions and not ledger.changed:
        return None
    return Change(number, sessions, {day: copy(ledger.days[day]) for day in ledger.changed})


def _settle(ledger: Ledger, closed: list[Session], written: tuple[Session, ...], ids: list[int]) -> None:
    """Note what is on disk now: ended sessions are done, the running one has its row."""
    ledger.closed = [session for session in ledger.closed if not any(session is done for done in closed)]
    if len(written) > len(closed):
        # The running one of then may have ended meanwhile.
        for session in (ledger.open, *ledger.closed):
            if session is not None and session.start == written[-1].start and session.id is None:
                session.id = ids[-1]


BOOK: HassKey[SessionBook] = HassKey(f"{DOMAIN}_sessions")
