"""Totals: what Home Assistant would count as consumption is what was consumed."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.core import HomeAssistant
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.edge_telemetry.data import EdgeData
from custom_components.edge_telemetry.decoders import METRICS, Kind, TotalFilter, describe
from custom_components.edge_telemetry.device_classes import numeric_class, state_class

from .conftest import Publish, entity_id, state

TOPIC = "van/env/meter/data"
METER = "van/env/meter"


def counted(readings: list[float]) -> float:
    """Return what Home Assistant's statistics count of a total: below 90 % it has started again."""
    total, last = 0.0, None
    for reading in readings:
        if last is not None:
            total += reading if reading < 0.9 * last else reading - last
        last = reading
    return total


def shown(readings: list[float]) -> list[float]:
    totals = TotalFilter()
    return [value for reading in readings if (value := totals.check("energy_kwh", reading)) is not None]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([100.78, 0.0, 100.79], 0.01),
        ([30.7, 23.1, 30.7], 0.0),
        ([240.788, 240.789, 240.788, 240.790], 0.002),
        ([100.0, 0.0, 0.5, 1.0], 0.5 + 0.5),  # a restart, confirmed by a second reading
        ([5.2, 0.0, 0.0, 0.3], 0.3),  # a day's total at midnight
        ([0.0, 0.0, 1.0], 1.0),
        ([10.0, 11.0, 3.0, 2.0, 11.5], 1.5),
    ],
)
def test_a_fall_is_consumption_only_after_a_confirmed_restart(readings: list[float], expected: float) -> None:
    assert counted(shown(readings)) == pytest.approx(expected)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0.0, 5.0), min_size=2, max_size=20),
    st.sets(st.integers(1, 18), max_size=6),
    st.floats(1.0, 1000.0),
)
def test_single_false_readings_change_nothing(steps: list[float], glitches: set[int], start: float) -> None:
    true, readings = start, [start]
    for number, step in enumerate(steps):
        true += step
        if number in glitches and number - 1 not in glitches and number < len(steps) - 1:
            readings.append(0.0)
        else:
            readings.append(true)
    assert counted(shown(readings)) == pytest.approx(true - start)


async def test_a_single_zero_is_unknown_and_the_archive_keeps_it(
    hass: HomeAssistant, data: EdgeData, publish: Publish, freezer: FrozenDateTimeFactory, monkeypatch: Any
) -> None:
    rows: list[Any] = []
    monkeypatch.setattr(data.archive, "put", lambda *arguments: rows.append(arguments[3].metrics["energy_kwh"]))
    values = []
    for reading in (100.78, 0.0, 100.79):
        await publish(TOPIC, {"energy_kwh": reading, "power_w": 5})
        freezer.tick(20)
        values.append(next(iter(data.devices.values())).values["energy_kwh"])
    assert (values, rows) == ([100.78, None, 100.79], [100.78, 0.0, 100.79])
    assert data.malformed.total == 0
    assert state(hass, "energy_kwh", METER) is not None
    found = hass.states.get(entity_id(hass, "sensor", "energy_kwh", METER) or "")
    assert found is not None
    assert found.attributes["state_class"] == "total_increasing"


def test_every_metric_has_a_state_class_that_its_device_class_allows() -> None:
    """A total only for what counts upward; amounts of a past period and texts have no statistics."""
    totals = {key for key, metric in METRICS.items() if metric.kind is Kind.TOTAL}
    assert totals == {"energy_kwh", "energy_wh", "energy_today_kwh", "rain_mm", "yield_today_kwh"}
    for metric in METRICS.values():
        if metric.kind in {Kind.EVENT, Kind.FLAG, Kind.TEXT}:
            continue
        device_class = numeric_class(metric.quantity, metric.unit)
        assert (device_class is None) is (metric.quantity is None), metric.key
        expected = {
            Kind.TOTAL: SensorStateClass.TOTAL_INCREASING,
            Kind.MEASUREMENT: SensorStateClass.MEASUREMENT,
            Kind.PERIOD: None,
        }[metric.kind]
        if device_class is SensorDeviceClass.WIND_DIRECTION:
            expected = SensorStateClass.MEASUREMENT_ANGLE
        assert state_class(metric.kind, device_class) is expected, metric.key
    for key in ("grid_kwh", "l1_energy_kwh", "pump_wh", "import_energy_kwh"):
        assert describe(key).kind is Kind.TOTAL
    assert describe("imported", "kWh").kind is Kind.TOTAL
