"""Outdoor temperatures to come, from a weather entity, for controllers that plan ahead."""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.const import ATTR_ENTITY_ID, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import TemperatureConverter

_LOGGER = logging.getLogger(__name__)
_KEEP: Final = timedelta(minutes=30)
_POINTS: Final = 24
# A controller waits for its reply meanwhile.
_PATIENCE_S: Final = 3

type Points = tuple[tuple[datetime, float], ...]


class Forecast:
    """The forecast of a building, asked for at most every half hour and only when a controller wants it."""

    def __init__(self, hass: HomeAssistant, entity_id: str | None) -> None:
        self._hass = hass
        self._entity_id = entity_id
        self._points: Points = ()
        self._asked: datetime | None = None
        self._failing = False

    async def async_points(self) -> Points:
        """Time and temperature in degC, up to 24 hours ahead; empty where there is no forecast."""
        now = dt_util.utcnow()
        if self._entity_id is not None and (self._asked is None or now - self._asked >= _KEEP):
            self._asked = now
            self._points = await self._async_ask(self._entity_id)
        return tuple(point for point in self._points if point[0] > now - timedelta(hours=1))[:_POINTS]

    async def _async_ask(self, entity_id: str) -> Points:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                points = await self._async_fetch(entity_id)
        except Exception as err:  # noqa: BLE001  whatever a weather service does wrong, the controller gets its reply
            if not self._failing:
                _LOGGER.warning("No forecast from %s: %s", entity_id, str(err) or type(err).__name__)
            self._failing = True
            return self._points
        self._failing = False
        return points

    async def _async_fetch(self, entity_id: str) -> Points:
        reply = await self._hass.services.async_call(
            "weather",
            "get_forecasts",
            {ATTR_ENTITY_ID: entity_id, "type": "hourly"},
            blocking=True,
            return_response=True,
        )
        state = self._hass.states.get(entity_id)
        unit = state.attributes.get("temperature_unit", UnitOfTemperature.CELSIUS) if state else "°C"
        answer: Any = (reply or {}).get(entity_id)
        items = answer.get("forecast") if isinstance(answer, dict) else None
        return tuple(point for item in items or () if (point := _point(item, str(unit))) is not None)


def _point(item: Any, unit: str) -> tuple[datetime, float] | None:
    if not isinstance(item, dict):
        return None
    when = dt_util.parse_datetime(str(item.get("datetime")))
    temperature = item.get("temperature")
    if when is None or when.tzinfo is None or not isinstance(temperature, int | float):
        return None
    return when, TemperatureConverter.convert(temperature, unit, UnitOfTemperature.CELSIUS)
