"""Selects: the mode of a building, and what a controller is forced to."""

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from ._lib.week_schedule import Mode
from .commands import NAME_OF, confirmed_force, pending_force
from .controller import Controller, Topic
from .coordinator import Building, IotHeatingConfigEntry
from .entity import BuildingEntity, ControllerDescription, ControllerEntity, add_controller_entities
from .linked import commandable
from .protocol.control import Force
from .records import DeviceRecord, Kind

PARALLEL_UPDATES = 1

MODE: Final = SelectEntityDescription(key="mode", options=[mode.value for mode in Mode])


@dataclass(frozen=True, kw_only=True)
class ForceSelectDescription(SelectEntityDescription, ControllerDescription):
    """What a controller is forced to."""


def _can_be_forced(building: Building, controller: Controller) -> bool:
    return controller.kind is Kind.ESP32 or commandable(building.hass, controller.device_id)


FORCE: Final = ForceSelectDescription(
    key="control",
    topics=(Topic.COMMAND,),
    entity_category=EntityCategory.CONFIG,
    exists_fn=_can_be_forced,
    options=[force.value for force in Force],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the selects of the building, of all controllers, and of those that come later."""
    async_add_entities([ModeSelect(entry.runtime_data, MODE)])
    add_controller_entities(entry, async_add_entities, (FORCE,), ForceSelect)


class ModeSelect(BuildingEntity, SelectEntity):
    """Auto: as the schedule says; Eco and Manual stand above it."""

    @property
    @override
    def current_option(self) -> str:
        """The mode now."""
        return self.building.profile.mode.value

    @override
    async def async_select_option(self, option: str) -> None:
        """Change the mode; on disk when this returns."""
        await self.async_patch(mode=option)


class ForceSelect(ControllerEntity, SelectEntity):
    """Shows what the controller has confirmed; what it was told and has not confirmed yet is an attribute."""

    entity_description: ForceSelectDescription

    @property
    def _record(self) -> DeviceRecord | None:
        return self.building.registry.devices.get(self.controller.device_id)

    @property
    @override
    def current_option(self) -> str | None:
        """What is confirmed."""
        record = self._record
        return confirmed_force(record, dt_util.utcnow()).value if record else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What is pending, and until when it lasts."""
        record = self._record
        pending = pending_force(record) if record else None
        until = record.override.until if record else None
        return {"pending": pending.value if pending else None, "until": until.isoformat() if until else None}

    @property
    @override
    def published_value(self) -> object:
        """Attributes count too."""
        return (self.state, tuple(self.extra_state_attributes.items()))

    @override
    async def async_select_option(self, option: str) -> None:
        """Queue the command; on disk when this returns."""
        await self.building.commands.async_send(self.controller, NAME_OF[Force(option)])
