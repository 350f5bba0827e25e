"""Sensors: what the engine decides and why, what sources report, COP, cost and the call budget."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.heat_source import Health
from .coordinator import HeatConfigEntry, HeatingSystem, SourceUnit
from .counters import CostCounter, counters_of
from .entity import MeterEntity, SourceEntity, SystemEntity
from .sensors.base import MeterSensorDescription, SourceSensorDescription, SystemSensorDescription, Value
from .sensors.source import HEAT_PUMP_SENSORS, METER_SENSORS, SOURCE_SENSORS
from .sensors.system import SYSTEM_SENSORS

PARALLEL_UPDATES = 0
_UNAVAILABLE: Final = (Health.FAILING, Health.AUTH)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the system's sensors and those of its sources."""
    system = entry.runtime_data
    async_add_entities([CostCounter(system), *(SystemSensor(system, description) for description in SYSTEM_SENSORS)])
    for unit in system.units.values():
        async_add_entities(counters_of(system, unit), config_subentry_id=unit.subentry_id)
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
        if description.money is not None:
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
        if description.money is not None:
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
