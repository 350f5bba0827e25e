"""The forecast of a weather entity, and the sun behind clouds."""

from datetime import UTC, datetime, timedelta
import json
import math
from pathlib import Path
from typing import Any

from astral import Observer
from astral.sun import elevation
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.inputs.sun import elevation_sine, radiation_w_m2
from custom_components.proof_of_heat.inputs.weather import (
    WeatherForecast,
    fetch_forecast,
    parse_forecast,
    radiation_now,
)

from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

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


def steps(hours: float, count: int, **changes: Any) -> list[dict[str, Any]]:
    return [
        {"datetime": (NOW + timedelta(hours=hours * i)).isoformat(), "temperature": i * hours, **changes}
        for i in range(count)
    ]


@pytest.mark.parametrize("hours", [0.5, 1, 2, 3, 4, 6, 12])
def test_steps_of_other_lengths_are_interpolated(hours: float) -> None:
    found = parse_forecast({"w": {"forecast": steps(hours, 160)}}, "w")
    assert found.temperatures_c[:24] == pytest.approx([float(hour) for hour in range(24)])
    assert len(found.temperatures_c) == len(found.solar_w_m2) == 72


def test_forecast_in_steps_of_three_hours() -> None:
    reply = json.loads((Path(__file__).parent / "cases/owm_free_3h.json").read_text("utf-8"))
    found = parse_forecast(reply, "weather.home")
    assert len(found.temperatures_c) == 72
    rows_ = reply["weather.home"]["forecast"]
    assert found.start == datetime.fromisoformat(rows_[0]["datetime"])
    assert found.temperatures_c[:7:3] == pytest.approx([row["temperature"] for row in rows_[:3]])
    assert found.temperatures_c[1] == pytest.approx(2.0 - 0.5 / 3)


@pytest.mark.parametrize(
    ("hours", "known", "at"),
    [
        ([*range(48), *range(48, 90, 6)], 72, {60: 60.0, 71: 71.0}),  # by the hour, then by six hours
        ([*range(24), *range(24, 90, 3)], 72, {25: 25.0, 71: 71.0}),
        ([0, 0.6, *range(3, 75, 3)], 72, {2: 2.0, 10: 10.0}),  # with the present moment
        ([0, 0.25, 1, 2, 3], 4, {3: 3.0}),
        ([0, 0, 1, 1, 2, 3], 4, {3: 3.0}),
        ([3, 2, 1, 0], 4, {3: 3.0}),
        ([0, 1, 2, 5, 6, 7], 3, {2: 2.0}),  # three hours are missing
        ([0, 1, 2, 40, 41], 3, {2: 2.0}),
        ([0, 1, 2, 3, 9], 4, {3: 3.0}),  # a single later hour
        ([0, 6, 12, 48, 54], 18, {12: 12.0}),
        ([0], 1, {0: 0.0}),
    ],
)
def test_resolution_that_changes_is_not_a_gap(hours: list[float], known: int, at: dict[int, float]) -> None:
    given = [{"datetime": (NOW + timedelta(hours=hour)).isoformat(), "temperature": hour} for hour in hours]
    found = parse_forecast({"w": {"forecast": given}}, "w").temperatures_c
    assert len(found) == known
    assert {hour: found[hour] for hour in at} == pytest.approx(at)


def test_forecast_that_begins_later_holds_its_first_value_until_then() -> None:
    found = parse_forecast({"w": {"forecast": steps(3, 5)}}, "w")
    early = found.temperatures(NOW - timedelta(hours=2))
    assert early[:12] == (0.0,) * 12
    assert early[8:] == found.temperatures(NOW)


def test_invalid_and_repeated_rows_are_ignored() -> None:
    given_rows = [None, "x", *steps(3, 6), *steps(3, 2), {"datetime": NOW.isoformat()}]
    del given_rows[4]
    found = parse_forecast({"w": {"forecast": given_rows}}, "w")
    assert found.temperatures_c[:16] == pytest.approx([float(hour) for hour in range(16)])
    assert len(found.temperatures_c) == 18, "the last step lasts as long as the others"


async def test_daily_forecasts_have_a_cold_morning_and_a_warm_afternoon(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("Europe/Rome")
    daily = [
        {"datetime": f"2027-01-{10 + i}T00:00:00+01:00", "temperature": 8.0, "templow": -2.0, "condition": "sunny"}
        for i in range(5)
    ]
    found = parse_forecast({"w": {"forecast": daily}}, "w", None, 45.0, 8.0)
    assert found.start == datetime(2027, 1, 10, 5, tzinfo=UTC)
    assert found.temperatures_c[:25:24] == pytest.approx((-2.0, -2.0))
    assert found.temperatures_c[9] == pytest.approx(8.0)
    assert max(found.solar_w_m2) > 300
    halves = [
        {"datetime": f"2027-01-{day}T{hour:02}:00:00+01:00", "temperature": value, "is_daytime": hour == 7}
        for day in (10, 11)
        for hour, value in ((7, 8.0), (19, -2.0))
    ]
    twice = parse_forecast({"w": {"forecast": halves}}, "w")
    assert twice.start == datetime(2027, 1, 10, 14, tzinfo=UTC)
    assert (twice.temperatures_c[0], twice.temperatures_c[15]) == pytest.approx((8.0, -2.0))


async def test_a_weather_entity_with_a_daily_forecast_only(hass: HomeAssistant) -> None:
    asked: list[str] = []
    daily = [{"datetime": f"2027-01-{10 + i}T12:00:00Z", "temperature": 8, "templow": 0} for i in range(5)]

    async def forecasts(call: ServiceCall) -> ServiceResponse:
        asked.append(call.data["type"])
        if call.data["type"] != "daily":
            raise ServiceValidationError("not supported")
        return {"weather.a": {"forecast": list(daily)}}

    hass.services.async_register("weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    hass.states.async_set("weather.a", "sunny", {"temperature_unit": "°C", "supported_features": 1})
    assert len((await fetch_forecast(hass, "weather.a")).temperatures_c) == 72
    assert asked == ["daily"]
    hass.states.async_set("weather.a", "sunny", {"temperature_unit": "°C"})
    assert len((await fetch_forecast(hass, "weather.a")).temperatures_c) == 72
    hass.states.async_set("weather.a", "sunny", {"supported_features": 2})
    with pytest.raises(ServiceValidationError):
        await fetch_forecast(hass, "weather.a")


async def test_a_weather_entity_without_a_usable_forecast_is_reported(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)

    async def forecasts(call: ServiceCall) -> ServiceResponse:
        return {"weather.a": {"forecast": []}}

    hass.services.async_register("weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    hass.states.async_set("weather.a", "sunny", {"temperature_unit": "°C", "supported_features": 3})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    assert await async_setup_component(hass, DOMAIN, {})
    entry = system(zone(), weather="weather.a")
    await start(hass, entry)
    issue = (DOMAIN, f"no_forecast_{entry.entry_id}")
    for _ in range(20):
        freezer.tick(60)
        await entry.runtime_data.coordinator.async_refresh()
        await hass.async_block_till_done(wait_background_tasks=True)
    assert issue in ir.async_get(hass).issues
