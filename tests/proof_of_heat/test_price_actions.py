"""Price actions of EnergyZero, easyEnergy and Amber Electric: replies in the form of their services.py."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.prices.provider_actions import fetch_prices, needs_action

MIDNIGHT = datetime.fromisoformat("2027-01-13T00:00:00+01:00")


@pytest.fixture(autouse=True)
async def at_noon(hass: HomeAssistant, freezer: Any) -> None:
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    freezer.move_to(MIDNIGHT + timedelta(hours=12))


def registered(hass: HomeAssistant, platform: str, unique_id: str) -> str:
    entry = MockConfigEntry(domain=platform)
    entry.add_to_hass(hass)
    return er.async_get(hass).async_get_or_create("sensor", platform, unique_id, config_entry=entry).entity_id


def dutch_rows(day: str, minutes: int) -> list[dict[str, Any]]:
    begin = datetime.fromisoformat(f"{day}T00:00:00+01:00").astimezone(dt_util.UTC)
    step = timedelta(minutes=minutes)
    # Times are printed by str(): with a space, in UTC.
    return [{"timestamp": str(begin + i * step), "price": 0.2 + i / 1000} for i in range(24 * 60 // minutes)]


@pytest.mark.parametrize(
    ("platform", "action", "key"),
    [("energyzero", "get_energy_prices", "interval"), ("easyenergy", "get_energy_usage_prices", "granularity")],
)
async def test_dutch_prices_of_15_minutes_of_today_and_tomorrow(
    hass: HomeAssistant, platform: str, action: str, key: str
) -> None:
    entity_id = registered(hass, platform, "today_energy_current_hour_price")
    asked: list[dict[str, Any]] = []

    async def prices(call: ServiceCall) -> ServiceResponse:
        asked.append(dict(call.data))
        return {"prices": dutch_rows(call.data["start"], 15)}

    hass.services.async_register(platform, action, prices, supports_response=SupportsResponse.ONLY)
    assert needs_action(hass, entity_id)
    series = await fetch_prices(hass, entity_id)
    assert [(row["start"], row["end"], row["incl_vat"], row[key]) for row in asked] == [
        ("2027-01-13", "2027-01-13", True, "quarter"),
        ("2027-01-14", "2027-01-14", True, "quarter"),
    ]
    assert len(series.slots) == 192
    assert series.at(MIDNIGHT + timedelta(minutes=16)) == pytest.approx(0.201)
    assert series.end == MIDNIGHT + timedelta(days=2)


@pytest.mark.parametrize("platform", ["energyzero", "easyenergy"])
async def test_older_versions_with_whole_hours_and_a_day_that_is_not_published(
    hass: HomeAssistant, platform: str
) -> None:
    entity_id = registered(hass, platform, "today_energy_current_hour_price")
    action = "get_energy_prices" if platform == "energyzero" else "get_energy_usage_prices"

    async def prices(call: ServiceCall) -> ServiceResponse:
        if call.data["start"] == "2027-01-14":
            raise ServiceValidationError("no data")
        return {"prices": dutch_rows(call.data["start"], 60)}

    schema = vol.Schema({"config_entry": str, "incl_vat": bool, "start": str, "end": str})
    hass.services.async_register(platform, action, prices, schema, supports_response=SupportsResponse.ONLY)
    series = await fetch_prices(hass, entity_id)
    assert len(series.slots) == 24
    assert series.slots[-1].end - series.slots[-1].start == timedelta(hours=1)


async def test_no_day_is_published(hass: HomeAssistant) -> None:
    entity_id = registered(hass, "energyzero", "today_energy_current_hour_price")

    async def prices(call: ServiceCall) -> ServiceResponse:
        raise ServiceValidationError("no data")

    hass.services.async_register("energyzero", "get_energy_prices", prices, supports_response=SupportsResponse.ONLY)
    with pytest.raises(ServiceValidationError, match="no data"):
        await fetch_prices(hass, entity_id)


@pytest.mark.parametrize(
    ("unique_id", "channel"), [("01ABC-general", "general"), ("01ABC-controlled_load", "controlled_load")]
)
async def test_amber_forecast_of_the_sensors_channel(hass: HomeAssistant, unique_id: str, channel: str) -> None:
    entity_id = registered(hass, "amberelectric", unique_id)

    async def forecasts(call: ServiceCall) -> ServiceResponse:
        assert call.data["channel_type"] == channel
        rows: list[Any] = [
            {
                "duration": 30,
                "date": "2027-01-13",
                "nem_date": (MIDNIGHT + timedelta(minutes=30 * i + 30)).isoformat(),
                "per_kwh": 0.21 + i / 100,
                "spot_per_kwh": 0.09,
                "start_time": (MIDNIGHT + timedelta(minutes=30 * i, seconds=1)).isoformat(),
                "end_time": (MIDNIGHT + timedelta(minutes=30 * i + 30)).isoformat(),
                "renewables": 31,
                "spike_status": "none",
                "advanced_price_predicted": 0.5,
            }
            for i in range(48)
        ]
        return {"forecasts": rows}

    hass.services.async_register("amberelectric", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    series = await fetch_prices(hass, entity_id)
    assert len(series.slots) == 48
    assert series.at(MIDNIGHT + timedelta(minutes=45)) == pytest.approx(0.22)


async def test_green_planet_quarters_of_the_next_day(hass: HomeAssistant) -> None:
    entity_id = registered(hass, "green_planet_energy", "gpe_current_price")

    async def prices(call: ServiceCall) -> ServiceResponse:
        assert call.data["hours"] == 24
        begin = MIDNIGHT + timedelta(hours=12)
        step = timedelta(minutes=15)
        rows: list[Any] = [
            {
                "start": (begin + i * step).isoformat(),
                "end": (begin + (i + 1) * step).isoformat(),
                "price": 0.25 + i / 1e3,
            }
            for i in range(48)
        ]
        return {"prices": rows, "hours_requested": 24.0}

    hass.services.async_register("green_planet_energy", "get_prices", prices, supports_response=SupportsResponse.ONLY)
    assert needs_action(hass, entity_id)
    series = await fetch_prices(hass, entity_id)
    assert len(series.slots) == 48
    assert series.at(MIDNIGHT + timedelta(hours=12, minutes=31)) == pytest.approx(0.252)


@pytest.mark.parametrize(("unique_id", "country"), [("es_spot_price", "es"), ("pt_spot_price", "pt")])
async def test_omie_quarters_of_the_sensors_country(hass: HomeAssistant, unique_id: str, country: str) -> None:
    entity_id = registered(hass, "omie", unique_id)

    async def prices(call: ServiceCall) -> ServiceResponse:
        if call.data["date"] == "2027-01-14":
            raise ServiceValidationError("not published")
        rows: list[Any] = [
            {
                "start": (MIDNIGHT + timedelta(minutes=15 * i)).isoformat(),
                "end": (MIDNIGHT + timedelta(minutes=15 * i + 15)).isoformat(),
                "price": 0.05 if call.data["countries"] == ["es"] else 0.06,
            }
            for i in range(96)
        ]
        return {country: rows}

    hass.services.async_register("omie", "get_prices_for_date", prices, supports_response=SupportsResponse.ONLY)
    series = await fetch_prices(hass, entity_id)
    assert len(series.slots) == 96
    assert series.slots[0].price == (0.05 if country == "es" else 0.06)


@pytest.mark.parametrize("by", ["nickname", "device", "nothing"])
async def test_tibber_prices_are_those_of_the_sensors_home(hass: HomeAssistant, by: str) -> None:
    """The action returns all homes of the account, by their names in the app."""
    config = MockConfigEntry(domain="tibber")
    config.add_to_hass(hass)
    cabin = dr.async_get(hass).async_get_or_create(
        config_entry_id=config.entry_id, identifiers={("tibber", "2")}, name="Cabin" if by == "device" else "Price"
    )
    entry = er.async_get(hass).async_get_or_create(
        "sensor", "tibber", "home-2", config_entry=config, device_id=cabin.id
    )
    if by == "nickname":
        hass.states.async_set(entry.entity_id, "0.3", {"app_nickname": "Cabin"})

    async def prices(call: ServiceCall) -> ServiceResponse:
        begin = dt_util.start_of_local_day()
        rows = {
            name: [{"start_time": (begin + timedelta(hours=i)).isoformat(), "price": price} for i in range(48)]
            for name, price in (("Flat", 0.2), ("Cabin", 0.3))
        }
        return {"prices": rows}

    hass.services.async_register("tibber", "get_prices", prices, supports_response=SupportsResponse.ONLY)
    if by == "nothing":
        with pytest.raises(ValueError, match="home of the sensor"):
            await fetch_prices(hass, entry.entity_id)
        return
    series = await fetch_prices(hass, entry.entity_id)
    assert {slot.price for slot in series.slots} == {0.3}
