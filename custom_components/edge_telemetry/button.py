"""Buttons: a ping, and a button for each command that a device announces."""

from typing import Final, override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import EdgeConfigEntry, EdgeData
from .device import EdgeDevice
from .entity import EdgeEntity
from .naming import display_name

PARALLEL_UPDATES = 1

PRESS_EXPIRES_S: Final = 300
_KNOWN: Final = {
    "identify": ButtonEntityDescription(
        key="identify", device_class=ButtonDeviceClass.IDENTIFY, entity_category=EntityCategory.DIAGNOSTIC
    ),
    "ping": ButtonEntityDescription(key="ping", entity_category=EntityCategory.DIAGNOSTIC),
    "restart": ButtonEntityDescription(
        key="restart", device_class=ButtonDeviceClass.RESTART, entity_category=EntityCategory.CONFIG
    ),
}


async def async_setup_entry(
    hass: HomeAssistant, entry: EdgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the buttons, also those that devices announce later."""
    data = entry.runtime_data

    @callback
    def add_buttons(device: EdgeDevice) -> None:
        if not device.type.accepts_commands:
            return
        new = [name for name in dict.fromkeys(("ping", *device.record.commands)) if name not in device.buttons]
        device.buttons.update(new)
        async_add_entities(CommandButton(data, device, name) for name in new)

    data.devices.on_new_device(add_buttons)
    data.devices.on_new_commands(add_buttons)


class CommandButton(EdgeEntity, ButtonEntity):
    """Sends a command."""

    def __init__(self, data: EdgeData, device: EdgeDevice, command: str) -> None:
        description = _KNOWN.get(command)
        super().__init__(data, device, description or ButtonEntityDescription(key=command))
        self._attr_unique_id = f"{data.devices.identifier(device)}_command_{command}"
        self._command = command
        if description is None:
            self._attr_name = display_name(command)

    @override
    async def async_press(self) -> None:
        """Send the command; the last command sensor shows its status."""
        await self.data.commands.async_send(self.device.id, self.device.base, self._command, {}, PRESS_EXPIRES_S)
