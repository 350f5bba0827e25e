"""Shapes of price attributes of further integrations: all prices of the day, at the right times, in the right unit."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from custom_components.proof_of_heat.prices.rows import parse_rows
from custom_components.proof_of_heat.prices.series import from_attributes

BERLIN = "Europe/Berlin"
QUARTER = timedelta(minutes=15)
HALF = timedelta(minutes=30)
HOUR = timedelta(hours=1)


class Shape(NamedTuple):
    """Attributes, and the number of prices that they hold, each 0.001 higher than the one before from 0.2 on."""

    name: str
    zone: str
    attributes: dict[str, Any]
    count: int
    step: timedelta = HOUR
    factor: float = 1.0
    currency: str = "EUR"
    day: str = "2027-01-13"
    sign: float = 1.0


def times(zone: str, step: timedelta, count: int, day: str = "2027-01-13") -> Iterator[tuple[float, datetime]]:
    """Yield prices with the local time from which each applies."""
    local = ZoneInfo(zone)
    begin = datetime.fromisoformat(day).replace(tzinfo=local).astimezone(UTC)
    for index in range(count):
        yield round(0.2 + index / 1000, 4), (begin + index * step).astimezone(local)


def quarters(zone: str, day: str = "2027-01-13", count: int = 96) -> Iterator[tuple[float, datetime]]:
    return times(zone, QUARTER, count, day)


def halves(zone: str) -> Iterator[tuple[float, datetime]]:
    return times(zone, HALF, 48)


def hours(zone: str) -> Iterator[tuple[float, datetime]]:
    return times(zone, HOUR, 24)


def rows(key: str, start: str, found: Iterator[tuple[float, datetime]], factor: float = 1.0, **fixed: Any) -> list[Any]:
    """Return rows with an ISO time and a price."""
    return [{start: when.isoformat(), key: round(price * factor, 4), **fixed} for price, when in found]


SHAPES = [
    *(
        Shape(
            f"the end of each period alone, as {key}",
            BERLIN,
            {"data": [{key: (when + QUARTER).isoformat(), "price": price} for price, when in quarters(BERLIN)]},
            96,
            QUARTER,
        )
        for key in (
            "end",
            "end_time",
            "validTo",
            "till",
            "interval_end",
            "end_datetime",
            "periodEndTime",
            "valid_until",
            "stop",
            "stop_time",
        )
    ),
    Shape(
        "local ends without a zone on the day of 25 hours, newest first",
        BERLIN,
        {
            "rates": [
                {
                    "ends_at": f"{(when.astimezone(UTC) + QUARTER).astimezone(ZoneInfo(BERLIN)):%Y-%m-%dT%H:%M:%S}",
                    "total": price,
                }
                for price, when in quarters(BERLIN, "2027-10-31", 100)
            ][::-1]
        },
        100,
        QUARTER,
        day="2027-10-31",
    ),
    Shape(
        "clock times of the end of hours of a day",
        BERLIN,
        {"prices_today": [{"to": f"{when + HOUR:%H:%M}", "value": price} for price, when in hours(BERLIN)]},
        24,
    ),
    Shape(
        "Nord Pool, tomorrow without values",
        "Europe/Helsinki",
        {
            "raw_today": rows("value", "start", quarters("Europe/Helsinki")),
            "raw_tomorrow": [
                {"start": when.isoformat(), "value": None} for _, when in quarters("Europe/Helsinki", "2027-01-14")
            ],
            "today": [price for price, _ in quarters("Europe/Helsinki")],
            "tomorrow": [],
        },
        96,
        QUARTER,
    ),
    Shape(
        "Octopus Energy, event entity",
        "Europe/London",
        {
            "rates": [
                {"start": when, "end": when + HALF, "value_inc_vat": price, "is_capped": False}
                for price, when in halves("Europe/London")
            ]
        },
        48,
        HALF,
        currency="GBP",
    ),
    Shape("ENTSO-e", BERLIN, {"prices_today": rows("price", "time", quarters(BERLIN)), "avg_price": 0.2}, 96, QUARTER),
    Shape(
        "Frank Energie",
        "Europe/Amsterdam",
        {
            "prices": [
                {"from": when.astimezone(UTC), "till": (when + HOUR).astimezone(UTC), "price": price}
                for price, when in hours("Europe/Amsterdam")
            ]
        },
        24,
    ),
    Shape(
        "GE-Spot",
        BERLIN,
        {
            "today_interval_prices": rows("value", "time", quarters(BERLIN), raw_value=9.9),
            "tomorrow_interval_prices": [],
        },
        96,
        QUARTER,
    ),
    Shape(
        "Energi Data Service",
        "Europe/Copenhagen",
        {
            "raw_today": [{"hour": when, "price": price} for price, when in hours("Europe/Copenhagen")],
            "raw_tomorrow": None,
            "forecast": None,
        },
        24,
    ),
    Shape(
        "Tibber, custom",
        "Europe/Oslo",
        {
            "today": rows("total", "startsAt", quarters("Europe/Oslo"), energy=0.1, tax=0.05, level="NORMAL"),
            "tomorrow": [],
        },
        96,
        QUARTER,
    ),
    Shape(
        "Amber Express",
        "Australia/Sydney",
        {"forecasts": rows("per_kwh", "start_time", halves("Australia/Sydney"), spot_per_kwh=0.05, renewables=30)},
        48,
        HALF,
        currency="AUD",
    ),
    Shape(
        "RCE PSE: the time is the end of the period",
        "Europe/Warsaw",
        {
            "prices": [
                {
                    "dtime": f"{when + QUARTER:%Y-%m-%d %H:%M:%S}",
                    "period": f"{when:%H:%M} - {when + QUARTER:%H:%M}",
                    "rce_pln": f"{price * 1000:.2f}",
                    "business_date": "2027-01-13",
                    "publication_ts": "2027-01-12 14:00:00",
                }
                for price, when in quarters("Europe/Warsaw")
            ]
        },
        96,
        QUARTER,
        factor=0.001,
        currency="PLN",
    ),
    Shape("Enever", "Europe/Amsterdam", {"prices_today": rows("prijs", "datum", hours("Europe/Amsterdam"))}, 24),
    Shape(
        "Elering",
        "Europe/Tallinn",
        {
            "prices": [
                {"timestamp": int(when.timestamp()), "price": price * 1000}
                for price, when in quarters("Europe/Tallinn")
            ]
        },
        96,
        QUARTER,
        factor=0.001,
    ),
    Shape(
        "smartENERGY",
        "Europe/Vienna",
        {"unit": "ct/kWh", "interval": 15, "data": rows("value", "date", quarters("Europe/Vienna"), 100)},
        96,
        QUARTER,
        factor=0.01,
    ),
    Shape("EPEX Spot", BERLIN, {"data": rows("price_per_kwh", "start_time", quarters(BERLIN))}, 96, QUARTER),
    Shape(
        "Stromligning",
        "Europe/Copenhagen",
        {"prices": [{"price": price, "start": when, "end": when + HOUR} for price, when in hours("Europe/Copenhagen")]},
        24,
    ),
    Shape(
        "spot-hinta.fi",
        "Europe/Helsinki",
        {"data": rows("PriceWithTax", "DateTime", quarters("Europe/Helsinki"), PriceNoTax=0.1, Rank=3)},
        96,
        QUARTER,
    ),
    Shape(
        "elprisetjustnu.se",
        "Europe/Stockholm",
        {"raw": rows("SEK_per_kWh", "time_start", quarters("Europe/Stockholm"), EUR_per_kWh=0.02, EXR=11.0)},
        96,
        QUARTER,
        currency="SEK",
    ),
    Shape(
        "aWATTar",
        BERLIN,
        {
            "data": [
                {"start_timestamp": int(when.timestamp() * 1000), "marketprice": price * 1000, "unit": "Eur/MWh"}
                for price, when in hours(BERLIN)
            ]
        },
        24,
    ),
    Shape(
        "Energy-Charts: times and prices in two lists",
        BERLIN,
        {
            "unix_seconds": [int(when.timestamp()) for _, when in quarters(BERLIN)],
            "price": [price * 1000 for price, _ in quarters(BERLIN)],
            "unit": "EUR / MWh",
        },
        96,
        QUARTER,
        factor=0.001,
    ),
    Shape(
        "Pstryk", "Europe/Warsaw", {"All prices": rows("price", "start", hours("Europe/Warsaw"))}, 24, currency="PLN"
    ),
    Shape(
        "OMIE, mapping",
        "Europe/Madrid",
        {"OMIE_today_hours": {when.isoformat(): price * 1000 for price, when in hours("Europe/Madrid")}},
        24,
        factor=0.001,
    ),
    Shape(
        "Times as keys",
        "Europe/Amsterdam",
        {"today": {str(when): price for price, when in hours("Europe/Amsterdam")}},
        24,
    ),
    Shape(
        "Clock times as attributes",
        "Europe/Prague",
        {f"{when.hour}:00": price for price, when in hours("Europe/Prague")},
        24,
    ),
    Shape(
        "Prices as text",
        BERLIN,
        {
            "prices": [
                {"start": when.isoformat(), "price": f"{price:.3f} €/kWh".replace(".", ",")}
                for price, when in hours(BERLIN)
            ]
        },
        24,
    ),
    Shape(
        "Pairs of milliseconds and cents",
        BERLIN,
        {"data": [[int(when.timestamp() * 1000), price * 100] for price, when in quarters(BERLIN)]},
        96,
        QUARTER,
        factor=0.01,
    ),
    Shape(
        "Negative with a minus sign",
        BERLIN,
        {"prices": [{"start": when.isoformat(), "price": f"\u2212{price}"} for price, when in hours(BERLIN)]},
        24,
        sign=-1.0,
    ),
    Shape(
        "Flick",
        "Pacific/Auckland",
        {"forecast": rows("price", "start_at", halves("Pacific/Auckland"))},
        48,
        HALF,
        currency="NZD",
    ),
    Shape(
        "Local quarters of the day with 25 hours",
        BERLIN,
        {
            "raw_today": [
                {"start": f"{when:%Y-%m-%d %H:%M:%S}", "value": price}
                for price, when in quarters(BERLIN, "2027-10-31", 100)
            ]
        },
        100,
        QUARTER,
        day="2027-10-31",
    ),
    Shape(
        "The same price in two units",
        BERLIN,
        {
            "data": [
                {"start_time": when.isoformat(), "price_eur_per_mwh": price * 1000, "price_ct_per_kwh": price * 100}
                for price, when in hours(BERLIN)
            ]
        },
        24,
    ),
    Shape("German words", BERLIN, {"preise": rows("preis", "datum", quarters(BERLIN))}, 96, QUARTER),
    Shape("Spanish words", "Europe/Madrid", {"precios": rows("precio", "fecha", hours("Europe/Madrid"))}, 24),
    Shape(
        "ISO times and prices in two lists",
        "Europe/Rome",
        {
            "times": [when.isoformat() for _, when in quarters("Europe/Rome")],
            "prices": [price for price, _ in quarters("Europe/Rome")],
        },
        96,
        QUARTER,
    ),
]


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_all_prices_of_the_day(shape: Shape) -> None:
    zone = ZoneInfo(shape.zone)
    noon = datetime.fromisoformat(f"{shape.day}T12:05").replace(tzinfo=zone).astimezone(UTC)
    begin = datetime.fromisoformat(shape.day).replace(tzinfo=zone).astimezone(UTC)
    series = from_attributes(shape.attributes, zone, noon, shape.factor, shape.currency)
    assert [(slot.start - begin) / shape.step for slot in series.slots] == list(range(shape.count))
    expected = [shape.sign * round(0.2 + index / 1000, 4) for index in range(shape.count)]
    assert [slot.price for slot in series.slots] == pytest.approx(expected)


def test_a_list_of_times_with_another_list_is_not_a_price_list() -> None:
    when = [time.isoformat() for _, time in quarters(BERLIN)]
    attributes = {"times": when, "temperatures": [20.0] * 96, "prices": [0.2] * 95}
    assert not from_attributes(attributes, ZoneInfo(BERLIN), datetime(2027, 1, 13, 12, tzinfo=UTC)).slots


@pytest.mark.parametrize(
    "key", ["end_datetime", "endDateTime", "period_end_time", "valid_until", "stop", "slot_stops_at"]
)
def test_an_end_in_another_spelling_ends_its_period(key: str) -> None:
    begin = datetime(2027, 1, 13, 11, tzinfo=UTC)
    found = parse_rows([{"start": begin.isoformat(), key: (begin + QUARTER).isoformat(), "price": 0.2}], UTC)
    assert [(row.start, row.end) for row in found] == [(begin, begin + QUARTER)]
    (other,) = parse_rows([{"start": begin.isoformat(), key: (begin - HOUR).isoformat(), "price": 0.2}], UTC)
    assert other.end is None, "before its start: the end of something else"
