"""Sensors: metrics of devices, what is known of a device, what the hub has seen."""

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
from .coordinator import EdgeConfigEntry, EdgeHub
from .device import EdgeDevice, Form
from .downlink import Status
from .entity import DeviceEntity, HubEntity, MetricEntity, forget_hub_entities
from .kinds import numeric_class, state_class

PARALLEL_UPDATES = 0


# Counters move with every message: every five minutes is soon enough for most.
SELDOM: Final = Threshold(relative=0.2)


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """A sensor about a device itself."""

    value_fn: Callable[[EdgeHub, EdgeDevice], Any]


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """A sensor about the entry as a whole; a counter where nothing else is said."""

    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    state_class: SensorStateClass | None = SensorStateClass.TOTAL_INCREASING
    value_fn: Callable[[EdgeHub], Any]
    exists_fn: Callable[[EdgeHub], bool] = lambda _hub: True
    threshold: Threshold = SELDOM


def _at(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).replace(microsecond=0)


DEVICE_SENSORS: Final = (
    DeviceSensorDescription(
        key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda _hub, device: _at(device.last_heard),
    ),
)


def _has_archive(hub: EdgeHub) -> bool:
    return hub.archive.archive is not None


def _archive_count(name: str) -> Callable[[EdgeHub], Any]:
    def count(hub: EdgeHub) -> Any:
        archive = hub.archive.archive
        return None if archive is None else getattr(archive.status, name)

    return count


def _lost(hub: EdgeHub) -> int:
    """Sequence numbers that never came; a tag's do not count: a gateway hears only some of them."""
    return sum(device.tracker.lost for device in hub.devices.values() if not device.record.ruuvi)


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
    HubSensorDescription(key="broker_gaps", value_fn=lambda hub: hub.broker.gaps, threshold=ANY_CHANGE),
    HubSensorDescription(
        key="devices",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda hub: len(hub.devices),
        threshold=ANY_CHANGE,
    ),
    HubSensorDescription(key="duplicates", value_fn=lambda hub: hub.counters.duplicates),
    HubSensorDescription(
        key="last_gap",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda hub: hub.broker.last_gap_s,
        threshold=ANY_CHANGE,
    ),
    HubSensorDescription(key="late", entity_registry_enabled_default=False, value_fn=lambda hub: hub.counters.late),
    HubSensorDescription(key="lost", value_fn=_lost),
    HubSensorDescription(key="malformed", value_fn=lambda hub: hub.malformed.total),
    HubSensorDescription(key="messages", value_fn=lambda hub: hub.counters.received),
    HubSensorDescription(key="refused_clocks", value_fn=lambda hub: hub.counters.refused_clocks),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EdgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors there are, and those of devices and metrics that come later."""
    hub = entry.runtime_data
    forget_hub_entities(hub, Platform.SENSOR, (item.key for item in HUB_SENSORS if not item.exists_fn(hub)))
    async_add_entities(HubSensor(hub, description) for description in HUB_SENSORS if description.exists_fn(hub))

    @callback
    def add_metrics(device: EdgeDevice, metrics: dict[str, Form]) -> None:
        async_add_entities(
            (NumberSensor if form is Form.NUMBER else TextSensor)(hub, device, key)
            for key, form in metrics.items()
            if form is not Form.FLAG
        )

    @callback
    def add_device(device: EdgeDevice) -> None:
        async_add_entities(DeviceSensor(hub, device, description) for description in DEVICE_SENSORS)
        if not device.record.ruuvi:
            async_add_entities([CommandSensor(hub, device)])

    hub.follow_devices(add_device)
    hub.follow_metrics(Platform.SENSOR, add_metrics)


class NumberSensor(MetricEntity, SensorEntity):
    """A number that a device measures."""

    def __init__(self, hub: EdgeHub, device: EdgeDevice, key: str) -> None:
        super().__init__(hub, device, key)
        metric = self.metric
        unit = self.override.get("unit") or metric.unit
        # An override of the unit alone may say that it is something else.
        self._attr_device_class = numeric_class(self.override.get("device_class") or metric.quantity, unit)
        self._attr_native_unit_of_measurement = unit
        self._attr_state_class = state_class(metric.kind, self._attr_device_class)
        if metric.decimals is not None:
            self._attr_suggested_display_precision = metric.decimals
        if metric.diagnostic:
            self._attr_entity_category = EntityCategory.DIAGNOSTIC
        self._attr_entity_registry_enabled_default = not key.startswith("acceleration_")

    @property
    @override
    def native_value(self) -> Any:
        """The number the device said last."""
        return self.value


class TextSensor(MetricEntity, SensorEntity):
    """A text that a device says."""

    @property
    @override
    def native_value(self) -> Any:
        """The text the device said last."""
        return self.value


class DeviceSensor(DeviceEntity, SensorEntity):
    """What is known of a device."""

    entity_description: DeviceSensorDescription

    @property
    @override
    def native_value(self) -> Any:
        """The value now."""
        return self.entity_description.value_fn(self.hub, self.device)

    @override
    async def async_added_to_hass(self) -> None:
        """Look again at every tick: a device that is heard changes this without a change of its own."""
        await super().async_added_to_hass()
        self.hub.listeners.append(self.publish)
        self.async_on_remove(lambda: self.hub.listeners.remove(self.publish))


COMMAND: Final = SensorEntityDescription(
    key="last_command",
    device_class=SensorDeviceClass.ENUM,
    options=list(Status),
    entity_category=EntityCategory.DIAGNOSTIC,
)


class CommandSensor(DeviceEntity, SensorEntity):
    """What became of the last command."""

    def __init__(self, hub: EdgeHub, device: EdgeDevice) -> None:
        super().__init__(hub, device, COMMAND)

    @property
    @override
    def native_value(self) -> str | None:
        """Pending until the device confirmed it."""
        command = self.hub.commander.last(self.device.id)
        return None if command is None else command.status

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Which command it is."""
        if (command := self.hub.commander.last(self.device.id)) is None:
            return None
        return {"command": command.name, "id": command.id, "message": command.message}

    @override
    async def async_added_to_hass(self) -> None:
        """Show every step at once: somebody waits for it."""
        await super().async_added_to_hass()
        self.async_on_remove(self.hub.commander.listen(self.device.id, self.publish_now))


class HubSensor(HubEntity, SensorEntity):
    """What the hub has seen."""

    entity_description: HubSensorDescription

    def __init__(self, hub: EdgeHub, description: HubSensorDescription) -> None:
        super().__init__(hub, description)
        self.publish_threshold = description.threshold

    @property
    @override
    def native_value(self) -> Any:
        """The value now."""
        return self.entity_description.value_fn(self.hub)
