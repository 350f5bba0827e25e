"""Price lists as other providers, templates and scripts write them: a shape, and the price that it means."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
import json
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.prices.row_values import parse_clock, parse_day, price_number
from custom_components.proof_of_heat.prices.series import PriceSeries, from_attributes, from_rows, scale_of

from .test_price_cases import NOW, PRICE, hourly, issues, made, publish, shown

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 11, 28, 12, 5, tzinfo=UTC)
"""13:05 in Berlin."""
H = "2026-11-28T13:00:00+01:00"
EXPECTED = 0.25


def row(**values: Any) -> dict[str, Any]:
    return {"start": H, **values}


def by_hour(first: int = 0) -> list[dict[str, Any]]:
    return [{"hour": hour + first, "price": EXPECTED if hour == 13 else 0.1} for hour in range(24)]


SHAPES: dict[str, dict[str, Any]] = {
    "decimal comma": {"data": [row(price="0,25")]},
    "number with its unit": {"data": [row(price="25.0 ct/kWh")]},
    "number with money": {"data": [row(price="€ 0.25")]},
    "per MWh with a comma": {"data": [row(price="250,0 EUR/MWh")]},
    "clock times of today": {"raw_today": [{"time": "12:00", "price": 0.1}, {"time": "13:00", "price": 0.25}]},
    "hours of today": {"today": by_hour()},
    "hours from 1 to 24": {"prices_today": by_hour(1)},
    "ranges of hours": {"today": [{"hour": "12-13", "price": 0.1}, {"hour": "13-14", "price": 0.25}]},
    "hours with a date": {"data": [{"date": "2026-11-28", **item} for item in by_hour()]},
    "date and clock": {"data": [{"date": "28.11.2026", "time": "13:00", "price": 0.25}]},
    "clock keys": {"today": {"12:00": 0.1, "13:00": 0.25}},
    "hour keys": {"today": {str(hour): EXPECTED if hour == 13 else 0.1 for hour in range(24)}},
    "day first": {"data": [{"start": "28.11.2026 13:00", "price": 0.25}]},
    "slashes": {"data": [{"start": "2026/11/28 13:00:00", "price": 0.25}]},
    "named UTC": {"data": [{"start": "2026-11-28 12:00:00 UTC", "price": 0.25}]},
    "offset without a colon": {"data": [{"start": "2026-11-28T13:00:00+0100", "price": 0.25}]},
    "JSON text": {"data": json.dumps([row(price=0.25)])},
    "lists in a mapping": {"prices": {"today": [{"startsAt": H, "total": 0.25}], "tomorrow": []}},
    "lists in a mapping in a mapping": {"priceInfo": {"current": {"today": [{"startsAt": H, "total": 0.25}]}}},
    "text numbers": {"today": ["0.1"] * 13 + ["0.25"] + ["0.1"] * 10},
    "padded to 25 hours": {"today": [0.1] * 13 + [0.25] + [0.1] * 10 + [None]},
    "five minutes": {"today": [0.1] * 157 + [0.25] + [0.1] * 130},
    "newest first": {
        "data": [{"start": "2026-11-28T14:00", "price": 0.3}, {"start": "2026-11-28T13:00", "price": 0.25}]
    },
    "attribute per hour": {f"price_{hour:02}h": 0.1 + hour * 0.15 / 13 for hour in range(24)},
    "cents in the key": {"data": [row(price_cents=25.0)]},
    "cents in the row": {"data": [row(price=25.0, unit="ct")]},
    "euros per MWh in camel case": {"data": [row(priceEurPerMWh=250.0)]},
    "öre in the key": {"data": [row(price_ore_kwh=25)]},
    "several currencies": {"data": [row(EUR_per_kWh=0.02, SEK_per_kWh=0.25, EXR=11.2)]},
    "currencies in price keys": {"data": [row(price_eur=0.02, price_sek=0.25)]},
    "gross and net": {"data": [row(price_net=0.2, price_gross=0.25)]},
    "netto and brutto": {"data": [row(netto=0.2, brutto=0.25)]},
    "without tax before with tax": {"data": [row(PriceNoTax=0.2, PriceWithTax=0.25)]},
    "bought and sold": {"data": [row(export_price=0.05, import_price=0.25)]},
    "share of renewables": {"renewable_share": [row(value=0.6)], "prices": [row(value=0.25)]},
    "small whole numbers of a ten millionth": {
        "forecast": [{"datetime": "2026-11-28T12:00:00Z", "electricity_price": 2_500_000, "tariff_group": "low"}]
    },
}


@pytest.mark.parametrize("name", list(SHAPES))
def test_shape(name: str) -> None:
    series = from_attributes(SHAPES[name], BERLIN, AT, 1.0, "SEK")
    assert series.at(AT) == pytest.approx(EXPECTED)


@pytest.mark.parametrize(
    "attributes",
    [
        {"co2_intensity": [row(value=0.3)]},
        {"renewable_percentage": [row(value=45.0)]},
        {"feed_in_tariff": [row(price=0.08)]},
        {"gas_prices_today": [row(price=0.09)]},
        {"data": [row(price="0.25 points")]},
        {"data": [row(price="n/a")]},
        {"prices": by_hour()},
        {"data": [{"time": "13:00", "price": 0.25}]},
        {"data": "[{broken"},
        {"data": [{"hour": True, "date": "2026-11-28", "price": float("nan")}]},
        {"today": ["n/a"] * 24},
    ],
)
def test_what_is_not_a_price_of_a_bought_kwh(attributes: dict[str, Any]) -> None:
    assert from_attributes(attributes, BERLIN, AT).at(AT) is None


AUTUMN, SPRING = date(2026, 10, 25), date(2026, 3, 29)


@pytest.mark.parametrize(
    ("times", "at", "index"),
    [
        (["01:00", "02:00", "02:00", "03:00"], (1, 30), 2),
        (["03:00", "02:00", "02:00", "01:00"], (1, 30), 1),
        (["03:00", "02:00", "02:00", "01:00"], (0, 30), 2),
        (["01:45", "02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00"], (1, 35), 7),
    ],
)
def test_the_hour_that_repeats_in_any_order(times: list[str], at: tuple[int, int], index: int) -> None:
    rows = [{"start": f"2026-10-25T{text}", "price": float(place)} for place, text in enumerate(times)]
    assert from_rows(rows, BERLIN).at(datetime(2026, 10, 25, *at, tzinfo=UTC)) == index


def test_an_attribute_for_the_hour_that_repeats() -> None:
    attributes = {f"price_{hour:02}h": float(hour) for hour in range(24)} | {"price_02h_d": 2.5}
    noon = datetime(2026, 10, 25, 12, tzinfo=UTC)
    series = from_attributes(attributes, BERLIN, noon)
    assert [series.at(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1, 2, 22)] == [2.0, 2.5, 3.0, 23.0]
    tomorrow = from_attributes({f"price_next_day_{hour:02}h": float(hour) for hour in range(24)}, BERLIN, AT)
    assert tomorrow.at(AT + timedelta(days=1)) == 13.0


@pytest.mark.parametrize(("day", "hours"), [(AUTUMN, 25), (SPRING, 23), (date(2026, 11, 28), 24)])
def test_every_hour_of_a_day_by_clock_times(day: date, hours: int) -> None:
    """Clock times of a day that has 23, 24 or 25 hours."""
    begin = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    local = [(begin + timedelta(hours=index)).astimezone(BERLIN) for index in range(hours)]
    rows = [{"time": f"{when:%H:%M}", "price": float(index)} for index, when in enumerate(local)]
    series = from_attributes({"raw_today": rows}, BERLIN, begin + timedelta(hours=12))
    assert [series.at(begin + timedelta(hours=index, minutes=30)) for index in range(hours)] == list(range(hours))


@pytest.mark.parametrize("step_h", [0.25, 0.5, 1.0])
def test_missing_hours_are_unknown(step_h: float) -> None:
    """A row does not last until the next one that is known."""
    begin = datetime(2026, 11, 28, 0, tzinfo=UTC)
    times = [begin + timedelta(hours=step_h * index) for index in range(round(12 / step_h))]
    rows = [{"start": when, "price": 0.2} for when in times if when.hour not in (5, 6)]
    series = from_rows(rows, BERLIN)
    assert [series.at(begin + timedelta(hours=hour, minutes=5)) for hour in (4, 5, 6, 7)] == [0.2, None, None, 0.2]


def test_hourly_rows_that_become_quarters() -> None:
    begin = datetime(2026, 11, 28, 0, tzinfo=UTC)
    times = [begin + timedelta(hours=hour) for hour in range(3)] + [
        begin + timedelta(hours=3 + i / 4) for i in range(4)
    ]
    series = from_rows([{"start": when, "price": 0.2} for when in times], BERLIN)
    assert all(series.at(begin + timedelta(minutes=15 * index)) == 0.2 for index in range(16))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.234,5", (1234.5, None)),
        ("1,234.5", (1234.5, None)),
        ("\u22120,05", (-0.05, None)),
        ("-5 ct", (-5.0, 0.01)),
        ("250 €/MWh", (250.0, 0.001)),
        ("cheap", (None, None)),
        ("0.2 kWh", (None, None)),
        (None, (None, None)),
        (True, (None, None)),
    ],
)
def test_numbers_as_text(value: Any, expected: tuple[float | None, float | None]) -> None:
    assert price_number(value) == expected


def test_clock_times_and_days() -> None:
    assert [parse_clock(value, is_hour=True) for value in (13, "13", 13.0, "07:30", "24", 26, "x", True)] == [
        (13, 0), (13, 0), (13, 0), (7, 30), (24, 0), None, None, None,
    ]  # fmt: skip
    assert parse_clock(13, is_hour=False) is None
    assert parse_day(date(2026, 11, 28)) == parse_day("2026-11-28") == date(2026, 11, 28)
    assert parse_day("2026-13-28") is None
    assert parse_day(AT) is None


def test_scale_near_zero_is_undecided() -> None:
    begin = AT.replace(minute=0)
    cents = from_rows([{"start": begin + timedelta(hours=i), "price": v} for i, v in enumerate((0.0, 25, 30))], BERLIN)
    assert scale_of(cents, 0.0003, AT) == 1.0
    assert scale_of(cents, 0.0003, AT, undecided=0.01) == 0.01
    assert scale_of(cents, 0.25, AT + timedelta(hours=1)) == pytest.approx(0.01)
    assert scale_of(PriceSeries(), 0.25, AT) == 1.0


# --- in Home Assistant ---------------------------------------------------------------------------------------------


async def test_a_provider_that_is_loaded_again_loses_no_prices(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    publish(hass, "0.2", raw_today=hourly(12), raw_tomorrow=hourly(36)[12:])
    home = await made(hass, freezer)
    assert shown(home) == (0.2, 36 * 4)
    publish(hass, "0.2")  # its price, and no list yet
    freezer.tick(60)
    await home.coordinator.async_refresh()
    assert shown(home) == (0.2, 36 * 4)
    publish(hass, "0.2", raw_today=hourly(12), raw_tomorrow=[])  # today's list, and not tomorrow's
    freezer.tick(60)
    await home.coordinator.async_refresh()
    assert shown(home) == (0.2, 36 * 4)
    publish(hass, "0.9")  # another tariff: what was known does not apply
    freezer.tick(60)
    await home.coordinator.async_refresh()
    assert shown(home) == (0.9, 0)


async def test_cents_are_cents_while_the_price_is_zero(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    begin = NOW.replace(minute=0)
    rows = [{"start": (begin + timedelta(hours=i)).isoformat(), "value": v} for i, v in enumerate((5.0, 0.0, 6.0, 4.0))]
    publish(hass, "0.05", data=rows)
    home = await made(hass, freezer)
    assert shown(home)[0] == pytest.approx(0.05)
    freezer.move_to(begin + timedelta(hours=1, minutes=5))
    publish(hass, "0.0", data=rows)
    await home.coordinator.async_refresh()
    forecast = home.coordinator.data.snapshot.forecast.price_kwh
    assert max(forecast) == pytest.approx(0.06)
    assert issues(hass) == set()


@pytest.mark.parametrize("price", [-0.05, -0.5])
async def test_negative_prices(hass: HomeAssistant, freezer: FrozenDateTimeFactory, price: float) -> None:
    publish(hass, str(100 * price), unit="ct/kWh", raw_today=hourly(price=100 * price))
    home = await made(hass, freezer)
    assert shown(home) == (pytest.approx(price), 36 * 4)
    assert issues(hass) == set()


async def test_a_forecast_with_an_unknown_price(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    publish(hass, "unknown", raw_today=hourly())
    home = await made(hass, freezer)
    assert shown(home) == (0.2, 36 * 4)
    assert issues(hass) == set()


async def test_a_price_instead_of_that_of_the_sensor_is_marked(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    publish(hass, "0.2", raw_today=hourly(2))
    home = await made(hass, freezer, fixed_price=0.3)

    def seen() -> tuple[float, bool]:
        state = hass.states.get("sensor.home_electricity_price")
        assert state is not None
        return float(state.state), state.attributes["estimated"]

    assert seen() == (0.2, False)
    hass.states.async_set(PRICE, "unavailable")
    freezer.tick(60)
    await home.coordinator.async_refresh()
    home.user_changes.notify()
    assert seen() == (0.2, False), "published before"
    freezer.tick(timedelta(hours=3))
    await home.coordinator.async_refresh()
    home.user_changes.notify()
    assert seen() == (0.3, True), "the fixed price"


def _texts(written: Callable[[datetime], object], key: str = "start") -> list[dict[str, object]]:
    begin = datetime(2026, 1, 14, 23, tzinfo=UTC)
    return [{key: written(begin + timedelta(hours=hour)), "price": hour / 100} for hour in range(24)]


@pytest.mark.parametrize(
    "rows",
    [
        _texts(lambda when: when.astimezone(BERLIN).isoformat() + "[Europe/Berlin]"),
        _texts(lambda when: when.isoformat() + "[UTC]"),
        _texts(lambda when: when.strftime("%a, %d %b %Y %H:%M:%S GMT")),
        _texts(lambda when: when.astimezone(BERLIN).strftime("%a, %d %b %Y %H:%M:%S %z")),
        _texts(lambda when: when.isoformat(), "readingDate"),
        _texts(lambda when: when.isoformat(), "slotTime"),
        _texts(lambda when: when.isoformat(), "hour_start"),
        _texts(lambda when: int(when.timestamp()), "price_timestamp"),
        [
            {**row, "created_time": "2026-01-14T12:00:00Z", "endDate": "2026-01-15T00:00:00Z"}
            for row in _texts(lambda when: when.isoformat(), "readingDate")
        ],
    ],
)
def test_times_in_other_spellings(rows: list[dict[str, object]]) -> None:
    series = from_attributes({"prices": rows}, BERLIN, datetime(2026, 1, 15, 12, tzinfo=UTC))
    begin = datetime(2026, 1, 14, 23, tzinfo=UTC)
    assert [series.at(begin + timedelta(hours=hour, minutes=1)) for hour in range(24)] == [
        hour / 100 for hour in range(24)
    ]
