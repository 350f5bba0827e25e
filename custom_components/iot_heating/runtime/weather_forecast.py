"""Hourly outdoor temperatures from a weather entity, for controllers that plan ahead."""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.const import ATTR_ENTITY_ID, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import TemperatureConverter

_LOGGER = logging.getLogger(__name__)
_UPDATE_INTERVAL: Final = timedelta(minutes=30)
_MAX_POINTS: Final = 24
# A controller waits for its reply meanwhile.
_TIMEOUT_S: Final = 3

type ForecastPoints = tuple[tuple[datetime, float], ...]


class WeatherForecast:
    """The forecast of a building, updated at most every half hour and only when a controller needs it."""

    def __init__(self, hass: HomeAssistant, entity_id: str | None) -> None:
        self._hass = hass
        self._entity_id = entity_id
        self._points: ForecastPoints = ()
        self._updated_at: datetime | None = None
        self._has_failed = False

    async def async_get_points(self) -> ForecastPoints:
        """Return times and temperatures in degC of up to 24 hours; empty without a forecast."""
        now = dt_util.utcnow()
        if self._entity_id is not None and (self._updated_at is None or now - self._updated_at >= _UPDATE_INTERVAL):
            self._updated_at = now
            self._points = await self._async_update(self._entity_id)
        return tuple(point for point in self._points if point[0] > now - timedelta(hours=1))[:_MAX_POINTS]

    async def _async_update(self, entity_id: str) -> ForecastPoints:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                points = await self._async_fetch(entity_id)
        except Exception as err:  # noqa: BLE001  a weather integration may raise anything; the controller gets its reply
            if not self._has_failed:
                _LOGGER.warning("%s returned no forecast: %s", entity_id, str(err) or type(err).__name__)
            self._has_failed = True
            return self._points
        self._has_failed = False
        return points

    async def _async_fetch(self, entity_id: str) -> ForecastPoints:
        response = await self._hass.services.async_call(
            "weather",
            "get_forecasts",
            {ATTR_ENTITY_ID: entity_id, "type": "hourly"},
            blocking=True,
            return_response=True,
        )
        state = self._hass.states.get(entity_id)
        unit = state.attributes.get("temperature_unit", UnitOfTemperature.CELSIUS) if state else "°C"
        forecast: Any = (response or {}).get(entity_id)
        items = forecast.get("forecast") if isinstance(forecast, dict) else None
        return tuple(point for item in items or () if (point := _parse_point(item, str(unit))) is not None)


def _parse_point(item: Any, unit: str) -> tuple[datetime, float] | None:
    if not isinstance(item, dict):
        return None
    time = dt_util.parse_datetime(str(item.get("datetime")))
    temperature = item.get("temperature")
    if time is None or time.tzinfo is None or not isinstance(temperature, int | float):
        return None
    return time, TemperatureConverter.convert(temperature, unit, UnitOfTemperature.CELSIUS)
