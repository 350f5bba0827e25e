"""Binary sensors: on/off metrics, whether a device is heard, whether the archive is there."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EdgeConfigEntry, EdgeHub
from .device import EdgeDevice, Form
from .entity import DeviceEntity, HubEntity, MetricEntity, forget_hub_entities

PARALLEL_UPDATES = 0

ONLINE: Final = BinarySensorEntityDescription(
    key="online",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
ARCHIVE: Final = BinarySensorEntityDescription(
    key="archive",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EdgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the binary sensors there are, and those of devices and metrics that come later."""
    hub = entry.runtime_data
    if hub.archive.archive is not None:
        async_add_entities([ArchiveConnected(hub, ARCHIVE)])
    else:
        forget_hub_entities(hub, Platform.BINARY_SENSOR, [ARCHIVE.key])

    @callback
    def add_metrics(device: EdgeDevice, metrics: dict[str, Form]) -> None:
        async_add_entities(Flag(hub, device, key) for key, form in metrics.items() if form is Form.FLAG)

    @callback
    def add_device(device: EdgeDevice) -> None:
        async_add_entities([Online(hub, device, ONLINE)])

    hub.follow_devices(add_device)
    hub.follow_metrics(Platform.BINARY_SENSOR, add_metrics)


class Flag(MetricEntity, BinarySensorEntity):
    """Something that a device says is so or not."""

    def __init__(self, hub: EdgeHub, device: EdgeDevice, key: str) -> None:
        super().__init__(hub, device, key)
        quantity = self.override.get("device_class") or self.metric.quantity
        if quantity in set(BinarySensorDeviceClass):
            self._attr_device_class = BinarySensorDeviceClass(quantity)
        if self.metric.diagnostic:
            self._attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def is_on(self) -> bool | None:
        """What the device said last."""
        value = self.value
        return value if isinstance(value, bool) else None


class Online(DeviceEntity, BinarySensorEntity):
    """Whether a device is heard."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Unknown until it had the time to speak after a start."""
        return self.device.online


class ArchiveConnected(HubEntity, BinarySensorEntity):
    """Whether the archive can use its database."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether rows reach the database."""
        archive = self.hub.archive.archive
        return None if archive is None else archive.status.connected

    @override
    async def async_added_to_hass(self) -> None:
        """Show at once when the connection came or went."""
        await super().async_added_to_hass()
        self.hub.archive.listeners.append(self.publish_now)
        self.async_on_remove(lambda: self.hub.archive.listeners.remove(self.publish_now))
