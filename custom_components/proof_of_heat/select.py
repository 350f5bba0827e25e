"""The home's profile, and the power modes of sources that have some."""

from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.heat_source import Control, Outcome
from .comfort.profiles import Profile
from .const import DOMAIN
from .coordinator import HeatConfigEntry
from .drivers.base import SourceBase
from .entity import SourceEntity, SystemEntity
from .sources.managed_source import SourceUnit

PARALLEL_UPDATES = 1
_PROFILE: Final = SelectEntityDescription(key="profile", options=[str(profile) for profile in Profile])
_MODE: Final = SelectEntityDescription(key="mode", entity_category=EntityCategory.CONFIG)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    system = entry.runtime_data
    async_add_entities([ProfileSelect(system, _PROFILE)])
    for unit in system.units.values():
        if _is_free(unit):
            async_add_entities([ModeSelect(system, unit, _MODE)], config_subentry_id=unit.subentry_id)


def _is_free(unit: SourceUnit) -> bool:
    """Whether the modes are the user's; where they are the controller's steps of power, they are not."""
    capabilities = unit.source.capabilities
    ours = isinstance(unit.source, SourceBase) and unit.kind != "entity"
    return ours and Control.MODE in capabilities.controls and not capabilities.power_steps_w


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


class ModeSelect(SourceEntity, SelectEntity):
    """The power mode of a source, as the device calls it; what is chosen stays until somebody chooses anew."""

    @property
    @override
    def options(self) -> list[str]:
        """What the device offers."""
        return list(self.unit.source.capabilities.modes)

    @property
    @override
    def current_option(self) -> str | None:
        """As the device reports it."""
        mode = self.unit.source.state.mode
        return mode if mode in self.options else None

    @property
    @override
    def available(self) -> bool:
        """While the device answers."""
        return not self.unit.failing

    @override
    async def async_select_option(self, option: str) -> None:
        """Set it, and see it set."""
        source = self.unit.source
        assert isinstance(source, SourceBase)
        result = await source.choose_mode(option)
        self.publish_now()
        if result.outcome not in (Outcome.APPLIED, Outcome.UNCHANGED, Outcome.PENDING):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="mode_not_set",
                translation_placeholders={"name": self.unit.name, "mode": option, "error": result.detail},
            )
