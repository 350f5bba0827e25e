"""Additional readings of heat pumps and boilers, by their unit."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime, UnitOfVolumeFlowRate

from ..drivers.modbus.source import ModbusSource
from ..sources.managed_source import ManagedSource
from .base import ENERGY, TEMPERATURE, SourceSensorDescription, extra_value, state_value

COUNTERS: Final = frozenset({"electricity", "heat"})
"""What a device may count itself."""
RETURN_TEMPERATURE: Final = SourceSensorDescription(
    key="return_temperature", **TEMPERATURE, added_with_value=True, value_fn=state_value("return_c")
)
HEAT_PUMP_READINGS: Final = (
    "buffer_temperature",
    "burner_hours",
    "burner_modulation",
    "burner_starts",
    "compressor_2_hours",
    "compressor_2_starts",
    "compressor_hours",
    "compressor_load",
    "compressor_speed",
    "compressor_starts",
    "dhw_setpoint",
    "dhw_temperature",
    "dhw_top_temperature",
    "electricity_dhw_today",
    "electricity_heating_today",
    "fan_load",
    "heat_dhw_today",
    "heat_heating_today",
    "heating_rod_hours",
    "heating_rod_starts",
    "room_temperature",
    "scop_total",
    "source_in_temperature",
    "spf_total",
    "system_pressure",
    "volume_flow",
)
_BY_UNIT: Final[dict[str | None, dict[str, Any]]] = {
    "°C": TEMPERATURE,
    "kWh": ENERGY,
    "h": {
        "native_unit_of_measurement": UnitOfTime.HOURS,
        "device_class": SensorDeviceClass.DURATION,
        "state_class": SensorStateClass.TOTAL_INCREASING,
        "suggested_display_precision": 0,
    },
    "bar": {
        "native_unit_of_measurement": "bar",
        "device_class": SensorDeviceClass.PRESSURE,
        "state_class": SensorStateClass.MEASUREMENT,
        "suggested_display_precision": 1,
    },
    "%": {
        "native_unit_of_measurement": PERCENTAGE,
        "state_class": SensorStateClass.MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "l/h": {
        "native_unit_of_measurement": UnitOfVolumeFlowRate.LITERS_PER_HOUR,
        "device_class": SensorDeviceClass.VOLUME_FLOW_RATE,
        "state_class": SensorStateClass.MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "rps": {"native_unit_of_measurement": "rps", "state_class": SensorStateClass.MEASUREMENT},
    None: {"state_class": SensorStateClass.MEASUREMENT},
}
_COUNT: Final[dict[str, Any]] = {"state_class": SensorStateClass.TOTAL_INCREASING, "suggested_display_precision": 0}
TEMPLATE_READINGS: Final = {
    "boiler_load": "%",
    "boiler_temperature": "°C",
    "buffer_charge": "%",
    "flue_gas_temperature": "°C",
}


def _has_reading(key: str, unit: str | None) -> Callable[[ManagedSource], bool]:
    """Return whether a source has a reading: a Modbus device where its template has it in that unit."""

    def exists(managed: ManagedSource) -> bool:
        source = managed.source
        return not isinstance(source, ModbusSource) or (key in source.units and source.units[key] == unit)

    return exists


def reading_sensors(units: Mapping[str, str | None]) -> tuple[SourceSensorDescription, ...]:
    """Return the sensors of readings, given their units by key."""
    return tuple(
        SourceSensorDescription(
            key=key,
            **(_COUNT if key.endswith("_starts") else _BY_UNIT[unit]),
            entity_category=EntityCategory.DIAGNOSTIC,
            exists_fn=_has_reading(key, unit),
            added_with_value=True,
            value_fn=extra_value(key),
        )
        for key, unit in sorted(units.items())
    )
