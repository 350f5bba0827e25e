"""Assembles a heating system from its config entry: creates the parts and connects them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
import logging

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from .._lib.publisher import Publisher
from ..const import CONF_METER, DOMAIN, SUBENTRY_METER, SUBENTRY_SOURCE
from ..coordinator import HeatCoordinator
from ..data import HeatConfigEntry, HeatingSystem
from ..drivers.device_settings import DeviceSettings
from ..engine.config import SourceConfig
from ..engine.engine import Engine
from ..inputs.states import drawn_w
from ..inputs.weather import INTERVAL_S as WEATHER_INTERVAL_S, WeatherForecast, fetch_forecast
from ..messages.formatter import MessageTexts, async_load_texts
from ..messages.journal import DecisionJournal
from ..metering.coordinator import MeterCoordinator
from ..metering.net_balance import NetCounters
from ..metering.system_cop import SystemCop
from ..prices.electricity_price import ElectricityPrice
from ..prices.hashprice import Hashprice
from ..repairs import check_source_issues, clear_issues
from ..sources.control_records import control_records, device_key
from ..sources.managed_source import ManagedSource
from ..sources.own_zones import own_zones
from ..sources.poller import SourcePoller
from ..sources.registry import async_create_source, lacks_secrets, type_of
from ..sources.releaser import releaser
from ..sources.shared_meters import meter_shares
from ..sources.source_type import CreatedSource, SourceContext
from ..sources.supervisor import SourceSupervisor
from ..system_config import SystemConfig, read_config
from .background_jobs import BackgroundJobs
from .background_query import BackgroundQuery
from .control_offer import ControlOffer
from .curve_advice import CurveAdvisor
from .cycle import ControlCycle, InputProviders
from .engine_config import engine_config, source_config
from .entity_links import EntityLinks
from .events import EventNotifier
from .health_monitor import HealthMonitor
from .house_learning import async_start_learning
from .listeners import Listeners
from .persistence import StateStore
from .reconfiguration import Reconfiguration
from .schedule_preview import SchedulePreview
from .shadow_mode import ShadowMode
from .user_control import UserControl
from .user_settings import UserSettingsStore
from .zone_targets import ZoneTargets

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """The parts that the others need."""

    config: SystemConfig
    engine: Engine
    sources: Mapping[str, ManagedSource]
    events: EventNotifier
    source_updates: Listeners
    user_changes: Listeners
    cop: SystemCop
    journal: DecisionJournal
    user_settings: UserSettingsStore
    schedules: SchedulePreview
    hashprice: Hashprice
    targets: ZoneTargets
    shadow: ShadowMode
    net_counters: NetCounters
    store: StateStore


async def async_assemble(hass: HomeAssistant, entry: HeatConfigEntry) -> HeatingSystem:
    """Create the parts of a heating system, restore their state and begin to poll the sources."""
    await releaser(hass).async_detach_removed(entry)
    base = await _async_create_base(hass, entry)
    await _async_restore(hass, base)
    curve_advisor, links = CurveAdvisor(base.engine, base.config), EntityLinks(hass, entry)
    supervisor, cycle = _supervisor(hass, entry, base), _cycle(hass, entry, base)
    monitor = HealthMonitor(
        hass,
        entry.entry_id,
        base.config,
        engine=base.engine,
        sources=base.sources,
        curve_advisor=curve_advisor,
        events=base.events,
        inputs=cycle.providers,
        links=links,
    )
    coordinator = _coordinator(hass, entry, base, cycle=cycle, supervisor=supervisor, monitor=monitor)
    _start(hass, entry, base, supervisor, links)
    history_import, history_replay = await async_start_learning(
        hass,
        entry,
        base.config,
        engine=base.engine,
        sources=base.sources,
        shadow=base.shadow,
        changes=base.user_changes,
        save=base.store.async_save,
    )
    return HeatingSystem(
        config=base.config,
        device_id=_system_device(hass, entry, base.journal.texts).id,
        publisher=Publisher.for_entry(hass, entry),
        engine=base.engine,
        coordinator=coordinator,
        sources=base.sources,
        supervisor=supervisor,
        source_updates=base.source_updates,
        meters=await _async_create_meters(hass, entry, base.net_counters),
        user=_user_control(base, coordinator, supervisor),
        user_changes=base.user_changes,
        targets=base.targets,
        cop=base.cop,
        journal=base.journal,
        store=base.store,
        reconfiguration=Reconfiguration(
            entry,
            base.config,
            engine=base.engine,
            sources=base.sources,
            changes=base.user_changes,
            refresh=partial(_decide_again, coordinator, supervisor),
        ),
        curve_advisor=curve_advisor,
        shadow=base.shadow,
        events=base.events,
        history_import=history_import,
        history_replay=history_replay,
    )


async def _async_create_base(hass: HomeAssistant, entry: ConfigEntry) -> _Base:
    """Create the engine, the sources and the parts that only depend on them."""
    config = read_config(entry)
    created = await _async_create_sources(hass, entry)
    source_configs = {
        subentry_id: replace(
            source_config(item.source.source_id, item.source.capabilities, entry.subentries[subentry_id].data, config),
            zones=own_zones(hass, entry.subentries[subentry_id].data, config.zones),
        )
        for subentry_id, item in created.items()
    }
    engine = Engine(engine_config(config, tuple(source_configs.values())))
    meters = {subentry_id: entry.subentries[subentry_id].data.get(CONF_METER) for subentry_id in created}
    shares = meter_shares(meters, source_configs)
    sources = {
        item.source.source_id: _managed(
            hass, entry.subentries[subentry_id], item, source_configs[subentry_id], shares[subentry_id]
        )
        for subentry_id, item in created.items()
    }
    cop, net_counters = SystemCop(dt_util.get_default_time_zone()), NetCounters()
    user_settings = UserSettingsStore(hass, entry.entry_id)
    schedules, hashprice = SchedulePreview(hass, entry, config), Hashprice(hass, entry, config)
    shadow = ShadowMode(hass, entry, engine, user_settings.settings)
    return _Base(
        config=config,
        engine=engine,
        sources=sources,
        events=EventNotifier(hass, entry.entry_id),
        source_updates=Listeners(),
        user_changes=Listeners(),
        cop=cop,
        journal=DecisionJournal(),
        user_settings=user_settings,
        schedules=schedules,
        hashprice=hashprice,
        targets=ZoneTargets(hass, user_settings.settings.comfort, schedules),
        shadow=shadow,
        net_counters=net_counters,
        store=StateStore(hass, entry.entry_id, engine, cop, hashprice, shadow=shadow.home, net_counters=net_counters),
    )


async def _async_restore(hass: HomeAssistant, base: _Base) -> None:
    """Load the texts, the user's settings and the stored state."""
    await base.journal.async_set_texts(await async_load_texts(hass))
    await base.user_settings.async_load()
    await base.store.async_load()
    base.user_settings.settings.was_active |= bool(base.engine.savings.days)  # stored before there was a shadow mode


def _supervisor(hass: HomeAssistant, entry: ConfigEntry, base: _Base) -> SourceSupervisor:
    return SourceSupervisor(
        hass,
        entry,
        base.sources,
        cop=base.cop,
        events=base.events,
        updates=base.source_updates,
        reason_text=lambda reason: base.journal.texts.reasons[reason],
    )


def _cycle(hass: HomeAssistant, entry: ConfigEntry, base: _Base) -> ControlCycle:
    return ControlCycle(
        hass,
        entry,
        base.config,
        engine=base.engine,
        jobs=BackgroundJobs(hass, base.engine, entry.title),
        sources=base.sources,
        user_settings=base.user_settings,
        providers=InputProviders(
            prices=ElectricityPrice(hass, entry, base.config),
            hashprice=base.hashprice,
            weather=_weather(hass, entry, base.config),
            schedules=base.schedules,
            targets=base.targets,
        ),
        cop=base.cop,
        journal=base.journal,
    )


def _coordinator(
    hass: HomeAssistant,
    entry: ConfigEntry,
    base: _Base,
    *,
    cycle: ControlCycle,
    supervisor: SourceSupervisor,
    monitor: HealthMonitor,
) -> HeatCoordinator:
    return HeatCoordinator(
        hass,
        entry,
        cycle,
        supervisor,
        base.store,
        shadow=base.shadow,
        user_settings=base.user_settings.settings,
        config=base.config,
        read_only_s=base.engine.config.safety.read_only_s,
        check_health=monitor.check,
        check_offer=ControlOffer(hass, entry, base.shadow).check,
    )


def _user_control(base: _Base, coordinator: HeatCoordinator, supervisor: SourceSupervisor) -> UserControl:
    return UserControl(
        base.user_settings,
        base.events,
        base.user_changes,
        refresh=partial(_decide_again, coordinator, supervisor),
        release=supervisor.release_all,
        resume=supervisor.resume_control,
    )


async def _decide_again(coordinator: HeatCoordinator, supervisor: SourceSupervisor) -> None:
    """Run a cycle now, because a user changed something."""
    supervisor.user_change.begin()
    await coordinator.async_request_refresh()


def _start(
    hass: HomeAssistant, entry: ConfigEntry, base: _Base, supervisor: SourceSupervisor, links: EntityLinks
) -> None:
    """Begin to poll the sources, and follow entities and Home Assistant."""
    supervisor.start()
    links.start()
    if not base.user_settings.settings.active:
        supervisor.release_all()  # a restart may have interrupted a release
    _follow_home_assistant(
        hass,
        entry,
        schedules=base.schedules,
        store=base.store,
        journal=base.journal,
        user_changes=base.user_changes,
    )


async def _async_create_sources(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, CreatedSource]:
    """Create the sources by subentry id. One that cannot be created does not keep the others from heating."""
    created: dict[str, CreatedSource] = {}
    without_secrets: set[str] = set()
    for subentry_id, subentry in entry.subentries.items():
        if subentry.subentry_type != SUBENTRY_SOURCE:
            continue
        try:
            if lacks_secrets(subentry.data):
                without_secrets.add(subentry_id)
                entry.async_start_reauth(hass, data={"subentry_id": subentry_id})  # one form at a time
            else:
                record = await releaser(hass).async_attach(entry, subentry)
                created[subentry_id] = await async_create_source(SourceContext(hass, entry, subentry), record.settings)
        except Exception:  # the other sources keep the home warm
            _LOGGER.exception("%s: the heat source could not be set up", subentry.title)
    check_source_issues(hass, entry, created.keys() | without_secrets)
    clear_issues(hass, entry.entry_id, keep=(entry.entry_id, *entry.subentries))
    return created


def _managed(
    hass: HomeAssistant, subentry: ConfigSubentry, created: CreatedSource, config: SourceConfig, meter_share: float
) -> ManagedSource:
    source_type = type_of(subentry.data)
    meter = subentry.data.get(CONF_METER)
    record = control_records(hass).get(device_key(subentry))
    return ManagedSource(
        subentry_id=subentry.subentry_id,
        name=subentry.title,
        type_key=source_type.key,
        source=created.source,
        config=config,
        poller=SourcePoller(hass, created.source, created.poll_interval_s or source_type.poll_interval_s),
        budget=created.budget,
        meter=meter,
        meter_share=meter_share,
        meter_power_w=partial(drawn_w, hass, meter),
        settings=record.settings if record is not None else DeviceSettings(),
        close=created.close,
        counters=created.counters,
        has_credentials=source_type.has_credentials,
        modes_are_choices=source_type.modes_are_choices,
    )


async def _async_create_meters(
    hass: HomeAssistant, entry: ConfigEntry, net_counters: NetCounters
) -> tuple[MeterCoordinator, ...]:
    """Create the meters. One that does not answer is unavailable; the system starts without it."""
    meters = []
    for subentry in entry.subentries.values():
        if subentry.subentry_type == SUBENTRY_METER:
            meter = MeterCoordinator(hass, entry, subentry, net_counters)
            await meter.async_refresh()
            meters.append(meter)
    return tuple(meters)


def _weather(hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig) -> BackgroundQuery[WeatherForecast]:
    return BackgroundQuery(
        hass, entry, "weather", partial(fetch_forecast, hass, config.weather or ""), interval_s=WEATHER_INTERVAL_S
    )


def _system_device(hass: HomeAssistant, entry: ConfigEntry, texts: MessageTexts) -> dr.DeviceEntry:
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        manufacturer=None,
        model=texts.models["model_system"],
        name=entry.title,
        entry_type=dr.DeviceEntryType.SERVICE,
    )


def _follow_home_assistant(
    hass: HomeAssistant,
    entry: ConfigEntry,
    *,
    schedules: SchedulePreview,
    store: StateStore,
    journal: DecisionJournal,
    user_changes: Listeners,
) -> None:
    """Follow changes of schedules, of the language and of the units, and store the state when Home Assistant stops."""

    async def stopping(_: Event) -> None:
        await store.async_save()  # entries are not unloaded then

    async def config_updated(event: Event[Mapping[str, object]]) -> None:
        if not {"language", "unit_system"}.isdisjoint(event.data):
            await journal.async_set_texts(await async_load_texts(hass))
            user_changes.notify()

    @callback
    def schedule_changed(event: Event[EventStateChangedData]) -> None:
        schedules.invalidate(event.data["entity_id"])

    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, stopping))
    entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, config_updated))
    if schedules.entities:
        entry.async_on_unload(async_track_state_change_event(hass, schedules.entities, schedule_changed))
