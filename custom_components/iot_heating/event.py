"""Event entities of controllers: commands and heating sessions."""

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import IotHeatingConfigEntry
from .entity import ControllerDescription, ControllerEntity, add_controller_entities
from .protocol.commands import CommandStatus
from .runtime.controller import subscribe

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ControllerEventDescription(EventEntityDescription, ControllerDescription):
    """Description of an event entity; ``group`` selects its events."""

    group: str


EVENTS: Final = (
    ControllerEventDescription(
        key="command_event",
        always_available=True,
        group="command",
        event_types=[status.value for status in CommandStatus],
    ),
    ControllerEventDescription(
        key="session_event",
        always_available=True,
        group="session",
        event_types=["started", "ended"],
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the event entities."""
    add_controller_entities(entry, async_add_entities, EVENTS, ControllerEvent)


class ControllerEvent(ControllerEntity, EventEntity):
    """An event entity of a controller."""

    entity_description: ControllerEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the events of the controller."""
        await super().async_added_to_hass()
        self.async_on_remove(subscribe(self.controller.event_listeners, self._handle_event))

    @callback
    def _handle_event(self, group: str, event_type: str, data: dict[str, Any]) -> None:
        if group == self.entity_description.group:
            self._trigger_event(event_type, data)
            self.async_write_ha_state()
