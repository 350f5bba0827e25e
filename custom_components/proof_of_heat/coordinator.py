"""A heating system at run time: its sources, its engine, and the cycle that joins them."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
import math
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ._lib.durable_store import DurableStore
from ._lib.heat_source import CommandResult, Health, HeatSource
from ._lib.publisher import Publisher
from .comfort.profiles import Override, Profile, Wishes
from .commands import command_of
from .const import DOMAIN
from .drivers.budget import CallBudget
from .engine.config import SourceConfig
from .engine.decision import Decision
from .engine.engine import Engine
from .engine.snapshot import NAN, Snapshot
from .inputs import all_away, energy_kwh, known, number_of, power_w
from .metering.cop import CopLedger
from .meters import MeterCoordinator
from .poller import SourcePoller
from .repairs import Watch
from .settings import Settings
from .snapshot import WeatherForecast, take

_LOGGER = logging.getLogger(__name__)

type HeatConfigEntry = ConfigEntry[HeatingSystem]

CYCLE: Final = timedelta(seconds=60)
SAVE_EVERY: Final = timedelta(minutes=15)
FORECAST_EVERY: Final = timedelta(hours=1)
KEPT_DECISIONS: Final = 200
STORE_VERSION: Final = 1


@dataclass(slots=True, kw_only=True)
class SourceUnit:
    """A source in the system."""

    subentry_id: str
    name: str
    kind: str
    source: HeatSource
    config: SourceConfig
    poller: SourcePoller
    budget: CallBudget | None = None
    meter: str | None = None
    close: Any = None
    unsubscribe: CALLBACK_TYPE | None = None
    told_failing: bool = False
    outcome: CommandResult | None = None


@dataclass(frozen=True, slots=True)
class CycleData:
    """What the last cycle saw and decided."""

    snapshot: Snapshot
    decision: Decision


@dataclass(slots=True)
class Wanted:
    """What survives a restart besides the engine's own state."""

    active: bool = False
    wishes: Wishes = field(default_factory=Wishes)

    def dump(self) -> dict[str, Any]:
        """For the store."""
        return {
            "active": self.active,
            "profile": self.wishes.profile,
            "overrides": [item.to_dict() for item in self.wishes.overrides],
        }

    def load(self, data: dict[str, Any]) -> None:
        """From the store."""
        self.active = bool(data.get("active", False))
        if data.get("profile") in set(Profile):
            self.wishes.profile = Profile(data["profile"])
        rows = data.get("overrides")
        items = [Override.from_dict(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        self.wishes.overrides = [item for item in items if item is not None]


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
        self.cop = CopLedger(dt_util.get_default_time_zone())
        self.forecast = WeatherForecast()
        self.decisions: deque[dict[str, Any]] = deque(maxlen=KEPT_DECISIONS)
        self.listeners: list[CALLBACK_TYPE] = []
        self.urgent_listeners: list[CALLBACK_TYPE] = []
        self.watch = Watch(self)
        self._wanted_store: DurableStore[dict[str, Any]] = DurableStore(
            hass, STORE_VERSION, f"{DOMAIN}.wanted.{entry.entry_id}", domain=DOMAIN
        )
        self._store: Store[dict[str, Any]] = Store(hass, STORE_VERSION, f"{DOMAIN}.state.{entry.entry_id}")
        self._started = dt_util.utcnow()
        self._saved_at = self._started
        self._forecast_at: datetime | None = None

    # --- over a restart -------------------------------------------------------------------------------------

    async def async_load(self) -> None:
        """Take up where the last run ended."""
        if (saved := await self._wanted_store.async_load()) is not None:
            self.wanted.load(saved)
        if (state := await self._store.async_load()) is not None:
            await self.hass.async_add_executor_job(self.engine.restore, state.get("engine", {}))
            self.cop.load(state.get("cop", {}))

    async def async_save_wanted(self) -> None:
        """On disk before anything is acknowledged; raises HomeAssistantError."""
        await self._wanted_store.async_save_durably(self.wanted.dump())

    async def async_save_state(self) -> None:
        """What the engine and the COP ledger know."""
        self._saved_at = dt_util.utcnow()
        await self._store.async_save({"engine": self.engine.dump(), "cop": self.cop.dump()})

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
        unit.poller.start(self.config_entry)

    @callback
    def _source_changed(self, unit: SourceUnit) -> None:
        state = unit.source.state
        failing = state.health in (Health.FAILING, Health.AUTH)
        if failing != unit.told_failing and unit.poller.failures + unit.poller.restarts > 0:
            unit.told_failing = failing
            self.tell("driver_failed" if failing else "driver_recovered", {"source": unit.name, "detail": state.detail})
        if state.health == Health.AUTH and unit.kind != "external":
            self._ask_for_credentials(unit)
        if state.heat_kwh is not None and unit.meter is not None:
            self._feed_cop(unit)
        for listener in tuple(self.listeners):
            listener()

    def _ask_for_credentials(self, unit: SourceUnit) -> None:
        running = self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})
        if not any(True for _ in running):
            self.config_entry.async_start_reauth(self.hass, data={"subentry_id": unit.subentry_id})

    def _feed_cop(self, unit: SourceUnit) -> None:
        """Heat at the device's time; electricity as it was counted."""
        state = unit.source.state
        heating, dhw = state.extra.get("heat_heating_year"), state.extra.get("heat_dhw_year")
        if isinstance(heating, float):
            self.cop.feed_heat(state.at, heating, dhw if isinstance(dhw, float) else None)
        elif state.heat_kwh is not None:
            self.cop.feed_heat(state.at, state.heat_kwh)

    @callback
    def _feed_meters(self) -> None:
        for unit in self.units.values():
            state = known(self.hass, unit.meter)
            counter = energy_kwh(self.hass, unit.meter)
            if state is not None and counter is not None and unit.source.state.heat_kwh is not None:
                self.cop.feed_electricity(state.last_reported, counter)

    async def async_close(self) -> None:
        """Stop reading, free connections, keep what is known. Sources stay as they are: a restart goes on."""
        for unit in self.units.values():
            if unit.unsubscribe is not None:
                unit.unsubscribe()
            if unit.close is not None:
                await unit.close()
        await self.async_save_state()

    # --- the cycle ------------------------------------------------------------------------------------------

    @override
    async def _async_update_data(self) -> CycleData:
        cycle_id = ulid_now()
        now = dt_util.utcnow()
        await self._refresh_forecast(now)
        self._presence(now)
        self._feed_meters()
        snapshot = take(
            self.hass,
            self.settings,
            self.wanted.wishes,
            [(unit.source, unit.config) for unit in self.units.values()],
            self.forecast,
            hashprice=self._hashprice(),
            cycle_id=cycle_id,
            other_load_w=self._other_load(),
        )
        self.engine.observe(snapshot)
        await self._slow_work(snapshot)
        decision = self.engine.decide(snapshot)
        self._record(cycle_id, decision)
        self.watch.look(now)
        if self.wanted.active and self._warmed_up(now):
            self._command(cycle_id, decision, snapshot)
        if now - self._saved_at >= SAVE_EVERY:
            await self.async_save_state()
        return CycleData(snapshot, decision)

    def _warmed_up(self, now: datetime) -> bool:
        """The first minute is read only: sensors and sources come up in their own time."""
        return (now - self._started).total_seconds() >= self.engine.config.safety.read_only_s

    async def _slow_work(self, snapshot: Snapshot) -> None:
        job = self.engine.job(snapshot)
        if job is None:
            return
        try:
            result = await self.hass.async_add_executor_job(job)
        except (ValueError, ArithmeticError) as err:
            self.engine.job_failed()
            _LOGGER.warning("%s: learning or planning failed, the curve goes on: %s", self.name, err)
        else:
            self.engine.adopt(result)

    def _presence(self, now: datetime) -> None:
        wishes = self.wanted.wishes
        calendar = known(self.hass, self.settings.away_calendar)
        wishes.away = all_away(self.hass, self.settings.persons) or (calendar is not None and calendar.state == "on")
        if wishes.expire(now):
            self.config_entry.async_create_background_task(
                self.hass, self.async_save_wanted(), f"{DOMAIN} overrides expired"
            )

    def _other_load(self) -> float:
        """What the home draws besides our sources; the meter counts them, too."""
        drawn = power_w(self.hass, self.settings.site_meter)
        if drawn is None:
            return 0.0
        own = sum(unit.source.state.power_w or 0.0 for unit in self.units.values())
        return max(0.0, drawn - own)

    def _hashprice(self) -> float:
        value = number_of(known(self.hass, self.settings.hashprice_entity))
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
                unit.poller.command(self.config_entry, command, lambda result, unit=unit: self._done(unit, result))  # type: ignore[misc]

    @callback
    def _done(self, unit: SourceUnit, result: CommandResult) -> None:
        level = logging.DEBUG if result.settled else logging.INFO
        _LOGGER.log(
            level, "cycle=%s source=%s outcome=%s %s", result.command_id, unit.name, result.outcome, result.detail
        )
        unit.outcome = result
        for listener in tuple(self.listeners):
            listener()

    def _record(self, cycle_id: str, decision: Decision) -> None:
        record = decision.record
        names = {source_id: unit.name for source_id, unit in self.units.items()}
        self.decisions.append(
            {
                "id": cycle_id,
                "time": dt_util.utc_from_timestamp(record.now_s).isoformat(),
                "way": record.way,
                "words": self.in_words(record.words),
                "room_c": _finite(record.room_c),
                "outdoor_c": _finite(record.outdoor_c),
                "demand_w": _finite(record.demand_w),
                "flow_c": _finite(record.flow_c),
                "cost_h": _finite(record.cost_h),
                "limits": [self.in_words(text) for text in record.limits],
                "mix": [
                    {
                        "source": names.get(part.source_id, part.source_id),
                        "heat_w": _finite(part.heat_w),
                        "power_w": _finite(part.power_w),
                        "price_kwh": _finite(part.price_kwh),
                    }
                    for part in record.mix
                ],
            }
        )

    def in_words(self, text: str) -> str:
        """The engine speaks of ids; users know names."""
        for source_id, unit in self.units.items():
            text = text.replace(source_id, unit.name)
        return text

    async def _refresh_forecast(self, now: datetime) -> None:
        if self.settings.weather is None or known(self.hass, self.settings.weather) is None:
            return
        if self._forecast_at is not None and now - self._forecast_at < FORECAST_EVERY:
            return
        self._forecast_at = now
        try:
            reply = await self.hass.services.async_call(
                "weather",
                "get_forecasts",
                {"type": "hourly", "entity_id": self.settings.weather},
                blocking=True,
                return_response=True,
            )
        except Exception as err:  # noqa: BLE001  any weather integration; the engine goes on without
            _LOGGER.debug("%s: no forecast: %s", self.name, err)
            return
        self.forecast = _forecast_of(reply, self.settings.weather)


def _forecast_of(reply: Any, entity_id: str) -> WeatherForecast:
    rows = (reply or {}).get(entity_id, {}).get("forecast") or []
    temperatures, start = [], None
    for row in rows:
        value, when = row.get("temperature"), dt_util.parse_datetime(str(row.get("datetime")))
        if not isinstance(value, (int, float)) or when is None:
            break
        start = start or when
        temperatures.append(float(value))
    return WeatherForecast(start, tuple(temperatures))


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


async def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove what an entry stored."""
    names = [f"{DOMAIN}.wanted.{entry.entry_id}", f"{DOMAIN}.state.{entry.entry_id}"]
    names += [f"{DOMAIN}.budget.{subentry_id}" for subentry_id in entry.subentries]
    for name in names:
        await Store[dict[str, Any]](hass, STORE_VERSION, name).async_remove()
