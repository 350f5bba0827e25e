"""Each part of a cycle is paid at its own price."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.prices.series import PriceSeries, Slot, Surcharges
from custom_components.proof_of_heat.prices.tariff import parse

from . import ha

PRICE, METER = "sensor.price", "sensor.heater_power"
PER_KWH = {"unit_of_measurement": "EUR/kWh"}
BEGIN = datetime(2026, 1, 15, 11, 45, tzinfo=UTC)
ROWS = [
    {"start": (BEGIN + index * timedelta(minutes=15)).isoformat(), "value": value}
    for index, value in enumerate([0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.4])
]
WINDOW = {"start": "12:45", "end": "13:00", "price": 0.4}
FEES = {**WINDOW, "price": 0.3}


def _measured(hass: HomeAssistant, watts: float) -> None:
    hass.states.async_set(METER, str(watts), {"unit_of_measurement": "W", "device_class": "power"}, force_update=True)


def _price(hass: HomeAssistant, value: float, rows: bool) -> None:
    hass.states.async_set(PRICE, str(value), {**PER_KWH, **({"prices": ROWS} if rows else {})})


@pytest.mark.parametrize(
    ("price", "rows", "changes_s"),
    [
        ({"price_entity": PRICE}, True, 0),
        ({"price_entity": PRICE}, False, 0),
        ({"base_price": 0.1, "tariff_windows": [WINDOW]}, None, 0),
        ({"base_price": 0.1, "tariff_windows": [{**WINDOW, "start": "12:38"}]}, None, -420),
        ({"price_entity": PRICE, "advanced": {"fee_windows": [FEES]}}, None, 0),
        ({"price_entity": PRICE, "advanced": {"fee_windows": [{**FEES, "start": "12:53"}]}}, None, 480),
    ],
)
@pytest.mark.parametrize(("early_s", "late_s"), [(40, 20), (60, 0), (60, 240)])
async def test_each_part_is_paid_at_its_price(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    price: dict[str, Any],
    rows: bool | None,
    changes_s: int,
    early_s: int,
    late_s: int,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    change = datetime(2026, 1, 15, 12, 45, tzinfo=UTC) - timedelta(hours=1) + timedelta(seconds=changes_s)
    if rows is not None:
        change += timedelta(hours=1)
    freezer.move_to(change - timedelta(minutes=10))
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    ha.thermometer(hass, ha.ROOM, 20.0)
    hass.states.async_set(ha.HEATER, "on")
    _measured(hass, 3000.0)
    _price(hass, 0.1, bool(rows))
    heater = await ha.source(
        hass, "entity", {"entity": ha.HEATER, "source_kind": "direct_electric", "nominal_power": 3000.0, "meter": METER}
    )
    entry = ha.system(ha.zone(), heater, options={"price": {"fees": 0.0, "tax": 0.0, **price}})
    await ha.start(hass, entry)
    coordinator = entry.runtime_data.coordinator

    async def at(when: datetime) -> float:
        if when > change and rows is not None:
            freezer.move_to(change)
            _price(hass, 0.4, bool(rows))
        freezer.move_to(when)
        _measured(hass, 3000.0)
        await coordinator.async_refresh()
        return float(coordinator.data.spent)

    await at(change - timedelta(seconds=early_s + 60))
    assert await at(change - timedelta(seconds=early_s)) == pytest.approx(3.0 * 0.1 * 60 / 3600)
    mixed = await at(change + timedelta(seconds=late_s))
    assert mixed == pytest.approx(3.0 * (0.1 * early_s + 0.4 * late_s) / 3600)
    after = await at(change + timedelta(seconds=late_s + 60))
    assert after == pytest.approx(3.0 * 0.4 * 60 / 3600)


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([], 0.1),
        ([(0, 60, 0.5)], 0.5),
        ([(-60, 20, 0.2), (20, 120, 0.5)], (20 * 0.2 + 40 * 0.5) / 60),
        ([(30, 120, -0.3)], (30 * 0.1 - 30 * 0.3) / 60),
        ([(0, 20, 0.2), (40, 90, 0.6)], (40 * 0.2 + 20 * 0.6) / 60),
        ([(60, 90, 0.6)], 0.1),
        ([(-90, 0, 0.6)], 0.1),
    ],
)
def test_mean_of_a_series_over_gaps(slots: list[tuple[int, int, float]], expected: float) -> None:
    def when(seconds: int) -> datetime:
        return BEGIN + timedelta(seconds=seconds)

    series = PriceSeries(tuple(Slot(when(start), when(end), price) for start, end, price in slots))
    assert series.mean(BEGIN, when(60), 0.1) == pytest.approx(expected)


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("day", [(2026, 3, 28), (2026, 10, 24), (2026, 4, 4), (2026, 1, 15)])
def test_tariff_at_any_minute_and_over_changes_of_the_clock(zone: str, day: tuple[int, int, int]) -> None:
    """Off-peak hours such as 22:38 to 6:38; the series, the fees on top of a price and the present price agree."""
    rows = [{"start": "22:38", "end": "06:38", "price": 0.1}, {"start": "12:07", "end": "13:55", "price": 0.2}]
    local = ZoneInfo(zone)
    tariff = parse(0.3, rows)
    begin = datetime(*day, 12, 10, tzinfo=local).astimezone(UTC)
    series = tariff.series(begin, 36, local)
    hours = PriceSeries((Slot(begin, begin + timedelta(hours=36), 0.0),))
    surcharges = Surcharges(fees_at=lambda when: tariff.at(when.astimezone(local)), marks_s=tariff.marks_s)
    fees = hours.priced(1.0, surcharges)
    for minute in range(0, 36 * 60, 1):
        when = begin + timedelta(minutes=minute, seconds=1)
        assert series.at(when) == fees.at(when) == tariff.at(when.astimezone(local))
    assert len(fees.slots) <= 8
