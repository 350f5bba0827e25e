"""Descriptions and units that the tables of sensors share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfPower, UnitOfTemperature

from ..drivers.meter.reading import MeterReading
from ..sources.managed_source import ManagedSource

type Value = float | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """A sensor of a meter."""

    value_fn: Callable[[MeterReading], float | None]


@dataclass(frozen=True, kw_only=True)
class SourceSensorDescription(SensorEntityDescription):
    """A sensor of a source."""

    value_fn: Callable[[ManagedSource], Value]
    exists_fn: Callable[[ManagedSource], bool] = lambda managed: True
    """Whether a source has the sensor."""
    when_failing: bool = False
    """Whether it stays available while the source fails."""
    added_with_value: bool = False
    """Devices differ: the sensor is added with its first value."""
    money: str | None = None
    """The unit after the currency ("/kWh"); None: no amount of money."""
    attributes_fn: Callable[[ManagedSource], Mapping[str, Any]] | None = None


TEMPERATURE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "suggested_display_precision": 1,
}
POWER: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 1,
}
RATIO: Final[dict[str, Any]] = {"state_class": SensorStateClass.MEASUREMENT, "suggested_display_precision": 2}


def extra_value(key: str) -> Callable[[ManagedSource], Value]:
    """Return the function that reads an additional reading of a source."""

    def value(managed: ManagedSource) -> Value:
        found = managed.source.state.extra.get(key)
        return found if isinstance(found, (int, float, str)) and not isinstance(found, bool) else None

    return value


def state_value(name: str) -> Callable[[ManagedSource], Value]:
    """Return the function that reads a field of a source's state."""
    return lambda managed: getattr(managed.source.state, name)


def known(value: float) -> float | None:
    """Return a number; None for NaN."""
    return value if math.isfinite(value) else None
