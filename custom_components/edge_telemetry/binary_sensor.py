"""Binary sensors: on/off metrics, connectivity of a device and of the archive."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .data import EdgeConfigEntry, EdgeData
from .device import EdgeDevice
from .entity import DeviceEntity, HubEntity, MetricEntity, remove_hub_entities
from .value_types import ValueType

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
    """Set up the binary sensors, also of devices and metrics that are added later."""
    data = entry.runtime_data
    if data.archive.archive is not None:
        async_add_entities([ArchiveConnected(data, ARCHIVE)])
    else:
        remove_hub_entities(hass, entry.entry_id, Platform.BINARY_SENSOR, [ARCHIVE.key])

    registry = er.async_get(hass)

    @callback
    def add_metrics(device: EdgeDevice, metrics: dict[str, ValueType]) -> None:
        for key, value_type in metrics.items():
            unique_id = f"{data.devices.identifier(device)}_{key}"
            flag = registry.async_get_entity_id(Platform.BINARY_SENSOR, DOMAIN, unique_id)
            if value_type is not ValueType.FLAG and flag is not None:
                registry.async_remove(flag)  # it has other values than on and off: a sensor shows them
        async_add_entities(
            Flag(data, device, key) for key, value_type in metrics.items() if value_type is ValueType.FLAG
        )

    @callback
    def add_device(device: EdgeDevice) -> None:
        async_add_entities([Online(data, device, ONLINE)])

    data.devices.on_new_device(add_device)
    data.devices.on_new_metrics(Platform.BINARY_SENSOR, add_metrics)


class Flag(MetricEntity, BinarySensorEntity):
    """An on/off metric."""

    def __init__(self, data: EdgeData, device: EdgeDevice, key: str) -> None:
        super().__init__(data, device, key)
        quantity = self.override.get("device_class") or self.metric.quantity
        if quantity in set(BinarySensorDeviceClass):
            self._attr_device_class = BinarySensorDeviceClass(quantity)
        if self.metric.diagnostic:
            self._attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the latest value."""
        value = self.value
        return value if isinstance(value, bool) else None


class Online(DeviceEntity, BinarySensorEntity):
    """Connectivity of a device."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the device is online; unknown until its first message, and while none can be received."""
        return self.device.online if self.device.reachable else None


class ArchiveConnected(HubEntity, BinarySensorEntity):
    """Connectivity of the archive's database."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the database is connected."""
        archive = self.data.archive.archive
        return None if archive is None else archive.status.connected

    @override
    async def async_added_to_hass(self) -> None:
        """Write a change of the connection at once."""
        await super().async_added_to_hass()
        self.data.archive.listeners.append(self.publish_now)
        self.async_on_remove(lambda: self.data.archive.listeners.remove(self.publish_now))
