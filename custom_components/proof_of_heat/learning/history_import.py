"""Imports the home's history from the recorder: after set-up, when it is measured otherwise, and when the user asks.

It runs in the background, a day at a time: the recorder reads in its own thread, rows are calculated in an executor.
What was imported is stored every few days, so that a restart continues there; so is why it is imported again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
import logging
import math
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.engine import Engine
from ..engine.home_change import adopt_changed_home
from ..engine.model.history import History, Row
from ..inputs.weather import DEFAULT_CLOUD_COVER
from .grid import STEP_S
from .history_entities import HomeEntities, standard_time_s
from .home_key import HomeKey, Part
from .import_state import ImportState, KeyedStore, Partial
from .past_home import clear_sky, day_ends, local_times_s
from .recorder_series import async_read
from .rows import HomeSeries, rows_of

_LOGGER = logging.getLogger(__name__)

DAYS: Final = 60
STORE_EVERY_DAYS: Final = 5
ENOUGH_DAYS: Final = 10.0
"""A system that has recorded so much by itself needs no import."""
MARGIN: Final = timedelta(hours=2)
"""Read before and after a day, so that values at its edges can be interpolated."""
READ_TIMEOUT_S: Final = 120.0
STORE_NAME: Final = "learning"
_CAUSES: Final = {
    Part.SOURCES: "the heat sources or their meters",
    Part.ROOMS: "the room temperature sensors",
    Part.OUTDOOR: "the outdoor temperature sensor",
}


class ImportStatus(StrEnum):
    """How far the import is."""

    WAITING = "waiting"
    IMPORTING = "importing"
    DONE = "done"
    NO_RECORDER = "no_recorder"
    NOT_MEASURED = "not_measured"
    NO_HISTORY = "no_history"
    FAILED = "failed"


@dataclass(slots=True)
class Progress:
    """The progress of an import."""

    status: ImportStatus = ImportStatus.WAITING
    days_done: int = 0
    rows: int = 0
    began_s: float = math.nan
    """By the monotonic clock."""
    first_day: int = 0
    """Days that an earlier run had done."""

    @property
    def percent(self) -> int:
        """The progress of the import in percent, also of one without a result."""
        return 100 if self.status is ImportStatus.DONE else round(100 * self.days_done / DAYS)

    def left_s(self, now_s: float) -> float | None:
        """Return the seconds until the expected end; None while nothing is imported."""
        done = self.days_done - self.first_day
        if self.status is not ImportStatus.IMPORTING or done <= 0:
            return None
        return (now_s - self.began_s) / done * (DAYS - self.days_done)


def _ignore(again: bool) -> None:
    """Do nothing."""


class HistoryImport:
    """The import of one heating system.

    ``changed`` is called when it makes progress, ``save`` stores the engine's state, ``finished`` is called at the end,
    with whether it was done again.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        engine: Engine,
        entities: Callable[[], HomeEntities],
        changed: Callable[[], None],
        *,
        key: HomeKey,
        save: Callable[[], Awaitable[None]],
        finished: Callable[[bool], None] = _ignore,
    ) -> None:
        self.progress = Progress()
        self._hass = hass
        self._entry = entry
        self._engine = engine
        self._entities = entities
        self._changed = changed
        self._save = save
        self._finished = finished
        self._key = key
        self._state: ImportState | None = None
        self._store = KeyedStore(hass, STORE_NAME, entry.entry_id)
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether an import is in progress."""
        return self._task is not None and not self._task.done()

    @property
    def cause(self) -> Part | None:
        """Which part of the home changed, so that its history is imported again; None without a change."""
        change = self._state.change if self._state is not None else None
        return None if change is None else change.cause

    @property
    def since(self) -> datetime | None:
        """Since when the home is measured as it is now; None: as long as is known."""
        return None if self._state is None else self._state.since

    async def async_load(self) -> ImportState:
        """Restore how far the import is, and compare the home with that of the last start."""
        if self._state is not None:
            return self._state
        saved = await self._store.async_load()
        before = ImportState.restored(saved, self._key, DAYS)
        has_rows = self._engine.history.hours > 0
        state = before.of_home(self._key, dt_util.utcnow(), has_rows=has_rows)
        if state.change is not None and state.change != before.change and (cause := state.change.cause):
            _LOGGER.info("%s: %s changed: the history is read again", self._entry.title, _CAUSES[cause])
        self._state = state
        if state.has_old_rows and state.since is not None:
            self._engine.history.old_until_s = standard_time_s(dt_util.as_local(state.since))
        if state != before or not saved or saved.get("key") is None:
            await self._store.async_save_if_possible(state.dump())
        return state

    @callback
    def start(self, *, again: bool = False) -> None:
        """Import in the background; ``again``: although it was done before."""
        if not self.is_running:
            self._task = self._entry.async_create_background_task(
                self._hass, self._run(again=again), f"{DOMAIN} history import"
            )

    async def _run(self, *, again: bool) -> None:
        try:
            state = await self.async_load()
            if again:
                state = replace(state, is_asked=True, partial=None)
            again = state.is_asked
            await self._import(state)
        except Exception:  # control and learning from now on continue without it
            _LOGGER.exception("%s: the history could not be imported", self._entry.title)
            self._set(ImportStatus.FAILED)
        self._finished(again)

    async def _import(self, state: ImportState) -> None:
        entities = self._entities()
        if (status := self._without_import(state, entities)) is not None:
            self._set(status)
            return
        part = state.partial or Partial(dt_util.utcnow().replace(minute=0, second=0, microsecond=0), 0, [])
        if state.is_asked and state.partial is None:
            await self._async_store(replace(state, partial=part))
        rows, end, first = list(part.rows), part.end, part.next_day
        self.progress = Progress(ImportStatus.IMPORTING, first, len(rows), time.monotonic(), first)
        self._changed()
        for day in range(first, DAYS):
            begin = end - timedelta(days=DAYS - day)
            rows += await self._day(entities, begin)
            self.progress.days_done, self.progress.rows = day + 1, len(rows)
            self._changed()
            if (day + 1) % STORE_EVERY_DAYS == 0 and day + 1 < DAYS:
                await self._async_store(replace(state, partial=Partial(end, day + 1, list(rows))))
        is_mixed = await self._adopt(state, entities, rows)
        await self._async_store(state.finished(dt_util.utcnow(), len(rows), is_mixed=is_mixed))
        _LOGGER.info("%s: %.1f days of history were imported", self._entry.title, len(rows) * STEP_S / 86400)
        self._set(ImportStatus.DONE if rows else ImportStatus.NO_HISTORY)

    def _without_import(self, state: ImportState, entities: HomeEntities) -> ImportStatus | None:
        """Return the status if nothing has to be or can be imported now; None if something can."""
        if state.partial is None and not state.is_asked:
            if state.done is not None:
                self.progress.rows = state.count
                return ImportStatus.DONE if state.count else ImportStatus.NO_HISTORY
            if self._engine.history.hours >= ENOUGH_DAYS * 24:
                return ImportStatus.DONE
        if "recorder" not in self._hass.config.components:
            return ImportStatus.NO_RECORDER
        if not entities.is_complete:  # without one of the sources, it would be the history of another home
            return ImportStatus.WAITING
        return None if entities.is_measured else ImportStatus.NOT_MEASURED

    async def _adopt(self, state: ImportState, entities: HomeEntities, rows: list[Row]) -> bool:
        """Let the engine learn from the rows, and store what it has then: a crash would otherwise lose it.

        Returns whether its history is still that of a home that was measured otherwise.
        """
        is_mixed = state.is_mixed
        if not rows and state.change is None:
            return is_mixed
        history = await self._hass.async_add_executor_job(History, rows)
        if state.change is None or state.since is None:
            self._engine.adopt_history(history)
        else:
            since_s = standard_time_s(dt_util.as_local(state.since))
            is_mixed = adopt_changed_home(self._engine, history, entities.changed_home(state.change, since_s))
        await self._save()
        return is_mixed

    async def _async_store(self, state: ImportState) -> None:
        self._state = state
        await self._store.async_save(state.dump())

    async def _day(self, entities: HomeEntities, begin: datetime) -> list[Row]:
        end = begin + timedelta(days=1)
        async with asyncio.timeout(READ_TIMEOUT_S):
            found = await async_read(self._hass, entities.readings(), begin - MARGIN, end + MARGIN)
        place = self._hass.config.latitude, self._hass.config.longitude
        return await self._hass.async_add_executor_job(_rows, entities.series(found), begin, place)

    @callback
    def _set(self, status: ImportStatus) -> None:
        self.progress.status = status
        self._changed()


def _rows(home: HomeSeries, begin: datetime, place: tuple[float, float]) -> list[Row]:
    """Return the rows of a day."""
    ends = day_ends(begin)
    return rows_of(home, ends, local_times_s(ends), clear_sky(ends, place), DEFAULT_CLOUD_COVER)


async def async_remove_import(hass: HomeAssistant, entry_id: str) -> None:
    """Remove what was stored for a config entry."""
    await KeyedStore(hass, STORE_NAME, entry_id).async_remove()
