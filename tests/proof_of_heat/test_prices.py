"""Prices: the shapes of the known integrations, units, time-of-use tariffs."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
import math
from time import thread_time
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.proof_of_heat._lib.money import UnknownUnitError, parse_price_unit
from custom_components.proof_of_heat.prices.series import (
    PriceSeries,
    Slot,
    Surcharges,
    from_attributes,
    from_rows,
    hash_unit,
)
from custom_components.proof_of_heat.prices.tariff import TariffError, parse

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)


def hours(key: str, value: str, *, text: bool = True, end: str | None = None, day: int = 10) -> list[dict[str, Any]]:
    rows = []
    for hour in range(24):
        start = datetime(2026, 1, day, tzinfo=ROME) + timedelta(hours=hour)
        row: dict[str, Any] = {key: start.isoformat() if text else start, value: hour / 100}
        if end:
            row[end] = (start + timedelta(hours=1)).isoformat() if text else start + timedelta(hours=1)
        rows.append(row)
    return rows


SHAPES = {
    "nord pool": {"raw_today": hours("start", "value", text=False, end="end"), "raw_tomorrow": []},
    "nord pool text": {"raw_today": hours("start", "value", end="end"), "today": [hour / 100 for hour in range(24)]},
    "entso-e": {"prices_today": hours("time", "price"), "prices": hours("time", "price")},
    "tibber": {"today": hours("startsAt", "total"), "tomorrow": []},
    "octopus": {"rates": hours("start", "value_inc_vat", end="end")},
    "epex": {"data": hours("start_time", "price_per_kwh", end="end_time")},
    "plain": {"today": [hour / 100 for hour in range(24)]},
}


@pytest.mark.parametrize("name", list(SHAPES))
def test_known_shapes_give_the_same_series(name: str) -> None:
    series = from_attributes(SHAPES[name], ROME, NOW)
    assert len(series.slots) == 24
    assert series.at(NOW) == 0.10
    assert series.end == datetime(2026, 1, 11, tzinfo=ROME)
    assert series.at(datetime(2026, 1, 11, 0, 1, tzinfo=ROME)) is None


def test_today_and_tomorrow_join() -> None:
    attributes = {
        "raw_today": hours("start", "value", end="end"),
        "raw_tomorrow": hours("start", "value", end="end", day=11),
    }
    series = from_attributes(attributes, ROME, NOW)
    assert len(series.slots) == 48
    assert series.steps(NOW, timedelta(hours=1), 3) == pytest.approx([0.105, 0.115, 0.125])


def test_quarters_average_into_hours() -> None:
    begin = datetime(2026, 1, 10, tzinfo=UTC)
    rows = [{"start": (begin + timedelta(minutes=15 * i)).isoformat(), "value": i % 4} for i in range(96)]
    assert from_rows(rows, ROME).steps(begin, timedelta(hours=1), 2) == [1.5, 1.5]


def test_unknown_hours_are_nan_not_zero() -> None:
    series = from_attributes(SHAPES["nord pool"], ROME, NOW)
    steps = series.steps(datetime(2026, 1, 10, 22, tzinfo=ROME), timedelta(hours=1), 4)
    assert steps[:2] == pytest.approx([0.22, 0.23])
    assert all(math.isnan(step) for step in steps[2:])


@given(
    st.lists(st.tuples(st.integers(-60, 400), st.integers(1, 180), st.floats(-1, 1)), max_size=30),
    st.integers(0, 59),
    st.sampled_from([15, 60]),
)
def test_steps_are_the_mean_over_time(rows: list[tuple[int, int, float]], minute: int, width: int) -> None:
    """Against the definition, minute by minute."""
    data = [
        {"start": NOW + timedelta(minutes=a), "end": NOW + timedelta(minutes=a + b), "value": price}
        for a, b, price in rows
    ]
    series, begin = from_rows(data, ROME), NOW + timedelta(minutes=minute)
    for index, mean in enumerate(series.steps(begin, timedelta(minutes=width), 8)):
        minutes = [series.at(begin + timedelta(minutes=index * width + offset)) for offset in range(width)]
        known = [price for price in minutes if price is not None]
        if 2 * len(known) >= width:
            assert mean == pytest.approx(sum(known) / len(known), abs=1e-9)
        else:
            assert math.isnan(mean)


def test_two_days_of_quarters_hold_the_event_loop_for_less_than_five_milliseconds() -> None:
    quarter = timedelta(minutes=15)
    series = PriceSeries(tuple(Slot(NOW + i * quarter, NOW + (i + 1) * quarter, 0.1) for i in range(192)))

    def seconds() -> float:
        begin = thread_time()
        assert len(series.steps(NOW + timedelta(minutes=7), quarter, 192)) == 192
        return thread_time() - begin

    assert min(seconds() for _ in range(50)) < 0.005


@pytest.mark.parametrize(("month", "day", "count"), [(3, 29, 23), (10, 25, 25)])
def test_plain_lists_on_days_when_the_clock_changes(month: int, day: int, count: int) -> None:
    noon = datetime(2026, month, day, 12, tzinfo=ROME)
    series = from_attributes({"today": list(range(count))}, ROME, noon)
    assert len(series.slots) == count
    assert series.slots[-1].end.timestamp() - series.slots[0].start.timestamp() == count * 3600
    assert series.at(noon) == count - 12


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"today": "x"},
        {"raw_today": [None, 5, {"start": "x", "value": 1}, {"start": NOW}]},
        {"rates": [{}]},
        {"today": []},
    ],
)
def test_attributes_that_are_not_prices_give_nothing(attributes: dict[str, Any]) -> None:
    assert from_attributes(attributes, ROME, NOW) == PriceSeries()


def test_negative_prices_are_prices() -> None:
    series = from_rows([{"start": NOW.isoformat(), "value": -0.05}], ROME)
    assert series.at(NOW) == -0.05


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("EUR/kWh", 1.0),
        ("EUR/MWh", 0.001),
        ("ct/kWh", 0.01),
        ("c/kWh", 0.01),
        ("p/kWh", 0.01),
        ("öre/kWh", 0.01),
        ("€/kWh", 1.0),
        ("SEK/MWh", 0.001),
    ],
)
def test_units(unit: str | None, factor: float) -> None:
    assert parse_price_unit(unit).factor == pytest.approx(factor)


@pytest.mark.parametrize("unit", [None, "", " "])
def test_a_missing_unit_is_not_guessed(unit: str | None) -> None:
    with pytest.raises(UnknownUnitError):
        parse_price_unit(unit)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("USD/PH/day", 1.0),
        ("EUR/TH/s/d", 1000.0),
        ("$ / TH / day", 1000.0),
        ("USD/EH/d", 0.001),
        ("USD/GH/s", 1e6),
        ("USD", 1.0),
        (None, 1.0),
    ],
)
def test_units_of_a_hashprice(unit: str | None, factor: float) -> None:
    assert hash_unit(unit).factor == factor


def test_fees_and_tax() -> None:
    series = PriceSeries((Slot(NOW, NOW + timedelta(hours=1), 80.0),))
    priced = series.priced(0.001, Surcharges(per_kwh=0.12, tax=0.22))
    assert priced.at(NOW) == pytest.approx(0.244)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 9), st.floats(-1, 1)), max_size=40))
def test_slots_never_overlap(rows: list[tuple[int, int, float]]) -> None:
    data = [
        {"start": NOW + timedelta(minutes=15 * a), "end": NOW + timedelta(minutes=15 * (a + b)), "value": price}
        for a, b, price in rows
    ]
    slots = from_rows(data, ROME).slots
    for one, two in pairwise(slots):
        assert one.start < one.end <= two.start


WINDOWS = [
    {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "19:00", "price": 0.30},
    {"from": "23:00", "to": "06:00", "price": 0.15},
]


@pytest.mark.parametrize(
    ("when", "price"),
    [
        ((2026, 1, 9, 7, 59), 0.25),
        ((2026, 1, 9, 8, 0), 0.30),
        ((2026, 1, 9, 19, 0), 0.25),
        ((2026, 1, 9, 23, 0), 0.15),
        ((2026, 1, 10, 5, 59), 0.15),
        ((2026, 1, 10, 9, 0), 0.25),
    ],
)
def test_windows(when: tuple[int, int, int, int, int], price: float) -> None:
    assert parse(0.25, WINDOWS).at(datetime(*when, tzinfo=ROME)) == price


def test_tariff_as_series() -> None:
    series = parse(0.25, WINDOWS).series(datetime(2026, 1, 9, 7, 50, tzinfo=ROME), 24, ROME)
    assert [slot.price for slot in series.slots] == [0.25, 0.30, 0.25, 0.15, 0.25]
    assert series.slots[1].start == datetime(2026, 1, 9, 8, tzinfo=ROME)


def test_window_to_midnight() -> None:
    tariff = parse(0.2, [{"from": "20:00", "to": "00:00", "price": 0.4}])
    assert tariff.at(datetime(2026, 1, 9, 23, 59, tzinfo=ROME)) == 0.4
    assert tariff.at(datetime(2026, 1, 9, 0, 0, tzinfo=ROME)) == 0.2


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"from": "8", "to": "9:00", "price": 1},
        {"from": "08:00", "to": "08:00", "price": 1},
        {"from": "08:00", "to": "09:00", "price": "x"},
        {"from": "08:00", "to": "09:00", "price": 1, "days": ["funday"]},
    ],
)
def test_bad_windows_name_their_row(row: dict[str, Any]) -> None:
    with pytest.raises(TariffError, match="window 1"):
        parse(0.2, [row])
