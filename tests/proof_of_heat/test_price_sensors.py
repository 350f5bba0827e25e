"""Price sensors of real integrations in Home Assistant, with and without a forecast of their own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.data import HeatingSystem

from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

NOW = datetime(2027, 1, 13, 9, 0, tzinfo=UTC)


async def made(hass: HomeAssistant, freezer: FrozenDateTimeFactory, entity_id: str, **price: Any) -> HeatingSystem:
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("Europe/Stockholm")
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    entry = system(zone(), options={"price": {"price_entity": entity_id, **price}})
    await start(hass, entry)
    home: HeatingSystem = entry.runtime_data
    await hass.async_block_till_done(wait_background_tasks=True)
    await home.coordinator.async_refresh()
    return home


def quarters(home: HeatingSystem) -> list[float]:
    forecast = home.coordinator.data.snapshot.forecast
    return [] if forecast is None else list(forecast.price_kwh)


def registered(hass: HomeAssistant, platform: str, unique_id: str) -> tuple[str, str]:
    owner = MockConfigEntry(domain=platform)
    owner.add_to_hass(hass)
    entity = er.async_get(hass).async_get_or_create("sensor", platform, unique_id, config_entry=owner)
    hass.states.async_set(entity.entity_id, "0.1", {"unit_of_measurement": "SEK/kWh"})
    return entity.entity_id, owner.entry_id


def midnight() -> datetime:
    return dt_util.start_of_local_day(dt_util.as_local(NOW)).astimezone(UTC)


async def test_nord_pool_is_queried_by_its_action(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    entity_id, owner = registered(hass, "nordpool", "SE4-current_price")
    asked: list[str] = []

    async def prices(call: ServiceCall) -> ServiceResponse:
        assert call.data["config_entry"] == owner
        day = str(call.data["date"])
        asked.append(day)
        if day == "2027-01-14":
            return {"SE3": [], "SE4": []}
        rows: list[Any] = [
            {
                "start": (midnight() + timedelta(minutes=15 * i)).isoformat(),
                "end": (midnight() + timedelta(minutes=15 * i + 15)).isoformat(),
                "price": 100.0 + i,
            }
            for i in range(96)
        ]
        return {"SE3": [{**row, "price": 9999.0} for row in rows], "SE4": rows}

    hass.services.async_register("nordpool", "get_prices_for_date", prices, supports_response=SupportsResponse.ONLY)
    home = await made(hass, freezer, entity_id, fees=0.05, tax=25.0)
    assert asked == ["2027-01-13", "2027-01-14"]
    assert home.coordinator.data.snapshot.price_kwh == pytest.approx((0.140 + 0.05) * 1.25)
    assert len(quarters(home)) == 56
    assert quarters(home)[-1] == pytest.approx((0.195 + 0.05) * 1.25)
    for _ in range(5):
        await home.coordinator.async_refresh()
    assert len(asked) == 2, "kept"


async def test_tibber_is_queried_by_its_action(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    entity_id, _ = registered(hass, "tibber", "home-price")

    async def prices(call: ServiceCall) -> ServiceResponse:
        rows: list[Any] = [
            {"start_time": (midnight() + timedelta(hours=i)).isoformat(), "price": 1.0 + i} for i in range(48)
        ]
        return {"prices": {"Home": rows}}

    hass.services.async_register("tibber", "get_prices", prices, supports_response=SupportsResponse.ONLY)
    home = await made(hass, freezer, entity_id)
    assert home.coordinator.data.snapshot.price_kwh == 11.0
    assert len(quarters(home)) == 38 * 4


async def test_failed_action_falls_back_to_the_sensor_state(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    entity_id, _ = registered(hass, "nordpool", "SE4-current_price")

    async def prices(call: ServiceCall) -> ServiceResponse:
        raise ServiceValidationError("no connection")

    hass.services.async_register("nordpool", "get_prices_for_date", prices, supports_response=SupportsResponse.ONLY)
    home = await made(hass, freezer, entity_id)
    assert home.coordinator.data.snapshot.price_kwh == pytest.approx(0.1)
    assert quarters(home) == []


@pytest.mark.parametrize("reply", [None, {}, {"SE4": None}, {"SE4": [{"start": "x"}]}])
async def test_action_with_an_empty_response(hass: HomeAssistant, freezer: FrozenDateTimeFactory, reply: Any) -> None:
    entity_id, _ = registered(hass, "nordpool", "SE4-current_price")

    async def prices(call: ServiceCall) -> ServiceResponse:
        return reply or {}

    hass.services.async_register("nordpool", "get_prices_for_date", prices, supports_response=SupportsResponse.ONLY)
    home = await made(hass, freezer, entity_id)
    assert home.coordinator.data.snapshot.price_kwh == pytest.approx(0.1)


async def test_octopus_publishes_each_day_in_its_own_entity(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Europe/Stockholm")

    def rates(day: int, price: float) -> dict[str, Any]:
        begin = midnight() + timedelta(days=day)
        halves = [begin + timedelta(minutes=30 * i) for i in range(48)]
        return {
            "rates": [
                {"start": half, "end": half + timedelta(minutes=30), "value_inc_vat": price, "is_capped": False}
                for half in halves
            ]
        }

    name = "event.octopus_energy_electricity_12a_345_{}_day_rates"
    hass.states.async_set(name.format("current"), NOW.isoformat(), rates(0, 0.2))
    hass.states.async_set(name.format("next"), NOW.isoformat(), rates(1, 0.3))
    home = await made(hass, freezer, name.format("current"))
    assert len(quarters(home)) == (14 + 24) * 4
    assert (quarters(home)[0], quarters(home)[-1]) == (0.2, 0.3)
    hass.states.async_set(name.format("next"), NOW.isoformat(), rates(1, 0.4))
    await home.coordinator.async_refresh()
    assert quarters(home)[-1] == 0.4
