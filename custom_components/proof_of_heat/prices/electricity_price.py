"""The electricity price: from a price sensor with its forecast, a time-of-use tariff, or a fixed price."""

from datetime import datetime
from functools import partial
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..engine.snapshot import NAN
from ..inputs.states import known, number_of
from ..runtime.background_query import BackgroundQuery
from ..system_config import SystemConfig
from .provider_actions import INTERVAL_S, fetch_prices, needs_action
from .series import PriceSeries, Surcharges, from_attributes, joined, unit_factor

TARIFF_HOURS: Final = 49
_TODAY, _TOMORROW = "_current_day_rates", "_next_day_rates"


def price_series(hass: HomeAssistant, config: SystemConfig, now: datetime) -> PriceSeries:
    """Return the known prices with fees and tax; those of a time-of-use tariff include both."""
    state = known(hass, config.price_entity)
    zone = dt_util.get_default_time_zone()
    if state is not None:
        factor = unit_factor(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))
        attributes = [state.attributes]
        # Octopus Energy has one entity per day.
        if (next_day := known(hass, _next_day(state.entity_id))) is not None:
            attributes.append(next_day.attributes)
        rows = joined(from_attributes(part, zone, now) for part in attributes)
        series = rows.priced(factor, _surcharges(config))
        if series.slots:
            return series
    if config.tariff is not None and (state is None or number_of(state) is None):
        return config.tariff.series(now, TARIFF_HOURS, zone)
    return PriceSeries()


def price_at(hass: HomeAssistant, config: SystemConfig, series: PriceSeries, now: datetime) -> float:
    """Return the price per kWh now; NaN where it is unknown."""
    price = series.at(now)
    if price is not None:
        return price
    state = known(hass, config.price_entity)
    value = number_of(state)
    if state is not None and value is not None:
        return _surcharges(config).of(value * unit_factor(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)))
    if config.tariff is not None:
        return config.tariff.at(dt_util.as_local(now))
    return NAN if config.fixed_price is None else config.fixed_price


def _surcharges(config: SystemConfig) -> Surcharges:
    return Surcharges(per_kwh=config.fees, tax=config.tax)


def _next_day(entity_id: str) -> str | None:
    return entity_id.replace(_TODAY, _TOMORROW) if entity_id.endswith(_TODAY) else None


class ElectricityPrice:
    """The prices of a heating system. The series is read again only when its inputs or the quarter-hour changed."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig) -> None:
        self._hass = hass
        self._config = config
        self._key: object = None
        self._series = PriceSeries()
        entity_id = config.price_entity
        self._query: BackgroundQuery[PriceSeries] | None = None
        if entity_id is not None and needs_action(hass, entity_id):
            self._query = BackgroundQuery(
                hass, entry, entity_id, partial(fetch_prices, hass, entity_id), interval_s=INTERVAL_S, timeout_s=60.0
            )

    def series(self, now: datetime) -> PriceSeries:
        """Return the known prices."""
        if self._query is not None:
            self._query.refresh_if_due(now)
        fetched = None if self._query is None else self._query.value
        entity_id = self._config.price_entity
        states = [known(self._hass, name) for name in (entity_id, entity_id and _next_day(entity_id))]
        updates = (None if state is None else state.last_updated for state in states)
        key = (*updates, id(fetched), now.timestamp() // 900)
        if key != self._key:
            self._key = key
            self._series = self._from_action(fetched, now) or price_series(self._hass, self._config, now)
        return self._series

    def _from_action(self, fetched: PriceSeries | None, now: datetime) -> PriceSeries | None:
        """Return the prices that an action returned, while they extend beyond now."""
        if fetched is None or fetched.end is None or fetched.end <= now:
            return None
        return fetched.priced(1.0, _surcharges(self._config))

    def at_present(self, now: datetime) -> float:
        """Return the present price."""
        return price_at(self._hass, self._config, self.series(now), now)
