"""The control cycle: collect the inputs, learn, decide, record the decision."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util.ulid import ulid_now

from .._lib.steady_clock import SteadyClock
from ..comfort.profiles import BAND_STEPS
from ..const import DOMAIN
from ..engine.consumption_forecast import ConsumptionForecast
from ..engine.decision_record import Decision
from ..engine.delivery import Delivery
from ..engine.engine import Engine
from ..engine.heat_price import heat_prices
from ..engine.running_cost import RunningCost
from ..engine.snapshot import Snapshot
from ..inputs.presence import AwayDelay, everyone_away, people_home
from ..inputs.states import known
from ..inputs.weather import WeatherForecast
from ..messages.journal import DecisionJournal
from ..metering.cop_feed import feed_meter
from ..metering.system_cop import SystemCop
from ..prices.electricity_price import ElectricityPrice
from ..prices.hashprice import Hashprice
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig
from .background_jobs import BackgroundJobs
from .background_query import BackgroundQuery
from .schedule_preview import SchedulePreview
from .site_power import SitePower
from .snapshot_builder import CycleInputs, build_snapshot
from .surplus import Surplus
from .user_settings import UserSettingsStore
from .zone_targets import ZoneTargets

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CycleData:
    """The inputs and the decision of one cycle."""

    cycle_id: str
    snapshot: Snapshot
    decision: Decision
    delivery: Delivery
    """What the sources draw and deliver now: measured or counted, else estimated and marked."""
    cost: RunningCost
    """What that costs."""
    spent: float
    """Money since the last cycle, by counters where sources have them."""
    consumption: ConsumptionForecast | None = None
    """The expected consumption of the next 24 hours; None without a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputProviders:
    """Where the cycle gets its inputs from."""

    prices: ElectricityPrice
    hashprice: Hashprice
    weather: BackgroundQuery[WeatherForecast]
    schedules: SchedulePreview
    targets: ZoneTargets


class ControlCycle:
    """One heating system's cycle."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        config: SystemConfig,
        *,
        engine: Engine,
        jobs: BackgroundJobs,
        sources: Mapping[str, ManagedSource],
        user_settings: UserSettingsStore,
        providers: InputProviders,
        cop: SystemCop,
        journal: DecisionJournal,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._config = config
        self._engine = engine
        self.jobs = jobs
        self._sources = sources
        self._user_settings = user_settings
        self.providers = providers
        self._cop = cop
        self._surplus = Surplus(hass, entry, config, sources.values())
        self._site_power = SitePower(hass, config.site_meter, sources.values(), config.phases.meters)
        self._journal = journal
        self._clock = SteadyClock()
        self._away_delay = AwayDelay()

    async def async_run(self, now: datetime) -> CycleData:
        """Decide what the sources have to do until the next cycle."""
        cycle_id = ulid_now()
        self._refresh_inputs(now)
        for managed in self._sources.values():
            feed_meter(self._hass, self._cop.of(managed.subentry_id), managed)
        snapshot = build_snapshot(
            self._hass,
            self._config,
            self._sources.values(),
            self._inputs(now),
            cycle_id=cycle_id,
            now_s=self._clock(),
        )
        self._engine.observe(snapshot)
        await self.jobs.run(snapshot, now)
        decision = self._engine.decide(snapshot)
        shown = replace(
            decision.record,
            now_s=now.timestamp(),  # shown by the wall clock
            shadow=self._user_settings.settings.is_shadow,
        )
        decision = replace(decision, record=shown)
        self._record(cycle_id, decision, snapshot)
        engine = self._engine
        return CycleData(
            cycle_id, snapshot, decision, engine.delivery, engine.cost, engine.spent.last, engine.consumption_forecast()
        )

    def _refresh_inputs(self, now: datetime) -> None:
        """Start the background queries that are due, and update presence and overrides."""
        if known(self._hass, self._config.weather) is not None:
            self.providers.weather.refresh_if_due(now)
        self.providers.schedules.refresh_if_due(now)
        self._surplus.refresh_if_due(now)
        comfort = self._user_settings.settings.comfort
        config = self._config
        comfort.away = self._away_delay.is_over(
            away=everyone_away(self._hass, config.persons, config.way_zones),
            home=people_home(self._hass, config.persons) > 0,
            now_s=self._clock(),
            delay_s=config.away_delay_s,
        )
        comfort.trips = self.providers.schedules.trips(now)
        comfort.back_at = comfort.trips.end_of(now)
        if comfort.expire(now):
            self._entry.async_create_background_task(
                self._hass, self._user_settings.async_save(), f"{DOMAIN} overrides expired"
            )

    def _inputs(self, now: datetime) -> CycleInputs:
        providers = self.providers
        return CycleInputs(
            targets=providers.targets,
            prices=providers.prices,
            forecast=providers.weather.value or WeatherForecast(),
            hashprice=providers.hashprice.at_present(now),
            other_load_w=self._site_power.other_load_w(now, self._clock()),
            other_phase_load_w=self._site_power.other_phase_load_w(now, self._clock()),
            surplus_w=self._surplus.present_w(now),
            surplus_forecast_w=self._surplus.forecast_w(now, BAND_STEPS),
            active=self._user_settings.settings.active,
        )

    def _record(self, cycle_id: str, decision: Decision, snapshot: Snapshot) -> None:
        configs = tuple(managed.config for managed in self._sources.values())
        for found in heat_prices(configs, snapshot, decision.record):
            self._sources[found.source_id].heat_price = found
        names = display_names(self._config, self._sources)
        self._journal.add(cycle_id, decision.record, names, self._hass.config.currency, self._engine.delivery)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("cycle=%s %s", cycle_id, self._journal.log_line())


def display_names(config: SystemConfig, sources: Mapping[str, ManagedSource]) -> dict[str, str]:
    """Return the names of sources and zones by id, for messages."""
    zones = {zone.zone_id: zone.name for zone in config.zones}
    return {source_id: managed.name for source_id, managed in sources.items()} | zones
