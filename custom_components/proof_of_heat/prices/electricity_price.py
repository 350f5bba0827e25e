"""What electricity costs: from a price sensor with its forecast, a tariff by the clock, or a fixed price."""

from datetime import datetime
from functools import partial

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..engine.snapshot import NAN
from ..inputs.states import known, number_of
from ..runtime.background_query import Beside
from ..system_config import Settings
from .provider_actions import EVERY_S as ASK_EVERY_S, ask_prices, asks
from .series import Extras, PriceSeries, from_attributes, joined, unit_factor

TARIFF_HOURS = 49
_TODAY, _TOMORROW = "_current_day_rates", "_next_day_rates"


def price_series(hass: HomeAssistant, settings: Settings, now: datetime) -> PriceSeries:
    """The prices that are known, with fees and tax; those of a tariff by the clock are what they are."""
    state = known(hass, settings.price_entity)
    zone = dt_util.get_default_time_zone()
    if state is not None:
        extras = Extras(per_kwh=settings.fees, tax=settings.tax)
        factor = unit_factor(state.attributes.get("unit_of_measurement"))
        attributes = [state.attributes]
        # Octopus Energy tells the days in two entities.
        if (more := known(hass, _next_day(state.entity_id))) is not None:
            attributes.append(more.attributes)
        rows = joined(from_attributes(part, zone, now) for part in attributes)
        found = rows.priced(factor, extras)
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


def _next_day(entity_id: str) -> str | None:
    return entity_id.replace(_TODAY, _TOMORROW) if entity_id.endswith(_TODAY) else None


class Prices:
    """The series is read anew only when what it is made of, or the quarter of an hour, has changed."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, settings: Settings) -> None:
        self._hass = hass
        self._settings = settings
        self._key: object = None
        self._series = PriceSeries()
        entity_id = settings.price_entity
        self._question: Beside[PriceSeries] | None = None
        if entity_id is not None and asks(hass, entity_id):
            self._question = Beside(
                hass, entry, entity_id, partial(ask_prices, hass, entity_id), every_s=ASK_EVERY_S, timeout_s=60.0
            )

    def series(self, now: datetime) -> PriceSeries:
        """The prices that are known."""
        if self._question is not None:
            self._question.look(now)
        told = None if self._question is None else self._question.value
        entity_id = self._settings.price_entity
        states = [known(self._hass, name) for name in (entity_id, entity_id and _next_day(entity_id))]
        key = (*(None if state is None else state.last_updated for state in states), id(told), now.timestamp() // 900)
        if key != self._key:
            self._key = key
            self._series = self._asked(told, now) or price_series(self._hass, self._settings, now)
        return self._series

    def _asked(self, told: PriceSeries | None, now: datetime) -> PriceSeries | None:
        """What an action told, while it still reaches beyond now."""
        if told is None or told.end is None or told.end <= now:
            return None
        extras = Extras(per_kwh=self._settings.fees, tax=self._settings.tax)
        return told.priced(1.0, extras)

    def now(self, now: datetime) -> float:
        """The price that counts now."""
        return price_now(self._hass, self._settings, self.series(now), now)
