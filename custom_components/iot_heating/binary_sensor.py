"""Binary sensors: whether a controller heats, and whether it calls."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import Building, Controller, IotHeatingConfigEntry
from .entity import ControllerEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ControllerBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of a controller; ``always_available``: told even of one that does not call."""

    value_fn: Callable[[Controller], bool | None]
    always_available: bool = False


BINARY_SENSORS: Final = (
    ControllerBinarySensorDescription(
        key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda controller: controller.online,
        always_available=True,
    ),
    ControllerBinarySensorDescription(
        key="heating",
        device_class=BinarySensorDeviceClass.HEAT,
        value_fn=lambda controller: controller.heating,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of all controllers, and of those that come later."""
    building = entry.runtime_data
    building.each_controller(partial(_add, building, async_add_entities))


@callback
def _add(building: Building, async_add_entities: AddConfigEntryEntitiesCallback, controller: Controller) -> None:
    async_add_entities(
        [ControllerBinarySensor(building, controller, description) for description in BINARY_SENSORS],
        config_subentry_id=controller.subentry_id,
    )


class ControllerBinarySensor(ControllerEntity, BinarySensorEntity):
    """A yes or no that a controller reports."""

    entity_description: ControllerBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """The state last reported."""
        return self.entity_description.value_fn(self.controller)

    @property
    @override
    def available(self) -> bool:
        """Some are told of a silent controller too."""
        return self.entity_description.always_available or super().available
