"""Sensors: what the engine decides and why, what sources report, COP, cost and the call budget."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.heat_source import Health
from .const import DOMAIN
from .coordinator import HeatConfigEntry, HeatingSystem, SourceUnit
from .entity import MeterEntity, SourceEntity, SystemEntity
from .sensors.base import MeterSensorDescription, SourceSensorDescription, SystemSensorDescription, Value
from .sensors.integrators import CostCounter, EnergyCounter, counters_of
from .sensors.source import METER_SENSORS, READING_SENSORS, SOURCE_SENSORS
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
        sensors = [
            SourceSensor(system, unit, description)
            for description in (*SOURCE_SENSORS, *READING_SENSORS)
            if description.exists_fn(unit)
        ]
        at_once = [sensor for sensor in sensors if not sensor.entity_description.late]
        async_add_entities(at_once, config_subentry_id=unit.subentry_id)
        late: list[SourceSensor | EnergyCounter] = [
            *(sensor for sensor in sensors if sensor.entity_description.late),
            *counters_of(system, unit),
        ]
        _add_when_told(entry, unit, late, async_add_entities)
    for meter in system.meters:
        async_add_entities(
            [MeterSensor(system, meter, description) for description in METER_SENSORS],
            config_subentry_id=meter.subentry_id,
        )


@callback
def _add_when_told(
    entry: HeatConfigEntry,
    unit: SourceUnit,
    sensors: Sequence[SourceSensor | EnergyCounter],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Devices of one kind tell different things: a sensor is added with its first value, or if it was there before."""
    system = entry.runtime_data
    registry = er.async_get(system.hass)
    waiting = list(sensors)

    @callback
    def look() -> None:
        if entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
            return  # a last reading: nobody would take the new entity away again
        told = [
            one for one in waiting if one.told or registry.async_get_entity_id("sensor", DOMAIN, str(one.unique_id))
        ]
        if told:
            waiting[:] = [one for one in waiting if one not in told]
            async_add_entities(told, config_subentry_id=unit.subentry_id)

    look()
    system.listeners.append(look)
    entry.async_on_unload(lambda: system.listeners.remove(look))


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
    """A sensor of the system. A decision's details are for now: the action `get_decisions` tells the last ones."""

    entity_description: SystemSensorDescription
    _unrecorded_attributes = frozenset({"codes", "id", "limits", "mix", "notes", "time", "words"})

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
    _unrecorded_attributes = frozenset({"ten_minutes_left"})

    def __init__(self, system: HeatingSystem, unit: SourceUnit, description: SourceSensorDescription) -> None:
        super().__init__(system, unit, description)
        if description.money is not None:
            self._attr_native_unit_of_measurement = f"{system.hass.config.currency}{description.money}"

    @override
    async def async_added_to_hass(self) -> None:
        """Some follow the cycle, too."""
        await super().async_added_to_hass()
        if self.entity_description.by_cycle:
            self.async_on_remove(self.system.async_add_listener(self.publish))

    @property
    def told(self) -> bool:
        """Whether the device says something."""
        return self.native_value is not None

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

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What explains it."""
        details = self.entity_description.attributes_fn
        return None if details is None else details(self.unit)
