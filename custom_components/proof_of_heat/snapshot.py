"""What the engine is told each cycle, gathered from Home Assistant and the sources."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
import math

from homeassistant.core import HomeAssistant
from homeassistant.helpers.sun import get_astral_observer
from homeassistant.util import dt as dt_util
import numpy as np

from ._lib.heat_source import Health, HeatSource
from .comfort.profiles import BAND_STEP, BAND_STEPS, Wishes, band
from .engine.config import SourceConfig
from .engine.snapshot import NAN, Band, Forecast, Reading, Snapshot, SourceSnapshot, ZoneSnapshot
from .inputs import any_on, known, number_of, temperature
from .prices.series import Extras, PriceSeries, from_attributes, unit_factor
from .settings import Settings, ZoneSettings

_LIMITED_STANDS_S = 3600.0
_PRICE_STEPS = 192


@dataclass(slots=True)
class WeatherForecast:
    """Hourly outdoor temperatures from `start` on; fetched beside the cycle."""

    start: datetime | None = None
    temperatures_c: tuple[float, ...] = ()

    def steps(self, now: datetime) -> tuple[float, ...]:
        """From now on."""
        if self.start is None:
            return ()
        skip = int((now - self.start).total_seconds() // 3600)
        return self.temperatures_c[max(0, skip) :]


def scheduled_comfort(hass: HomeAssistant, zone: ZoneSettings, when: datetime, now: datetime) -> bool:
    """Whether a zone's schedule asks for comfort. Ahead, the schedule's next event is all that Home Assistant tells."""
    state = known(hass, zone.schedule)
    if state is None:
        return True
    on = state.state == "on"
    change = state.attributes.get("next_event")
    if isinstance(change, datetime) and now < change <= when:
        # Beyond the next change it is unknown; a day repeats well enough.
        return not on if when < change + timedelta(hours=8) else on
    return on


def zone_target(hass: HomeAssistant, zone: ZoneSettings, wishes: Wishes, when: datetime, now: datetime) -> float:
    """The temperature that is wanted in a zone at a time."""
    return wishes.target(zone.zone_id, zone.targets, scheduled_comfort(hass, zone, when, now), when)


def price_series(hass: HomeAssistant, settings: Settings, now: datetime) -> PriceSeries:
    """The prices that are known, with fees and tax."""
    state = known(hass, settings.price_entity)
    if state is None:
        return PriceSeries()
    zone = dt_util.get_default_time_zone()
    extras = Extras(per_kwh=settings.fees, tax=settings.tax)
    factor = unit_factor(state.attributes.get("unit_of_measurement"))
    return from_attributes(state.attributes, zone, now).priced(factor, extras)


def price_now(hass: HomeAssistant, settings: Settings, series: PriceSeries, now: datetime) -> float:
    """What a kWh costs now; NaN where nobody says."""
    price = series.at(now)
    if price is not None:
        return price
    state = known(hass, settings.price_entity)
    value = number_of(state)
    if state is not None and value is not None:
        extras = Extras(per_kwh=settings.fees, tax=settings.tax)
        return extras.of(value * unit_factor(state.attributes.get("unit_of_measurement")))
    return NAN if settings.fixed_price is None else settings.fixed_price


def source_snapshot(source: HeatSource, config: SourceConfig, now: datetime) -> SourceSnapshot:
    """A source's report as numbers. One whose cloud is silenced by a limit still counts for an hour."""
    state = source.state
    old = (now - state.at).total_seconds()
    available = state.health in (Health.OK, Health.DEGRADED) or (
        state.health == Health.LIMITED and old < _LIMITED_STANDS_S
    )
    power = NAN if state.power_w is None else state.power_w
    nominal = config.nominal_power_w
    level = power / nominal if nominal else NAN
    if state.on is False:
        level = 0.0
    return SourceSnapshot(
        source_id=source.source_id,
        available=available,
        on=state.on,
        level=level,
        power_w=power,
        heat_w=NAN if state.heat_w is None else state.heat_w,
        flow_c=NAN if state.flow_c is None else state.flow_c,
        return_c=NAN if state.return_c is None else state.return_c,
    )


def take(
    hass: HomeAssistant,
    settings: Settings,
    wishes: Wishes,
    sources: Iterable[tuple[HeatSource, SourceConfig]],
    forecast: WeatherForecast,
    *,
    hashprice: float,
    cycle_id: str,
    other_load_w: float = 0.0,
) -> Snapshot:
    """Everything, now."""
    now = dt_util.utcnow()
    local = dt_util.as_local(now)
    zones = tuple(
        ZoneSnapshot(
            zone_id=zone.zone_id,
            room=temperature(hass, zone.temperature),
            target_c=zone_target(hass, zone, wishes, now, now),
            window_open=any_on(hass, zone.windows),
        )
        for zone in settings.zones
    )
    outdoor = temperature(hass, settings.outdoor)
    if not outdoor.known:
        outdoor = temperature(hass, settings.weather)
    series = price_series(hass, settings, now)
    prices = series.steps(now, BAND_STEP, _PRICE_STEPS)
    return Snapshot(
        now_s=now.timestamp(),
        local_s=_standard_seconds(local),
        zones=zones,
        outdoor=outdoor,
        band=_band(hass, settings, wishes, now),
        solar=_solar(hass, now),
        sources=tuple(source_snapshot(source, config, now) for source, config in sources),
        price_kwh=price_now(hass, settings, series, now),
        forecast=_forecast(forecast, prices, now),
        other_load_w=other_load_w,
        quiet=settings.quiet(local),
        quiet_ahead=np.array(
            [float(settings.quiet(local + index * BAND_STEP)) for index in range(BAND_STEPS)]
            if settings.quiet_from is not None
            else []
        ),
        hashprice_ph_day=hashprice,
        revision=cycle_id,
    )


def _standard_seconds(local: datetime) -> float:
    summer = local.dst() or timedelta()
    plain = local - summer
    return plain.hour * 3600.0 + plain.minute * 60 + plain.second


def _band(hass: HomeAssistant, settings: Settings, wishes: Wishes, now: datetime) -> Band:
    """The home's band: the mean of its zones."""
    if not settings.zones:
        return Band(np.full(BAND_STEPS, 15.0), np.full(BAND_STEPS, 24.0))
    bands = [
        band(lambda when, zone=zone: zone_target(hass, zone, wishes, when, now), now)  # type: ignore[misc]
        for zone in settings.zones
    ]
    lower = np.mean([lows for lows, _ in bands], axis=0)
    upper = np.mean([highs for _, highs in bands], axis=0)
    return Band(lower, upper)


def _forecast(weather: WeatherForecast, prices: list[float], now: datetime) -> Forecast | None:
    """Prices in quarters of an hour as far as they are known; temperatures by the hour repeated."""
    known_prices = []
    for price in prices:
        if not math.isfinite(price):
            break
        known_prices.append(price)
    outdoor = [value for value in weather.steps(now) for _ in range(4)]
    if not known_prices and not outdoor:
        return None
    return Forecast(step_s=BAND_STEP.total_seconds(), outdoor_c=outdoor, price_kwh=known_prices)


def _solar(hass: HomeAssistant, now: datetime) -> Reading:
    """Clear-sky radiation from the sun's elevation: a bound that the house model scales itself."""
    from astral.sun import elevation  # type: ignore[import-untyped]

    height = elevation(get_astral_observer(hass), now)
    return Reading(max(0.0, 1000.0 * math.sin(math.radians(height))))
