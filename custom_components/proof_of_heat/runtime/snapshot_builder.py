"""What the engine is told each cycle, gathered from Home Assistant and the sources."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import math

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np

from .._lib.heat_source import Control, Health, HeatSource
from ..comfort.profiles import BAND_STEP, BAND_STEPS, Wishes, band
from ..comfort.spans import Spans
from ..engine.config import SourceConfig
from ..engine.decision_record import Decision
from ..engine.snapshot import NAN, ComfortBand, Forecast, SensorReading, Snapshot, SourceSnapshot, ZoneSnapshot
from ..inputs.states import any_on, known, power_w, temperature
from ..inputs.weather import WeatherForecast, sun_now
from ..prices.electricity_price import Prices
from ..sources.managed_source import SourceUnit
from ..system_config import Settings, ZoneSettings
from .schedule_preview import Ahead

_LIMITED_STANDS_S = 3600.0
_PRICE_STEPS = 192
_NEXT_HOLDS = timedelta(hours=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known beside Home Assistant's states."""

    wishes: Wishes
    ahead: Ahead
    prices: Prices
    forecast: WeatherForecast
    hashprice: float = NAN
    other_load_w: float = 0.0
    active: bool = True


@dataclass(frozen=True, slots=True)
class CycleData:
    """What the last cycle saw and decided."""

    snapshot: Snapshot
    decision: Decision


def scheduled_comfort(
    hass: HomeAssistant, zone: ZoneSettings, when: datetime, now: datetime, spans: Spans | None
) -> bool:
    """Whether a zone's schedule asks for comfort. `spans`: what is known of its coming days."""
    state = known(hass, zone.schedule)
    if zone.week is not None:
        return spans is not None and spans.holds(when)
    if state is None:
        return True if spans is None else spans.holds(when)
    on = state.state == "on"
    if spans is not None:
        return on if when <= now else spans.holds(when)
    change = state.attributes.get("next_event")
    if isinstance(change, datetime) and now < change <= when:
        # Beyond the next change it is unknown; a day repeats well enough.
        return not on if when < change + _NEXT_HOLDS else on
    return on


def targets_of(
    hass: HomeAssistant, zone: ZoneSettings, wishes: Wishes, ahead: Ahead, now: datetime
) -> Callable[[datetime], float]:
    """The temperature that is wanted in a zone, by time."""
    spans = ahead.comfort(zone, now)

    def target(when: datetime) -> float:
        return wishes.target(zone.zone_id, zone.targets, scheduled_comfort(hass, zone, when, now, spans), when)

    return target


def source_snapshot(source: HeatSource, config: SourceConfig, now: datetime) -> SourceSnapshot:
    """A source's report as numbers. One whose cloud is silenced by a limit still counts for an hour.

    One that can only be read is nothing to plan with: it runs as it likes.
    """
    state = source.state
    steerable = bool(source.capabilities.controls - {Control.MODE})
    old = (now - state.at).total_seconds()
    available = state.health in (Health.OK, Health.DEGRADED) or (
        state.health == Health.LIMITED and old < _LIMITED_STANDS_S
    )
    return _with_level(
        SourceSnapshot(
            source_id=source.source_id,
            available=available and steerable,
            steerable=steerable,
            on=state.on,
            power_w=_number(state.power_w),
            heat_w=_number(state.heat_w),
            flow_c=_number(state.flow_c),
            return_c=_number(state.return_c),
        ),
        config,
    )


def metered(hass: HomeAssistant, unit: SourceUnit, now: datetime) -> SourceSnapshot:
    """A source's report; where it does not measure its power, its linked meter does."""
    seen = source_snapshot(unit.source, unit.config, now)
    measured = unit.source.capabilities.reads_power and math.isfinite(seen.power_w)
    if measured or unit.meter is None or unit.config.fuel_kwh_price is not None:
        return seen
    power = power_w(hass, unit.meter)
    if power is None and unit.counted is not None:
        power = unit.counted.power_w(now)
    return seen if power is None else _with_level(replace(seen, power_w=max(0.0, power)), unit.config)


def _with_level(seen: SourceSnapshot, config: SourceConfig) -> SourceSnapshot:
    """Where the source stands in its range, by its input (a burner's by its heat)."""
    if seen.on is False:
        return replace(seen, level=0.0)
    if config.fuel_kwh_price is not None:
        level = seen.heat_w / config.nominal_heat_w if config.nominal_heat_w else NAN
    else:
        level = seen.power_w / config.nominal_power_w if config.nominal_power_w else NAN
    return replace(seen, level=level)


def _number(value: float | None) -> float:
    return NAN if value is None else value


def take(
    hass: HomeAssistant, settings: Settings, units: Sequence[SourceUnit], knowledge: Knowledge, *, cycle_id: str
) -> Snapshot:
    """Everything, now."""
    now = dt_util.utcnow()
    local = dt_util.as_local(now)
    wishes, ahead = knowledge.wishes, knowledge.ahead
    zones = tuple(_zone(hass, zone, wishes, ahead, now) for zone in settings.zones)
    outdoor = temperature(hass, settings.outdoor)
    if not outdoor.known:
        outdoor = temperature(hass, settings.weather)
    prices = knowledge.prices.series(now).steps(now, BAND_STEP, _PRICE_STEPS)
    return Snapshot(
        now_s=now.timestamp(),
        local_s=_standard_seconds(local),
        zones=zones,
        outdoor=outdoor,
        band=_home_band(zones),
        solar=SensorReading(sun_now(hass, settings.weather, now)),
        sources=tuple(metered(hass, unit, now) for unit in units),
        price_kwh=knowledge.prices.now(now),
        forecast=_forecast(knowledge.forecast, prices, now),
        other_load_w=knowledge.other_load_w,
        quiet=settings.quiet(local),
        quiet_schedule=np.array(
            [float(settings.quiet(local + index * BAND_STEP)) for index in range(BAND_STEPS)]
            if settings.quiet_from is not None
            else []
        ),
        hashprice_ph_day=knowledge.hashprice,
        revision=cycle_id,
        active=knowledge.active,
    )


def _standard_seconds(local: datetime) -> float:
    """Seconds of local standard time, running on from day to day and through changes of the clock."""
    standard = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
    return local.timestamp() + standard.total_seconds()


def _zone(hass: HomeAssistant, zone: ZoneSettings, wishes: Wishes, ahead: Ahead, now: datetime) -> ZoneSnapshot:
    """A zone with what it wants in the coming two days."""
    target = targets_of(hass, zone, wishes, ahead, now)
    lower, upper = band(target, now, _changes(hass, zone, wishes, ahead, now))
    return ZoneSnapshot(
        zone_id=zone.zone_id,
        room=temperature(hass, zone.temperature),
        target_c=target(now),
        window_open=any_on(hass, zone.windows),
        band=ComfortBand(lower, upper),
    )


def _home_band(zones: Sequence[ZoneSnapshot]) -> ComfortBand:
    """What counts while no zone asks for anything: the mean of them."""
    bands = [zone.band for zone in zones if zone.band is not None]
    if not bands:
        return ComfortBand(np.full(BAND_STEPS, 15.0), np.full(BAND_STEPS, 24.0))
    return ComfortBand(
        np.mean([known.lower_c for known in bands], axis=0), np.mean([known.upper_c for known in bands], axis=0)
    )


def _changes(
    hass: HomeAssistant, zone: ZoneSettings, wishes: Wishes, ahead: Ahead, now: datetime
) -> Iterator[datetime]:
    """All times at which the target of a zone may change."""
    yield from wishes.changes()
    spans = ahead.comfort(zone, now)
    if spans is not None:
        yield from spans.moments()
        return
    state = known(hass, zone.schedule)
    change = None if state is None else state.attributes.get("next_event")
    if isinstance(change, datetime):
        yield from (change, change + _NEXT_HOLDS)


def _forecast(weather: WeatherForecast, prices: list[float], now: datetime) -> Forecast | None:
    """Prices in quarters of an hour as far as they are known; weather by the hour repeated."""
    known_prices = []
    for price in prices:
        if not math.isfinite(price):
            break
        known_prices.append(price)
    outdoor, solar = weather.steps(now), weather.sun(now)
    if not known_prices and not outdoor:
        return None
    return Forecast(step_s=BAND_STEP.total_seconds(), outdoor_c=outdoor, solar_w_m2=solar, price_kwh=known_prices)
