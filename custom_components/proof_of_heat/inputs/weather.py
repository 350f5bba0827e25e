"""The hourly forecast of a weather entity: temperature and solar radiation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import TemperatureConverter

from ..drivers.values import number
from .states import known
from .sun import elevation_sine, radiation_w_m2

INTERVAL_S: Final = 3600.0
MAX_AGE: Final = timedelta(hours=24)
MAX_HOURS: Final = 72
DEFAULT_CLOUD_COVER: Final = 0.5
CLOUD_COVER: Final = {
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
"""By Home Assistant's weather conditions, for integrations without a cloud coverage."""


@dataclass(frozen=True, slots=True)
class WeatherForecast:
    """Hourly values from `start` on: mean outdoor temperature and expected solar radiation."""

    start: datetime | None = None
    temperatures_c: tuple[float, ...] = ()
    solar_w_m2: tuple[float, ...] = ()

    def temperatures(self, now: datetime) -> tuple[float, ...]:
        """Return temperatures from now on, by the quarter-hour."""
        return self._quarters(self.temperatures_c, now)

    def radiation(self, now: datetime) -> tuple[float, ...]:
        """Return the radiation from now on, by the quarter-hour."""
        return self._quarters(self.solar_w_m2, now)

    def _quarters(self, values: tuple[float, ...], now: datetime) -> tuple[float, ...]:
        if self.start is None or now - self.start > MAX_AGE:
            return ()
        past = max(0, int((now - self.start).total_seconds() // 900))
        return tuple(value for value in values for _ in range(4))[past:]


async def fetch_forecast(hass: HomeAssistant, entity_id: str) -> WeatherForecast:
    """Return the forecast; raises what the weather entity raises, ValueError where it has no hourly forecast."""
    reply = await hass.services.async_call(
        "weather",
        "get_forecasts",
        {"type": "hourly", "entity_id": entity_id},
        blocking=True,
        return_response=True,
    )
    state = known(hass, entity_id)
    unit = None if state is None else state.attributes.get("temperature_unit")
    forecast = parse_forecast(reply, entity_id, unit, hass.config.latitude, hass.config.longitude)
    if not forecast.temperatures_c:
        raise ValueError("no hourly forecast")
    return forecast


def parse_forecast(
    reply: Any, entity_id: str, unit: str | None = None, latitude: float = 0.0, longitude: float = 0.0
) -> WeatherForecast:
    """Return a reply's hours up to the first invalid one."""
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
        sine = elevation_sine(when + timedelta(minutes=30), latitude, longitude)
        solar.append(radiation_w_m2(sine, cloud_cover(row.get("cloud_coverage"), row.get("condition"))))
        temperatures.append(_celsius(value, unit))
    return WeatherForecast(start, tuple(temperatures), tuple(solar))


def _celsius(value: float, unit: str | None) -> float:
    if unit not in TemperatureConverter.VALID_UNITS:
        return value
    return TemperatureConverter.convert(value, unit, UnitOfTemperature.CELSIUS)


def radiation_now(hass: HomeAssistant, weather: str | None, now: datetime) -> float:
    """Return the present radiation in W/m2, calculated like that of the forecast."""
    state = known(hass, weather)
    clouds = DEFAULT_CLOUD_COVER if state is None else cloud_cover(state.attributes.get("cloud_coverage"), state.state)
    return radiation_w_m2(elevation_sine(now, hass.config.latitude, hass.config.longitude), clouds)


def cloud_cover(coverage: Any, condition: Any) -> float:
    """Return the cloud cover 0..1 from a percentage, else from the condition, else one half."""
    percent = number(coverage)
    return CLOUD_COVER.get(str(condition), DEFAULT_CLOUD_COVER) if percent is None else percent / 100
