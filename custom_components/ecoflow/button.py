"""Buttons: refresh, and functions of devices."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families.specs import ButtonSpec
from .data import EcoflowConfigEntry
from .entity import EcoflowEntity
from .runtime.device import EcoflowDevice

PARALLEL_UPDATES = 1

REFRESH: Final = ButtonEntityDescription(key="refresh", entity_category=EntityCategory.DIAGNOSTIC)


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of all devices."""
    entry.runtime_data.devices.async_add_platform(async_add_entities, _buttons)


def _buttons(device: EcoflowDevice) -> Iterator[ButtonEntity]:
    yield RefreshButton(device, REFRESH)
    values = device.values
    for spec in device.family.buttons:
        if spec.exists(values):
            yield SpecButton(device, ButtonEntityDescription(key=spec.key), spec)


class RefreshButton(EcoflowEntity, ButtonEntity):
    """Reads all values of a device from the cloud, also of one that is offline."""

    @property
    @override
    def available(self) -> bool:
        """As long as the account is set up."""
        return True

    @override
    async def async_press(self) -> None:
        """Read the values."""
        await self.device.async_read()


class SpecButton(EcoflowEntity, ButtonEntity):
    """A function of a device."""

    def __init__(self, device: EcoflowDevice, description: ButtonEntityDescription, spec: ButtonSpec) -> None:
        """Create the button from its description and specification."""
        super().__init__(device, description)
        self.spec = spec

    @override
    async def async_press(self) -> None:
        """Send the command."""
        await self.device.async_write(self.spec.command(self.values))
