"""A heating system at run time: its sources, its engine, and the cycle that joins them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
import logging
import math
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ._lib.durable_store import DurableStore
from ._lib.heat_source import CommandResult, Health
from ._lib.publisher import Publisher
from .comfort.profiles import Override, Profile
from .const import DOMAIN
from .engine.consumption_forecast import ConsumptionForecast
from .engine.decision_record import Decision
from .engine.engine import Engine
from .engine.messages import Message
from .engine.snapshot import NAN, Snapshot
from .inputs.states import all_away, known, number_of, power_w
from .inputs.weather import EVERY_S as FORECAST_EVERY_S, WeatherForecast, ask_forecast
from .messages.formatter import MessageFormatter, async_load_texts
from .messages.journal import DecisionJournal
from .metering.coordinator import MeterCoordinator
from .metering.feed import feed_meter, feed_source
from .metering.system_cop import CopBook
from .prices.electricity_price import Prices
from .prices.http_price import HashPrice
from .prices.series import hash_factor
from .repairs import Watch
from .runtime.background_jobs import SlowWork
from .runtime.background_query import Beside
from .runtime.curve_advice import CurveAdviser
from .runtime.schedule_preview import Ahead
from .runtime.snapshot_builder import CycleData, Knowledge, metered, take, targets_of
from .runtime.source_commands import command_of, words_of
from .runtime.user_settings import Wanted
from .sources.call_budgets import async_forget_ledgers
from .sources.managed_source import SourceUnit
from .sources.write_counter import write_counts
from .system_config import Settings, ZoneSettings

__all__ = ["HeatConfigEntry", "HeatingSystem", "SourceUnit", "async_forget"]

_LOGGER = logging.getLogger(__name__)

type HeatConfigEntry = ConfigEntry[HeatingSystem]

CYCLE: Final = timedelta(seconds=60)
SAVE_EVERY: Final = timedelta(minutes=15)
STORE_VERSION: Final = 1


class HeatingSystem(DataUpdateCoordinator[CycleData]):
    """One config entry."""

    config_entry: HeatConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: HeatConfigEntry, settings: Settings, device_id: str, engine: Engine
    ) -> None:
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {entry.title}", update_interval=CYCLE)
        self.settings = settings
        self.device_id = device_id
        self.engine = engine
        self.publisher = Publisher.for_entry(hass, entry)
        self.units: dict[str, SourceUnit] = {}
        self.meters: list[MeterCoordinator] = []
        self.wanted = Wanted()
        self.cop = CopBook(dt_util.get_default_time_zone())
        self.journal = DecisionJournal()
        self.ahead = Ahead(hass, entry, settings)
        self.prices = Prices(hass, entry, settings)
        self.curve = CurveAdviser(engine, settings)
        self.consumption: ConsumptionForecast | None = None
        """What heating takes in the next 24 hours; None without a plan."""
        self.slow_work = SlowWork(hass, engine, self.name)
        self.hash_price = HashPrice(hass, entry, settings.hashprice_web) if settings.hashprice_web else None
        self.weather: Beside[WeatherForecast] = Beside(
            hass, entry, "weather", lambda: ask_forecast(hass, settings.weather or ""), every_s=FORECAST_EVERY_S
        )
        self.listeners: list[CALLBACK_TYPE] = []
        self.urgent_listeners: list[CALLBACK_TYPE] = []
        self.watch = Watch(self)
        self._wanted_store: DurableStore[dict[str, Any]] = DurableStore(
            hass, STORE_VERSION, f"{DOMAIN}.wanted.{entry.entry_id}", domain=DOMAIN
        )
        self._store: Store[dict[str, Any]] = Store(hass, STORE_VERSION, f"{DOMAIN}.state.{entry.entry_id}")
        self._cycling_store: DurableStore[dict[str, Any]] = DurableStore(
            hass, STORE_VERSION, f"{DOMAIN}.cycling.{entry.entry_id}", domain=DOMAIN
        )
        self._cycling_saved: dict[str, object] = {}
        self._one_cycle = asyncio.Lock()
        self._started = dt_util.utcnow()
        self._saved_at = self._started
        entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._final_write))
        entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._config_changed))
        if self.ahead.entities:
            entry.async_on_unload(async_track_state_change_event(hass, self.ahead.entities, self._ahead_changed))

    # --- over a restart -------------------------------------------------------------------------------------

    async def async_load(self) -> None:
        """Take up where the last run ended, in the language of now."""
        await self.journal.async_set_texts(await async_load_texts(self.hass))
        if (saved := await self._wanted_store.async_load()) is not None:
            self.wanted.load(saved)
        if (state := await self._store.async_load()) is not None:
            await self.hass.async_add_executor_job(self.engine.restore, state.get("engine", {}))
            self.cop.load(state.get("cop", {}))
            if self.hash_price is not None:
                self.hash_price.load(state.get("hash_price"))
        if (cycling := await self._cycling_store.async_load()) is not None:
            self.engine.short_cycle.restore(cycling)
            self._cycling_saved = self.engine.short_cycle.dump()

    async def async_save_wanted(self) -> None:
        """On disk before anything is acknowledged; raises HomeAssistantError."""
        await self._wanted_store.async_save_durably(self.wanted.dump())

    async def async_save_state(self) -> None:
        """What the engine and the COP ledger know."""
        self._saved_at = dt_util.utcnow()
        price = None if self.hash_price is None else self.hash_price.dump()
        await self._store.async_save({"engine": self.engine.dump(), "cop": self.cop.dump(), "hash_price": price})

    async def _final_write(self, _: Event) -> None:
        """Home Assistant stops: entries are not unloaded then."""
        await self.async_save_state()

    async def _save_cycling(self) -> None:
        """When sources last started and stopped: on disk at once, so that a crash does not shorten minimum times."""
        cycling = self.engine.short_cycle.dump()
        if cycling == self._cycling_saved:
            return
        try:
            await self._cycling_store.async_save_durably(cycling)
        except HomeAssistantError as err:
            _LOGGER.debug("%s: %s", self.name, err)
            return
        self._cycling_saved = cycling

    async def _config_changed(self, event: Event) -> None:
        """What is said follows the language that is set."""
        if "language" in event.data:
            await self.journal.async_set_texts(await async_load_texts(self.hass))
            self._show_now()

    # --- what users do --------------------------------------------------------------------------------------

    async def async_set_active(self, active: bool) -> None:
        """Take over, or hand every source back to its own control."""
        self.wanted.active = active
        await self.async_save_wanted()
        if active:
            await self.async_request_refresh()
        else:
            for unit in self.units.values():
                self.config_entry.async_create_background_task(
                    self.hass, unit.poller.release(), f"{DOMAIN} release {unit.source.source_id}"
                )
        self._show_now()

    async def async_set_profile(self, profile: Profile) -> None:
        """Choose the home's profile."""
        before = self.wanted.wishes.profile
        self.wanted.wishes.profile = profile
        await self.async_save_wanted()
        self.tell("profile_changed", {"from": before, "to": profile})
        await self.async_request_refresh()
        self._show_now()

    async def async_override(self, override: Override) -> None:
        """A wish with an end."""
        self.wanted.wishes.put(override)
        await self.async_save_wanted()
        await self.async_request_refresh()
        self._show_now()

    async def async_clear_override(self, zone_id: str | None) -> None:
        """Drop the override of a zone, or all."""
        if self.wanted.wishes.drop(zone_id):
            await self.async_save_wanted()
            await self.async_request_refresh()
            self._show_now()

    @callback
    def _show_now(self) -> None:
        """What a user changed is shown at once, on every entity that it touches."""
        for listener in tuple(self.urgent_listeners):
            listener()

    @callback
    def tell(self, kind: str, data: dict[str, Any]) -> None:
        """An event for triggers: on the bus, with the entry it belongs to."""
        self.hass.bus.async_fire(f"{DOMAIN}_event", {"type": kind, "entry_id": self.config_entry.entry_id, **data})

    # --- sources --------------------------------------------------------------------------------------------

    @callback
    def add_unit(self, unit: SourceUnit) -> None:
        """Take in a source and begin to read it."""
        self.units[unit.source.source_id] = unit
        unit.unsubscribe = unit.source.subscribe(lambda: self._source_changed(unit))
        unit.poller.first_read = self._notify
        unit.poller.start(self.config_entry)

    @callback
    def _source_changed(self, unit: SourceUnit) -> None:
        state = unit.source.state
        failing = unit.failing
        if failing != unit.told_failing and unit.poller.failures + unit.poller.restarts > 0:
            unit.told_failing = failing
            self.tell("driver_failed" if failing else "driver_recovered", {"source": unit.name, "detail": state.detail})
        if state.health == Health.AUTH and unit.kind != "external":
            self._ask_for_credentials(unit)
        feed_source(self.cop.of(unit.subentry_id), unit)
        self._notify()

    @callback
    def _notify(self) -> None:
        for listener in tuple(self.listeners):
            listener()

    def _ask_for_credentials(self, unit: SourceUnit) -> None:
        running = self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})
        if not any(True for _ in running):
            self.config_entry.async_start_reauth(self.hass, data={"subentry_id": unit.subentry_id})

    async def async_close(self) -> None:
        """Stop reading, free connections, keep what is known. Sources stay as they are: a restart goes on."""
        for unit in self.units.values():
            if unit.unsubscribe is not None:
                unit.unsubscribe()
            await unit.async_close()
        await self.async_save_state()

    # --- the cycle ------------------------------------------------------------------------------------------

    @override
    async def _async_update_data(self) -> CycleData:
        """One cycle; a refresh that somebody asks for while one waits for a plan comes after it."""
        async with self._one_cycle:
            return await self._cycle()

    async def _cycle(self) -> CycleData:
        cycle_id = ulid_now()
        now = dt_util.utcnow()
        self._look_around(now)
        units = list(self.units.values())
        for unit in units:
            feed_meter(self.hass, self.cop.of(unit.subentry_id), unit)
        knowledge = Knowledge(
            wishes=self.wanted.wishes,
            ahead=self.ahead,
            prices=self.prices,
            forecast=self.weather.value or WeatherForecast(),
            hashprice=self._hashprice(now),
            other_load_w=self._other_load(units, now),
            active=self.wanted.active,
        )
        snapshot = take(self.hass, self.settings, units, knowledge, cycle_id=cycle_id)
        self.engine.observe(snapshot)
        await self.slow_work.run(snapshot, now)
        decision = self.engine.decide(snapshot)
        self.consumption = self.engine.consumption_forecast()
        self.journal.add(cycle_id, decision.record, self._names, self.hass.config.currency)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("cycle=%s %s", cycle_id, self.journal.log_line())
        self.watch.look(now)
        if self.wanted.active and self._warmed_up(now):
            await self._save_cycling()
            self._command(cycle_id, decision, snapshot)
        if now - self._saved_at >= SAVE_EVERY:
            await self.async_save_state()
        return CycleData(snapshot, decision)

    def _look_around(self, now: datetime) -> None:
        """What is asked beside the cycle, and who is home."""
        if known(self.hass, self.settings.weather) is not None:
            self.weather.look(now)
        self.ahead.look(now)
        self._presence(now)

    @callback
    def _ahead_changed(self, event: Event[EventStateChangedData]) -> None:
        self.ahead.changed(event.data["entity_id"])

    def _warmed_up(self, now: datetime) -> bool:
        """The first minute is read only: sensors and sources come up in their own time."""
        return (now - self._started).total_seconds() >= self.engine.config.safety.read_only_s

    def _presence(self, now: datetime) -> None:
        wishes = self.wanted.wishes
        wishes.away = all_away(self.hass, self.settings.persons, self.settings.way_zones)
        wishes.trips = self.ahead.trips(now)
        wishes.back_at = wishes.trips.end_of(now)
        if wishes.expire(now):
            self.config_entry.async_create_background_task(
                self.hass, self.async_save_wanted(), f"{DOMAIN} overrides expired"
            )

    def _other_load(self, units: list[SourceUnit], now: datetime) -> float:
        """What the home draws besides our sources; the meter counts them, too."""
        drawn = power_w(self.hass, self.settings.site_meter)
        if drawn is None:
            return 0.0
        own = (metered(self.hass, unit, now).power_w for unit in units)
        return max(0.0, drawn - sum(watts for watts in own if math.isfinite(watts)))

    def _hashprice(self, now: datetime) -> float:
        state = known(self.hass, self.settings.hashprice_entity)
        if state is not None and (told := number_of(state)) is not None:
            return told * hash_factor(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))
        value = None if self.hash_price is None else self.hash_price.value(now)
        if value is None:
            value = self.settings.hashprice
        return NAN if value is None else float(value)

    def _command(self, cycle_id: str, decision: Decision, snapshot: Snapshot) -> None:
        outdoor = decision.record.outdoor_c
        room = max((zone.target_c for zone in snapshot.zones), default=20.0)
        for wanted in decision.commands:
            unit = self.units.get(wanted.source_id)
            if unit is None:
                continue
            command = command_of(
                wanted,
                unit.source.capabilities,
                unit.source.state,
                cycle_id=cycle_id,
                outdoor_c=outdoor if math.isfinite(outdoor) else None,
                slope=self.settings.slope,
                room_c=room,
            )
            if command is not None:
                _LOGGER.debug("cycle=%s source=%s command=%s", cycle_id, unit.name, words_of(command))
                unit.poller.command(self.config_entry, command, lambda result, unit=unit: self._done(unit, result))  # type: ignore[misc]

    @callback
    def _done(self, unit: SourceUnit, result: CommandResult) -> None:
        level = logging.DEBUG if result.settled else logging.INFO
        _LOGGER.log(
            level, "cycle=%s source=%s outcome=%s %s", result.command_id, unit.name, result.outcome, result.detail
        )
        unit.outcome = result
        self._notify()

    @property
    def _names(self) -> dict[str, str]:
        zones = {zone.zone_id: zone.name for zone in self.settings.zones}
        return {source_id: unit.name for source_id, unit in self.units.items()} | zones

    @property
    def decisions(self) -> Sequence[dict[str, Any]]:
        """The last decisions in words and numbers, newest last."""
        return self.journal.rows

    def target(self, zone: ZoneSettings) -> float:
        """The temperature that is wanted in a zone now."""
        now = dt_util.utcnow()
        return targets_of(self.hass, zone, self.wanted.wishes, self.ahead, now)(now)

    def format(self, *messages: Message) -> str:
        """Return messages of the engine as a text for people."""
        return MessageFormatter(self.journal.texts, self._names, self.hass.config.currency).join(messages)


async def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove what an entry stored."""
    names = [f"{DOMAIN}.{kind}.{entry.entry_id}" for kind in ("wanted", "state", "cycling")]
    await async_forget_ledgers(hass, entry)
    if not any(item.entry_id != entry.entry_id for item in hass.config_entries.async_entries(DOMAIN)):
        await write_counts(hass).async_remove()
    for name in names:
        await Store[dict[str, Any]](hass, STORE_VERSION, name).async_remove()
