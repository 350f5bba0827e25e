"""Buttons of protocol 2 controllers: reboot, identify, start the rotation of the key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .controller import Controller, Topic
from .coordinator import Building, IotHeatingConfigEntry
from .entity import ControllerDescription, ControllerEntity, add_controller_entities, is_esp32
from .keys import async_start_rotation
from .protocol.commands import CommandName

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ControllerButtonDescription(ButtonEntityDescription, ControllerDescription):
    """A button of a controller."""

    press_fn: Callable[[Building, Controller], Awaitable[object]]


BUTTONS: Final = (
    ControllerButtonDescription(
        key="identify",
        topics=(),
        device_class=ButtonDeviceClass.IDENTIFY,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=is_esp32,
        press_fn=lambda building, controller: building.commands.async_send(controller, CommandName.IDENTIFY),
    ),
    ControllerButtonDescription(
        key="reboot",
        topics=(),
        device_class=ButtonDeviceClass.RESTART,
        entity_category=EntityCategory.CONFIG,
        exists_fn=is_esp32,
        press_fn=lambda building, controller: building.commands.async_send(controller, CommandName.REBOOT),
    ),
    ControllerButtonDescription(
        key="rotate_key",
        topics=(),
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        exists_fn=is_esp32,
        press_fn=async_start_rotation,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of all controllers, and of those that come later."""
    add_controller_entities(entry, async_add_entities, BUTTONS, ControllerButton)


class ControllerButton(ControllerEntity, ButtonEntity):
    """A command that a controller gets at its next call."""

    entity_description: ControllerButtonDescription

    @property
    @override
    def available(self) -> bool:
        """Only protocol 2 has words for these."""
        return super().available and self.controller.protocol >= 2

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what the controller speaks."""
        await super().async_added_to_hass()
        self.async_on_remove(self.controller.follow(Topic.EXTRAS, self.publish))

    @override
    async def async_press(self) -> None:
        """Do it."""
        await self.entity_description.press_fn(self.building, self.controller)
