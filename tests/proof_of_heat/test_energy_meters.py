"""Energy as it is shown: with any readings of a counter, nothing is counted that was not consumed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from hypothesis import example, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import mock_restore_cache_with_extra_data

from custom_components.proof_of_heat._lib.counters import Consumed
from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.meter.reading import MeterReading
from custom_components.proof_of_heat.drivers.meter.shelly import NotificationDecoder
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.metering.counter_power import CounterPower
from custom_components.proof_of_heat.metering.energy import (
    CountedEnergy,
    HeatMeter,
    SourceMeter,
    max_electric_kw,
    max_heat_kw,
)
from custom_components.proof_of_heat.sensors.counted import CountedEnergySensor, DayCounter, MeterEnergySensor
from custom_components.proof_of_heat.sensors.meter import METER_COUNTERS, METER_SENSORS
from custom_components.proof_of_heat.sources.registry import SOURCE_TYPES

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone

BEGIN = datetime(2027, 1, 13, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute: float) -> datetime:
    return BEGIN + minute * MINUTE


# --- what a source cannot exceed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "electric_kw", "heat_kw"),
    [
        ({"kind": SourceKind.HEAT_PUMP, "nominal_power_w": 3000.0, "nominal_heat_w": 9000.0}, 19.0, 37.0),
        ({"kind": SourceKind.HEAT_PUMP, "nominal_power_w": 3000.0}, 19.0, 82.0),
        ({"kind": SourceKind.MINER, "steps_w": (1500.0, 3000.0)}, 19.0, 19.0),
        ({"kind": SourceKind.BOILER, "nominal_heat_w": 20_000.0, "nominal_power_w": 100.0}, 10.3, 70.0),
        ({"kind": SourceKind.HEAT_PUMP}, 100.0, 100.0),
    ],
)
def test_limits_follow_the_rating(config: dict[str, Any], electric_kw: float, heat_kw: float) -> None:
    made = SourceConfig(source_id="s", **config)
    assert max_electric_kw(made) == pytest.approx(electric_kw)
    assert max_heat_kw(made) == pytest.approx(heat_kw)


# --- counters of devices --------------------------------------------------------------------------------------


def shown(*readings: float | None, repeat: int = 5) -> float | None:
    """The energy after readings at each five minutes, each of them read in every minute."""
    energy = CountedEnergy(12.0)
    for index, reading in enumerate(readings):
        for _ in range(repeat):
            energy.feed(at(5 * index), reading)
    return energy.value


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ((100.78, 0.0, 100.79), 100.79),
        ((30.7, 23.1, 30.7), 30.7),
        ((240.788, 240.789, 240.788, 240.790), 240.790),
        ((100.0, 340.0, 100.1), 100.1),
        ((100.0, None, 100.1), 100.1),
        ((100.0, 0.0, 0.1, 0.2), 100.2),  # a restart: what it shows since counts
        ((5000.0, *[3000.0 + i / 10 for i in range(6)]), 5000.5),  # another counter: what it adds counts
        ((5000.0, *[7000.0 + i / 10 for i in range(6)]), 5000.5),
        ((), None),
    ],
)
def test_shown_energy_of_real_counters(readings: tuple[float | None, ...], expected: float | None) -> None:
    assert shown(*readings) == (None if expected is None else pytest.approx(expected))


FAULTS = st.sampled_from(["none", "none", "none", "zero", "jump", "step_back", "missing", "twice"])


@settings(max_examples=60)
@example(steps=[(0.1, "none"), (0.2, "zero"), (0.1, "none"), (0.0, "jump"), (0.1, "none")])
@given(steps=st.lists(st.tuples(st.floats(0.0, 0.3), FAULTS), min_size=2, max_size=40))
def test_shown_energy_is_right_or_waits(steps: list[tuple[float, str]]) -> None:
    """Single wrong readings: the total never exceeds what was consumed, and is right after the next good reading."""
    energy, true = CountedEnergy(12.0), 500.0
    previous = "zero"
    for index, (grown, drawn) in enumerate([(0.0, "none"), *steps, (0.0, "none")]):
        true += grown
        # Each fault is a single one: the good reading after it is the case under test.
        fault = drawn if previous == "none" else "none"
        reading = {"zero": 0.0, "jump": true + 240.0, "step_back": true - 0.01, "missing": None}.get(fault, true)
        for _ in range(3 if fault == "twice" else 1):
            energy.feed(at(5 * index), reading)
        assert energy.value is not None
        assert energy.value <= true + 1e-5
        if fault in ("none", "twice"):
            assert energy.value == pytest.approx(true, abs=0.011)
        previous = fault


def test_a_stored_counter_counts_what_was_consumed_meanwhile() -> None:
    first = CountedEnergy(12.0)
    first.feed(at(0), 100.0)
    first.feed(at(5), 100.5)
    second = CountedEnergy(12.0)
    second.restore(first.as_dict())
    second.feed(at(30), 102.0)
    assert second.value == pytest.approx(102.0)
    for broken in ({}, {"base": "x", "counter": {}}, {"base": 1.0, "counter": {"reading": None}}):
        third = CountedEnergy()
        third.restore(broken)
        assert third.value is None


# --- counters of a day ----------------------------------------------------------------------------------------


def test_a_counter_of_a_day_begins_again_every_day() -> None:
    counter = DayCounter(12.0)
    readings = [(0, 8.0), (5, 0.0), (10, 8.1), (15, 250.0), (20, 8.2)]
    seen = []
    for minute, reading in readings:
        for _ in range(3):
            counter.feed(at(minute).timestamp(), BEGIN.date(), reading)
        seen.append(counter.value)
    assert seen == [8.0, 8.0, 8.1, 8.1, 8.2]
    counter.feed(at(900).timestamp(), (BEGIN + timedelta(days=1)).date(), 0.4)
    counter.feed(at(905).timestamp(), (BEGIN + timedelta(days=1)).date(), None)
    assert counter.value == 0.4


# --- counter and power together -------------------------------------------------------------------------------


def test_a_reading_is_counted_once_however_often_it_is_read() -> None:
    """A counter that the cloud reports every five minutes, in cycles of one minute; one report is 0."""
    meter = SourceMeter(12.0)
    reports = [100.0, 100.1, 0.0, 100.3, 100.4]
    added = []
    for minute in range(25):
        found = meter.update(
            at(minute), counter_kwh=reports[minute // 5], read_at=at(minute - minute % 5), power_w=None
        )
        added.append(None if found is None else round(found.kwh, 6))
    assert added[:5] == [None, 0.0, 0.0, 0.0, 0.0]
    assert added[10:15] == [None] * 5, "unknown while the reading is doubted"
    assert sum(value for value in added if value) == pytest.approx(0.4)
    assert meter.total_kwh == pytest.approx(0.4)


@pytest.mark.parametrize("power_w", [1200.0, 2400.0, 0.0, None])
def test_power_between_two_reports_is_settled_by_the_counter(power_w: float | None) -> None:
    meter = SourceMeter(12.0)
    for minute in range(61):
        report = minute - minute % 5
        meter.update(at(minute), counter_kwh=50.0 + 0.02 * report, read_at=at(report), power_w=power_w)
    assert meter.total_kwh == pytest.approx(1.2, rel=0.01)


def test_power_of_a_polled_device_applies_at_the_time_of_its_reading() -> None:
    """Between two readings, their mean applies, however often the last one is seen again meanwhile."""
    meter, heat = SourceMeter(12.0), HeatMeter(12.0)
    for minute in range(21):
        read = at(minute - minute % 5)
        power_w = 3000.0 if minute >= 10 else 0.0
        meter.update(at(minute), counter_kwh=None, read_at=None, power_w=power_w, power_at=read)
        heat.update(read, power_w)
    assert meter.total_kwh == pytest.approx(0.5 + 3.0 / 24)
    assert heat.total_kwh == pytest.approx(meter.total_kwh)


def test_power_of_a_device_that_reports_changes_holds_until_the_next_one() -> None:
    meter = SourceMeter(12.0)
    for minute in range(61):
        power_w = 1500.0 if minute < 60 else 0.0
        meter.update(at(minute), counter_kwh=None, read_at=None, power_w=power_w)
    assert meter.total_kwh == pytest.approx(1.5, abs=0.02)


def test_power_that_is_not_read_again_holds_after_a_while() -> None:
    meter = SourceMeter(12.0)
    meter.update(at(-1), counter_kwh=None, read_at=None, power_w=1200.0, power_at=at(-1))
    added = [
        meter.update(at(minute), counter_kwh=None, read_at=None, power_w=1200.0, power_at=at(0)) for minute in range(31)
    ]
    assert added[5] == Consumed(0.0, estimated=True), "its next report shows what it drew"
    assert meter.total_kwh == pytest.approx(0.02 + 0.6)


def test_a_power_that_the_source_cannot_have_is_not_counted() -> None:
    meter = SourceMeter(max_electric_kw(SourceConfig(source_id="s", kind=SourceKind.MINER, nominal_power_w=3000.0)))
    meter.update(at(0), counter_kwh=None, read_at=None, power_w=3_000_000.0)
    meter.update(at(5), counter_kwh=None, read_at=None, power_w=3000.0)
    meter.update(at(10), counter_kwh=None, read_at=None, power_w=3000.0)
    assert meter.total_kwh == pytest.approx(0.25)
    heat = HeatMeter(12.0)
    for minute, watts in enumerate((3_000_000.0, 3000.0, 3000.0)):
        heat.update(at(minute), watts)
    assert heat.total_kwh == pytest.approx(0.05)


def test_a_doubted_reading_does_not_confirm_itself_as_power() -> None:
    power = CounterPower()
    for minute, reading in enumerate((100.0, 100.02, 100.04)):
        power.feed(at(minute), reading)
    for _ in range(10):
        power.feed(at(3), 0.0)
    assert power.power_w(at(3)) is None
    power.feed(at(4), 100.08)
    assert power.power_w(at(4)) == pytest.approx(1200, rel=0.05)


# --- Shelly ---------------------------------------------------------------------------------------------------


def test_notifications_without_counters_do_not_repeat_the_last_ones() -> None:
    decoder = NotificationDecoder()
    full = {"ts": 1000.0, "em:0": {"total_act_power": 500.0}, "emdata:0": {"total_act": 1000.0, "total_act_ret": 0.0}}
    first = decoder.feed({"method": "NotifyFullStatus", "params": full})
    power = {"ts": 1060.0, "em:0": {"total_act_power": 700.0}}
    second = decoder.feed({"method": "NotifyStatus", "params": power})
    counted = {"ts": 1120.0, "emdata:0": {"total_act": 1020.0}}
    third = decoder.feed({"method": "NotifyStatus", "params": counted})
    assert first is not None
    assert second is not None
    assert third is not None
    stamps = [reading.counted_at for reading in (first, second, third)]
    assert [stamp.timestamp() for stamp in stamps if stamp] == [1000.0, 1000.0, 1120.0]
    assert third.inverted().counted_at == third.counted_at


# --- in Home Assistant ----------------------------------------------------------------------------------------


def sensor(hass: HomeAssistant, owner: str, key: str) -> State:
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{owner}_{key}")
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state


METER = "sensor.heater_energy"


def count(hass: HomeAssistant, kwh: float | str) -> None:
    attributes = {"unit_of_measurement": "kWh", "device_class": "energy"}
    hass.states.async_set(METER, str(kwh), attributes, force_update=True)


async def heater(hass: HomeAssistant, **data: Any) -> Any:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    hass.states.async_set(HEATER, "on")
    values = {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 3000.0}
    entry = system(zone(), await source(hass, "entity", {**values, **data}))
    await start(hass, entry)
    return entry


async def test_energy_of_a_source_with_a_linked_counter_is_that_of_the_counter(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """1 kW by the counter, although the heater is rated at 3 kW; one reading is 0, one is far too high."""
    freezer.move_to(BEGIN)
    count(hass, 100.0)
    entry = await heater(hass, meter=METER)
    (managed,) = entry.runtime_data.sources.values()
    for minute in range(1, 61):
        freezer.move_to(at(minute))
        count(hass, {20: 0.0, 40: 340.0}.get(minute, round(100.0 + minute / 60, 4)))
        await managed.source.refresh()
        await hass.async_block_till_done()
    freezer.move_to(at(70))
    entry.runtime_data.user_changes.notify()
    await managed.source.refresh()
    await hass.async_block_till_done()
    state = sensor(hass, managed.subentry_id, "electricity")
    assert float(state.state) == pytest.approx(1.0, abs=0.04)  # the first two minutes are before its first value
    assert state.attributes["estimated"] is False


async def test_energy_by_the_rated_power_is_an_estimate(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(BEGIN)
    entry = await heater(hass)
    (managed,) = entry.runtime_data.sources.values()
    for minute in range(1, 12):
        freezer.move_to(at(minute))
        await managed.source.refresh()
        await hass.async_block_till_done()
    await entry.runtime_data.coordinator.async_refresh()
    entry.runtime_data.user_changes.notify()
    for owner, key in (
        (managed.subentry_id, "electricity"),
        (managed.subentry_id, "heat"),
        (entry.entry_id, "cost"),
        (entry.entry_id, "cost_per_hour"),
    ):
        assert sensor(hass, owner, key).attributes["estimated"] is True, key
    managed.meter_power_w, managed.meter = (lambda: 2900.0), "sensor.heater_power"
    await entry.runtime_data.coordinator.async_refresh()
    await managed.source.refresh()
    await hass.async_block_till_done()
    entry.runtime_data.user_changes.notify()
    (heat,) = [entity for entity in hass.data["sensor"].entities if entity.unique_id == f"{managed.subentry_id}_heat"]
    assert heat.extra_state_attributes == {"estimated": False}, "of a measured power"
    assert sensor(hass, entry.entry_id, "cost").attributes["estimated"] is False


async def test_a_linked_counter_continues_after_a_restart(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(BEGIN)
    counted = SourceMeter(19.0)
    counted.update(at(-30), counter_kwh=100.0, read_at=at(-30), power_w=None)
    counted.update(at(-20), counter_kwh=100.5, read_at=at(-20), power_w=None)
    stored = {"native_value": 0.5, "native_unit_of_measurement": "kWh", "counted": counted.as_dict()}
    mock_restore_cache_with_extra_data(hass, [(State("sensor.heater_electricity_consumption", "0.5"), stored)])
    count(hass, 101.0)
    entry = await heater(hass, meter=METER)
    (managed,) = entry.runtime_data.sources.values()
    for minute in range(1, 3):
        freezer.move_to(at(minute))
        count(hass, 101.0)
        await managed.source.refresh()
        await hass.async_block_till_done()
    entry.runtime_data.user_changes.notify()
    found = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{managed.subentry_id}_electricity")
    assert found == "sensor.heater_electricity_consumption"
    entity = next(item for item in hass.data["sensor"].entities if item.entity_id == found)
    assert entity.native_value == pytest.approx(1.0), "half a kWh was consumed while Home Assistant was away"


async def test_a_device_counter_is_shown_without_its_faults(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(BEGIN)
    entry = await heater(hass)
    (managed,) = entry.runtime_data.sources.values()
    made = CountedEnergySensor(entry.runtime_data, managed, "heat")
    seen = []
    for minute, reading in enumerate((100.78, 0.0, 100.79, 340.0, 100.80)):
        for _ in range(3):
            managed.source._state = replace(managed.source.state, at=at(minute), heat_kwh=reading)
            made._feed()
        seen.append(made.native_value)
    assert seen == pytest.approx([100.78, 100.78, 100.79, 100.79, 100.80])
    assert made.has_value
    assert made.available
    again = CountedEnergySensor(entry.runtime_data, managed, "heat")
    again._energy.restore(made.counter_state())
    assert again.native_value == pytest.approx(100.80)
    assert made.extra_restore_state_data.as_dict()["counted"] == made.counter_state()


async def test_a_meter_is_shown_without_its_faults(hass: HomeAssistant) -> None:
    description = next(item for item in METER_SENSORS if item.key == "imported_energy")
    assert description.key in METER_COUNTERS
    meter: Any = SimpleNamespace(data=None, subentry_id="m", mac=None, model=None, title="Grid", publisher=None)
    home: Any = SimpleNamespace(publisher=None, device_id="d")
    made = MeterEnergySensor(home, meter, description)
    assert made.native_value is None
    seen = []
    for minute, reading in enumerate((132.0, 31.0, 132.1, None, 372.0, 132.2)):
        meter.data = MeterReading(at=at(minute), power_w=500.0, imported_kwh=reading, counted_at=at(minute))
        for _ in range(3):
            made._feed()
        seen.append(made.native_value)
    assert seen == [132.0, 132.0, 132.1, None, 132.1, 132.2]


def test_every_source_type_that_counts_shows_it_through_the_counter() -> None:
    """No sensor of a source passes an energy of the device through."""
    passed = {
        description.key
        for source_type in SOURCE_TYPES.values()
        for description in source_type.sensors
        if description.device_class == "energy" and not description.key.endswith("_today")
    }
    assert passed == set()
