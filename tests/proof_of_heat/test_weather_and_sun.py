"""The forecast of a weather entity, and the sun behind clouds."""

from datetime import UTC, datetime, timedelta
import math
from typing import Any

from astral import Observer
from astral.sun import elevation
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.proof_of_heat.inputs.sun import elevation_sine, radiation_w_m2
from custom_components.proof_of_heat.inputs.weather import (
    WeatherForecast,
    fetch_forecast,
    parse_forecast,
    radiation_now,
)

NOW = datetime(2027, 1, 10, 6, 0, tzinfo=UTC)


@settings(max_examples=200)
@given(
    st.integers(0, 30 * 365 * 24 * 60).map(
        lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.floats(-66, 66),
    st.floats(-180, 180),
)
def test_sun_elevation_matches_astral(when: datetime, latitude: float, longitude: float) -> None:
    expected = elevation(Observer(latitude, longitude), when, with_refraction=False)
    calculated = math.degrees(math.asin(elevation_sine(when, latitude, longitude)))
    assert calculated == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize(
    ("degrees", "clouds", "watts"), [(90, 0, 880), (30, 0, 425), (30, 1, 106), (1, 0, 0), (-10, 0, 0), (90, 7, 220)]
)
def test_radiation(degrees: float, clouds: float, watts: float) -> None:
    assert radiation_w_m2(math.sin(math.radians(degrees)), clouds) == pytest.approx(watts, abs=1)


def rows(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [{"datetime": (NOW + timedelta(hours=i)).isoformat(), "temperature": i, **changes} for i in range(count)]


def test_hours_are_split_into_quarters_from_now() -> None:
    found = parse_forecast({"weather.a": {"forecast": rows(4)}}, "weather.a")
    assert found.temperatures(NOW) == (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3)
    assert found.temperatures(NOW + timedelta(minutes=80)) == (1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3)
    assert len(found.radiation(NOW)) == 16
    assert found.temperatures(NOW + timedelta(hours=25)) == ()


def test_clouds_reduce_radiation() -> None:
    noon = [{"datetime": "2027-01-10T11:00:00+00:00", "temperature": 2, "cloud_coverage": c} for c in (0, 100)]
    clear, grey = (parse_forecast({"w": {"forecast": [row]}}, "w", None, 45.0, 8.0).solar_w_m2[0] for row in noon)
    assert clear > 300
    assert grey == pytest.approx(clear / 4)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        {"w": None},
        {"w": {"forecast": None}},
        {"w": {"forecast": "no"}},
        {"w": {"forecast": [{"datetime": "x", "temperature": 1}]}},
        {"w": {"forecast": [{"datetime": NOW.isoformat(), "temperature": "warm"}]}},
        {"w": {"forecast": [{"datetime": "2027-01-10T06:00:00", "temperature": 1}]}},
    ],
)
def test_reply_without_a_forecast(reply: Any) -> None:
    assert parse_forecast(reply, "w") == WeatherForecast()


def test_forecast_stops_at_the_first_gap_and_knows_fahrenheit() -> None:
    given_rows = rows(6, temperature=50)
    del given_rows[3]
    assert parse_forecast({"w": {"forecast": given_rows}}, "w", "°F").temperatures_c == pytest.approx((10, 10, 10))


@pytest.mark.parametrize(
    ("coverage", "condition", "share"),
    [(30, "sunny", 0.3), (None, "sunny", 0.0), (None, "rainy", 1.0), (None, "partlycloudy", 0.5), (None, None, 0.5)],
)
async def test_current_and_forecast_radiation_agree(
    hass: HomeAssistant, coverage: float | None, condition: str | None, share: float
) -> None:
    """Learned solar gains apply to the forecast only if both radiations are calculated the same way."""
    hass.config.latitude, hass.config.longitude = 45.0, 8.0
    noon = datetime(2027, 7, 1, 11, 30, tzinfo=UTC)
    row = {"datetime": "2027-07-01T11:00:00+00:00", "temperature": 20, "cloud_coverage": coverage}
    ahead = parse_forecast({"w": {"forecast": [{**row, "condition": condition}]}}, "w", None, 45.0, 8.0).solar_w_m2[0]
    hass.states.async_set("weather.a", condition or "unknown", {"cloud_coverage": coverage})
    now = radiation_now(hass, "weather.a", noon)
    assert now == pytest.approx(ahead)
    hass.states.async_set("weather.b", "sunny")
    assert now == pytest.approx(radiation_now(hass, "weather.b", noon) * (1 - 0.75 * share**3.4))


async def test_fetches_the_forecast_of_the_weather_entity(hass: HomeAssistant) -> None:
    answers: list[Any] = [rows(30), []]

    async def forecasts(call: ServiceCall) -> ServiceResponse:
        assert call.data["type"] == "hourly"
        return {"weather.a": {"forecast": answers.pop(0)}}

    hass.services.async_register("weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    hass.states.async_set("weather.a", "sunny", {"temperature_unit": "°C", "cloud_coverage": 100})
    assert len((await fetch_forecast(hass, "weather.a")).temperatures_c) == 30
    with pytest.raises(ValueError, match="no hourly"):
        await fetch_forecast(hass, "weather.a")
    noon = datetime(2027, 7, 1, 20, 0, tzinfo=UTC)
    grey = radiation_now(hass, "weather.a", noon)
    hass.states.async_set("weather.a", "sunny", {"temperature_unit": "°C", "cloud_coverage": 0})
    assert grey == pytest.approx(radiation_now(hass, "weather.a", noon) / 4)
