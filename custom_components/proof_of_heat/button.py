"""Buttons: boost, the removal of all overrides, and learning from the recorded history."""

from datetime import timedelta
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .comfort.profiles import Override, Profile
from .data import HeatConfigEntry
from .entity import SystemEntity

PARALLEL_UPDATES = 1
_BOOST: Final = ButtonEntityDescription(key="boost")
_CLEAR: Final = ButtonEntityDescription(key="clear_override")
_RELEARN: Final = ButtonEntityDescription(key="relearn", entity_category=EntityCategory.CONFIG)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons."""
    system = entry.runtime_data
    async_add_entities([BoostButton(system, _BOOST), ClearButton(system, _CLEAR), RelearnButton(system, _RELEARN)])


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
