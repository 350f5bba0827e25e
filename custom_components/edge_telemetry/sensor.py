"""Sensors: metrics of devices, properties of a device, statistics of the hub."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.publish_rules import ANY_CHANGE, Threshold
from .data import EdgeConfigEntry, EdgeData
from .decoders import is_event
from .device import EdgeDevice
from .device_classes import numeric_class, state_class
from .downlink import Status, command_status
from .entity import DeviceEntity, HubEntity, MetricEntity, remove_hub_entities
from .value_types import ValueType

PARALLEL_UPDATES = 0


# Counters change with every message: every five minutes is often enough for most.
RARELY: Final = Threshold(relative=0.2)


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """A sensor about a device itself."""

    value_fn: Callable[[EdgeDevice], Any]


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """A sensor about the entry as a whole; a counter by default."""

    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    state_class: SensorStateClass | None = SensorStateClass.TOTAL_INCREASING
    value_fn: Callable[[EdgeData], Any]
    exists_fn: Callable[[EdgeData], bool] = lambda _data: True
    threshold: Threshold = RARELY


def _at(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).replace(microsecond=0)


def _clock_offset(device: EdgeDevice) -> int | None:
    offset = device.clock.offset_s
    return None if offset is None else round(offset)


LAST_SEEN: Final = DeviceSensorDescription(
    key="last_seen",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    value_fn=lambda device: _at(device.last_seen),
)
CLOCK_OFFSET: Final = DeviceSensorDescription(
    key="device_clock_offset",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    suggested_display_precision=0,
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=_clock_offset,
)


def _has_archive(data: EdgeData) -> bool:
    return data.archive.archive is not None


def _archive_count(name: str) -> Callable[[EdgeData], Any]:
    def count(data: EdgeData) -> Any:
        archive = data.archive.archive
        return None if archive is None else getattr(archive.status, name)

    return count


def _lost(data: EdgeData) -> int:
    """Return how many sequence numbers are missing."""
    return sum(device.tracker.lost for device in data.devices.values() if device.type.reports_losses)


HUB_SENSORS: Final = (
    HubSensorDescription(
        key="archive_dropped", exists_fn=_has_archive, value_fn=_archive_count("dropped"), threshold=ANY_CHANGE
    ),
    HubSensorDescription(
        key="archive_queued",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        exists_fn=_has_archive,
        value_fn=_archive_count("queued"),
    ),
    HubSensorDescription(key="archive_written", exists_fn=_has_archive, value_fn=_archive_count("written")),
    HubSensorDescription(key="broker_gaps", value_fn=lambda data: data.broker.gaps, threshold=ANY_CHANGE),
    HubSensorDescription(
        key="devices",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda data: len(data.devices),
        threshold=ANY_CHANGE,
    ),
    HubSensorDescription(key="duplicates", value_fn=lambda data: data.counters.duplicates),
    HubSensorDescription(
        key="last_gap",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda data: data.broker.last_gap_s,
        threshold=ANY_CHANGE,
    ),
    HubSensorDescription(key="late", entity_registry_enabled_default=False, value_fn=lambda data: data.counters.late),
    HubSensorDescription(key="lost", value_fn=_lost),
    HubSensorDescription(key="malformed", value_fn=lambda data: data.malformed.total),
    HubSensorDescription(key="messages", value_fn=lambda data: data.counters.received),
    HubSensorDescription(key="refused_clocks", value_fn=lambda data: data.counters.refused_clocks),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EdgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors, also of devices and metrics that are added later."""
    data = entry.runtime_data
    absent = (description.key for description in HUB_SENSORS if not description.exists_fn(data))
    remove_hub_entities(hass, entry.entry_id, Platform.SENSOR, absent)
    async_add_entities(HubSensor(data, description) for description in HUB_SENSORS if description.exists_fn(data))

    @callback
    def add_metrics(device: EdgeDevice, metrics: dict[str, ValueType]) -> None:
        added = []
        for key, value_type in metrics.items():
            if isinstance(present := device.entities.get(key), MetricSensor):
                present.adapt()  # a number became a text, or a text a number
            elif value_type is not ValueType.FLAG and not is_event(key):
                added.append(MetricSensor(data, device, key))
        async_add_entities(added)

    @callback
    def add_device(device: EdgeDevice) -> None:
        async_add_entities([DeviceSensor(data, device, LAST_SEEN)])
        if device.type.accepts_commands:
            async_add_entities([CommandSensor(data, device)])

    @callback
    def add_clock(device: EdgeDevice) -> None:
        async_add_entities([DeviceSensor(data, device, CLOCK_OFFSET)])

    data.devices.on_new_device(add_device)
    data.devices.on_new_clock(add_clock)
    data.devices.on_new_metrics(Platform.SENSOR, add_metrics)


class MetricSensor(MetricEntity, SensorEntity):
    """A metric with numbers or texts."""

    def __init__(self, data: EdgeData, device: EdgeDevice, key: str) -> None:
        super().__init__(data, device, key)
        if self.metric.diagnostic:
            self._attr_entity_category = EntityCategory.DIAGNOSTIC
        self._attr_entity_registry_enabled_default = self.metric.enabled
        self._set_attributes()

    @callback
    def adapt(self) -> None:
        """Follow a change of the metric's type."""
        self._set_attributes()
        self.publish_now()

    def _set_attributes(self) -> None:
        """A text has neither unit nor statistics."""
        if self.device.record.metrics.get(self.key) is not ValueType.NUMBER:
            self._attr_device_class = self._attr_native_unit_of_measurement = self._attr_state_class = None
            self._attr_suggested_display_precision = None
            return
        metric = self.metric
        unit = self.override.get("unit") or metric.unit
        # An override of the unit alone may rule the default device class out.
        self._attr_device_class = numeric_class(self.override.get("device_class") or metric.quantity, unit)
        self._attr_native_unit_of_measurement = unit
        self._attr_state_class = state_class(metric.kind, self._attr_device_class)
        self._attr_suggested_display_precision = metric.decimals

    @property
    @override
    def native_value(self) -> Any:
        """Return the latest value."""
        return self.value


class DeviceSensor(DeviceEntity, SensorEntity):
    """A property of a device."""

    entity_description: DeviceSensorDescription

    @property
    @override
    def native_value(self) -> Any:
        """Return the present value."""
        return self.entity_description.value_fn(self.device)

    @override
    async def async_added_to_hass(self) -> None:
        """Publish periodically: messages change the value without a notice."""
        await super().async_added_to_hass()
        self.data.hub.listeners.append(self.publish)
        self.async_on_remove(lambda: self.data.hub.listeners.remove(self.publish))


COMMAND: Final = SensorEntityDescription(
    key="last_command",
    device_class=SensorDeviceClass.ENUM,
    options=list(Status),
    entity_category=EntityCategory.DIAGNOSTIC,
)


class CommandSensor(DeviceEntity, SensorEntity):
    """Status of the last command."""

    def __init__(self, data: EdgeData, device: EdgeDevice) -> None:
        super().__init__(data, device, COMMAND)

    @property
    @override
    def native_value(self) -> str | None:
        """Return the status."""
        command = self.data.commands.last(self.device.id)
        return None if command is None else command_status(command)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return the command, and the message of the device."""
        if (command := self.data.commands.last(self.device.id)) is None:
            return None
        return {"command": command.payload.name, "id": command.id, "message": command.reason}

    @override
    async def async_added_to_hass(self) -> None:
        """Write each change at once: it answers a user's action."""
        await super().async_added_to_hass()
        self.async_on_remove(self.data.commands.listen(self.device.id, self.publish_now))


class HubSensor(HubEntity, SensorEntity):
    """A statistic of the hub."""

    entity_description: HubSensorDescription

    def __init__(self, data: EdgeData, description: HubSensorDescription) -> None:
        super().__init__(data, description)
        self.publish_threshold = description.threshold

    @property
    @override
    def native_value(self) -> Any:
        """Return the present value."""
        return self.entity_description.value_fn(self.data)
