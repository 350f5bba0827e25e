"""The forecast of a weather entity by the hour: temperature and solar radiation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from homeassistant.components.weather import WeatherEntityFeature
from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import TemperatureConverter

from ..drivers.value_ranges import is_inside
from ..drivers.values import number
from .states import known
from .sun import elevation_sine, radiation_w_m2

INTERVAL_S: Final = 3600.0
MAX_AGE: Final = timedelta(hours=24)
MAX_HOURS: Final = 72
MAX_ROWS: Final = 200
PLAUSIBLE_C: Final = (-80.0, 100.0)
"""Beyond this, a temperature is the placeholder of a missing one."""
MAX_STEP_H: Final = 25
"""The longest step over which temperatures are interpolated: that of a daily forecast when the clock changes."""
COLDEST_HOUR: Final = 6
WARMEST_HOUR: Final = 15
"""When the lowest and the highest temperature of a daily forecast are assumed, by local time."""
_KINDS: Final = {
    "hourly": WeatherEntityFeature.FORECAST_HOURLY,
    "twice_daily": WeatherEntityFeature.FORECAST_TWICE_DAILY,
    "daily": WeatherEntityFeature.FORECAST_DAILY,
}
_PERCENT: Final = (0.0, 100.0)
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
        past = int((now - self.start).total_seconds() // 900)
        quarters = tuple(value for value in values for _ in range(4))
        # A forecast may begin with the next of its steps.
        return quarters[:1] * min(-past, MAX_STEP_H * 4) + quarters if past < 0 else quarters[past:]


async def fetch_forecast(hass: HomeAssistant, entity_id: str) -> WeatherForecast:
    """Return the forecast: the hourly one, else one by half days or days.

    Raises what the weather entity raises, ValueError where none of them is usable.
    """
    state = known(hass, entity_id)
    unit = None if state is None else state.attributes.get("temperature_unit")
    supported = 0 if state is None else int(number(state.attributes.get("supported_features")) or 0)
    failure: Exception | None = None
    for kind, feature in _KINDS.items():
        if (supported and not supported & feature) or (not supported and kind != "hourly" and failure is None):
            continue
        try:
            reply = await hass.services.async_call(
                "weather",
                "get_forecasts",
                {"type": kind, "entity_id": entity_id},
                blocking=True,
                return_response=True,
            )
        except HomeAssistantError as err:
            failure = failure or err
            continue
        forecast = parse_forecast(reply, entity_id, unit, hass.config.latitude, hass.config.longitude)
        if forecast.temperatures_c:
            return forecast
    if failure is not None:
        raise failure
    raise ValueError("no hourly or daily forecast")


@dataclass(frozen=True, slots=True)
class _Point:
    """A temperature at a time, with the cloud cover from then on."""

    at: datetime
    temperature: float
    clouds: float


def parse_forecast(
    reply: Any, entity_id: str, unit: str | None = None, latitude: float = 0.0, longitude: float = 0.0
) -> WeatherForecast:
    """Return the hours of a reply; between its steps the temperature is interpolated. Invalid rows are ignored.

    The forecast ends at the first gap: more than `MAX_STEP_H` hours, or in an hourly one a longer distance than the
    ones before and after it. Many providers forecast a few days by the hour and then by three or six hours.
    """
    entity = (reply or {}).get(entity_id) or {}
    rows = entity.get("forecast") if isinstance(entity, dict) else None
    points = sorted(
        (point for row in (rows if isinstance(rows, list) else [])[:MAX_ROWS] for point in _points(row, unit)),
        key=lambda point: point.at,
    )
    points = [point for index, point in enumerate(points) if not index or point.at > points[index - 1].at]
    if not points:
        return WeatherForecast()
    distances = [(later.at - earlier.at).total_seconds() / 3600 for earlier, later in pairwise(points)]
    step_h = min(distances, default=1.0)
    gaps = [_is_gap(distances, index, step_h) for index in range(len(distances))]
    temperatures: list[float] = []
    solar: list[float] = []
    start, place = points[0].at, 0
    while len(temperatures) < MAX_HOURS:
        when = start + timedelta(hours=len(temperatures))
        while place + 1 < len(points) and points[place + 1].at <= when and not gaps[place]:
            place += 1
        is_last = place + 1 == len(points) or gaps[place]
        if is_last and (when - points[place].at).total_seconds() >= min(step_h, MAX_STEP_H) * 3600:
            break
        point = points[place]
        value = point.temperature
        if not is_last:
            share = (when - point.at) / (points[place + 1].at - point.at)
            value += share * (points[place + 1].temperature - value)
        temperatures.append(value)
        sine = elevation_sine(when + timedelta(minutes=30), latitude, longitude)
        solar.append(radiation_w_m2(sine, point.clouds))
    return WeatherForecast(start, tuple(temperatures), tuple(solar))


def _is_gap(distances: list[float], index: int, step_h: float) -> bool:
    """Return whether steps are missing in a distance of two temperatures, in hours."""
    distance = distances[index]
    if distance <= 1.0 or step_h > 1.0:
        return distance > MAX_STEP_H
    neighbors = distances[max(0, index - 1) : index] + distances[index + 1 : index + 2]
    return distance > MAX_STEP_H or distance > 1.1 * max(neighbors, default=0.0)


def _points(row: Any, unit: str | None) -> Iterator[_Point]:
    """Yield the temperatures of a row: one, or the lowest and the highest one of a day."""
    if not isinstance(row, Mapping):
        return
    value, when = _celsius(row.get("temperature"), unit), dt_util.parse_datetime(str(row.get("datetime")))
    low = _celsius(row.get("templow"), unit)
    is_day = row.get("is_daytime")
    clouds = cloud_cover(row.get("cloud_coverage"), row.get("condition"))
    if value is None or when is None:
        return
    if isinstance(is_day, bool) or low is not None:
        local = dt_util.as_local(when if when.tzinfo else when.replace(tzinfo=dt_util.get_default_time_zone()))
        if low is not None:
            yield _Point(local.replace(hour=COLDEST_HOUR, minute=0, second=0).astimezone(UTC), low, clouds)
        if low is not None or is_day:
            yield _Point(local.replace(hour=WARMEST_HOUR, minute=0, second=0).astimezone(UTC), value, clouds)
        else:
            night = local if local.hour < COLDEST_HOUR else local + timedelta(days=1)
            yield _Point(night.replace(hour=COLDEST_HOUR, minute=0, second=0).astimezone(UTC), value, clouds)
    elif when.tzinfo is not None:
        yield _Point(when, value, clouds)


def _celsius(given: Any, unit: str | None) -> float | None:
    """Return a temperature in degC; None for one that is not an outdoor temperature, such as 999."""
    value = number(given)
    if value is not None and unit in TemperatureConverter.VALID_UNITS:
        value = TemperatureConverter.convert(value, unit, UnitOfTemperature.CELSIUS)
    return value if value is not None and is_inside(value, PLAUSIBLE_C) else None


def radiation_now(hass: HomeAssistant, weather: str | None, now: datetime) -> float:
    """Return the present radiation in W/m2, calculated like that of the forecast."""
    state = known(hass, weather)
    clouds = DEFAULT_CLOUD_COVER if state is None else cloud_cover(state.attributes.get("cloud_coverage"), state.state)
    return radiation_w_m2(elevation_sine(now, hass.config.latitude, hass.config.longitude), clouds)


def cloud_cover(coverage: Any, condition: Any) -> float:
    """Return the cloud cover 0..1 from a percentage that can be meant, else from the condition, else one half."""
    percent = number(coverage)
    if percent is None or not is_inside(percent, _PERCENT):
        return CLOUD_COVER.get(str(condition), DEFAULT_CLOUD_COVER)
    return percent / 100
