"""Events of controllers: how far a command is, sessions that begin and end."""

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .controller import subscribe
from .coordinator import IotHeatingConfigEntry
from .entity import ControllerDescription, ControllerEntity, add_controller_entities
from .protocol.commands import CommandStatus

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ControllerEventDescription(EventEntityDescription, ControllerDescription):
    """An event entity of a controller; ``group`` names the events it shows."""

    group: str


EVENTS: Final = (
    ControllerEventDescription(
        key="command_event",
        topics=(),
        always_available=True,
        group="command",
        event_types=[status.value for status in CommandStatus],
    ),
    ControllerEventDescription(
        key="session_event",
        topics=(),
        always_available=True,
        group="session",
        event_types=["started", "ended"],
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entities of all controllers, and of those that come later."""
    add_controller_entities(entry, async_add_entities, EVENTS, ControllerEvent)


class ControllerEvent(ControllerEntity, EventEntity):
    """Events of one kind."""

    entity_description: ControllerEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the building's events."""
        await super().async_added_to_hass()
        self.async_on_remove(subscribe(self.controller.event_listeners, self._happened))

    @callback
    def _happened(self, group: str, name: str, data: dict[str, Any]) -> None:
        if group == self.entity_description.group:
            self._trigger_event(name, data)
            self.async_write_ha_state()
