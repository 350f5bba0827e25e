"""Binary sensors of controllers: heating and connectivity."""

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

from .data import IotHeatingConfigEntry
from .entity import ControllerDescription, ControllerEntity, add_controller_entities
from .protocol.fields import STATE
from .runtime.controller import Controller, Topic

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
        topics=(STATE,),
        device_class=BinarySensorDeviceClass.RUNNING,
        value_fn=lambda controller: controller.heating,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the binary sensors."""
    add_controller_entities(entry, async_add_entities, BINARY_SENSORS, ControllerBinarySensor)


class ControllerBinarySensor(ControllerEntity, BinarySensorEntity):
    """A binary sensor of a controller."""

    entity_description: ControllerBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """The last reported state."""
        return self.entity_description.value_fn(self.controller)
