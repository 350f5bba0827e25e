"""Buttons: ask a device for everything, and what else a device does at a push."""

from collections.abc import Iterator
from functools import partial
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api.families import Action
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator, Station
from .entity import EcoflowEntity, async_press, told_errors

PARALLEL_UPDATES = 1

REFRESH: Final = ButtonEntityDescription(key="refresh", entity_category=EntityCategory.DIAGNOSTIC)


async def async_setup_entry(
    hass: HomeAssistant, entry: EcoflowConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of all devices, now and later."""
    coordinator = entry.runtime_data
    coordinator.async_add_platform(async_add_entities, partial(_build, coordinator))


def _build(coordinator: EcoflowCoordinator, station: Station) -> Iterator[ButtonEntity]:
    yield RefreshButton(coordinator, station, REFRESH)
    values = coordinator.values(station.sn)
    for action in coordinator.family(station.sn).actions:
        if action.exists(values):
            yield ActionButton(coordinator, station, ButtonEntityDescription(key=action.key), action)


class RefreshButton(EcoflowEntity, ButtonEntity):
    """Asks the cloud for everything it knows of a device. Works for a silent device too."""

    @property
    @override
    def available(self) -> bool:
        """As long as the account is set up."""
        return True

    @override
    async def async_press(self) -> None:
        """Ask."""
        async with told_errors(self.hass, self.coordinator.config_entry):
            await self.coordinator.client.read(self.station.sn)


class ActionButton(EcoflowEntity, ButtonEntity):
    """Something that a device does at a push."""

    def __init__(
        self,
        coordinator: EcoflowCoordinator,
        station: Station,
        description: ButtonEntityDescription,
        action: Action,
    ) -> None:
        """A button for `action`."""
        super().__init__(coordinator, station, description)
        self.action = action

    @override
    async def async_press(self) -> None:
        """Do it."""
        await async_press(self.coordinator, self.station.sn, self.action)
