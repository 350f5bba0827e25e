"""Sensors of the heating system, its sources and meters."""

from collections.abc import Mapping, Sequence
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .data import HeatConfigEntry, HeatingSystem
from .entity import MeterEntity, SourceEntity, SystemEntity
from .metering.energy import max_electric_kw, max_heat_kw
from .sensors.base import MeterSensorDescription, SourceSensorDescription, Value
from .sensors.counted import UNAVAILABLE, CountedEnergySensor, DayCounter, MeterEnergySensor, counted_sensors, local_day
from .sensors.integrators import (
    IntegratedCostSensor,
    IntegratedEnergySensor,
    IntegratedHeatSensor,
    integrated_sensors,
)
from .sensors.meter import METER_COUNTERS, METER_SENSORS
from .sensors.setup_progress import SETUP_PROGRESS
from .sensors.shadow import SHADOW_SENSORS
from .sensors.source import SOURCE_SENSORS
from .sensors.system import SYSTEM_SENSORS, SystemSensorDescription
from .sensors.zone import OVERRIDE_END, OverrideEndSensor
from .sources.managed_source import ManagedSource
from .sources.registry import SOURCE_TYPES

PARALLEL_UPDATES = 0
type _WaitingSensor = SourceSensor | CountedEnergySensor | IntegratedEnergySensor | IntegratedHeatSensor


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the system's sensors and those of its sources."""
    system = entry.runtime_data
    async_add_entities(
        [
            IntegratedCostSensor(system),
            *(SystemSensor(system, description) for description in (*SYSTEM_SENSORS, SETUP_PROGRESS)),
        ]
    )
    for zone in system.config.zones:
        async_add_entities([OverrideEndSensor(system, zone, OVERRIDE_END)], config_subentry_id=zone.zone_id)
    _add_shadow_sensors(hass, system, async_add_entities)
    for managed in system.sources.values():
        descriptions = (*SOURCE_SENSORS, *SOURCE_TYPES[managed.type_key].sensors)
        sensors = [
            _sensor_class(description)(system, managed, description)
            for description in descriptions
            if description.exists_fn(managed)
        ]
        at_once = [sensor for sensor in sensors if not sensor.entity_description.added_with_value]
        async_add_entities(at_once, config_subentry_id=managed.subentry_id)
        waiting: list[_WaitingSensor] = [
            *(sensor for sensor in sensors if sensor.entity_description.added_with_value),
            *counted_sensors(system, managed),
            *integrated_sensors(system, managed),
        ]
        _add_with_value(entry, managed, waiting, async_add_entities)
    for meter in system.meters:
        async_add_entities(
            [
                (MeterEnergySensor if description.key in METER_COUNTERS else MeterSensor)(system, meter, description)
                for description in METER_SENSORS
            ],
            config_subentry_id=meter.subentry_id,
        )


@callback
def _add_shadow_sensors(
    hass: HomeAssistant, system: HeatingSystem, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of shadow mode until control was on; then remove them."""
    if system.shadow.is_on:
        async_add_entities(ShadowSensor(system, description) for description in SHADOW_SENSORS)
        return
    registry, entry_id = er.async_get(hass), system.coordinator.config_entry.entry_id
    for description in SHADOW_SENSORS:
        if entity_id := registry.async_get_entity_id("sensor", DOMAIN, f"{entry_id}_{description.key}"):
            registry.async_remove(entity_id)


@callback
def _add_with_value(
    entry: HeatConfigEntry,
    managed: ManagedSource,
    sensors: Sequence[_WaitingSensor],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add sensors with their first value, or at once if they are registered: devices of one type differ."""
    system = entry.runtime_data
    registry = er.async_get(system.coordinator.hass)
    waiting = list(sensors)

    @callback
    def add_ready() -> None:
        if entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
            return  # a new entity would not be unloaded any more
        ready = [
            sensor
            for sensor in waiting
            if sensor.has_value or registry.async_get_entity_id("sensor", DOMAIN, str(sensor.unique_id))
        ]
        if ready:
            waiting[:] = [sensor for sensor in waiting if sensor not in ready]
            async_add_entities(ready, config_subentry_id=managed.subentry_id)

    add_ready()
    entry.async_on_unload(system.source_updates.subscribe(add_ready))


class MeterSensor(MeterEntity, SensorEntity):
    """A sensor of a meter."""

    entity_description: MeterSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """The last reading; None before the first one."""
        reading = self.meter.data
        return None if reading is None else self.entity_description.value_fn(reading)


class SystemSensor(SystemEntity, SensorEntity):
    """A sensor of the heating system. Details of decisions are not recorded: `get_decisions` returns the last ones."""

    entity_description: SystemSensorDescription
    _unrecorded_attributes = frozenset(
        {
            "codes",
            "cost_h",
            "delivery",
            "demand_w",
            "expected",
            "flow_c",
            "id",
            "limits",
            "mix",
            "notes",
            "outdoor_c",
            "room_c",
            "simulated",
            "time",
            "way",
            "words",
            "worth_kwh",
        }
    )

    def __init__(self, system: HeatingSystem, description: SystemSensorDescription) -> None:
        super().__init__(system, description)
        if description.money is not None:
            self._attr_native_unit_of_measurement = f"{system.coordinator.hass.config.currency}{description.money}"

    @property
    @override
    def published_value(self) -> object:
        """What is written when it changes: the value by default."""
        published = self.entity_description.published_fn
        return self.native_value if published is None else published(self.system)

    @property
    @override
    def native_value(self) -> Value:
        """The present value."""
        return self.entity_description.value_fn(self.system)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Details of the value."""
        details = self.entity_description.attributes_fn
        return None if details is None else details(self.system)


class ShadowSensor(SystemSensor):
    """A sensor of shadow mode."""

    @property
    @override
    def available(self) -> bool:
        """Whether control is simulated."""
        return self.system.shadow.is_on


class SourceSensor(SourceEntity, SensorEntity):
    """A sensor of a source."""

    entity_description: SourceSensorDescription
    _unrecorded_attributes = frozenset({"ten_minutes_left"})

    def __init__(self, system: HeatingSystem, managed: ManagedSource, description: SourceSensorDescription) -> None:
        super().__init__(system, managed, description)
        if description.money is not None:
            self._attr_native_unit_of_measurement = f"{system.coordinator.hass.config.currency}{description.money}"

    @property
    def has_value(self) -> bool:
        """Whether the device has reported a value."""
        return self.native_value is not None

    @property
    @override
    def available(self) -> bool:
        """Whether the source answers; values of this integration stay available."""
        return self.entity_description.when_failing or self.managed.source.state.health not in UNAVAILABLE

    @property
    @override
    def native_value(self) -> Value:
        """The present value."""
        return self.entity_description.value_fn(self.managed)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Details of the value."""
        details = self.entity_description.attributes_fn
        return None if details is None else details(self.managed)


class DayEnergySensor(SourceSensor):
    """Energy that a device counts from zero every day."""

    def __init__(self, system: HeatingSystem, managed: ManagedSource, description: SourceSensorDescription) -> None:
        super().__init__(system, managed, description)
        limit = max_heat_kw if description.key.startswith("heat") else max_electric_kw
        self._counter = DayCounter(limit(managed.config))

    @override
    async def async_added_to_hass(self) -> None:
        """Begin with the last report."""
        self._feed()
        await super().async_added_to_hass()

    @callback
    @override
    def _on_report(self) -> None:
        self._feed()
        super()._on_report()

    def _feed(self) -> None:
        reading = self.entity_description.value_fn(self.managed)
        at_s = self.managed.source.state.at.timestamp()
        self._counter.feed(at_s, local_day(at_s), float(reading) if isinstance(reading, (int, float)) else None)

    @property
    @override
    def has_value(self) -> bool:
        """Whether the device has reported a value."""
        return self.entity_description.value_fn(self.managed) is not None

    @property
    @override
    def native_value(self) -> Value:
        """The last reading that was accepted; unknown while the device reports none."""
        return None if self.entity_description.value_fn(self.managed) is None else self._counter.value


def _sensor_class(description: SourceSensorDescription) -> type[SourceSensor]:
    return DayEnergySensor if description.device_class is SensorDeviceClass.ENERGY else SourceSensor
