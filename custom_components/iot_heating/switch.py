"""The switch of a building: whether its controllers shall heat by its profile."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import IotHeatingConfigEntry
from .entity import BuildingEntity

PARALLEL_UPDATES = 1

ENABLED: Final = SwitchEntityDescription(key="iot_enabled")


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switch of the building."""
    async_add_entities([EnabledSwitch(entry.runtime_data, ENABLED)])


class EnabledSwitch(BuildingEntity, SwitchEntity):
    """Controllers get it at their next call."""

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
