"""Selects: mode of a building, control mode of a controller."""

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from ._lib.week_schedule import Mode
from .data import IotHeatingConfigEntry
from .entity import BuildingEntity, ControllerDescription, ControllerEntity, add_controller_entities
from .protocol.configuration import Force
from .runtime.command_dispatcher import COMMAND_OF, confirmed_force, pending_force
from .runtime.controller import Topic
from .storage.device_records import DeviceRecord

PARALLEL_UPDATES = 1

MODE: Final = SelectEntityDescription(key="mode", options=[mode.value for mode in Mode])


@dataclass(frozen=True, kw_only=True)
class ControlModeDescription(SelectEntityDescription, ControllerDescription):
    """Description of the control mode select."""


CONTROL_MODE: Final = ControlModeDescription(
    key="control",
    topics=(Topic.COMMAND,),
    entity_category=EntityCategory.CONFIG,
    exists_fn=lambda data, controller: data.hub.is_controllable(controller),
    options=[force.value for force in Force],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the selects."""
    async_add_entities([ModeSelect(entry.runtime_data, MODE)])
    add_controller_entities(entry, async_add_entities, (CONTROL_MODE,), ControlModeSelect)


class ModeSelect(BuildingEntity, SelectEntity):
    """Auto follows the schedule; Eco and Manual override it."""

    @property
    @override
    def current_option(self) -> str:
        """The current mode."""
        return self.building.profile.mode.value

    @override
    async def async_select_option(self, option: str) -> None:
        """Change the mode; saved when it returns."""
        await self.async_patch(mode=option)


class ControlModeSelect(ControllerEntity, SelectEntity):
    """The confirmed control mode; one that is not confirmed yet is an attribute."""

    entity_description: ControlModeDescription

    @property
    def _record(self) -> DeviceRecord | None:
        return self.data.commands.record(self.controller.device_id)

    @property
    @override
    def current_option(self) -> str | None:
        """The confirmed control mode."""
        record = self._record
        return confirmed_force(record, dt_util.utcnow()).value if record else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """The pending control mode, and when forcing ends."""
        record = self._record
        pending = pending_force(record) if record else None
        until = record.override.until if record else None
        return {"pending": pending.value if pending else None, "until": until.isoformat() if until else None}

    @property
    @override
    def published_value(self) -> object:
        """State and attributes."""
        return (self.state, tuple(self.extra_state_attributes.items()))

    @override
    async def async_select_option(self, option: str) -> None:
        """Queue the command; saved when it returns."""
        await self.data.commands.async_send(self.controller, COMMAND_OF[Force(option)])
