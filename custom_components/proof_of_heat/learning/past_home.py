"""The home of the past, as the simulation of its days needs it: what was recorded, its prices and its setpoints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Final

from homeassistant.util import dt as dt_util
import numpy as np

from .._lib.week_schedule import WeekSchedule
from ..comfort.profiles import ABOVE_K, BAND_STEP, BELOW_K
from ..comfort.spans import Spans
from ..engine.arrays import Array
from ..engine.shadow.replay import BAND_STEPS, PastHome, PastSource, PastZone
from ..inputs.sun import elevation_sine, radiation_w_m2
from ..inputs.weather import DEFAULT_CLOUD_COVER
from ..prices.electricity_price import surcharges_of
from ..system_config import SystemConfig, ZoneConfig
from .grid import STEP_S, Samples, means
from .history_entities import grid_entity, standard_time_s
from .rows import HomeSeries, HomeSteps

PRICE_HOLD_S: Final = 26 * 3600.0
"""How long a price sensor may show the same price: a fixed one is recorded once a day at least, in the statistics."""
AUCTION_HOUR: Final = 14
"""From this hour on, the prices of the next day are known."""
_DAY_STEPS: Final = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDay:
    """What the recorder has of a day."""

    begin: datetime
    home: HomeSeries
    prices: Samples = ()
    """Of the price sensor, without fees and tax."""
    grid_w: Samples = ()
    """Power of the meter that shows the surplus."""
    switched: Mapping[str, Samples]
    """Of the schedules that are not weeks."""


@dataclass(frozen=True, slots=True)
class DaySteps:
    """The same on the grid of 15 minutes."""

    steps: HomeSteps
    price_kwh: Array
    grid_w: Array
    switched: Mapping[str, Array]


def has_price(config: SystemConfig) -> bool:
    """Return whether the prices of the past can be known: those of public sources are not recorded."""
    if config.price_entity is not None:
        return True
    return config.public_prices is None and (config.tariff is not None or config.fixed_price is not None)


def has_hashprice(config: SystemConfig) -> bool:
    """Return whether the hashprice of the past is known: a fixed one."""
    return config.hashprice is not None and not (
        config.hashprice_entity or config.hashprice_source or config.hashprice_http
    )


def clear_sky(ends: Array, place: tuple[float, float]) -> Array:
    """Return the radiation without clouds in the middle of each step."""
    middles = (dt_util.utc_from_timestamp(end - STEP_S / 2) for end in ends.tolist())
    return np.array([radiation_w_m2(elevation_sine(when, *place)) for when in middles])


def day_ends(begin: datetime) -> Array:
    """Return the ends of a day's steps."""
    ends: Array = begin.timestamp() + STEP_S * np.arange(1, _DAY_STEPS + 1)
    return ends


def local_times_s(ends: Array) -> Array:
    """Return times in seconds of local standard time."""
    return np.array([standard_time_s(dt_util.as_local(dt_util.utc_from_timestamp(end))) for end in ends.tolist()])


def steps_of(day: PastDay, config: SystemConfig, place: tuple[float, float]) -> DaySteps:
    """Return a day on the grid."""
    ends = day_ends(day.begin)
    home = HomeSteps.of(day.home, ends, local_times_s(ends), clear_sky(ends, place), DEFAULT_CLOUD_COVER)
    return DaySteps(
        home,
        _prices(day, config, ends),
        means(day.grid_w, ends),
        {name: means(samples, ends, math.inf) for name, samples in day.switched.items()},
    )


def _prices(day: PastDay, config: SystemConfig, ends: Array) -> Array:
    """Return the mean price of each step with fees and tax; NaN where it is not known."""
    if config.price_entity is not None:
        shown = means(day.prices, ends, PRICE_HOLD_S)
        surcharges = surcharges_of(config)
        begins = (dt_util.utc_from_timestamp(end - STEP_S) for end in ends.tolist())
        return np.array([surcharges.of(price, when) for price, when in zip(shown.tolist(), begins, strict=True)])
    if config.tariff is not None:
        series = config.tariff.series(day.begin, 24, dt_util.get_default_time_zone())
        return np.array(series.steps(day.begin, BAND_STEP, _DAY_STEPS))
    return np.full(len(ends), math.nan if config.fixed_price is None else config.fixed_price)


def assemble(
    days: Sequence[DaySteps],
    config: SystemConfig,
    weeks: Mapping[str, WeekSchedule],
    *,
    publishes_forecast: bool,
) -> PastHome:
    """Return the home of the past from its days. ``weeks``: those of schedule helpers, by their entity."""

    def joined(parts: Iterator[Array]) -> Array:
        return np.concatenate(list(parts), axis=-1)

    ends = joined(day.steps.ends for day in days)
    rooms = joined(day.steps.rooms_c for day in days)
    later = np.append(ends, ends[-1] + STEP_S * np.arange(1, BAND_STEPS + 1))
    moments = [dt_util.as_local(dt_util.utc_from_timestamp(end)) for end in later.tolist()]
    sources = []
    for place, source in enumerate(days[0].steps.sources):
        parts = [day.steps.sources[place] for day in days]
        sources.append(
            PastSource(
                source_id=source.config.source_id,
                power_w=joined(part.power_w for part in parts),
                heat_w=joined(part.heat_w for part in parts),
                flow_c=joined(part.flow_c for part in parts),
                return_c=joined(part.return_c for part in parts),
            )
        )
    zones = tuple(
        PastZone(
            zone_id=zone.zone_id,
            room_c=rooms[place],
            target_c=_targets(zone, days, weeks, moments),
            weight=zone.weight,
        )
        for place, zone in enumerate(config.zones)
    )
    quiet = np.zeros(0)
    if config.quiet_from is not None:
        quiet = np.array([float(config.is_quiet(moment)) for moment in moments])
    return PastHome(
        time_s=ends,
        local_s=joined(day.steps.local_s for day in days),
        outdoor_c=joined(day.steps.outdoor_c for day in days),
        solar_w_m2=joined(day.steps.solar_w_m2 for day in days),
        price_kwh=joined(day.price_kwh for day in days),
        known_steps=_known_steps(config, moments[: len(ends)], publishes_forecast=publishes_forecast),
        zones=zones,
        sources=tuple(sources),
        below_k=BELOW_K,
        above_k=ABOVE_K,
        quiet=quiet,
        surplus_w=_surplus(days, config, sources),
        surplus_price_kwh=config.solar.feed_in_price,
        hashprice_ph_day=float(config.hashprice) if has_hashprice(config) and config.hashprice else math.nan,
        has_forecast=config.weather is not None,
    )


def _surplus(days: Sequence[DaySteps], config: SystemConfig, sources: Sequence[PastSource]) -> Array | None:
    """Return what the home would have exported without its heat sources; NaN where that was not measured."""
    entity_id, sign = grid_entity(config)
    if entity_id is None:
        return None
    own = np.sum([np.nan_to_num(source.power_w) for source in sources], axis=0)
    result: Array = np.maximum(sign * np.concatenate([day.grid_w for day in days]) + own, 0.0)
    return result


def _targets(
    zone: ZoneConfig, days: Sequence[DaySteps], weeks: Mapping[str, WeekSchedule], moments: Sequence[datetime]
) -> Array:
    """Return a zone's setpoint from each moment on: by its schedule, as if the home had always been occupied."""
    comfort, eco = zone.targets.comfort, zone.targets.eco
    week = zone.week or weeks.get(zone.schedule or "")
    if week is not None:
        periods = week.periods(moments[0] - timedelta(days=1), moments[-1] + timedelta(minutes=15))
        spans = Spans.of((period.start, period.end) for period in periods)
        return np.array([comfort if spans.contains(moment) else eco for moment in moments])
    if zone.schedule is None:
        return np.full(len(moments), comfort)
    on = np.concatenate([day.switched[zone.schedule] for day in days])
    share = np.concatenate([on[1:], np.full(BAND_STEPS + 1, on[-1])])
    result: Array = np.where(np.isfinite(share), np.where(share >= 0.5, comfort, eco), np.nan)
    return result


def _known_steps(config: SystemConfig, moments: Sequence[datetime], *, publishes_forecast: bool) -> Array:
    """Return how many of the following prices were known at each moment."""
    if config.price_entity is None:
        return np.full(len(moments), BAND_STEPS)
    if not publishes_forecast:
        return np.zeros(len(moments), dtype=int)
    known = []
    for moment in moments:
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        end = midnight + timedelta(days=2 if moment.hour >= AUCTION_HOUR else 1)
        known.append(math.ceil((end.timestamp() - moment.timestamp()) / STEP_S))
    return np.array(known)
