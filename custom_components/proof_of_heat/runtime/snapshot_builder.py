"""Builds the engine's snapshot from Home Assistant's states and the sources' reports."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np

from ..comfort.profiles import BAND_STEP, BAND_STEPS, band
from ..engine.snapshot import NAN, ComfortBand, Forecast, SensorReading, Snapshot, ZoneSnapshot
from ..inputs.emissions import emission_kg_kwh
from ..inputs.presence import people_home
from ..inputs.states import any_on, requests_heat, temperature
from ..inputs.weather import WeatherForecast, radiation_now
from ..prices.electricity_price import ElectricityPrice
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig, ZoneConfig
from .zone_targets import ZoneTargets

_PRICE_STEPS: Final = 192
_MAX_PRICE_GAP: Final = 4
_DEFAULT_BAND_C: Final = (15.0, 24.0)
"""Comfort bounds of a home without zones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleInputs:
    """Inputs of a cycle in addition to the states of entities."""

    targets: ZoneTargets
    prices: ElectricityPrice
    forecast: WeatherForecast
    hashprice: float = NAN
    other_load_w: float = 0.0
    other_phase_load_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    surplus_w: float = 0.0
    surplus_forecast_w: Sequence[float] = ()
    active: bool = True


def build_snapshot(
    hass: HomeAssistant,
    config: SystemConfig,
    sources: Collection[ManagedSource],
    inputs: CycleInputs,
    *,
    cycle_id: str,
    now_s: float,
) -> Snapshot:
    """Return the snapshot of this moment. `now_s`: its time by a clock that does not jump."""
    now = dt_util.utcnow()
    local = dt_util.as_local(now)
    zones = tuple(_zone(hass, zone, inputs.targets, now) for zone in config.zones)
    outdoor = temperature(hass, config.outdoor)
    if not outdoor.known:
        outdoor = temperature(hass, config.weather)
    prices = inputs.prices.series(now).steps(now, BAND_STEP, _PRICE_STEPS)
    return Snapshot(
        now_s=now_s,
        local_s=_standard_time_s(local),
        zones=zones,
        outdoor=outdoor,
        band=_home_band(zones),
        solar=SensorReading(radiation_now(hass, config.weather, now)),
        sources=tuple(managed.snapshot(now) for managed in sources),
        price_kwh=inputs.prices.at_present(now),
        paid_kwh=inputs.prices.since_last(now),
        price_assumed=inputs.prices.is_assumed(now),
        forecast=_forecast(inputs.forecast, prices, inputs.surplus_forecast_w, now),
        other_load_w=inputs.other_load_w,
        other_phase_load_w=inputs.other_phase_load_w,
        people=people_home(hass, config.persons),
        emission_kg_kwh=emission_kg_kwh(hass, config.planning.co2_entity),
        surplus_w=inputs.surplus_w if math.isfinite(inputs.surplus_w) else 0.0,
        surplus_price_kwh=config.solar.feed_in_price,
        quiet=config.is_quiet(local),
        quiet_schedule=np.array(
            # Steps of elapsed time: the local clock may be set in between.
            [float(config.is_quiet(dt_util.as_local(now + index * BAND_STEP))) for index in range(BAND_STEPS)]
            if config.quiet_from is not None
            else []
        ),
        hashprice_ph_day=inputs.hashprice,
        revision=cycle_id,
        active=inputs.active,
    )


def _standard_time_s(local: datetime) -> float:
    """Return seconds of local standard time, continuous from day to day and over changes of the clock."""
    standard = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
    return local.timestamp() + standard.total_seconds()


def _zone(hass: HomeAssistant, zone: ZoneConfig, targets: ZoneTargets, now: datetime) -> ZoneSnapshot:
    """Return a zone with its comfort band of the next two days."""
    target = targets.by_time(zone, now)
    lower, upper = band(target, now, targets.changes(zone, now))
    return ZoneSnapshot(
        zone_id=zone.zone_id,
        room=temperature(hass, zone.temperature),
        target_c=target(now),
        window_open=any_on(hass, zone.windows),
        wants_heat=requests_heat(hass, zone.heat_request),
        weight=zone.weight,
        band=ComfortBand(lower, upper),
    )


def _home_band(zones: Sequence[ZoneSnapshot]) -> ComfortBand:
    """Return the mean band of all zones, used while no zone asks for heat."""
    bands = [zone.band for zone in zones if zone.band is not None]
    if not bands:
        lower_c, upper_c = _DEFAULT_BAND_C
        return ComfortBand(np.full(BAND_STEPS, lower_c), np.full(BAND_STEPS, upper_c))
    return ComfortBand(
        np.mean([item.lower_c for item in bands], axis=0), np.mean([item.upper_c for item in bands], axis=0)
    )


def _forecast(
    weather: WeatherForecast, prices: list[float], surplus_w: Sequence[float], now: datetime
) -> Forecast | None:
    """Return prices by the quarter-hour as far as they are known, and the hourly weather repeated by the quarter."""
    known_prices = _without_short_gaps(prices)
    outdoor, solar = weather.temperatures(now), weather.radiation(now)
    if not known_prices and not outdoor and not surplus_w:
        return None
    return Forecast(
        step_s=BAND_STEP.total_seconds(),
        outdoor_c=outdoor,
        solar_w_m2=solar,
        price_kwh=known_prices,
        surplus_w=surplus_w,
    )


def _without_short_gaps(prices: list[float]) -> list[float]:
    """Return the prices up to the first gap of more than an hour; in a shorter one, the last price is assumed."""
    found: list[float] = []
    gap: list[float] = []
    for price in prices:
        if math.isfinite(price):
            found += [*gap, price]
            gap = []
        elif not found or len(gap) == _MAX_PRICE_GAP:
            break
        else:
            gap.append(found[-1])
    return found
