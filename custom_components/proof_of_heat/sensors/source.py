"""Sensors of sources and meters: what they report, what their heat costs, the call budget."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    PERCENTAGE,
    REVOLUTIONS_PER_MINUTE,
    EntityCategory,
    UnitOfTime,
    UnitOfVolumeFlowRate,
)

from .._lib.heat_source import Health, SourceKind
from ..coordinator import HeatingSystem, SourceUnit
from ..drivers.meter.reading import MeterReading
from ..drivers.modbus.source import ModbusSource
from ..drivers.viessmann.features import UNITS
from .base import ENERGY, POWER, TEMPERATURE, MeterSensorDescription, SourceSensorDescription, Value, known
from .integrators import power_of


def _price(system: HeatingSystem, unit: SourceUnit) -> float | None:
    for part in system.data.decision.record.mix:
        if part.source_id == unit.source.source_id:
            return known(part.price_kwh)
    return None


def _extra(key: str) -> Callable[[HeatingSystem, SourceUnit], Value]:
    def value(_: HeatingSystem, unit: SourceUnit) -> Value:
        found = unit.source.state.extra.get(key)
        return found if isinstance(found, (int, float, str)) and not isinstance(found, bool) else None

    return value


def _state(name: str) -> Callable[[HeatingSystem, SourceUnit], Value]:
    return lambda _, unit: getattr(unit.source.state, name)


def _is(kind: SourceKind) -> Callable[[SourceUnit], bool]:
    return lambda unit: unit.config.kind == kind


def _counts(name: str) -> Callable[[SourceUnit], bool]:
    return lambda unit: name in unit.counts


def _budget(unit: SourceUnit) -> bool:
    return unit.budget is not None


def _left(_: HeatingSystem, unit: SourceUnit) -> Value:
    return unit.budget.state().left_day if unit.budget else None


def _health(_: HeatingSystem, unit: SourceUnit) -> Value:
    return None if unit.unread else str(unit.source.state.health)


def _windows(unit: SourceUnit) -> Mapping[str, Any]:
    """What both limits are, and what the short one has left: that is what a burst of changes meets."""
    if unit.budget is None:
        return {}
    state = unit.budget.state()
    return {
        "limit": state.limit_day,
        "reserved_for_commands": state.write_reserve,
        "ten_minutes_limit": state.limit_short,
        "ten_minutes_left": max(0, state.limit_short - state.used_short),
        "blocked_until": state.blocked_until,
    }


def _used(_: HeatingSystem, unit: SourceUnit) -> Value:
    return unit.budget.state().used_day if unit.budget else None


SOURCE_SENSORS: Final = (
    SourceSensorDescription(
        key="api_calls_left",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        exists_fn=_budget,
        value_fn=_left,
        always=True,
        attributes_fn=_windows,
    ),
    SourceSensorDescription(
        key="api_calls_used",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        exists_fn=_budget,
        value_fn=_used,
        always=True,
    ),
    SourceSensorDescription(
        key="chip_temperature", **TEMPERATURE, exists_fn=_is(SourceKind.MINER), value_fn=_extra("chip_temperature")
    ),
    SourceSensorDescription(
        key="efficiency",
        native_unit_of_measurement="J/TH",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=1,
        exists_fn=_is(SourceKind.MINER),
        value_fn=_extra("efficiency"),
    ),
    SourceSensorDescription(
        key="electricity",
        **ENERGY,
        exists_fn=_counts("electricity"),
        late=True,
        value_fn=_state("electricity_kwh"),
    ),
    SourceSensorDescription(
        key="fan_speed",
        native_unit_of_measurement=REVOLUTIONS_PER_MINUTE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists_fn=lambda unit: unit.kind == "miner",
        value_fn=_extra("fan_speed"),
    ),
    SourceSensorDescription(
        key="flow_temperature",
        **TEMPERATURE,
        exists_fn=lambda unit: unit.config.kind in (SourceKind.HEAT_PUMP, SourceKind.BOILER, SourceKind.CONTROLLER),
        value_fn=_state("flow_c"),
    ),
    SourceSensorDescription(
        key="hashrate",
        native_unit_of_measurement="TH/s",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        exists_fn=_is(SourceKind.MINER),
        value_fn=_state("hashrate_ths"),
    ),
    SourceSensorDescription(
        key="health",
        device_class=SensorDeviceClass.ENUM,
        options=[str(item) for item in Health],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_health,
        always=True,
    ),
    SourceSensorDescription(key="heat", **ENERGY, exists_fn=_counts("heat"), late=True, value_fn=_state("heat_kwh")),
    SourceSensorDescription(
        key="last_command",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.ENUM,
        options=["applied", "unchanged", "pending", "deferred", "refused", "failed"],
        value_fn=lambda _, unit: str(unit.outcome.outcome) if unit.outcome else None,
        always=True,
    ),
    SourceSensorDescription(
        key="power", **POWER, late=True, value_fn=lambda system, unit: power_of(system.hass, unit), by_cycle=True
    ),
    SourceSensorDescription(
        key="power_limit",
        **POWER,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=_is(SourceKind.MINER),
        value_fn=_state("power_limit_w"),
    ),
    SourceSensorDescription(
        key="price_of_heat",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        money="/kWh",
        value_fn=_price,
        always=True,
        by_cycle=True,
    ),
    SourceSensorDescription(
        key="return_temperature",
        **TEMPERATURE,
        exists_fn=lambda unit: unit.kind in ("viessmann", "modbus"),
        late=True,
        value_fn=_state("return_c"),
    ),
    SourceSensorDescription(
        key="uptime",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists_fn=lambda unit: unit.kind == "miner",
        value_fn=_extra("uptime"),
    ),
)
# Further readings by their unit: made from one table, so that none is forgotten.
_HEAT_PUMP_KEYS: Final = (
    "buffer_temperature",
    "compressor_hours",
    "compressor_load",
    "compressor_speed",
    "compressor_starts",
    "dhw_setpoint",
    "dhw_temperature",
    "electricity_dhw_today",
    "electricity_heating_today",
    "heat_dhw_today",
    "heat_heating_today",
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
# What only templates of Modbus devices tell.
_TEMPLATE_UNITS: Final = {
    "boiler_load": "%",
    "boiler_temperature": "°C",
    "buffer_charge": "%",
    "flue_gas_temperature": "°C",
}


def _tells(key: str, unit_of_reading: str | None) -> Callable[[SourceUnit], bool]:
    """A Viessmann heat pump, or a Modbus device whose template has such a register in that unit."""

    def exists(unit: SourceUnit) -> bool:
        if isinstance(unit.source, ModbusSource):
            return key in unit.source.units and unit.source.units[key] == unit_of_reading
        return unit.kind == "viessmann" and key in _HEAT_PUMP_KEYS

    return exists


READING_SENSORS: Final = tuple(
    SourceSensorDescription(
        key=key,
        **(_COUNT if key == "compressor_starts" else _BY_UNIT[unit]),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=_tells(key, unit),
        late=True,
        value_fn=_extra(key),
    )
    for key, unit in sorted({**{key: UNITS.get(key) for key in _HEAT_PUMP_KEYS}, **_TEMPLATE_UNITS}.items())
)


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
