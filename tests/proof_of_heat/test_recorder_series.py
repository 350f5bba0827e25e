"""What the recorder has of an entity: in our units, states before statistics."""

from datetime import UTC, datetime, timedelta
import math
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.proof_of_heat.learning.quantity import Quantity
from custom_components.proof_of_heat.learning.recorder_series import async_read

BEGIN = datetime(2027, 1, 20, 12, 0, tzinfo=UTC)
END = BEGIN + timedelta(hours=6)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """The recorder has to be there before Home Assistant."""


def hours(entity_id: str, unit: str, unit_class: str | None, rows: list[dict[str, Any]], hass: HomeAssistant) -> None:
    """Write long-term statistics, an hour per row."""
    meta: Any = {
        "has_sum": "sum" in rows[0],
        "mean_type": StatisticMeanType.ARITHMETIC if "mean" in rows[0] else StatisticMeanType.NONE,
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_class": unit_class,
        "unit_of_measurement": unit,
    }
    timed: Any = [{"start": BEGIN + timedelta(hours=index), **row} for index, row in enumerate(rows)]
    async_import_statistics(hass, meta, timed)


async def read(hass: HomeAssistant, entity_id: str, quantity: Quantity) -> list[tuple[float, float]]:
    """Return the samples, in hours from the start."""
    await async_wait_recording_done(hass)
    found = await async_read(hass, [(entity_id, quantity)], BEGIN, END)
    return [((at - BEGIN.timestamp()) / 3600, value) for at, value in found[entity_id, quantity]]


async def test_nothing_is_read_without_a_request(hass: HomeAssistant) -> None:
    assert await async_read(hass, (), BEGIN, END) == {}


@pytest.mark.parametrize(
    ("entity_id", "quantity", "state", "attributes", "expected"),
    [
        ("sensor.room", Quantity.TEMPERATURE, "68", {"unit_of_measurement": "°F"}, 20.0),
        ("sensor.pump", Quantity.POWER, "1.5", {"unit_of_measurement": "kW"}, 1500.0),
        ("sensor.counter", Quantity.ENERGY, "2500", {"unit_of_measurement": "Wh"}, 2.5),
        ("weather.home", Quantity.TEMPERATURE, "rainy", {"temperature": 50, "temperature_unit": "°F"}, 10.0),
        ("climate.room", Quantity.TEMPERATURE, "heat", {"current_temperature": 21.5}, 21.5),
        ("water_heater.tank", Quantity.TEMPERATURE, "eco", {"current_temperature": 48}, 48.0),
        ("weather.home", Quantity.CLOUDS, "rainy", {"cloud_coverage": 80}, 0.8),
    ],
)
async def test_states_are_read_in_our_units(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entity_id: str,
    quantity: Quantity,
    state: str,
    attributes: dict[str, Any],
    expected: float,
) -> None:
    freezer.move_to(BEGIN + timedelta(hours=1))
    hass.states.async_set(entity_id, state, attributes)
    assert await read(hass, entity_id, quantity) == [pytest.approx((1, expected))]


@pytest.mark.parametrize(
    ("entity_id", "quantity", "state", "attributes"),
    [
        ("sensor.room", Quantity.TEMPERATURE, "20", {}),
        ("sensor.pump", Quantity.POWER, "20", {"unit_of_measurement": "°C"}),
        ("sensor.pump", Quantity.POWER, "unavailable", {"unit_of_measurement": "W"}),
        ("weather.home", Quantity.TEMPERATURE, "rainy", {"temperature_unit": "°C"}),
        ("climate.room", Quantity.TEMPERATURE, "heat", {"current_temperature": None}),
        ("weather.home", Quantity.CLOUDS, "unavailable", {"cloud_coverage": 80}),
        ("weather.home", Quantity.CLOUDS, "unknown", {}),
    ],
)
async def test_states_without_a_value_or_its_unit_are_gaps(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entity_id: str,
    quantity: Quantity,
    state: str,
    attributes: dict[str, Any],
) -> None:
    freezer.move_to(BEGIN + timedelta(hours=1))
    hass.states.async_set(entity_id, state, attributes)
    ((at, value),) = await read(hass, entity_id, quantity)
    assert at == pytest.approx(1)
    assert math.isnan(value)


async def test_clouds_are_those_of_the_condition_where_no_cover_is_reported(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    for hour, condition in ((1, "sunny"), (2, "cloudy")):
        freezer.move_to(BEGIN + timedelta(hours=hour))
        hass.states.async_set("weather.home", condition)
    (_, sunny), (_, cloudy) = await read(hass, "weather.home", Quantity.CLOUDS)
    assert 0 <= sunny < cloudy <= 1


async def test_statistics_fill_the_time_before_the_first_state(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(BEGIN + timedelta(hours=2))
    hass.states.async_set("sensor.room", "unavailable", {"unit_of_measurement": "°C"})
    freezer.move_to(BEGIN + timedelta(hours=3))
    hass.states.async_set("sensor.room", "21", {"unit_of_measurement": "°C"})
    means: list[dict[str, Any]] = [{"mean": value} for value in (64.4, 66.2, 68.0, 99.0, 99.0)]
    hours("sensor.room", "°F", "temperature", means, hass)
    found = [sample for sample in await read(hass, "sensor.room", Quantity.TEMPERATURE) if math.isfinite(sample[1])]
    expected = [(0.5, 18.0), (1.5, 19.0), (2.5, 20.0), (3.0, 21.0)]
    assert found == [pytest.approx(sample) for sample in expected]


async def test_state_from_before_the_period_counts_from_its_begin(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(BEGIN - timedelta(hours=3))
    hass.states.async_set("sensor.pump", "700", {"unit_of_measurement": "W"})
    freezer.move_to(BEGIN + timedelta(hours=1))
    assert await read(hass, "sensor.pump", Quantity.POWER) == [(0.0, 700.0)]


async def test_mean_power_of_an_hour_counts_from_its_begin(hass: HomeAssistant) -> None:
    hours("sensor.pump", "kW", "power", [{"mean": 0.5}, {"mean": None}, {"mean": 2.0}], hass)
    assert await read(hass, "sensor.pump", Quantity.POWER) == [(0.0, 500.0), (2.0, 2000.0)]
    assert await read(hass, "sensor.pump", Quantity.ENERGY) == [], "it is not a counter"


async def test_counter_of_an_hour_counts_at_its_end(hass: HomeAssistant) -> None:
    rows: list[dict[str, Any]] = [{"state": 1000.0, "sum": 0.0}, {"state": 2500.0, "sum": 1500.0}]
    hours("sensor.counter", "Wh", "energy", rows, hass)
    assert await read(hass, "sensor.counter", Quantity.ENERGY) == [(1.0, 1.0), (2.0, 2.5)]
    assert await read(hass, "sensor.counter", Quantity.POWER) == [], "it has no mean"


async def test_imported_statistics_may_have_a_sum_only(hass: HomeAssistant) -> None:
    hours("sensor.counter", "kWh", "energy", [{"sum": 1.0}, {"sum": 2.0}], hass)
    assert await read(hass, "sensor.counter", Quantity.ENERGY) == [(1.0, 1.0), (2.0, 2.0)]


async def test_statistics_know_no_clouds(hass: HomeAssistant) -> None:
    hours("sensor.clouds", "%", None, [{"mean": 80.0}], hass)
    assert await read(hass, "sensor.clouds", Quantity.CLOUDS) == []
