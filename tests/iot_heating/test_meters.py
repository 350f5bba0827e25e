"""Linked energy meters as they are: glitches, restarts, gaps and frozen readings, from the entity to the session."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.iot_heating.protocol.session_tracker import EnergyReading, SessionTracker
from custom_components.iot_heating.storage.session_store import FILE_NAME

from . import controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
PRICE = 0.30
type Bill = Callable[..., Awaitable[tuple[float | None, float | None]]]


@pytest.fixture
async def bill(
    hass: HomeAssistant,
    building: MockConfigEntry,
    client: TestClient,
    key: str,
    freezer: FrozenDateTimeFactory,
    tmp_path: Path,
) -> Bill:
    """Heat while the meter shows some readings; returns energy and cost of the session."""
    subentry = controller_subentry(building)
    data = {**subentry.data, "energy_entity": "sensor.meter", "power_entity": "sensor.power"}
    hass.config_entries.async_update_subentry(building, subentry, data=data)
    hass.config_entries.async_update_entry(building, options={"price": PRICE})
    await hass.async_block_till_done()

    async def heat(
        readings: list[object], power_w: float | None = None, every_s: int = 300, unit: str = "kWh"
    ) -> tuple[float | None, float | None]:
        hass.states.async_set(
            "sensor.power", "unavailable" if power_w is None else str(power_w), {"unit_of_measurement": "W"}
        )
        for reading in readings:
            hass.states.async_set("sensor.meter", str(reading), {"unit_of_measurement": unit})
            await client.post(PATH, headers={"X-Device-Key": key}, json={"state": "on"})
            for _ in range(every_s // 10):
                freezer.tick(timedelta(seconds=10))
                async_fire_time_changed(hass)
                if _ % 3 == 2:
                    await client.post(PATH, headers={"X-Device-Key": key}, json={"state": "on"})
        await client.post(PATH, headers={"X-Device-Key": key}, json={"state": "off"})
        await hass.async_block_till_done(wait_background_tasks=True)
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
            ((energy, cost),) = db.execute("SELECT energy_kwh, cost FROM sessions").fetchall()
        state = hass.states.get(entity_id(hass, "sensor", subentry.subentry_id, "energy"))
        assert state
        return energy, cost

    return heat


@pytest.mark.slow
@pytest.mark.parametrize(
    ("readings", "energy"),
    [
        ([240.788, 240.789, 240.788, 240.790], 0.002),
        ([30.7, 23.1, 30.7], 0),
        ([100.78, 0, 100.79], 0.01),
        ([100.78, 0, 0, 100.79], 0.01),
        ([100.78, "unavailable", 100.79], 0.01),
        ([100.78, "unknown", "nan", "", "-5", 100.79], 0.01),
        ([100.0, 100.2, 0.1, 0.3, 0.5], 0.2 + 0.5),
        ([100.0, 5000.0, 100.1], 0.1),
    ],
)
async def test_a_glitch_of_the_meter_is_not_billed(bill: Bill, readings: list[object], energy: float) -> None:
    billed, cost = await bill(readings)
    assert billed == pytest.approx(energy, abs=1e-6)
    assert cost == pytest.approx(energy * PRICE, abs=1e-6)


async def test_the_unit_of_the_meter_does_not_matter(bill: Bill) -> None:
    billed, _ = await bill([240_788, 240_789, 240_788, 240_790], unit="Wh")
    assert billed == pytest.approx(0.002, abs=1e-6)


@pytest.mark.slow
async def test_a_gap_of_the_meter_is_not_counted_twice_with_a_power_sensor(bill: Bill) -> None:
    """2 kW for 30 minutes; the meter is away for ten of them."""
    readings = [100 + minute / 30 for minute in range(0, 30, 5)]
    billed, _ = await bill([*readings[:2], "unavailable", "unavailable", *readings[4:], 101.0], power_w=2000)
    assert billed == pytest.approx(1.0, abs=0.02), "what the meter showed; it moves in steps of five minutes"


@pytest.mark.slow
async def test_a_frozen_meter_is_replaced_by_the_power(bill: Bill) -> None:
    billed, _ = await bill([100.0] * 7, power_w=12_000)
    assert billed == pytest.approx(7.0, rel=0.03)


async def test_a_meter_that_is_not_readable_alone_makes_no_zero(bill: Bill) -> None:
    billed, cost = await bill(["unavailable"] * 3)
    assert (billed, cost) == (None, None)


@given(
    st.lists(st.floats(0, 0.05), min_size=4, max_size=40),
    st.lists(
        st.tuples(st.integers(1, 39), st.sampled_from(["zero", "missing", "repeat", "step back", "huge"])), max_size=4
    ),
    st.booleans(),
)
def test_the_bill_is_right_over_any_single_glitches(
    steps: list[float], glitches: list[tuple[int, str]], has_power: bool
) -> None:
    shown, true = [500.0], 500.0
    for step in steps:
        true += step
        shown.append(true)
    wrong = dict(glitches)
    tracker, last_good = SessionTracker(), 0
    for index, value in enumerate(shown):
        # A glitch is followed by two good readings.
        reading: float | None = value
        if index in wrong and index - last_good > 2 and index < len(shown) - 2:
            last_good = index
            reading = {
                "zero": 0.0, "missing": None, "repeat": shown[index - 1], "step back": value - 0.001, "huge": value * 10
            }[wrong[index]]  # fmt: skip
        power_w = steps[index - 1] * 3.6e6 / 30 if has_power and index else None
        tracker.report(True, NOW + timedelta(seconds=30 * index), EnergyReading(meter_kwh=reading, power_w=power_w))
    assert tracker.running is not None
    assert tracker.running.energy_kwh == pytest.approx(true - 500.0, rel=0.01, abs=1e-6)


def test_a_restart_in_a_gap_of_the_meter_counts_nothing_twice() -> None:
    tracker = SessionTracker()
    for minute in range(20):
        meter = 100.0 if minute == 0 else None
        tracker.report(True, NOW + timedelta(minutes=minute), EnergyReading(meter_kwh=meter, power_w=3000))
    assert tracker.running is not None
    assert tracker.running.energy_kwh == pytest.approx(0.95)
    restarted = SessionTracker(running=tracker.running)
    restarted.report(True, NOW + timedelta(minutes=20), EnergyReading(meter_kwh=101.0, power_w=3000))
    assert restarted.running is not None
    assert restarted.running.energy_kwh == pytest.approx(1.0)
