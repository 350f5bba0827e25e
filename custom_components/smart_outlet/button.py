"""Buttons: ping and read an outlet, cut all power."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import Follow, SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .model.commands import CommandName, Order

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OutletButtonDescription(ButtonEntityDescription):
    """A button of an outlet."""

    command: CommandName


BUTTONS: Final = (
    OutletButtonDescription(key="ping", entity_category=EntityCategory.DIAGNOSTIC, command=CommandName.PING),
    OutletButtonDescription(
        key="read_sensors", entity_category=EntityCategory.DIAGNOSTIC, command=CommandName.READ_SENSORS
    ),
)
CUT_ALL_POWER: Final = ButtonEntityDescription(key="cut_all_power")


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of the hub and of its outlets."""
    async_add_entities([CutButton(entry.runtime_data, CUT_ALL_POWER)])
    add_outlet_entities(
        entry,
        async_add_entities,
        lambda hub, outlet: [OutletButton(hub, outlet, description) for description in BUTTONS],
    )


class OutletButton(OutletEntity, ButtonEntity):
    """A command that needs nothing but to be sent; an outlet that is offline may be asked too."""

    entity_description: OutletButtonDescription
    follow = Follow.NEVER

    @property
    @override
    def available(self) -> bool:
        """Always: asking is how one finds out."""
        return True

    @override
    async def async_press(self) -> None:
        """Queue the command."""
        await self.async_order(Order(self.entity_description.command))


class CutButton(HubEntity, ButtonEntity):
    """Switches every socket of the hub off except the protected ones."""

    follow = Follow.NEVER

    @property
    @override
    def available(self) -> bool:
        """Always: what cannot be reached now is cut when it comes back."""
        return True

    @override
    async def async_press(self) -> None:
        """Cut; how it went is told by the cut sensor and the event."""
        await self.running.async_cut(include_protected=False)
