"""The switch that gives the heat sources into our hands, and takes them back."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import HeatConfigEntry
from .entity import SystemEntity

PARALLEL_UPDATES = 1
_ACTIVE: Final = SwitchEntityDescription(key="control_active")


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add it."""
    async_add_entities([ControlSwitch(entry.runtime_data, _ACTIVE)])


class ControlSwitch(SystemEntity, SwitchEntity):
    """Control active."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether we command."""
        return self.system.wanted.active

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Take over."""
        await self.system.async_set_active(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Hands off: every source goes back to its own safe control."""
        await self.system.async_set_active(False)
