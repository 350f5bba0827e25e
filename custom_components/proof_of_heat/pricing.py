"""What electricity costs: from a price sensor with its forecast, a tariff by the clock, or a fixed price."""

from datetime import datetime

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .engine.snapshot import NAN
from .inputs import known, number_of
from .prices.series import Extras, PriceSeries, from_attributes, unit_factor
from .settings import Settings

TARIFF_HOURS = 49


def price_series(hass: HomeAssistant, settings: Settings, now: datetime) -> PriceSeries:
    """The prices that are known, with fees and tax; those of a tariff by the clock are what they are."""
    state = known(hass, settings.price_entity)
    zone = dt_util.get_default_time_zone()
    if state is not None:
        extras = Extras(per_kwh=settings.fees, tax=settings.tax)
        factor = unit_factor(state.attributes.get("unit_of_measurement"))
        found = from_attributes(state.attributes, zone, now).priced(factor, extras)
        if found.slots:
            return found
    if settings.tariff is not None and (state is None or number_of(state) is None):
        return settings.tariff.series(now, TARIFF_HOURS, zone)
    return PriceSeries()


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
    if settings.tariff is not None:
        return settings.tariff.at(dt_util.as_local(now))
    return NAN if settings.fixed_price is None else settings.fixed_price


class Prices:
    """The series is read from the attributes only when they, or the hour, have changed."""

    def __init__(self, hass: HomeAssistant, settings: Settings) -> None:
        self._hass = hass
        self._settings = settings
        self._key: object = None
        self._series = PriceSeries()

    def series(self, now: datetime) -> PriceSeries:
        """The prices that are known."""
        state = known(self._hass, self._settings.price_entity)
        key = (None if state is None else state.last_updated, int(now.timestamp() // 900))
        if key != self._key:
            self._series, self._key = price_series(self._hass, self._settings, now), key
        return self._series

    def now(self, now: datetime) -> float:
        """The price that counts now."""
        return price_now(self._hass, self._settings, self.series(now), now)
