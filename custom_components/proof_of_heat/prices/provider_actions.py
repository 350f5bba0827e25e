"""Prices of core integrations whose sensors have no forecast, but whose actions return one.

Facts: core's amberelectric, easyenergy, energyzero, green_planet_energy, nordpool, omie and tibber (services.py of
each).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import probatio as vol

from .series import PriceSeries, from_rows, joined

INTERVAL_S: Final = 900.0
_PER_MWH: Final = 1e-3
_MAX_ROWS: Final = 500
_DELIVERY_ZONE: Final = ZoneInfo("Europe/Oslo")

type _Fetch = Callable[[HomeAssistant, str, str, datetime], Awaitable[PriceSeries]]


def needs_action(hass: HomeAssistant, entity_id: str | None) -> bool:
    """Return whether an action returns the prices of a sensor."""
    entry = er.async_get(hass).async_get(entity_id) if entity_id else None
    return entry is not None and entry.platform in _FETCH and entry.config_entry_id is not None


async def fetch_prices(hass: HomeAssistant, entity_id: str) -> PriceSeries:
    """Return the prices per kWh of today and tomorrow; raises what the action raises, ValueError without prices."""
    entry = er.async_get(hass).async_get(entity_id)
    if entry is None or entry.config_entry_id is None:
        raise ValueError(f"{entity_id} was removed")
    today = dt_util.start_of_local_day()
    found = await _FETCH[entry.platform](hass, entry.config_entry_id, entry.unique_id, today)
    if not found.slots:
        raise ValueError("no prices")
    return found


async def _nord_pool_days(hass: HomeAssistant, entry_id: str, unique_id: str, today: datetime) -> PriceSeries:
    """Return the prices of today and tomorrow of the area in the sensor's unique ID.

    A delivery day is one of Central European Time: a day of another time zone touches two of them. A day that is not
    published yet does not hide the others.
    """
    area = unique_id.partition("-")[0]
    end = today + timedelta(days=2) - timedelta(seconds=1)
    first, last = (when.astimezone(_DELIVERY_ZONE).date() for when in (today, end))
    return await _by_day(first, last, lambda day: _nord_pool(hass, entry_id, area, day))


async def _by_day(first: date, last: date, fetch: Callable[[date], Awaitable[PriceSeries]]) -> PriceSeries:
    """Return the prices of several days; raises what the action raises where no day has any."""
    found: list[PriceSeries] = []
    failure: Exception | None = None
    day = first
    while day <= last:
        try:
            found.append(await fetch(day))
        except HomeAssistantError as err:
            failure = failure or err
        day += timedelta(days=1)
    if failure is not None and not any(series.slots for series in found):
        raise failure
    return joined(found)


async def _nord_pool(hass: HomeAssistant, entry_id: str, area: str, day: date) -> PriceSeries:
    """Return the prices of a delivery day; those of tomorrow are published at about 13:00."""
    reply = await hass.services.async_call(
        "nordpool",
        "get_prices_for_date",
        {"config_entry": entry_id, "date": day.isoformat()},
        blocking=True,
        return_response=True,
    )
    return from_rows(_rows_of(reply, area), _DELIVERY_ZONE, _PER_MWH)


async def _tibber(hass: HomeAssistant, entry_id: str, unique_id: str, today: datetime) -> PriceSeries:
    """Return the total prices per kWh of the sensor's home; raises ValueError if it is not one of several."""
    end = today + timedelta(days=2)
    reply = await hass.services.async_call(
        "tibber",
        "get_prices",
        {"start": today.isoformat(), "end": end.isoformat()},
        blocking=True,
        return_response=True,
    )
    homes = reply.get("prices") if isinstance(reply, Mapping) else None
    name = _home_of(hass, unique_id, homes) if isinstance(homes, Mapping) else ""
    return from_rows(_rows_of(homes, name), dt_util.get_default_time_zone())


def _home_of(hass: HomeAssistant, unique_id: str, homes: Mapping[str, Any]) -> str:
    """Return the name of the home of a Tibber sensor: its nickname in the app, which its device has, too."""
    if len(homes) < 2:
        return next(iter(homes), "")
    entity_id = er.async_get(hass).async_get_entity_id("sensor", "tibber", unique_id)
    state = hass.states.get(entity_id) if entity_id else None
    entry = er.async_get(hass).async_get(entity_id) if entity_id else None
    device = dr.async_get(hass).async_get(entry.device_id) if entry is not None and entry.device_id else None
    names = (None if state is None else state.attributes.get("app_nickname"), None if device is None else device.name)
    if (found := next((name for name in names if name in homes), None)) is None:
        raise ValueError("the home of the sensor is not one of those with prices")
    return str(found)


def _dutch(domain: str, action: str, quarters: Mapping[str, str]) -> _Fetch:
    """Return how market prices with tax of EnergyZero or easyEnergy are fetched; `quarters` requests 15 minutes."""

    async def fetch_day(hass: HomeAssistant, entry_id: str, day: date) -> PriceSeries:
        wanted = {"config_entry": entry_id, "incl_vat": True, "start": day.isoformat(), "end": day.isoformat()}
        try:
            reply = await _call(hass, domain, action, {**wanted, **quarters})
        except vol.Invalid:  # versions of these integrations that know whole hours only
            reply = await _call(hass, domain, action, wanted)
        return from_rows(_rows_of(reply, "prices"), dt_util.UTC)

    async def fetch(hass: HomeAssistant, entry_id: str, unique_id: str, today: datetime) -> PriceSeries:
        first = dt_util.as_local(today).date()
        return await _by_day(first, first + timedelta(days=1), lambda day: fetch_day(hass, entry_id, day))

    return fetch


async def _amber(hass: HomeAssistant, entry_id: str, unique_id: str, today: datetime) -> PriceSeries:
    """Return the forecast of the sensor's channel: general usage, or a controlled load."""
    channel = "controlled_load" if "controlled_load" in unique_id else "general"
    wanted = {"config_entry_id": entry_id, "channel_type": channel}
    reply = await _call(hass, "amberelectric", "get_forecasts", wanted)
    return from_rows(_rows_of(reply, "forecasts"), dt_util.UTC)


async def _green_planet(hass: HomeAssistant, entry_id: str, unique_id: str, today: datetime) -> PriceSeries:
    """Return the prices with tax of the next 24 hours, more of which the action does not return."""
    wanted = {"config_entry_id": entry_id, "hours": 24}
    reply = await _call(hass, "green_planet_energy", "get_prices", wanted)
    return from_rows(_rows_of(reply, "prices"), dt_util.get_default_time_zone())


async def _omie(hass: HomeAssistant, entry_id: str, unique_id: str, today: datetime) -> PriceSeries:
    """Return the market prices of Spain or Portugal, by the sensor's unique ID. A delivery day is one of CET."""
    country = "pt" if unique_id.startswith("pt") else "es"
    end = today + timedelta(days=2) - timedelta(seconds=1)
    first, last = (when.astimezone(_DELIVERY_ZONE).date() for when in (today, end))

    async def fetch_day(day: date) -> PriceSeries:
        wanted = {"date": day.isoformat(), "countries": [country]}
        return from_rows(_rows_of(await _call(hass, "omie", "get_prices_for_date", wanted), country), _DELIVERY_ZONE)

    return await _by_day(first, last, fetch_day)


async def _call(hass: HomeAssistant, domain: str, action: str, data: dict[str, Any]) -> Any:
    return await hass.services.async_call(domain, action, data, blocking=True, return_response=True)


def _rows_of(reply: Any, name: str) -> Iterator[Any]:
    """Yield the rows under a name, else those of the first part."""
    parts = reply if isinstance(reply, Mapping) else {}
    rows = parts.get(name, next(iter(parts.values()), None))
    yield from (rows if isinstance(rows, list) else [])[:_MAX_ROWS]


_FETCH: Final[Mapping[str, _Fetch]] = {
    "amberelectric": _amber,
    "easyenergy": _dutch("easyenergy", "get_energy_usage_prices", {"granularity": "quarter"}),
    "energyzero": _dutch("energyzero", "get_energy_prices", {"interval": "quarter"}),
    "green_planet_energy": _green_planet,
    "nordpool": _nord_pool_days,
    "omie": _omie,
    "tibber": _tibber,
}
"""How the prices of a sensor are fetched, by its integration."""
