"""Correct energy statistics of a real recorder."""

from datetime import datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from lib.energy_statistics import (
    EnergyStatistic,
    FoundJumps,
    async_adjust_statistics,
    async_find_jumps,
    async_shift_last_state,
    is_recording,
    registered_statistics,
)
from tests.energy_history import START, import_rows, sums

PLUG = EnergyStatistic("sensor.energy", max_kw=3.6, power_id="sensor.power", cost_id="sensor.cost")


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """As in all tests; the recorder starts before Home Assistant."""


@pytest.fixture(autouse=True)
def clock(auto_enable_custom_integrations: None, freezer: FrozenDateTimeFactory) -> None:
    """Six hours after the first row."""
    freezer.move_to(START + timedelta(hours=6, minutes=20))


async def correct(
    hass: HomeAssistant,
    statistics: list[EnergyStatistic],
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    dry_run: bool,
) -> list[FoundJumps]:
    """Find jumps, and correct them."""
    found = await async_find_jumps(hass, statistics, start, end)
    if not dry_run:
        await async_adjust_statistics(hass, found)
    return found


async def spoiled(hass: HomeAssistant) -> None:
    """500 W at 0.30: in the third hour 1 Wh less than before was billed as a new counter of 240 kWh."""
    shown = [240.0, 240.5, 241.0, 241.5, 242.0, 242.5]
    counted = [0.0, 0.5, 241.5, 242.0, 242.5, 243.0]
    hour = timedelta(hours=1)
    energy = [{"state": state * 1000, "sum": total * 1000} for state, total in zip(shown, counted, strict=True)]
    await import_rows(hass, "sensor.energy", "Wh", energy, hour, "energy")
    await import_rows(hass, "sensor.cost", "EUR", [{"state": 0.3 * s, "sum": 0.3 * s} for s in counted], hour, None)
    watts = [{"mean": 0.5, "min": 0.5, "max": 0.5}] * 6
    await import_rows(hass, "sensor.power", "kW", watts, hour, "power")


async def test_a_dry_run_lists_what_is_wrong_and_changes_nothing(hass: HomeAssistant) -> None:
    await spoiled(hass)
    (found,) = await correct(hass, [PLUG], dry_run=True)
    assert found.as_dict() == {
        "entity_id": "sensor.energy",
        "correction_kwh": -240.5,
        "hours": [
            {
                "start": "2026-01-05T02:00:00+00:00",
                "counted_kwh": 241.0,
                "energy_kwh": 0.5,
                "contradicted_by": "power",
                "taken_from": "counter",
                "correction_cost": -72.15,
            }
        ],
    }
    assert await sums(hass, "sensor.energy") == [0.0, 0.5, 241.5, 242.0, 242.5, 243.0]


async def test_sums_are_corrected_once(hass: HomeAssistant) -> None:
    await spoiled(hass)
    assert is_recording(hass)
    assert len(await correct(hass, [PLUG], dry_run=False)) == 1
    await async_wait_recording_done(hass)
    assert await sums(hass, "sensor.energy") == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert await sums(hass, "sensor.cost") == pytest.approx([0.0, 0.15, 0.3, 0.45, 0.6, 0.75])
    assert await correct(hass, [PLUG], dry_run=False) == []


async def test_only_the_time_that_was_asked_for(hass: HomeAssistant) -> None:
    await spoiled(hass)
    after, until = START + timedelta(hours=3), START + timedelta(hours=2)
    assert await correct(hass, [PLUG], after, dry_run=False) == []
    assert await correct(hass, [PLUG], None, until, dry_run=False) == []
    assert len(await correct(hass, [PLUG], until, after, dry_run=True)) == 1


async def test_the_hour_that_is_not_complete_and_its_five_minutes(hass: HomeAssistant) -> None:
    """There is no row of the hour yet: only the five minutes in which it jumped are corrected, and later ones."""
    counted = [0.0, 0.1, 0.2, 240.3, 240.4]
    rows = [{"state": 100 + 0.1 * i, "sum": total} for i, total in enumerate(counted)]
    await import_rows(hass, "sensor.energy", "kWh", [{"state": 99.9, "sum": -0.1}], timedelta(hours=1), "energy")
    meta_start = timedelta(minutes=5)
    shifted = [{"state": 99.9, "sum": -0.1}] * 12 + rows
    await import_rows(hass, "sensor.energy", "kWh", shifted, meta_start, "energy")
    lone = EnergyStatistic("sensor.energy", max_kw=3.6)
    (found,) = await correct(hass, [lone], dry_run=False)
    assert found.jumps[0].at == (START + timedelta(hours=1)).timestamp()
    await async_wait_recording_done(hass)
    assert (await sums(hass, "sensor.energy", "5minute"))[12:] == pytest.approx([0.0, 0.1, 0.2, 0.4, 0.5], abs=0.11)
    assert await correct(hass, [lone], dry_run=False) == []


async def test_a_total_that_is_corrected_does_not_change_the_sum(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The sensor falls from 250 to 10 kWh: the recorder continues with the sum that was corrected before."""
    assert await async_setup_component(hass, "sensor", {})
    await hass.async_block_till_done()
    attributes = {"device_class": "energy", "state_class": "total", "unit_of_measurement": "kWh"}
    start = START + timedelta(hours=7)
    freezer.move_to(start + timedelta(seconds=1))
    hass.states.async_set("sensor.total", "250", attributes)
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=start)
    await async_wait_recording_done(hass)
    freezer.move_to(start + timedelta(minutes=5, seconds=10))
    await async_shift_last_state(hass, "sensor.total", 250.0, 10.0)
    hass.states.async_set("sensor.total", "10", attributes)
    freezer.move_to(start + timedelta(minutes=8))
    hass.states.async_set("sensor.total", "11", attributes)
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=start + timedelta(minutes=5))
    await async_wait_recording_done(hass)
    assert await sums(hass, "sensor.total", "5minute") == [0.0, 1.0]


async def test_a_total_that_was_right_is_not_shifted(hass: HomeAssistant) -> None:
    rows = [{"state": 10.0, "sum": 3.0}]
    await import_rows(hass, "sensor.energy", "kWh", rows, timedelta(minutes=5), "energy")
    await async_shift_last_state(hass, "sensor.energy", 250.0, 10.0)
    await async_shift_last_state(hass, "sensor.unknown", 250.0, 10.0)
    await async_wait_recording_done(hass)
    read = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(hass, START, None, {"sensor.energy"}, "5minute", None, {"state"})
    )
    assert [row["state"] for row in read["sensor.energy"]] == [10.0]


async def test_the_energy_sensors_of_an_integration(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    def register(unique_id: str, device_class: str | None) -> str:
        entry = entity_registry.async_get_or_create("sensor", "plugs", unique_id, original_device_class=device_class)
        return entry.entity_id

    energy, counter = register("1_energy_a", "energy"), register("1_meter", "energy")
    power = register("1_power_a", "power")
    entity_registry.async_get_or_create("sensor", "other", "1_energy_a", original_device_class="energy")
    found = registered_statistics(hass, "plugs", {"energy_a": ("power_a", True)}, max_kw=2.0)
    assert found == [EnergyStatistic(energy, 2.0, power, True), EnergyStatistic(counter, 2.0)]
    assert registered_statistics(hass, "plugs", {}, max_kw=2.0, device_ids=["another"]) == []
