"""Binary sensors: whether a controller heats, and whether it calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .controller import Controller, Topic
from .coordinator import IotHeatingConfigEntry
from .entity import ControllerDescription, ControllerEntity, add_controller_entities

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ControllerBinarySensorDescription(BinarySensorEntityDescription, ControllerDescription):
    """A binary sensor of a controller."""

    value_fn: Callable[[Controller], bool | None]


BINARY_SENSORS: Final = (
    ControllerBinarySensorDescription(
        key="connectivity",
        topics=(Topic.ONLINE,),
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda controller: controller.online,
        always_available=True,
    ),
    ControllerBinarySensorDescription(
        key="heating",
        topics=(Topic.HEATING,),
        device_class=BinarySensorDeviceClass.RUNNING,
        value_fn=lambda controller: controller.heating,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of all controllers, and of those that come later."""
    add_controller_entities(entry, async_add_entities, BINARY_SENSORS, ControllerBinarySensor)


class ControllerBinarySensor(ControllerEntity, BinarySensorEntity):
    """A yes or no that a controller reports."""

    entity_description: ControllerBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """The state last reported."""
        return self.entity_description.value_fn(self.controller)
