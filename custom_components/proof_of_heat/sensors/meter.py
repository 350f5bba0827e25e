"""Sensors of meters."""

from collections.abc import Callable
from typing import Final

from ..drivers.meter.reading import MeterReading
from .base import ENERGY, POWER, MeterSensorDescription

METER_COUNTERS: Final = frozenset({"exported_energy", "imported_energy"})
"""The sensors of counters."""


def _phase(index: int) -> Callable[[MeterReading], float | None]:
    return lambda reading: reading.phases_w[index] if index < len(reading.phases_w) else None


METER_SENSORS: Final = (
    MeterSensorDescription(key="exported_energy", **ENERGY, value_fn=lambda reading: reading.exported_kwh),
    MeterSensorDescription(key="imported_energy", **ENERGY, value_fn=lambda reading: reading.imported_kwh),
    MeterSensorDescription(key="power", **POWER, value_fn=lambda reading: reading.power_w),
    *(
        MeterSensorDescription(
            key=f"power_{phase}", **POWER, entity_registry_enabled_default=False, value_fn=_phase(index)
        )
        for index, phase in enumerate("abc")
    ),
)
