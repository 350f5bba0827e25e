"""The home's profile."""

from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .comfort.profiles import Profile
from .coordinator import HeatConfigEntry
from .entity import SystemEntity

PARALLEL_UPDATES = 1
_PROFILE: Final = SelectEntityDescription(key="profile", options=[str(profile) for profile in Profile])


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add it."""
    async_add_entities([ProfileSelect(entry.runtime_data, _PROFILE)])


class ProfileSelect(SystemEntity, SelectEntity):
    """The profile."""

    @property
    @override
    def current_option(self) -> str:
        """As chosen."""
        return str(self.system.wanted.wishes.profile)

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose; on disk before this returns."""
        await self.system.async_set_profile(Profile(option))
