"""Buttons: boost, the removal of overrides, learning from the recorded history, and restarts of heat sources."""

from datetime import timedelta
from typing import Final, override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .comfort.profiles import Override, Profile
from .data import HeatConfigEntry
from .drivers.operations import Operable, Operation
from .entity import OperationEntity, SystemEntity

PARALLEL_UPDATES = 1
_BOOST: Final = ButtonEntityDescription(key="boost")
_CLEAR: Final = ButtonEntityDescription(key="clear_override")
_RELEARN: Final = ButtonEntityDescription(key="relearn", entity_category=EntityCategory.CONFIG)


_OPERATIONS: Final = (
    ButtonEntityDescription(
        key=Operation.IDENTIFY, device_class=ButtonDeviceClass.IDENTIFY, entity_category=EntityCategory.CONFIG
    ),
    ButtonEntityDescription(
        key=Operation.REBOOT, device_class=ButtonDeviceClass.RESTART, entity_category=EntityCategory.CONFIG
    ),
    ButtonEntityDescription(
        key=Operation.RESTART_MINING, device_class=ButtonDeviceClass.RESTART, entity_category=EntityCategory.CONFIG
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons."""
    system = entry.runtime_data
    async_add_entities([BoostButton(system, _BOOST), ClearButton(system, _CLEAR), RelearnButton(system, _RELEARN)])
    for managed in system.sources.values():
        if isinstance(managed.source, Operable):
            async_add_entities(
                [
                    OperationButton(system, managed, description)
                    for description in _OPERATIONS
                    if description.key in managed.source.operations
                ],
                config_subentry_id=managed.subentry_id,
            )


class BoostButton(SystemEntity, ButtonEntity):
    """Sets all zones to comfort for some hours."""

    @override
    async def async_press(self) -> None:
        """Override all zones."""
        until = dt_util.utcnow() + timedelta(hours=self.system.config.basics.override_hours)
        await self.system.user.async_override(Override(until=until, profile=Profile.COMFORT))


class ClearButton(SystemEntity, ButtonEntity):
    """Returns all zones to profile and schedule."""

    @override
    async def async_press(self) -> None:
        """Remove all overrides."""
        await self.system.user.async_clear_override(None)


class RelearnButton(SystemEntity, ButtonEntity):
    """Learns the house from the recorded history again."""

    @override
    async def async_press(self) -> None:
        """Start the import in the background."""
        self.system.history_import.start(again=True)


class OperationButton(OperationEntity, ButtonEntity):
    """Starts an operation of a heat source."""

    @override
    async def async_press(self) -> None:
        """Start the operation; an error of the device is shown."""
        await self.async_operate(Operation(self.entity_description.key))
