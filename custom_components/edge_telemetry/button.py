"""Buttons: a ping, and a button for each command that a device announces."""

from typing import Final, override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EdgeConfigEntry, EdgeHub
from .device import EdgeDevice
from .entity import EdgeEntity
from .naming import pretty

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
    """Set up the buttons there are, and those that devices announce later."""
    hub = entry.runtime_data

    @callback
    def add_device(device: EdgeDevice) -> None:
        if device.record.ruuvi:
            return  # a tag listens to nobody
        new = [name for name in dict.fromkeys(("ping", *device.record.commands)) if name not in device.buttons]
        device.buttons.update(new)
        async_add_entities(CommandButton(hub, device, name) for name in new)

    hub.follow_devices(add_device, commands=True)


class CommandButton(EdgeEntity, ButtonEntity):
    """Sends a command."""

    def __init__(self, hub: EdgeHub, device: EdgeDevice, command: str) -> None:
        super().__init__(hub, device, f"command_{command}")
        self._command = command
        if (known := _KNOWN.get(command)) is not None:
            self.entity_description = known
            self._attr_translation_key = known.key
        else:
            self._attr_name = pretty(command)

    @override
    async def async_press(self) -> None:
        """Send it; what becomes of it is shown by the sensor of the last command."""
        await self.hub.commander.async_send(self.device.id, self.device.base, self._command, {}, PRESS_EXPIRES_S)
