"""Price sensors without a unit, in another currency, or with prices that cannot be meant."""

import math
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from hypothesis import given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.money import is_plausible_price, parse_price_unit, units_per_euro
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.repairs import async_create_fix_flow

from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

PRICE, HASH = "sensor.price", "sensor.hashprice"


def publish(hass: HomeAssistant, entity_id: str, value: float | str, unit: str | None, **attributes: Any) -> None:
    units = {} if unit is None else {"unit_of_measurement": unit}
    hass.states.async_set(entity_id, str(value), {**units, **attributes})


async def made(hass: HomeAssistant, **price: Any) -> MockConfigEntry:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    entry = system(zone(), options={"price": {"price_entity": PRICE, **price}})
    await start(hass, entry)
    return entry


def shown(entry: MockConfigEntry) -> float:
    return float(entry.runtime_data.coordinator.data.snapshot.price_kwh)


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    found = {key: item for (domain, key), item in ir.async_get(hass).issues.items() if domain == DOMAIN}
    return {key.rpartition("_")[0]: item for key, item in found.items() if "price" in key}


@pytest.mark.parametrize("unit", [None, "", "  "])
async def test_a_sensor_without_a_unit_is_not_used_until_its_unit_is_selected(
    hass: HomeAssistant, unit: str | None
) -> None:
    publish(hass, PRICE, 25.3, unit)
    entry = await made(hass)
    assert math.isnan(shown(entry)), "25.3 EUR would be wrong by a factor of 100"
    (issue,) = issues(hass).values()
    assert issue.translation_key == "price_unit_missing"
    assert issue.is_fixable
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.issue_id = hass, issue.issue_id
    form = await flow.async_step_init()
    assert form["description_placeholders"] == {"name": "Home", "entity": PRICE}
    refused = await flow.async_step_unit({"price_unit": "money_kwh"})
    assert refused["errors"] == {"price_unit": "price_implausible"}
    done = await flow.async_step_unit({"price_unit": "cent_kwh"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert shown(entry) == pytest.approx(0.253)
    assert issues(hass) == {}


async def test_a_fixed_price_is_used_instead(hass: HomeAssistant) -> None:
    publish(hass, PRICE, 0.31, None)
    assert shown(await made(hass, fixed_price=0.28)) == 0.28


async def test_the_unit_of_the_sensor_takes_precedence_over_the_selected_one(hass: HomeAssistant) -> None:
    publish(hass, PRICE, 250.0, "EUR/MWh")
    assert shown(await made(hass, price_unit="cent_kwh")) == pytest.approx(0.25)


async def test_rates_of_octopus_are_pounds(hass: HomeAssistant) -> None:
    name = "event.octopus_energy_electricity_1_2_current_day_rates"
    hass.states.async_set(name, "2026-11-28T12:00:00+00:00", {"rates": []})
    await made(hass, price_entity=name)
    assert issues(hass)["price_currency_differs_price"].translation_placeholders == {
        "name": "Home",
        "entity": name,
        "currency": "GBP",
        "home": "EUR",
    }


@pytest.mark.parametrize(
    ("currency", "unit", "value", "differs"),
    [
        ("EUR", "SEK/kWh", 1.2, True),
        ("EUR", "öre/kWh", 120, False),  # of several countries
        ("SEK", "Öre/kWh", 120, False),
        ("EUR", "p/kWh", 24.5, True),
        ("GBP", "GBP/MWh", 90, False),
        ("EUR", "snt/kWh", 8.2, False),
        ("NOK", "NOK/kWh", 1.1, False),
        ("NOK", "EUR/kWh", 0.11, True),
        ("CZK", "Kč/kWh", 3.1, False),
        ("USD", "$/kWh", 0.16, False),
        ("USD", "€/MWh", 90, True),
    ],
)
async def test_another_currency_than_the_home_s_is_reported(
    hass: HomeAssistant, currency: str, unit: str, value: float, differs: bool
) -> None:
    hass.config.currency = currency
    publish(hass, PRICE, value, unit)
    entry = await made(hass)
    assert ("price_currency_differs_price" in issues(hass)) is differs
    assert shown(entry) == pytest.approx(value * parse_price_unit(unit).factor)
    publish(hass, PRICE, value, f"{currency}/kWh")
    await entry.runtime_data.coordinator.async_refresh()
    assert "price_currency_differs_price" not in issues(hass)


@pytest.mark.parametrize(
    ("currency", "value", "unit", "plausible"),
    [
        ("EUR", 25.3, "EUR/kWh", False),
        ("EUR", -25.3, "EUR/kWh", False),
        ("EUR", 4.0, "EUR/kWh", True),
        ("EUR", -0.5, "EUR/kWh", True),
        ("SEK", 45.0, "SEK/kWh", True),
        ("HUF", 38.0, "HUF/kWh", True),
        ("JPY", 31.0, "JPY/kWh", True),
        ("AUD", 20.3, "AUD/kWh", True),
        ("EUR", 253.0, "EUR/kWh", False),
        ("EUR", 253.0, "€/MWh", True),
        ("VND", 3000.0, "VND/kWh", True),
    ],
)
async def test_a_price_that_cannot_be_meant_is_not_used(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    currency: str,
    value: float,
    unit: str,
    plausible: bool,
) -> None:
    hass.config.currency = currency
    publish(hass, PRICE, value, unit)
    entry = await made(hass)
    for _ in range(4):
        freezer.tick(60)
        await entry.runtime_data.coordinator.async_refresh()
    assert math.isfinite(shown(entry)) is plausible
    assert ("price_implausible" in issues(hass)) is not plausible


async def test_implausible_rows_of_a_forecast_are_not_used(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to("2026-11-28T12:05:00+00:00")
    rows = [{"start": f"2026-11-28T{hour}:00:00+00:00", "value": value} for hour, value in ((12, 0.2), (13, 99.0))]
    publish(hass, PRICE, 0.2, "EUR/kWh", raw_today=rows)
    entry = await made(hass)
    forecast = entry.runtime_data.coordinator.data.snapshot.forecast
    assert shown(entry) == 0.2
    assert all(price < 1 for price in forecast.price_kwh if math.isfinite(price))


@settings(max_examples=40)
@given(st.sampled_from(["EUR", "SEK", "HUF", "USD", "GBP", "KRW"]), st.floats(0.01, 0.9))
def test_cents_that_are_declared_as_whole_money_are_doubted_from_a_dime_on(currency: str, euros: float) -> None:
    price = euros * units_per_euro(currency)
    assert is_plausible_price(price, currency)
    assert is_plausible_price(price * 100, currency) is (euros * 100 <= 10)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (45.0, None, 45.0),
        (0.045, "EUR/TH/day", 45.0),
        (0.045, None, math.nan),
        (45_000.0, "EUR/TH/s/d", math.nan),
        (0.0, "EUR/PH/d", math.nan),
    ],
)
async def test_hashprices_that_cannot_be_meant_are_not_used(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, value: float, unit: str | None, expected: float
) -> None:
    publish(hass, PRICE, 0.2, "EUR/kWh")
    publish(hass, HASH, value, unit)
    entry = await made(hass, hashprice_entity=HASH)
    for _ in range(4):
        freezer.tick(60)
        await entry.runtime_data.coordinator.async_refresh()
    found = entry.runtime_data.coordinator.data.snapshot.hashprice_ph_day
    assert found == pytest.approx(expected, nan_ok=True)
    assert ("hashprice_implausible" in issues(hass)) is math.isnan(expected)


async def test_a_hashprice_in_another_currency_is_reported(hass: HomeAssistant) -> None:
    publish(hass, PRICE, 0.2, "EUR/kWh")
    publish(hass, HASH, 45.0, "USD/PH/day")
    entry = await made(hass, hashprice_entity=HASH)
    assert entry.runtime_data.coordinator.data.snapshot.hashprice_ph_day == 45.0
    assert set(issues(hass)) == {"price_currency_differs_hashprice"}


@pytest.mark.parametrize(
    ("state", "unit", "entered", "errors"),
    [
        ("25.3", None, {}, {"price_unit": "price_unit_missing"}),
        ("25.3", None, {"price_unit": "money_kwh"}, {"price_unit": "price_implausible"}),
        ("25.3", None, {"price_unit": "cent_kwh"}, None),
        ("0.253", None, {"price_unit": "money_kwh"}, None),
        ("253", None, {"price_unit": "money_mwh"}, None),
        ("25.3", "points", {}, {"price_entity": "price_unit_unknown"}),
        ("25.3", "EUR/kWh", {}, {"price_entity": "price_implausible"}),
        ("25.3", "ct/kWh", {}, None),
        ("unavailable", None, {}, None),
    ],
)
async def test_the_form_checks_the_sensor(
    hass: HomeAssistant, state: str, unit: str | None, entered: dict[str, str], errors: dict[str, str] | None
) -> None:
    publish(hass, PRICE, state, unit)
    entry = await made(hass, price_entity=None)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(form["flow_id"], {"next_step_id": "price"})
    values = {"price_entity": PRICE, "fees": 0.0, "tax": 0.0, **entered}
    result = await hass.config_entries.options.async_configure(form["flow_id"], values)
    if errors is None:
        assert result["type"] is FlowResultType.CREATE_ENTRY
    else:
        assert result["errors"] == errors
