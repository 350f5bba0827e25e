"""Sensors: what the engine decides and why, what sources report, COP, cost and the call budget."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    REVOLUTIONS_PER_MINUTE,
    EntityCategory,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from ._lib.heat_source import Health, SourceKind
from .coordinator import HeatConfigEntry, HeatingSystem, SourceUnit
from .drivers.meter.reading import MeterReading
from .drivers.viessmann.features import UNITS
from .engine.decision import Way
from .entity import MeterEntity, SourceEntity, SystemEntity

PARALLEL_UPDATES = 0
_WINDOW: Final = timedelta(hours=2)
_UNAVAILABLE: Final = (Health.FAILING, Health.AUTH)
_MAX_STATE: Final = 255

type Value = float | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class SystemSensorDescription(SensorEntityDescription):
    """A sensor of the system. `attributes_fn`: what explains it."""

    value_fn: Callable[[HeatingSystem], Value]
    attributes_fn: Callable[[HeatingSystem], Mapping[str, Any]] | None = None
    money: str = ""
    """What follows the currency in the unit ("/h")."""


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """A sensor of a meter."""

    value_fn: Callable[[MeterReading], float | None]


@dataclass(frozen=True, kw_only=True)
class SourceSensorDescription(SensorEntityDescription):
    """A sensor of a source. `exists_fn`: which sources have it; `always`: also while the source fails."""

    value_fn: Callable[[HeatingSystem, SourceUnit], Value]
    exists_fn: Callable[[SourceUnit], bool] = lambda unit: True
    always: bool = False
    money: str = ""


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _flow(system: HeatingSystem) -> float | None:
    """What the flow shall be, within what the emitters stand."""
    flow = _known(system.data.decision.record.flow_c)
    return None if flow is None else min(flow, system.settings.max_flow_c)


def _total(system: HeatingSystem, name: str) -> float | None:
    values = [getattr(unit.source.state, name) for unit in system.units.values()]
    known = [value for value in values if value is not None]
    return round(sum(known), 1) if known else None


def _cop(name: str) -> Callable[[HeatingSystem], float | None]:
    def value(system: HeatingSystem) -> float | None:
        now = dt_util.utcnow()
        today = dt_util.as_local(now).date()
        match name:
            case "now":
                window = system.cop.window(now, _WINDOW)
                return window.cop if window else None
            case "day":
                return system.cop.day(today).cop
            case "month":
                return system.cop.month(today).cop
        return system.cop.season(today).cop

    return value


def _cop_details(system: HeatingSystem) -> Mapping[str, Any]:
    day = system.cop.day(dt_util.as_local(dt_util.utcnow()).date())
    return {
        "heating": day.cop_heating,
        "hot_water": day.cop_dhw,
        "running": day.cop_running,
        "standby_kwh": round(day.electricity_standby, 2),
        "defrost_kwh": round(day.defrost, 2),
    }


def _savings(system: HeatingSystem) -> Mapping[str, Any]:
    proof = system.engine.proof()
    if proof is None:
        return {}
    return {
        "days": proof.days,
        "low": round(proof.saved_low, 2),
        "high": round(proof.saved_high, 2),
        "percent": round(proof.saved_pct, 1),
        "cost": round(proof.cost, 2),
        "reference_cost": round(proof.reference_cost, 2),
    }


def _saved(system: HeatingSystem) -> float | None:
    proof = system.engine.proof()
    return None if proof is None else round(proof.saved, 2)


def _model_error(system: HeatingSystem) -> float | None:
    learned = system.engine.learned
    return round(learned.errors_k[-1], 2) if learned and learned.errors_k else None


_TEMPERATURE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "suggested_display_precision": 1,
}
_POWER: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
_ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 1,
}
_RATIO: Final[dict[str, Any]] = {"state_class": SensorStateClass.MEASUREMENT, "suggested_display_precision": 2}

SYSTEM_SENSORS: Final = (
    SystemSensorDescription(key="cop_day", **_RATIO, value_fn=_cop("day"), attributes_fn=_cop_details),
    SystemSensorDescription(key="cop_month", **_RATIO, value_fn=_cop("month")),
    SystemSensorDescription(key="cop_now", **_RATIO, value_fn=_cop("now")),
    SystemSensorDescription(
        key="cost_per_hour",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        money="/h",
        value_fn=lambda system: _known(system.data.decision.record.cost_h),
    ),
    SystemSensorDescription(
        key="decision",
        value_fn=lambda system: system.in_words(system.data.decision.record.words)[:_MAX_STATE],
        attributes_fn=lambda system: dict(system.decisions[-1]) if system.decisions else {},
    ),
    SystemSensorDescription(
        key="demand", **_POWER, value_fn=lambda system: _known(system.data.decision.record.demand_w)
    ),
    SystemSensorDescription(
        key="electricity_price",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        money="/kWh",
        value_fn=lambda system: _known(system.data.snapshot.price_kwh),
    ),
    SystemSensorDescription(key="flow_setpoint", **_TEMPERATURE, value_fn=_flow),
    SystemSensorDescription(key="heat_power", **_POWER, value_fn=lambda system: _total(system, "heat_w")),
    SystemSensorDescription(
        key="model_error",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.KELVIN,
        suggested_display_precision=2,
        value_fn=_model_error,
        attributes_fn=lambda system: {
            "trusted": system.engine.predicting,
            "history_hours": round(system.engine.history.hours, 1),
        },
    ),
    SystemSensorDescription(
        key="outdoor_temperature", **_TEMPERATURE, value_fn=lambda system: _known(system.data.decision.record.outdoor_c)
    ),
    SystemSensorDescription(key="power", **_POWER, value_fn=lambda system: _total(system, "power_w")),
    SystemSensorDescription(
        key="savings",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        money="",
        value_fn=_saved,
        attributes_fn=_savings,
    ),
    SystemSensorDescription(key="spf", **_RATIO, value_fn=_cop("season")),
    SystemSensorDescription(
        key="way",
        device_class=SensorDeviceClass.ENUM,
        options=[str(way) for way in Way],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda system: str(system.data.decision.record.way),
    ),
)
_MONEY_KEYS: Final = frozenset({"cost_per_hour", "electricity_price", "savings"})


def _price(system: HeatingSystem, unit: SourceUnit) -> float | None:
    for part in system.data.decision.record.mix:
        if part.source_id == unit.source.source_id:
            return _known(part.price_kwh)
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


def _budget(unit: SourceUnit) -> bool:
    return unit.budget is not None


def _left(_: HeatingSystem, unit: SourceUnit) -> Value:
    return unit.budget.state().left_day if unit.budget else None


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
        key="chip_temperature", **_TEMPERATURE, exists_fn=_is(SourceKind.MINER), value_fn=_extra("chip_temperature")
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
        **_ENERGY,
        exists_fn=lambda unit: unit.kind in ("viessmann", "modbus"),
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
        **_TEMPERATURE,
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
        value_fn=lambda _, unit: str(unit.source.state.health),
        always=True,
    ),
    SourceSensorDescription(
        key="heat", **_ENERGY, exists_fn=lambda unit: unit.kind in ("viessmann", "modbus"), value_fn=_state("heat_kwh")
    ),
    SourceSensorDescription(
        key="last_command",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.ENUM,
        options=["applied", "unchanged", "pending", "deferred", "refused", "failed"],
        value_fn=lambda _, unit: str(unit.outcome.outcome) if unit.outcome else None,
        always=True,
    ),
    SourceSensorDescription(key="power", **_POWER, value_fn=_state("power_w")),
    SourceSensorDescription(
        key="power_limit",
        **_POWER,
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
    ),
    SourceSensorDescription(
        key="return_temperature",
        **_TEMPERATURE,
        exists_fn=lambda unit: unit.kind in ("viessmann", "modbus"),
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
# Further readings of a heat pump by their unit: made from one table, so that none is forgotten.
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
    "°C": _TEMPERATURE,
    "kWh": _ENERGY,
    "h": {"native_unit_of_measurement": UnitOfTime.HOURS, "state_class": SensorStateClass.TOTAL_INCREASING},
    "bar": {
        "native_unit_of_measurement": "bar",
        "device_class": SensorDeviceClass.PRESSURE,
        "state_class": SensorStateClass.MEASUREMENT,
    },
    "%": {"native_unit_of_measurement": PERCENTAGE, "state_class": SensorStateClass.MEASUREMENT},
    "l/h": {"native_unit_of_measurement": "L/h", "state_class": SensorStateClass.MEASUREMENT},
    "rps": {"native_unit_of_measurement": "rps", "state_class": SensorStateClass.MEASUREMENT},
    None: {"state_class": SensorStateClass.MEASUREMENT},
}
HEAT_PUMP_SENSORS: Final = tuple(
    SourceSensorDescription(
        key=key,
        **_BY_UNIT[UNITS.get(key)],
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda unit: unit.kind == "viessmann",
        value_fn=_extra(key),
    )
    for key in _HEAT_PUMP_KEYS
)


def _phase(index: int) -> Callable[[MeterReading], float | None]:
    return lambda reading: reading.phases_w[index] if index < len(reading.phases_w) else None


METER_SENSORS: Final = (
    MeterSensorDescription(key="exported_energy", **_ENERGY, value_fn=lambda reading: reading.exported_kwh),
    MeterSensorDescription(key="imported_energy", **_ENERGY, value_fn=lambda reading: reading.imported_kwh),
    MeterSensorDescription(key="power", **_POWER, value_fn=lambda reading: reading.power_w),
    *(
        MeterSensorDescription(
            key=f"power_{phase}", **_POWER, entity_registry_enabled_default=False, value_fn=_phase(index)
        )
        for index, phase in enumerate("abc")
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the system's sensors and those of its sources."""
    system = entry.runtime_data
    async_add_entities(SystemSensor(system, description) for description in SYSTEM_SENSORS)
    for unit in system.units.values():
        async_add_entities(
            [
                SourceSensor(system, unit, description)
                for description in (*SOURCE_SENSORS, *HEAT_PUMP_SENSORS)
                if description.exists_fn(unit)
            ],
            config_subentry_id=unit.subentry_id,
        )
    for meter in system.meters:
        async_add_entities(
            [MeterSensor(system, meter, description) for description in METER_SENSORS],
            config_subentry_id=meter.subentry_id,
        )


class MeterSensor(MeterEntity, SensorEntity):
    """A sensor of a meter."""

    entity_description: MeterSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """The value now; None until the meter answered for the first time."""
        reading = self.meter.data
        return None if reading is None else self.entity_description.value_fn(reading)


class SystemSensor(SystemEntity, SensorEntity):
    """A sensor of the system."""

    entity_description: SystemSensorDescription

    def __init__(self, system: HeatingSystem, description: SystemSensorDescription) -> None:
        super().__init__(system, description)
        if description.key in _MONEY_KEYS:
            self._attr_native_unit_of_measurement = f"{system.hass.config.currency}{description.money}"

    @property
    @override
    def native_value(self) -> Value:
        """The value now."""
        return self.entity_description.value_fn(self.system)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What explains it."""
        details = self.entity_description.attributes_fn
        return None if details is None else details(self.system)


class SourceSensor(SourceEntity, SensorEntity):
    """A sensor of a source."""

    entity_description: SourceSensorDescription

    def __init__(self, system: HeatingSystem, unit: SourceUnit, description: SourceSensorDescription) -> None:
        super().__init__(system, unit, description)
        if description.money:
            self._attr_native_unit_of_measurement = f"{system.hass.config.currency}{description.money}"

    @property
    @override
    def available(self) -> bool:
        """Readings end with the source; what we know ourselves stays."""
        return self.entity_description.always or self.unit.source.state.health not in _UNAVAILABLE

    @property
    @override
    def native_value(self) -> Value:
        """The value now."""
        return self.entity_description.value_fn(self.system, self.unit)
