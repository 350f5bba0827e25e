"""Which device class a metric gets, and what follows from it."""

from homeassistant.components.sensor import DEVICE_CLASS_UNITS, SensorDeviceClass, SensorStateClass
import pytest

from custom_components.edge_telemetry.decoders import Kind
from custom_components.edge_telemetry.device import ValueType
from custom_components.edge_telemetry.device_classes import device_classes, numeric_class, state_class, units_of


def test_a_form_has_its_own_classes() -> None:
    assert "temperature" in device_classes(ValueType.NUMBER)
    assert "timestamp" not in device_classes(ValueType.NUMBER)
    assert "motion" in device_classes(ValueType.FLAG)
    assert device_classes(ValueType.TEXT) == []


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("temperature", "°C", SensorDeviceClass.TEMPERATURE),
        ("temperature", "kWh", None),
        ("temperature", None, None),
        ("aqi", None, SensorDeviceClass.AQI),
        ("aqi", "%", None),
        ("timestamp", None, None),
        ("no such class", "°C", None),
        (None, "°C", None),
    ],
)
def test_a_class_has_to_go_with_its_unit(
    name: str | None, unit: str | None, expected: SensorDeviceClass | None
) -> None:
    assert numeric_class(name, unit) == expected


def test_a_class_without_a_list_takes_any_unit() -> None:
    assert SensorDeviceClass.MONETARY not in DEVICE_CLASS_UNITS
    assert units_of(SensorDeviceClass.MONETARY, {"EUR"}) == {"EUR"}
    assert numeric_class("monetary", "EUR") is SensorDeviceClass.MONETARY
    assert units_of(SensorDeviceClass.TEMPERATURE, {"EUR"}) == {"°C", "°F", "K"}


def test_a_total_is_a_total_where_its_device_class_allows_it() -> None:
    assert state_class(Kind.TOTAL, None) is SensorStateClass.TOTAL_INCREASING
    assert state_class(Kind.TOTAL, SensorDeviceClass.ENERGY) is SensorStateClass.TOTAL_INCREASING
    assert state_class(Kind.TOTAL, SensorDeviceClass.TEMPERATURE) is SensorStateClass.MEASUREMENT
    assert state_class(Kind.MEASUREMENT, SensorDeviceClass.TEMPERATURE) is SensorStateClass.MEASUREMENT
    assert state_class(Kind.MEASUREMENT, SensorDeviceClass.ENERGY) is SensorStateClass.TOTAL_INCREASING
