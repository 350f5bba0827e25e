"""Switches: the two sockets of an outlet. The state is the confirmed one; a pending command is an attribute."""

from typing import Any, Final, override

from homeassistant.components.switch import (
    SwitchDeviceClass,
    SwitchEntity,
    SwitchEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import HubData, SmartOutletConfigEntry
from .entity import OutletEntity, add_outlet_entities
from .model.commands import SOCKETS, CommandName, CommandRequest
from .model.outlet import Outlet

PARALLEL_UPDATES = 0

SWITCHES: Final = tuple(
    SwitchEntityDescription(key=f"socket_{socket}", device_class=SwitchDeviceClass.OUTLET) for socket in SOCKETS
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sockets of all outlets."""
    add_outlet_entities(
        entry,
        async_add_entities,
        lambda hub, outlet: [SocketSwitch(hub, outlet, description) for description in SWITCHES],
    )


class SocketSwitch(OutletEntity, SwitchEntity):
    """A socket."""

    def __init__(self, hub: HubData, outlet: Outlet, description: SwitchEntityDescription) -> None:
        super().__init__(hub, outlet, description)
        self._socket = description.key.removeprefix("socket_")

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the confirmed state, None if it is unknown."""
        return self.outlet.sockets[self._socket].relay

    @property
    def _pending(self) -> tuple[str | None, str | None]:
        """Return the requested state and the status of the open command."""
        command = self.hub.model.commands.open_for(self.outlet.device_id, f"relay_{self._socket}")
        if command is None:
            return None, None
        return "on" if command.payload.request.relay else "off", command.status.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the requested state and its status."""
        requested, status = self._pending
        return {"pending": requested, "pending_status": status}

    @property
    @override
    def published_value(self) -> object:
        """Return the state and the open command."""
        return (self.is_on, *self._pending)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch the socket on."""
        await self.async_send_command(CommandRequest(CommandName.RELAY_ON, self._socket))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch the socket off."""
        await self.async_send_command(CommandRequest(CommandName.RELAY_OFF, self._socket))
