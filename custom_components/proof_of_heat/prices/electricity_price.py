"""The electricity price: of a price sensor or a public source, each with its forecast, a tariff, or a fixed price."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
import math
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from .._lib.money import UnknownUnitError, is_plausible_price
from ..engine.snapshot import NAN
from ..inputs.states import known
from ..runtime.background_query import BackgroundQuery
from ..system_config import SystemConfig
from .provider_actions import INTERVAL_S, fetch_prices, needs_action
from .public_prices import PUBLIC_SOURCES, PublicPrices, currency_of, fetch_public
from .row_values import price_number
from .series import PriceSeries, Slot, Surcharges, from_attributes, joined, scale_of
from .units import PriceProblem, currency_problem, unit_of, unit_problem, value_problem

TARIFF_HOURS: Final = 49
_LONGEST_MEAN: Final = timedelta(hours=1)
_TODAY, _TOMORROW = "_current_day_rates", "_next_day_rates"


@dataclass(frozen=True, slots=True)
class KnownPrices:
    """The prices that are known, and what is wrong with others."""

    series: PriceSeries = field(default_factory=PriceSeries)
    present: float | None = None
    """The price that the sensor shows, with fees and tax."""
    problem: PriceProblem | None = None
    """Why prices of the sensor are not used."""
    other_currency: PriceProblem | None = None
    """Prices are used, but in another currency than the home's."""
    row_factor: float = 1.0
    """The power of ten between the forecast and the unit of the sensor."""


def read_prices(hass: HomeAssistant, config: SystemConfig, now: datetime, row_factor: float = 1.0) -> KnownPrices:
    """Return the prices of the price sensor with fees and tax.

    `row_factor`: that of an earlier reading, for a moment in which prices near zero cannot be compared.
    """
    state = _with_rows(hass, config.price_entity)
    if state is None:
        return KnownPrices()
    try:
        unit = unit_of(state, config.price_unit)
    except UnknownUnitError as err:
        return KnownPrices(problem=unit_problem(state, err))
    factor, home = unit.factor, hass.config.currency
    currency = unit.currency or home
    names = {"entity": state.entity_id}
    zone = dt_util.get_default_time_zone()
    attributes = [state.attributes]
    # Octopus Energy has one entity per day.
    if (next_day := known(hass, _next_day(state.entity_id))) is not None:
        attributes.append(next_day.attributes)
    rows = joined(from_attributes(part, zone, now, factor, currency) for part in attributes)
    value = shown_price(state, factor)
    problem = None if value is None else value_problem(state, value * factor, currency)
    if problem is not None:
        return KnownPrices(problem=problem)
    if value is not None and rows.slots:
        scale = scale_of(rows, value * factor, now, row_factor)
        if scale is None:
            row = f"{rows.at(now):.4g}"
            problem = PriceProblem(
                "price_forecast_contradicts", {**names, "row": row, "state": f"{value * factor:.4g}"}
            )
        row_factor = scale or 1.0
        rows = PriceSeries() if scale is None else rows.scaled(scale)
    surcharges = surcharges_of(config)
    present = None if value is None else surcharges.of(value * factor, now)
    return KnownPrices(
        _plausible(rows, currency).priced(1.0, surcharges),
        present,
        problem,
        currency_problem(state, unit, home),
        row_factor,
    )


def shown_price(state: State, factor: float) -> float | None:
    """Return the price that a sensor shows in its unit, also as text: "31,4", "0.314 EUR/kWh"."""
    value, own_factor = price_number(state.state)
    return value if value is None or own_factor is None else value * own_factor / factor


def _with_rows(hass: HomeAssistant, entity_id: str | None) -> State | None:
    """Return the state of a price sensor; one without a present price may have a forecast all the same."""
    state = hass.states.get(entity_id) if entity_id else None
    is_usable = state is not None and state.state != STATE_UNAVAILABLE and ATTR_UNIT_OF_MEASUREMENT in state.attributes
    return state if is_usable else known(hass, entity_id)


def _plausible(rows: PriceSeries, currency: str) -> PriceSeries:
    """Return the rows whose price can be meant."""
    return PriceSeries(tuple(slot for slot in rows.slots if is_plausible_price(slot.price, currency)))


def price_series(hass: HomeAssistant, config: SystemConfig, now: datetime) -> PriceSeries:
    """Return the known prices with fees and tax; those of a time-of-use tariff include both."""
    return _or_tariff(read_prices(hass, config, now), config, now)


def _or_tariff(prices: KnownPrices, config: SystemConfig, now: datetime) -> PriceSeries:
    if not prices.series.slots and config.tariff is not None and prices.present is None:
        return config.tariff.series(now, TARIFF_HOURS, dt_util.get_default_time_zone())
    return prices.series


def price_at(hass: HomeAssistant, config: SystemConfig, series: PriceSeries, now: datetime) -> float:
    """Return the price per kWh now; NaN where it is unknown."""
    price = series.at(now)
    if price is None:
        price = read_prices(hass, config, now).present
    if price is None and config.tariff is not None:
        price = config.tariff.at(dt_util.as_local(now))
    if price is None:
        price = config.fixed_price
    return NAN if price is None else price


def surcharges_of(config: SystemConfig) -> Surcharges:
    """Return the fees and the tax on top of the price of a sensor."""
    tariff = config.fee_tariff
    fees_at = None if tariff is None else lambda when: tariff.at(dt_util.as_local(when))
    marks_s = (0,) if tariff is None else tariff.marks_s
    return Surcharges(per_kwh=config.fees, fees_at=fees_at, marks_s=marks_s, tax=config.tax)


def _settings(config: SystemConfig) -> object:
    """Return the settings that are part of a series; they may change while it is kept."""
    return (config.fees, config.tax, config.fee_tariff, config.tariff)


async def _fetch_public(hass: HomeAssistant, public: PublicPrices) -> PriceSeries:
    session, today = async_get_clientsession(hass), dt_util.now().date()
    return await fetch_public(session, public, today, hass.config.currency)


def _public_currency_problem(public: PublicPrices, home: str) -> PriceProblem | None:
    currency = currency_of(public, home)
    if currency == home:
        return None
    names = {"entity": PUBLIC_SOURCES[public.source].name, "currency": currency, "home": home}
    return PriceProblem("price_currency_differs", names)


def _next_day(entity_id: str) -> str | None:
    return entity_id.replace(_TODAY, _TOMORROW) if entity_id.endswith(_TODAY) else None


class ElectricityPrice:
    """The prices of a heating system. The series is read again only when its inputs or the quarter-hour changed."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig) -> None:
        self._hass = hass
        self._config = config
        self._key: object = None
        self._series = PriceSeries()
        self._published = PriceSeries()
        """The last prices of the sensor: they stay known while it is unavailable."""
        self._row_factor = 1.0
        self._settings = _settings(config)
        self._last: tuple[datetime, float] | None = None
        """When the mean price was asked for last, and the price then."""
        self.problem: PriceProblem | None = None
        """Why prices of the sensor are not used."""
        self.other_currency: PriceProblem | None = None
        entity_id = config.price_entity
        self._query: BackgroundQuery[PriceSeries] | None = None
        if entity_id is not None and needs_action(hass, entity_id):
            self._query = BackgroundQuery(
                hass, entry, entity_id, partial(fetch_prices, hass, entity_id), interval_s=INTERVAL_S, timeout_s=60.0
            )
        elif entity_id is None and (public := config.public_prices) is not None:
            self._query = BackgroundQuery(
                hass, entry, public.source, partial(_fetch_public, hass, public), interval_s=INTERVAL_S, timeout_s=60.0
            )
            self.other_currency = _public_currency_problem(public, hass.config.currency)

    def series(self, now: datetime) -> PriceSeries:
        """Return the known prices."""
        if self._query is not None:
            self._query.refresh_if_due(now)
        fetched = None if self._query is None else self._query.value
        entity_id = self._config.price_entity
        states = [_with_rows(self._hass, name) for name in (entity_id, entity_id and _next_day(entity_id))]
        updates = (None if state is None else state.last_updated for state in states)
        if (settings := _settings(self._config)) != self._settings:
            self._settings, self._published = settings, PriceSeries()  # those include the fees and tax of before
        key = (*updates, id(fetched), now.timestamp() // 900, settings)
        if key != self._key:
            self._key = key
            self._series = self._from_action(fetched, now) or self._from_sensor(states[0] is not None, now)
        return self._series

    def _from_action(self, fetched: PriceSeries | None, now: datetime) -> PriceSeries | None:
        """Return the prices that an action returned, while they extend beyond now."""
        if fetched is None or fetched.end is None or fetched.end <= now:
            return None
        self.problem = None
        return fetched.priced(1.0, surcharges_of(self._config))

    def _from_sensor(self, available: bool, now: datetime) -> PriceSeries:
        """Return the prices of the sensor; while it is unavailable, those that it reported before."""
        if not available and self._published.at(now) is not None:
            return self._published
        prices = read_prices(self._hass, self._config, now, self._row_factor)
        self._row_factor = prices.row_factor
        series = prices.series if prices.problem is not None else self._with_published(prices, now)
        self._published, self.problem = series, prices.problem
        if self._config.price_entity is not None:
            self.other_currency = prices.other_currency
        return _or_tariff(replace(prices, series=series), self._config, now)

    def _with_published(self, prices: KnownPrices, now: datetime) -> PriceSeries:
        """Return the prices with those that were published before, after their end.

        A provider that is loaded again shows its price before its list, and today's list before tomorrow's. Prices that
        contradict the present one are not kept.
        """
        published = self._published
        if prices.present is not None and published.slots and scale_of(published, prices.present, now) != 1:
            return prices.series
        end = prices.series.end
        later = (slot for slot in published.slots if (slot.end > now if end is None else slot.start >= end))
        return joined((prices.series, PriceSeries(tuple(later))))

    def at_present(self, now: datetime) -> float:
        """Return the present price."""
        return price_at(self._hass, self._config, self.series(now), now)

    def since_last(self, now: datetime) -> float:
        """Return the mean price since the last call; NaN without one within the last hour, or an unknown price."""
        last, self._last = self._last, (now, self.at_present(now))
        price = self._last[1]
        if last is None or not timedelta() < now - last[0] <= _LONGEST_MEAN or not math.isfinite(last[1] + price):
            return NAN
        series = self.series(now)
        if series.at(now) is None:
            changed = self._changed_at(last[0], now)
            series = PriceSeries((Slot(changed, now, price),)) if changed < now else PriceSeries()
        return series.mean(last[0], now, last[1])

    def _changed_at(self, begin: datetime, now: datetime) -> datetime:
        """Return since when a price without a series applies: since the sensor shows it, or since its fees changed."""
        state, fees = known(self._hass, self._config.price_entity), self._config.fee_tariff
        changes = [] if state is None else [state.last_changed]
        if fees is not None:
            changes += [slot.start for slot in fees.series(begin, 1, dt_util.get_default_time_zone()).slots]
        return max((when for when in changes if begin < when <= now), default=begin)

    def is_assumed(self, now: datetime) -> bool:
        """Return whether the price is that of the tariff or the fixed one: the selected sensor or source has none."""
        if self._config.price_entity is None and self._query is None:
            return False
        is_known = self._fetched_or_published(now) or read_prices(self._hass, self._config, now).present is not None
        return not is_known

    def _fetched_or_published(self, now: datetime) -> bool:
        fetched = None if self._query is None else self._query.value
        return self._published.at(now) is not None or (fetched is not None and fetched.at(now) is not None)
