"""Simulates control over the recorded days before it was installed: "would have saved" on the first evening.

It runs in the background once the house is learned from its history, and again when that is repeated: at the user's
request, or because the home is measured otherwise. A result is stored with the key of its home, and shown for it only.
The recorder is read a day at a time, and a few days at a time are simulated in an executor. A restart interrupts it; it
is then repeated. Nothing is commanded: this part has no access to the sources.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
import logging
from threading import Event
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event as HomeAssistantEvent, HomeAssistant, callback
from homeassistant.util import dt as dt_util
import numpy as np

from .._lib.heat_source import SourceKind
from .._lib.week_schedule import ScheduleError, WeekSchedule
from ..const import DOMAIN
from ..engine.blas_threads import one_thread
from ..engine.config import EngineConfig
from ..engine.model.reference_house import MEMBERS
from ..engine.shadow.replay import REPLAY_DAYS, Replay, Replayed, TooFewDaysError
from ..engine.shadow.savings import ShadowReport, dump, restore
from ..engine.thread_yield import ThreadYield
from ..inputs.schedules import fetch_week
from ..prices.electricity_price import price_series
from ..prices.provider_actions import needs_action
from ..system_config import SystemConfig
from .history_entities import HomeEntities, grid_entity
from .home_key import HomeKey
from .import_state import KeyedStore
from .past_home import DaySteps, PastDay, assemble, has_hashprice, has_price, steps_of
from .past_states import async_read_prices, async_read_switched
from .quantity import Quantity
from .recorder_series import async_read

_LOGGER = logging.getLogger(__name__)

DAYS: Final = REPLAY_DAYS + 2
"""The days before the first one show the state of the house."""
MARGIN: Final = timedelta(hours=2)
READ_TIMEOUT_S: Final = 120.0
STORE_NAME: Final = "replay"
_AGAIN: Final = "again"
"""In what is stored: the user asked for a new result, which is not there yet."""


class ReplayStatus(StrEnum):
    """How far the simulation of the past is, or why there is none."""

    WAITING = "waiting"
    SIMULATING = "simulating"
    DONE = "done"
    NOT_NEEDED = "not_needed"
    """The savings of days that were really simulated or controlled are known."""
    NO_RECORDER = "no_recorder"
    NOT_MEASURED = "not_measured"
    NO_PRICE = "no_price"
    NO_HASHPRICE = "no_hashprice"
    TOO_SHORT = "too_short"
    NOT_TRUSTED = "not_trusted"
    FAILED = "failed"


class _StoppedError(Exception):
    """The entry is unloaded: the thread ends at its next pause."""


class HistoryReplay:
    """The simulated past of one heating system."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        config: SystemConfig,
        engine_config: Callable[[], EngineConfig],
        entities: Callable[[], HomeEntities],
        *,
        key: HomeKey,
        is_needed: Callable[[], bool],
        was_controlled: Callable[[], bool],
        changed: Callable[[], None],
    ) -> None:
        self.status = ReplayStatus.WAITING
        self.days_read = 0
        self._hass = hass
        self._entry = entry
        self._config = config
        self._engine_config = engine_config
        self._entities = entities
        self._is_needed = is_needed
        self._was_controlled = was_controlled
        self._changed = changed
        self._result: Replayed | None = None
        self._stored: dict[str, Any] = {}
        self._key = key
        self._store = KeyedStore(hass, STORE_NAME, entry.entry_id)
        self._task: asyncio.Task[None] | None = None
        self._stop = Event()
        entry.async_on_unload(self._stop.set)
        entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._stopping))

    @callback
    def _stopping(self, _: HomeAssistantEvent) -> None:
        self._stop.set()  # a thread would delay the end of Home Assistant

    @property
    def is_running(self) -> bool:
        """Whether the past is being simulated."""
        return self._task is not None and not self._task.done()

    def report(self, last_days: int | None = None) -> ShadowReport | None:
        """Return what control would have saved over the last whole days of the history; None without any."""
        return None if self._result is None else self._result.report(last_days)

    async def async_load(self) -> None:
        """Restore the result of an earlier simulation of the same home."""
        stored = await self._store.async_load() or {}
        known = HomeKey.restored(stored.get("key")) or self._key
        if self._key.change_from(known).parts or (result := _restored(stored)) is None:
            return
        self._result, self._stored = result, stored
        if stored.get("key") != (key := self._key.dump()):  # stored without one, or an entity was renamed
            self._stored = {**stored, "key": key}
            await self._store.async_save_if_possible(self._stored)
        self._set(ReplayStatus.DONE)

    @callback
    def start(self, *, again: bool = False) -> None:
        """Simulate in the background; ``again``: although it was done before, also if a restart interrupts it."""
        again = again or self._stored.get(_AGAIN) is True
        if not self.is_running and (again or self._result is None):
            self._task = self._entry.async_create_background_task(
                self._hass, self._run(again=again), f"{DOMAIN} simulation of the history"
            )

    @callback
    def start_if_possible_now(self) -> None:
        """Simulate if only a setting was missing, which may have been entered now."""
        had_no_price = self.status in (ReplayStatus.NO_PRICE, ReplayStatus.NO_HASHPRICE)
        if had_no_price and self._refusal(self._entities()) is None:
            self.start()

    async def _run(self, *, again: bool) -> None:
        try:
            if again and self._stored:
                await self._async_store({**self._stored, _AGAIN: True})
            await self._simulate()
            if _AGAIN in self._stored:  # there is no new result
                await self._async_store({key: value for key, value in self._stored.items() if key != _AGAIN})
        except _StoppedError:
            return
        except Exception:  # control and learning continue without it
            _LOGGER.exception("%s: control could not be simulated over the history", self._entry.title)
            self._set(ReplayStatus.FAILED)

    def _refusal(self, entities: HomeEntities) -> ReplayStatus | None:
        """Return why the past cannot be simulated; None if it can."""
        if not self._is_needed():
            return ReplayStatus.NOT_NEEDED
        if "recorder" not in self._hass.config.components:
            return ReplayStatus.NO_RECORDER
        if not entities.is_complete:
            return ReplayStatus.WAITING
        if not entities.is_measured:
            return ReplayStatus.NOT_MEASURED
        if not has_price(self._config):
            return ReplayStatus.NO_PRICE
        mines = any(item.config.kind == SourceKind.MINER and item.config.efficiency_j_th for item in entities.sources)
        if mines and not has_hashprice(self._config):
            return ReplayStatus.NO_HASHPRICE
        return None

    async def _simulate(self) -> None:
        entities = self._entities()
        if (refusal := self._refusal(entities)) is not None:
            self._set(ReplayStatus.DONE if self._result is not None else refusal)
            return
        self._set(ReplayStatus.SIMULATING)
        weeks, end = await self._weeks(), self._end()
        days = []
        for index in range(DAYS):
            days.append(await self._day(entities, end - timedelta(days=DAYS - index), weeks))
            self.days_read = index + 1
        publishes = self._publishes_forecast()
        yield_thread = ThreadYield(pause=self._pause)

        def begin() -> Replay:
            past = assemble(days, self._config, weeks, publishes_forecast=publishes)
            rows = [row for day in days for row in day.steps.rows()]
            return Replay(self._engine_config(), past, rows, yield_thread)

        try:
            replay = await self._hass.async_add_executor_job(begin)
        except TooFewDaysError as err:
            _LOGGER.debug("%s: no simulation over the history: %s", self._entry.title, err)
            self._set(ReplayStatus.TOO_SHORT)
            return
        for block in replay.blocks:
            await self._hass.async_add_executor_job(_run_block, replay, block)
        await self._finish(replay)

    async def _finish(self, replay: Replay) -> None:
        result = replay.result()
        if (report := result.report()) is None:
            self._set(ReplayStatus.NOT_TRUSTED if replay.untrusted_blocks else ReplayStatus.TOO_SHORT)
            return
        self._result = result
        await self._async_store(
            {
                "days": dump(result.days),
                "map_error": result.map_error.tolist(),
                "simulated_at": dt_util.utcnow().isoformat(),
                "key": self._key.dump(),
            }
        )
        _LOGGER.info(
            "%s: over %d days of history, control would have saved %.0f %% (%.0f to %.0f)",
            self._entry.title,
            report.days,
            report.percent,
            report.percent_low,
            report.percent_high,
        )
        self._set(ReplayStatus.DONE)

    async def _async_store(self, stored: dict[str, Any]) -> None:
        self._stored = stored
        await self._store.async_save(stored)

    def _end(self) -> datetime:
        """Return the end of the days that the home heated by its own control."""
        now = dt_util.utcnow()
        end = min(now, self._entry.created_at) if self._was_controlled() else now
        return end.replace(minute=0, second=0, microsecond=0)

    async def _weeks(self) -> dict[str, WeekSchedule]:
        """Return the weeks of the zones' schedule helpers."""
        weeks = {}
        for zone in self._config.zones:
            if zone.week is None and zone.schedule is not None and zone.schedule.startswith("schedule."):
                try:
                    weeks[zone.schedule] = await fetch_week(self._hass, zone.schedule)
                except (ScheduleError, ValueError, KeyError) as err:
                    _LOGGER.debug("%s: %s has no week: %s", self._entry.title, zone.schedule, err)
        return weeks

    async def _day(self, entities: HomeEntities, begin: datetime, weeks: dict[str, WeekSchedule]) -> DaySteps:
        end, config = begin + timedelta(days=1), self._config
        grid, _ = grid_entity(config)
        wanted = [*entities.readings(), *([(grid, Quantity.POWER)] if grid else [])]
        schedules = {zone.schedule for zone in config.zones if zone.week is None and zone.schedule not in weeks}
        async with asyncio.timeout(READ_TIMEOUT_S):
            found = await async_read(self._hass, wanted, begin - MARGIN, end + MARGIN)
            prices = (
                await async_read_prices(self._hass, config.price_entity, config.price_unit, begin - MARGIN, end)
                if config.price_entity is not None
                else ()
            )
            names = {name for name in schedules if name}
            switched = await async_read_switched(self._hass, names, begin - MARGIN, end)
        day = PastDay(
            begin=begin,
            home=entities.series(found),
            prices=prices,
            grid_w=found.get((grid or "", Quantity.POWER), ()),
            switched=switched,
        )
        place = self._hass.config.latitude, self._hass.config.longitude
        return await self._hass.async_add_executor_job(steps_of, day, config, place)

    def _publishes_forecast(self) -> bool:
        """Return whether the price sensor shows prices of the coming hours."""
        entity_id, now = self._config.price_entity, dt_util.utcnow()
        if entity_id is None:
            return False
        end = price_series(self._hass, self._config, now).end
        return needs_action(self._hass, entity_id) or (end is not None and end > now + timedelta(hours=1))

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise _StoppedError

    @callback
    def _set(self, status: ReplayStatus) -> None:
        self.status = status
        self._changed()


def _run_block(replay: Replay, block: list[int]) -> None:
    with one_thread():
        replay.run(block)


def _restored(stored: dict[str, Any] | None) -> Replayed | None:
    """Return a stored result; None if it is invalid or there is none."""
    if not isinstance(stored, dict):
        return None
    days = restore(stored.get("days"))
    try:
        map_error = np.array(stored.get("map_error"), dtype=float)
    except TypeError, ValueError:
        return None
    if not days or map_error.shape != (MEMBERS,) or not np.isfinite(map_error).all():
        return None
    return Replayed(tuple(days), map_error)


async def async_remove_replay(hass: HomeAssistant, entry_id: str) -> None:
    """Remove what was stored for a config entry."""
    await KeyedStore(hass, STORE_NAME, entry_id).async_remove()
