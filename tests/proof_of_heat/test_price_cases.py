"""Price sensors as their users have them: odd hours, odd units, odd shapes, odd moments."""

from datetime import UTC, datetime, timedelta
import json
import math
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from hypothesis import given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.money import UnknownUnitError, parse_price_unit
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.prices.rows import parse_time
from custom_components.proof_of_heat.prices.series import from_attributes, from_rows, hash_unit, scale_of
from custom_components.proof_of_heat.runtime.snapshot_builder import _without_short_gaps

from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

CASES = Path(__file__).parent / "cases"
PRICE = "sensor.price"
QUARTER = timedelta(minutes=15)
STOCKHOLM = ZoneInfo("Europe/Stockholm")


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize(("name", "quarters"), [("nordpool_hacs_autumn", 100), ("nordpool_hacs_spring", 92)])
def test_rows_with_times_win_over_rows_without_when_the_clock_changes(name: str, quarters: int) -> None:
    attributes = case(name)
    begin = datetime.fromisoformat(attributes["raw_today"][0]["start"]).replace(tzinfo=STOCKHOLM)
    series = from_attributes(attributes, STOCKHOLM, begin + timedelta(hours=12))
    wrong = 0
    for index in range(quarters):
        when = begin.astimezone(UTC) + index * QUARTER
        stated = [
            row["value"]
            for row in attributes["raw_today"]
            if datetime.fromisoformat(row["start"]) <= when < datetime.fromisoformat(row["end"])
        ]
        shown = series.at(when)
        wrong += shown is not None and shown not in stated
        wrong += bool(stated) and shown is None
    assert wrong == 0
    assert series.end == (begin + timedelta(days=1)).astimezone(UTC)


@pytest.mark.parametrize(("day", "hours"), [((2026, 10, 25), 25), ((2026, 3, 29), 23), ((2026, 1, 10), 24)])
@pytest.mark.parametrize("per_hour", [1, 2, 4])
def test_plain_lists_by_the_clock(day: tuple[int, int, int], hours: int, per_hour: int) -> None:
    """A list for 24 hours on another day never shifts the evening."""
    midnight = datetime(*day, tzinfo=STOCKHOLM)
    series = from_attributes({"today": [i // per_hour for i in range(24 * per_hour)]}, STOCKHOLM, midnight)
    for hour in (0, 1, 4, 12, 20, 23):
        assert series.at(midnight + timedelta(hours=hour)) == hour
    exact = from_attributes({"today": [i // per_hour for i in range(hours * per_hour)]}, STOCKHOLM, midnight)
    assert exact.at(midnight.astimezone(UTC) + timedelta(hours=hours - 1)) == hours - 1


@pytest.mark.parametrize("count", [5, 23, 50, 97])
def test_a_plain_list_of_another_length_is_not_guessed(count: int) -> None:
    assert not from_attributes({"today": [1.0] * count}, STOCKHOLM, datetime(2026, 1, 10, 12, tzinfo=UTC)).slots


def test_local_times_without_zone_repeat_in_autumn() -> None:
    local = ["01:00", "02:00", "02:00", "03:00"]
    rows = [{"start": f"2026-10-25T{text}", "value": index} for index, text in enumerate(local)]
    series = from_rows(rows, STOCKHOLM)
    begin = datetime(2026, 10, 24, 23, tzinfo=UTC)
    assert [series.at(begin + timedelta(hours=hour)) for hour in range(4)] == [0, 1, 2, 3]


def test_row_units_by_key() -> None:
    attributes = case("epex_2x")
    now = datetime.fromisoformat(attributes["data"][0]["start_time"])
    factor = parse_price_unit(attributes["unit_of_measurement"]).factor
    assert from_attributes(attributes, STOCKHOLM, now, factor).at(now) == pytest.approx(0.2963)


@pytest.mark.parametrize(
    ("row", "price"),
    [
        ({"price_ct_per_kwh": 29.63}, 0.2963),
        ({"price_eur_per_mwh": 296.3}, 0.2963),
        ({"pricePerMwh": 296.3}, 0.2963),
        ({"eur_mwh": 296.3}, 0.2963),
        ({"centsPerKWh": 29.63}, 0.2963),
        ({"price_öre_per_kwh": 29.63}, 0.2963),
        ({"marketprice": 296.3, "unit": "Eur/MWh"}, 0.2963),
        ({"price": 29.63, "unit_of_measurement": "ct per kWh"}, 0.2963),
        ({"price_excl_tax": 0.2, "price_incl_tax": 0.2963}, 0.2963),
        ({"price": 0.2963, "price_level": 3}, 0.2963),
        ({"priceWithTax": 0.2963, "energyPrice": 0.1}, 0.2963),
        ({"price": {"amount": 0.2963, "currency": "EUR"}}, 0.2963),
    ],
)
def test_spellings_of_a_price(row: dict[str, Any], price: float) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert from_rows([{"start": now.isoformat(), **row}], STOCKHOLM).at(now) == pytest.approx(price)


@pytest.mark.parametrize(
    "start",
    [
        {"start_date": "2026-11-28T12:00:00Z"},
        {"startTime": "2026-11-28 13:00:00+01:00"},
        {"start_timestamp": 1795867200000},
        {"ts": 1795867200},
        {"timestamp": "1795867200"},
        {"Start Time": datetime(2026, 11, 28, 12, tzinfo=UTC)},
        {"deliveryStart": "2026-11-28T12:00:00+00:00"},
        {"date": "2026-11-28T13:00:00"},
    ],
)
def test_spellings_of_a_time(start: dict[str, Any]) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert from_rows([{**start, "price": 0.2}], STOCKHOLM).at(now) == 0.2


@pytest.mark.parametrize("value", [None, True, "x", 5, float("nan"), 1e30, "12"])
def test_what_is_not_a_time(value: Any) -> None:
    assert parse_time(value, STOCKHOLM) is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"points": [["2026-11-28T12:00:00Z", 0.2], ["2026-11-28T13:00:00Z", 0.3]]},
        {"points": [["2026-11-28T12:00:00Z", "2026-11-28T13:00:00Z", 0.2]]},
        {"prices": {"2026-11-28T12:00:00Z": 0.2, "2026-11-28T13:00:00Z": 0.3}},
        {"hours": {"2026-11-28T12:00:00Z": {"price": 0.2}}},
        {"2026-11-28T12:00:00+00:00": 0.2, "2026-11-28T13:00:00+00:00": 0.3, "friendly_name": "Price"},
        {"gas_prices": [{"start": "2026-11-28T12:00:00Z", "price": 9.0}], "p": [["2026-11-28T12:00:00Z", 0.2]]},
    ],
)
def test_other_shapes(attributes: dict[str, Any]) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert from_attributes(attributes, STOCKHOLM, now).at(now) == 0.2


def test_shapes_that_were_not_read() -> None:
    new, legacy, spot = case("zonneplan_new"), case("zonneplan_legacy"), case("cz_spot")
    now = datetime(2026, 11, 28, 12, 5, tzinfo=UTC)
    found = from_attributes(new, STOCKHOLM, now)
    assert len(found.slots) == 96
    assert found.slots[0].price == pytest.approx(0.2371)
    assert from_attributes(legacy, STOCKHOLM, now).at(now) == pytest.approx(0.2381)
    rows = [key for key in spot if key[:2] == "20"]
    assert len(from_attributes(spot, STOCKHOLM, now).slots) == len(rows)


def test_a_small_price_of_a_scaled_list_is_scaled_as_well() -> None:
    amounts = (2_371_000, 50_000, -120_000, 0)
    rows = [
        {"start_date": f"2026-11-28T{hour:02}:00:00Z", "price_tax_included": {"amount": amount, "currency": "EUR"}}
        for hour, amount in enumerate(amounts)
    ]
    assert [slot.price for slot in from_rows(rows, STOCKHOLM).slots] == pytest.approx([0.2371, 0.005, -0.012, 0])


@settings(max_examples=60)
@given(st.floats(0.02, 5.0), st.integers(-9, 9))
def test_rows_in_another_power_of_ten_are_converted(price: float, exponent: int) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    series = from_rows([{"start": now, "value": price * 10.0**exponent}], STOCKHOLM)
    scale = scale_of(series, price, now)
    assert scale is not None
    assert series.scaled(scale).at(now) == pytest.approx(price, rel=0.03)


@pytest.mark.parametrize(("row", "state", "used"), [(0.1, 0.25, True), (0.1, 0.37, False), (0.2, -0.2, False)])
def test_rows_that_contradict_the_state(row: float, state: float, used: bool) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    series = from_rows([{"start": now, "value": row}], STOCKHOLM)
    assert (scale_of(series, state, now) is not None) is used
    later = now + timedelta(days=1)
    assert scale_of(series, state, later) == 1.0, "nothing to compare with"


def test_prices_near_zero_do_not_contradict() -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    rows = [{"start": now + timedelta(hours=i), "value": value} for i, value in enumerate((0.001, 0.3, 0.3))]
    series = from_rows(rows, STOCKHOLM)
    assert scale_of(series, 0.009, now) == 1.0


@pytest.mark.parametrize("unit", case("units"))
def test_minor_units(unit: str) -> None:
    text = unit.lower()
    cents = any(word in text for word in ("ct", "c/", "öre", "øre", "p/", "snt", "¢", "cent", "c€", "gr/"))
    expected = 0.125 if cents else 0.0125 if "mwh" in text else 12.5
    assert 12.5 * parse_price_unit(unit).factor == pytest.approx(expected)


@pytest.mark.parametrize("unit", ["points/kWh", "EUR/hour", "%", "W", "EUR/kWh/kWh"])
def test_unknown_units_are_an_error(unit: str) -> None:
    with pytest.raises(UnknownUnitError):
        parse_price_unit(unit)


@pytest.mark.parametrize("unit", ["sat/TH/day", "USD/XH/d", "BTC/PH/day", "W"])
def test_unknown_units_of_a_hashprice_are_an_error(unit: str) -> None:
    with pytest.raises(UnknownUnitError):
        hash_unit(unit)


def test_cents_of_a_hashprice_are_hundredths() -> None:
    assert hash_unit("ct/TH/day").factor == pytest.approx(10.0)
    assert hash_unit("¢ per PH/s per day").factor == pytest.approx(0.01)


def test_a_short_gap_in_prices_does_not_end_the_plan() -> None:
    nan = float("nan")
    assert _without_short_gaps([1, nan, nan, nan, nan, 2]) == [1, 1, 1, 1, 1, 2]
    assert _without_short_gaps([1, nan, nan, nan, nan, nan, 2]) == [1]
    assert _without_short_gaps([nan, 1]) == []
    assert _without_short_gaps([1, nan]) == [1]


# --- in Home Assistant ---------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 28, 12, 5, tzinfo=UTC)


async def made(hass: HomeAssistant, freezer: FrozenDateTimeFactory, entity_id: str = PRICE, **options: Any) -> Any:
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("Europe/Stockholm")
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    entry = system(zone(), options={"price": {"price_entity": entity_id, **options}})
    await start(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    await entry.runtime_data.coordinator.async_refresh()
    return entry.runtime_data


def publish(hass: HomeAssistant, state: str, unit: str | None = "EUR/kWh", **attributes: Any) -> None:
    hass.states.async_set(PRICE, state, {"unit_of_measurement": unit, **attributes})


def hourly(hours: int = 36, price: float = 0.2) -> list[dict[str, Any]]:
    begin = NOW.replace(minute=0)
    return [{"start": (begin + timedelta(hours=i)).isoformat(), "value": price} for i in range(hours)]


def issues(hass: HomeAssistant) -> set[str]:
    return {issue.translation_key or "" for (domain, _), issue in ir.async_get(hass).issues.items() if domain == DOMAIN}


def shown(home: Any) -> tuple[float, int]:
    snapshot = home.coordinator.data.snapshot
    return snapshot.price_kwh, 0 if snapshot.forecast is None else len(snapshot.forecast.price_kwh)


async def test_known_prices_stay_known_while_the_sensor_is_away(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    publish(hass, "0.2", raw_today=hourly())
    home = await made(hass, freezer)
    price, quarters = shown(home)
    assert (price, quarters) == (0.2, 36 * 4)
    for away in ("unavailable", "unknown"):
        hass.states.async_set(PRICE, away)
        freezer.tick(60)
        await home.coordinator.async_refresh()
        assert shown(home) == (price, quarters)
    freezer.tick(timedelta(hours=37))
    await home.coordinator.async_refresh()
    assert shown(home)[1] == 0, "what has passed is not a price"


async def test_rows_that_contradict_the_state_are_reported(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    publish(hass, "0.25", raw_today=hourly(price=0.9))
    home = await made(hass, freezer)
    for _ in range(4):
        freezer.tick(60)
        await home.coordinator.async_refresh()
    assert shown(home) == (0.25, 0)
    assert issues(hass) == {"price_forecast_contradicts"}
    publish(hass, "0.25", raw_today=hourly(price=0.3))
    await home.coordinator.async_refresh()
    assert shown(home)[0] == pytest.approx(0.3)
    assert issues(hass) == set()


async def test_an_unknown_unit_is_reported_and_its_price_not_used(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    publish(hass, "12.5", unit="points/kWh")
    hass.states.async_set("sensor.hashprice", "50", {"unit_of_measurement": "sat/TH/day"})
    home = await made(hass, freezer, hashprice_entity="sensor.hashprice")
    price, _ = shown(home)
    assert math.isnan(price), "unknown"
    assert issues(hass) == {"price_unit_unknown", "hashprice_unit_unknown"}
    publish(hass, "12.5", unit="¢/kWh")
    hass.states.async_set("sensor.hashprice", "50", {"unit_of_measurement": "EUR/PH/day"})
    await home.coordinator.async_refresh()
    assert shown(home)[0] == pytest.approx(0.125)
    assert issues(hass) == set()


async def test_delivery_days_are_central_european(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """In Helsinki at 00:20, the delivery day of tomorrow's date is not published yet; today began yesterday."""
    owner = MockConfigEntry(domain="nordpool")
    owner.add_to_hass(hass)
    entity = er.async_get(hass).async_get_or_create("sensor", "nordpool", "FI-current_price", config_entry=owner)
    hass.states.async_set(entity.entity_id, "0.1", {"unit_of_measurement": "EUR/kWh"})

    async def prices(call: ServiceCall) -> ServiceResponse:
        if str(call.data["date"]) > "2026-11-29":
            raise ServiceValidationError("not published")
        begin = datetime.fromisoformat(f"{call.data['date']}T00:00:00").replace(tzinfo=STOCKHOLM)
        return {
            "FI": [
                {
                    "start": (begin + i * QUARTER).isoformat(),
                    "end": (begin + (i + 1) * QUARTER).isoformat(),
                    "price": 90,
                }
                for i in range(96)
            ]
        }

    hass.services.async_register("nordpool", "get_prices_for_date", prices, supports_response=SupportsResponse.ONLY)
    home = await made(hass, freezer, entity.entity_id)
    await hass.config.async_set_time_zone("Europe/Helsinki")
    freezer.move_to(datetime(2026, 11, 28, 22, 20, tzinfo=UTC))
    await home.coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    await home.coordinator.async_refresh()
    price, quarters = shown(home)
    assert price == pytest.approx(0.09)
    assert 97 <= quarters <= 100
