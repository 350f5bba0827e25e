"""Buttons of protocol 2 controllers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import IotHeatingConfigEntry, IotHeatingData
from .entity import ControllerDescription, ControllerEntity, add_controller_entities, is_esp32
from .protocol.commands import CommandName
from .runtime.controller import Controller, Topic
from .runtime.key_rotation import async_request_rotation
from .storage.device_store import DEVICE_STORE

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ControllerButtonDescription(ButtonEntityDescription, ControllerDescription):
    """A button of a controller."""

    press_fn: Callable[[HomeAssistant, IotHeatingData, Controller], Awaitable[object]]


BUTTONS: Final = (
    ControllerButtonDescription(
        key="identify",
        topics=(Topic.PROTOCOL,),
        device_class=ButtonDeviceClass.IDENTIFY,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=is_esp32,
        press_fn=lambda hass, data, controller: data.commands.async_send(controller, CommandName.IDENTIFY),
    ),
    ControllerButtonDescription(
        key="reboot",
        topics=(Topic.PROTOCOL,),
        device_class=ButtonDeviceClass.RESTART,
        entity_category=EntityCategory.CONFIG,
        exists_fn=is_esp32,
        press_fn=lambda hass, data, controller: data.commands.async_send(controller, CommandName.REBOOT),
    ),
    ControllerButtonDescription(
        key="rotate_key",
        topics=(Topic.PROTOCOL,),
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        exists_fn=is_esp32,
        press_fn=lambda hass, data, controller: async_request_rotation(hass.data[DEVICE_STORE], controller),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the buttons."""
    add_controller_entities(entry, async_add_entities, BUTTONS, ControllerButton)


class ControllerButton(ControllerEntity, ButtonEntity):
    """A button whose command is delivered with the next call of the controller."""

    entity_description: ControllerButtonDescription

    @property
    @override
    def available(self) -> bool:
        """Whether the controller is online and uses protocol 2, which these commands need."""
        return super().available and self.controller.protocol >= 2

    @override
    async def async_press(self) -> None:
        """Queue the command."""
        await self.entity_description.press_fn(self.hass, self.data, self.controller)
