"""The forecast solar power of the home: from attributes of sensors, or from the integrations that they belong to.

Known attributes: Solcast (``detailedForecast``, ``detailedHourly``: rows with ``period_start`` and kW), and times with
W (``watts``) or Wh (``wh_period``, ``wh_hours``) as of Forecast.Solar and Open-Meteo. An integration without such
attributes is asked as the Energy dashboard does (its platform ``energy``).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from ..drivers.values import number

type Power = dict[datetime, float]
"""Mean power in W from each time on."""

INTERVAL_S: Final = 900.0
MAX_ROWS: Final = 2000
MAX_STEP: Final = timedelta(hours=1)
STEP: Final = timedelta(minutes=15)
_PLATFORM: Final = "energy"


class NoForecastError(ValueError):
    """An entity whose integration forecasts no solar power."""


async def fetch_forecast(hass: HomeAssistant, entity_ids: Iterable[str]) -> list[Power]:
    """Return the forecast of each integration; entities of one integration (today, tomorrow) are parts of one forecast.

    Raises:
        NoForecastError: one of the entities has no forecast.
    """
    registry, found = er.async_get(hass), dict[str, Power]()
    for entity_id in entity_ids:
        entry = registry.async_get(entity_id)
        owner = entry.config_entry_id if entry is not None and entry.config_entry_id else entity_id
        state = hass.states.get(entity_id)
        rows = attributes_forecast({} if state is None else state.attributes)
        if not rows and entry is not None and entry.config_entry_id:
            rows = await _ask(hass, entry.platform, entry.config_entry_id)
        if not rows:
            raise NoForecastError(f"{entity_id} has no forecast of the solar power")
        found[owner] = {**found.get(owner, {}), **rows}
    return list(found.values())


async def _ask(hass: HomeAssistant, domain: str, config_entry_id: str) -> Power:
    """Return the forecast that an integration offers to the Energy dashboard."""
    integration = await async_get_integration(hass, domain)
    if not integration.platforms_exists((_PLATFORM,)):
        return {}
    platform = await integration.async_get_platform(_PLATFORM)
    answer = await platform.async_get_solar_forecast(hass, config_entry_id)
    return _of_energy((answer or {}).get("wh_hours"))


def attributes_forecast(attributes: Mapping[str, Any]) -> Power:
    """Return the forecast in a sensor's attributes; empty without a known one."""
    for name in ("detailedForecast", "detailedHourly"):
        if rows := _of_rows(attributes.get(name)):
            return rows
    if rows := _of_power(attributes.get("watts")):
        return rows
    for name in ("wh_period", "wh_hours"):
        if rows := _of_energy(attributes.get(name)):
            return rows
    return {}


def _of_rows(rows: object) -> Power:
    """Return Solcast's rows: the mean power of each period in kW."""
    found: Power = {}
    for row in rows[:MAX_ROWS] if isinstance(rows, (list, tuple)) else ():
        if isinstance(row, Mapping):
            begin, kilowatt = _time(row.get("period_start")), number(row.get("pv_estimate"))
            if begin is not None and kilowatt is not None and kilowatt >= 0:
                found[begin] = 1000 * kilowatt
    return found


def _of_power(values: object) -> Power:
    rows = _by_time(values)
    return dict(rows)


def _of_energy(values: object) -> Power:
    """Return the mean power of periods with their energy in Wh.

    A period lasts until the next one, an hour at most; the last one as long as the one before.
    """
    rows = _by_time(values)
    found: Power = {}
    span = MAX_STEP
    for index, (begin, watt_hours) in enumerate(rows):
        until_next = rows[index + 1][0] - begin if index + 1 < len(rows) else None
        span = span if until_next is None else min(until_next, MAX_STEP)
        found[begin] = watt_hours * 3600 / span.total_seconds()
        if until_next is None or until_next > span:
            found[begin + span] = 0.0
    return found


def _by_time(values: object) -> list[tuple[datetime, float]]:
    if not isinstance(values, Mapping):
        return []
    rows = []
    for key, value in list(values.items())[:MAX_ROWS]:
        begin, amount = _time(key), number(value)
        if begin is not None and amount is not None and amount >= 0:
            rows.append((begin, amount))
    return sorted(rows)


def _time(value: object) -> datetime | None:
    moment = dt_util.parse_datetime(value) if isinstance(value, str) else value
    return dt_util.as_utc(moment) if isinstance(moment, datetime) else None


def surplus_w(forecasts: Iterable[Power], usual_load_w: float, now: datetime, steps: int) -> list[float]:
    """Return the surplus in steps of 15 minutes from now on, after the usual load; empty without a forecast."""
    parts = [sorted(power.items()) for power in forecasts]
    if not parts:
        return []
    last = max((rows[-1][0] for rows in parts if rows), default=now) + MAX_STEP
    count = max(0, min(steps, int((last - now) / STEP)))
    times = [now + index * STEP for index in range(count)]
    return [max(0.0, sum(_at(rows, when) for rows in parts) - usual_load_w) for when in times]


def _at(rows: list[tuple[datetime, float]], when: datetime) -> float:
    watts = 0.0
    for begin, power in rows:
        if begin > when:
            break
        watts = power if when - begin < MAX_STEP else 0.0
    return watts
