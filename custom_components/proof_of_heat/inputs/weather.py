"""The hourly forecast of a weather entity: temperature and clouds, from now on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import TemperatureConverter

from ..drivers.values import number
from .states import known
from .sun import height_sine, radiation_w_m2

EVERY_S: Final = 3600.0
OLD: Final = timedelta(hours=24)
MAX_HOURS: Final = 72
HALF: Final = 0.5
CLOUDS: Final = {
    "clear-night": 0.0,
    "cloudy": 0.9,
    "fog": 0.9,
    "hail": 1.0,
    "lightning": 0.9,
    "lightning-rainy": 1.0,
    "partlycloudy": 0.5,
    "pouring": 1.0,
    "rainy": 1.0,
    "snowy": 1.0,
    "snowy-rainy": 1.0,
    "sunny": 0.0,
    "windy": 0.3,
    "windy-variant": 0.7,
}
"""Share of clouds by Home Assistant's weather conditions, for integrations that tell no percentage."""


@dataclass(frozen=True, slots=True)
class WeatherForecast:
    """Hourly values from `start` on: mean outdoor temperature and the sun to be expected."""

    start: datetime | None = None
    temperatures_c: tuple[float, ...] = ()
    solar_w_m2: tuple[float, ...] = ()

    def steps(self, now: datetime) -> tuple[float, ...]:
        """Temperatures from now on, by quarters of an hour."""
        return self._quarters(self.temperatures_c, now)

    def sun(self, now: datetime) -> tuple[float, ...]:
        """Radiation from now on, by quarters of an hour."""
        return self._quarters(self.solar_w_m2, now)

    def _quarters(self, values: tuple[float, ...], now: datetime) -> tuple[float, ...]:
        if self.start is None or now - self.start > OLD:
            return ()
        gone = max(0, int((now - self.start).total_seconds() // 900))
        return tuple(value for value in values for _ in range(4))[gone:]


async def ask_forecast(hass: HomeAssistant, entity_id: str) -> WeatherForecast:
    """Ask the weather entity; raises whatever it raises, ValueError where it has no hourly forecast."""
    reply = await hass.services.async_call(
        "weather",
        "get_forecasts",
        {"type": "hourly", "entity_id": entity_id},
        blocking=True,
        return_response=True,
    )
    state = known(hass, entity_id)
    unit = None if state is None else state.attributes.get("temperature_unit")
    found = forecast_of(reply, entity_id, unit, hass.config.latitude, hass.config.longitude)
    if not found.temperatures_c:
        raise ValueError("no hourly forecast")
    return found


def forecast_of(
    reply: Any, entity_id: str, unit: str | None = None, latitude: float = 0.0, longitude: float = 0.0
) -> WeatherForecast:
    """A reply's hours up to the first that cannot be used."""
    entity = (reply or {}).get(entity_id) or {}
    rows = entity.get("forecast") if isinstance(entity, dict) else None
    temperatures: list[float] = []
    solar: list[float] = []
    start: datetime | None = None
    for row in (rows if isinstance(rows, list) else [])[:MAX_HOURS]:
        value, when = number(row.get("temperature")), dt_util.parse_datetime(str(row.get("datetime")))
        if value is None or when is None or when.tzinfo is None:
            break
        if start is not None and when != start + timedelta(hours=len(temperatures)):
            break
        start = start or when
        sine = height_sine(when + timedelta(minutes=30), latitude, longitude)
        solar.append(radiation_w_m2(sine, cloud_share(row.get("cloud_coverage"), row.get("condition"))))
        temperatures.append(_celsius(value, unit))
    return WeatherForecast(start, tuple(temperatures), tuple(solar))


def _celsius(value: float, unit: str | None) -> float:
    known_unit = unit in TemperatureConverter.VALID_UNITS
    return TemperatureConverter.convert(value, unit, "°C") if known_unit else value


def sun_now(hass: HomeAssistant, weather: str | None, now: datetime) -> float:
    """Radiation now by height and clouds, reckoned as for the hours ahead."""
    state = known(hass, weather)
    clouds = HALF if state is None else cloud_share(state.attributes.get("cloud_coverage"), state.state)
    return radiation_w_m2(height_sine(now, hass.config.latitude, hass.config.longitude), clouds)


def cloud_share(coverage: Any, condition: Any) -> float:
    """Clouds 0..1: as told in percent, else by the condition, else half."""
    told = number(coverage)
    return CLOUDS.get(str(condition), HALF) if told is None else told / 100
