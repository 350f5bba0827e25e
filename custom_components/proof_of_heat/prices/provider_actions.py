"""Prices of core's Nord Pool and Tibber integrations: their sensors have no forecast, their actions return one."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .series import PriceSeries, from_rows, joined

INTERVAL_S: Final = 900.0
_PER_MWH: Final = 1e-3
_MAX_ROWS: Final = 500
_DELIVERY_ZONE: Final = ZoneInfo("Europe/Oslo")


def needs_action(hass: HomeAssistant, entity_id: str | None) -> bool:
    """Return whether an action returns the prices of a sensor."""
    entry = er.async_get(hass).async_get(entity_id) if entity_id else None
    return entry is not None and entry.platform in ("nordpool", "tibber") and entry.config_entry_id is not None


async def fetch_prices(hass: HomeAssistant, entity_id: str) -> PriceSeries:
    """Return the prices per kWh of today and tomorrow; raises what the action raises, ValueError without prices."""
    entry = er.async_get(hass).async_get(entity_id)
    if entry is None or entry.config_entry_id is None:
        raise ValueError(f"{entity_id} was removed")
    today = dt_util.start_of_local_day()
    if entry.platform == "tibber":
        found = await _tibber(hass, today)
    else:
        found = await _nord_pool_days(hass, entry.config_entry_id, entry.unique_id.partition("-")[0], today)
    if not found.slots:
        raise ValueError("no prices")
    return found


async def _nord_pool_days(hass: HomeAssistant, entry_id: str, area: str, today: datetime) -> PriceSeries:
    """Return the prices of today and tomorrow.

    A delivery day is one of Central European Time: a day of another time zone touches two of them. A day that is not
    published yet does not hide the others.
    """
    end = today + timedelta(days=2) - timedelta(seconds=1)
    day, last = today.astimezone(_DELIVERY_ZONE).date(), end.astimezone(_DELIVERY_ZONE).date()
    found: list[PriceSeries] = []
    failure: Exception | None = None
    while day <= last:
        try:
            found.append(await _nord_pool(hass, entry_id, area, day))
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


async def _tibber(hass: HomeAssistant, today: datetime) -> PriceSeries:
    """Return the total prices per kWh of the first home."""
    end = today + timedelta(days=2)
    reply = await hass.services.async_call(
        "tibber",
        "get_prices",
        {"start": today.isoformat(), "end": end.isoformat()},
        blocking=True,
        return_response=True,
    )
    homes = reply.get("prices") if isinstance(reply, Mapping) else None
    return from_rows(_rows_of(homes, ""), dt_util.get_default_time_zone())


def _rows_of(reply: Any, name: str) -> Iterator[Any]:
    """Yield the rows under a name, else those of the first part."""
    parts = reply if isinstance(reply, Mapping) else {}
    rows = parts.get(name, next(iter(parts.values()), None))
    yield from (rows if isinstance(rows, list) else [])[:_MAX_ROWS]
