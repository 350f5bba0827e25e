"""Binary sensors: states of devices, their cloud connection and the broker connection of the account."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families.specs import BinarySensorSpec
from .data import EcoflowConfigEntry
from .entity import AccountEntity, EcoflowEntity, SpecEntity
from .runtime.device import EcoflowDevice

PARALLEL_UPDATES = 0

BROKER: Final = BinarySensorEntityDescription(
    key="broker",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
ONLINE: Final = BinarySensorEntityDescription(
    key="online",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


def describe(spec: BinarySensorSpec) -> BinarySensorEntityDescription:
    """Return the entity description for a specification."""
    return BinarySensorEntityDescription(
        key=spec.key,
        device_class=BinarySensorDeviceClass(spec.device_class) if spec.device_class else None,
        entity_category=EntityCategory.DIAGNOSTIC if spec.diagnostic else None,
        entity_registry_enabled_default=spec.enabled,
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of the account and of all devices."""
    data = entry.runtime_data
    async_add_entities([BrokerBinarySensor(data.account, data.coordinator, BROKER)])
    data.devices.async_add_platform(async_add_entities, _binary_sensors)


def _binary_sensors(device: EcoflowDevice) -> Iterator[BinarySensorEntity]:
    yield OnlineBinarySensor(device, ONLINE)
    values = device.values
    for spec in device.family.binary_sensors:
        if spec.exists(values):
            yield SpecBinarySensor(device, describe(spec), spec)


class SpecBinarySensor(SpecEntity[BinarySensorSpec], BinarySensorEntity):
    """A state that a device reports."""

    @property
    @override
    def is_on(self) -> bool | None:
        """The state, None if it is unknown."""
        return self.spec.decode(self.values)


class OnlineBinarySensor(EcoflowEntity, BinarySensorEntity):
    """Whether a device reports to the cloud. It is always available."""

    @property
    @override
    def available(self) -> bool:
        """As long as the account is set up."""
        return True

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the device is online, None while Home Assistant cannot reach the cloud."""
        return self.device.is_online


class BrokerBinarySensor(AccountEntity, BinarySensorEntity):
    """Whether values arrive by MQTT; otherwise they are polled."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether the broker is connected."""
        return self.coordinator.is_mqtt_connected
