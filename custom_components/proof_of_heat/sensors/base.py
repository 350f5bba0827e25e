"""What the tables of sensors have in common: descriptions, units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfPower, UnitOfTemperature

from ..coordinator import HeatingSystem, SourceUnit
from ..drivers.meter.reading import MeterReading

type Value = float | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class SystemSensorDescription(SensorEntityDescription):
    """A sensor of the system. `attributes_fn`: what explains it."""

    value_fn: Callable[[HeatingSystem], Value]
    attributes_fn: Callable[[HeatingSystem], Mapping[str, Any]] | None = None
    money: str | None = None
    """What follows the currency in the unit ("/h"); None: not money."""


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """A sensor of a meter."""

    value_fn: Callable[[MeterReading], float | None]


@dataclass(frozen=True, kw_only=True)
class SourceSensorDescription(SensorEntityDescription):
    """A sensor of a source.

    `exists_fn`: which sources have it; `always`: also while the source fails; `late`: devices differ, it is added once
    it tells something; `by_cycle`: it changes with the cycle, too.
    """

    value_fn: Callable[[HeatingSystem, SourceUnit], Value]
    exists_fn: Callable[[SourceUnit], bool] = lambda unit: True
    always: bool = False
    late: bool = False
    by_cycle: bool = False
    money: str | None = None
    attributes_fn: Callable[[SourceUnit], Mapping[str, Any]] | None = None


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


def known(value: float) -> float | None:
    """NaN is None."""
    return value if math.isfinite(value) else None
