"""Switch of a building: enables heating."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import IotHeatingConfigEntry
from .entity import BuildingEntity

PARALLEL_UPDATES = 1

ENABLED: Final = SwitchEntityDescription(key="iot_enabled")


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the switch."""
    async_add_entities([EnabledSwitch(entry.runtime_data, ENABLED)])


class EnabledSwitch(BuildingEntity, SwitchEntity):
    """Whether the controllers heat by the profile; delivered with their next call."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether heating is enabled."""
        return self.building.profile.iot_enabled

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Enable heating."""
        await self.async_patch(iot_enabled=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Disable heating."""
        await self.async_patch(iot_enabled=False)
