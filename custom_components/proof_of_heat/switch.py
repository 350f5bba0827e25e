"""The switch that turns control of the heat sources on and off."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import HeatConfigEntry
from .entity import SystemEntity

PARALLEL_UPDATES = 1
_ACTIVE: Final = SwitchEntityDescription(key="control_active")


async def async_setup_entry(
    hass: HomeAssistant, entry: HeatConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switch."""
    async_add_entities([ControlSwitch(entry.runtime_data, _ACTIVE)])


class ControlSwitch(SystemEntity, SwitchEntity):
    """Whether the heat sources are controlled."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether control is on."""
        return self.system.user.active

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn control on."""
        await self.system.user.async_set_active(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn control off: all sources are released to their own control."""
        await self.system.user.async_set_active(False)
