"""Imports the home's history from the recorder, once after set-up and when the user asks for it.

It runs in the background, a day at a time: the recorder reads in its own thread, rows are calculated in an executor.
What was imported is stored every few days, so that a restart continues there; so is that a user asked for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
import logging
import math
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.engine import Engine
from ..engine.model.history import COLUMNS, History, Row
from ..inputs.weather import DEFAULT_CLOUD_COVER
from .grid import STEP_S
from .links import HomeLinks
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
STORE_VERSION: Final = 1


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
        links: Callable[[], HomeLinks],
        changed: Callable[[], None],
        *,
        save: Callable[[], Awaitable[None]],
        finished: Callable[[bool], None] = _ignore,
    ) -> None:
        self.progress = Progress()
        self._hass = hass
        self._entry = entry
        self._engine = engine
        self._links = links
        self._changed = changed
        self._save = save
        self._finished = finished
        self._store: Store[dict[str, Any]] = Store(hass, STORE_VERSION, f"{DOMAIN}.learning.{entry.entry_id}")
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether an import is in progress."""
        return self._task is not None and not self._task.done()

    @callback
    def start(self, *, again: bool = False) -> None:
        """Import in the background; ``again``: although it was done before."""
        if not self.is_running:
            self._task = self._entry.async_create_background_task(
                self._hass, self._run(again=again), f"{DOMAIN} history import"
            )

    async def _run(self, *, again: bool) -> None:
        stored: dict[str, Any] = {}
        try:
            if not again:
                stored = await self._store.async_load() or {}
                again = stored.get("again") is True
            await self._import(stored, again=again)
        except Exception:  # control and learning from now on continue without it
            _LOGGER.exception("%s: the history could not be imported", self._entry.title)
            self._set(ImportStatus.FAILED)
        self._finished(again)

    async def _import(self, stored: dict[str, Any], *, again: bool) -> None:
        if stored.get("done"):
            self.progress.rows = int(stored.get("count", 0))
            self._set(ImportStatus.DONE if self.progress.rows else ImportStatus.NO_HISTORY)
            return
        if self._engine.history.hours >= ENOUGH_DAYS * 24 and not again:
            self._set(ImportStatus.DONE)
            return
        if "recorder" not in self._hass.config.components:
            self._set(ImportStatus.NO_RECORDER)
            return
        links = self._links()
        if not links.is_measured:
            self._set(ImportStatus.NOT_MEASURED)
            return
        rows, end, first = _restored(stored)
        end = end or dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
        if again and not stored:
            await self._store.async_save(_dump([], end, 0, again=True))
        self.progress = Progress(ImportStatus.IMPORTING, first, len(rows), time.monotonic(), first)
        self._changed()
        for day in range(first, DAYS):
            begin = end - timedelta(days=DAYS - day)
            rows += await self._day(links, begin)
            self.progress.days_done, self.progress.rows = day + 1, len(rows)
            self._changed()
            if (day + 1) % STORE_EVERY_DAYS == 0 and day + 1 < DAYS:
                await self._store.async_save(_dump(rows, end, day + 1, again=again))
        if rows:
            self._engine.adopt_history(await self._hass.async_add_executor_job(History, rows))
            await self._save()  # a crash after the import would otherwise lose its result
        await self._store.async_save({"done": dt_util.utcnow().isoformat(), "count": len(rows)})
        _LOGGER.info("%s: %.1f days of history were imported", self._entry.title, len(rows) * STEP_S / 86400)
        self._set(ImportStatus.DONE if rows else ImportStatus.NO_HISTORY)

    async def _day(self, links: HomeLinks, begin: datetime) -> list[Row]:
        end = begin + timedelta(days=1)
        async with asyncio.timeout(READ_TIMEOUT_S):
            found = await async_read(self._hass, links.readings(), begin - MARGIN, end + MARGIN)
        place = self._hass.config.latitude, self._hass.config.longitude
        return await self._hass.async_add_executor_job(_rows, links.series(found), begin, place)

    @callback
    def _set(self, status: ImportStatus) -> None:
        self.progress.status = status
        self._changed()


def _rows(home: HomeSeries, begin: datetime, place: tuple[float, float]) -> list[Row]:
    """Return the rows of a day."""
    ends = day_ends(begin)
    return rows_of(home, ends, local_times_s(ends), clear_sky(ends, place), DEFAULT_CLOUD_COVER)


def _dump(rows: list[Row], end: datetime, day: int, *, again: bool) -> dict[str, Any]:
    table = [[None if math.isnan(v := getattr(row, name)) else round(v, 3) for name in COLUMNS] for row in rows]
    return {"end": end.isoformat(), "next_day": day, "columns": list(COLUMNS), "rows": table, "again": again}


def _restored(stored: dict[str, Any]) -> tuple[list[Row], datetime | None, int]:
    """Return rows, end and next day of an interrupted import; a start from the beginning if they are invalid."""
    end, day = dt_util.parse_datetime(str(stored.get("end"))), stored.get("next_day")
    if end is None or not isinstance(day, int) or not 0 <= day < DAYS or stored.get("columns") != list(COLUMNS):
        return [], None, 0
    try:
        rows = [Row(*(math.nan if value is None else float(value) for value in row)) for row in stored["rows"]]
    except TypeError, ValueError, KeyError:
        return [], None, 0
    return rows, end, day


async def async_remove_import(hass: HomeAssistant, entry_id: str) -> None:
    """Remove what was stored for a config entry."""
    await Store[dict[str, Any]](hass, STORE_VERSION, f"{DOMAIN}.learning.{entry_id}").async_remove()
