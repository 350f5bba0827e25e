"""Selects: the home's profile, and the power modes and tuning presets of sources."""

from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._lib.heat_source import Control
from .comfort.profiles import Profile
from .const import DOMAIN
from .data import HeatConfigEntry
from .drivers.base import SourceBase
from .drivers.operations import PresetChoice
from .entity import SourceEntity, SystemEntity
from .sources.managed_source import ManagedSource

PARALLEL_UPDATES = 1
_PROFILE: Final = SelectEntityDescription(key="profile", options=[str(profile) for profile in Profile])
_PRESET: Final = SelectEntityDescription(key="preset", entity_category=EntityCategory.CONFIG)
_MODE: Final = SelectEntityDescription(key="mode", entity_category=EntityCategory.CONFIG)


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the selects."""
    system = entry.runtime_data
    async_add_entities([ProfileSelect(system, _PROFILE)])
    for managed in system.sources.values():
        if _has_mode_choice(managed):
            async_add_entities([ModeSelect(system, managed, _MODE)], config_subentry_id=managed.subentry_id)
        if isinstance(managed.source, PresetChoice) and managed.source.has_presets:
            async_add_entities([PresetSelect(system, managed, _PRESET)], config_subentry_id=managed.subentry_id)


def _has_mode_choice(managed: ManagedSource) -> bool:
    """Return whether the user selects the mode; not where the controller uses the modes as power steps."""
    capabilities = managed.source.capabilities
    can_select = isinstance(managed.source, SourceBase) and managed.modes_are_choices
    return can_select and Control.MODE in capabilities.controls and not capabilities.power_steps_w


class ProfileSelect(SystemEntity, SelectEntity):
    """The home's profile."""

    @property
    @override
    def current_option(self) -> str:
        """The selected profile."""
        return str(self.system.user.comfort.profile)

    @override
    async def async_select_option(self, option: str) -> None:
        """Select a profile; it is stored before this returns."""
        await self.system.user.async_set_profile(Profile(option))


class ModeSelect(SourceEntity, SelectEntity):
    """The power mode of a source, with the device's names. It stays until another one is selected."""

    @property
    @override
    def options(self) -> list[str]:
        """The modes of the device."""
        return list(self.managed.source.capabilities.modes)

    @property
    @override
    def current_option(self) -> str | None:
        """The mode that the device reports."""
        mode = self.managed.source.state.mode
        return mode if mode in self.options else None

    @property
    @override
    def available(self) -> bool:
        """Whether the device answers."""
        return not self.managed.is_failing

    @override
    async def async_select_option(self, option: str) -> None:
        """Set the mode and verify it."""
        source = self.managed.source
        assert isinstance(source, SourceBase)
        result = await source.choose_mode(option)
        self.check(result, "mode_not_set", mode=option)


class PresetSelect(SourceEntity, SelectEntity):
    """The tuning preset of a miner with its power. It stays until another one is selected, or control sets a power."""

    @property
    @override
    def options(self) -> list[str]:
        """The presets of the device."""
        return list(self._source.presets)

    @property
    @override
    def current_option(self) -> str | None:
        """The preset that the device reports."""
        return self._source.preset

    @property
    @override
    def available(self) -> bool:
        """Whether the device answers and has presets."""
        return not self.managed.is_failing and bool(self._source.presets)

    @property
    def _source(self) -> PresetChoice:
        source = self.managed.source
        assert isinstance(source, PresetChoice)
        return source

    @override
    async def async_select_option(self, option: str) -> None:
        """Set the preset and verify it; not while control sets the power."""
        source = self.managed.source
        if isinstance(source, SourceBase) and source.leased and Control.POWER in source.capabilities.controls:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="preset_controlled",
                translation_placeholders={"name": self.managed.name},
            )
        result = await self._source.choose_preset(option)
        self.check(result, "mode_not_set", mode=option)
