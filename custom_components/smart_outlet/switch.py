"""Switches: the two sockets of an outlet. What is shown is what was proved; what is on its way is an attribute."""

from typing import Any, Final, override

from homeassistant.components.switch import (
    SwitchDeviceClass,
    SwitchEntity,
    SwitchEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RunningHub, SmartOutletConfigEntry
from .entity import OutletEntity, add_outlet_entities
from .model.commands import SOCKETS, CommandName, Order
from .model.outlet import Outlet

PARALLEL_UPDATES = 0

SWITCHES: Final = tuple(
    SwitchEntityDescription(key=f"socket_{socket}", device_class=SwitchDeviceClass.OUTLET) for socket in SOCKETS
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sockets of all outlets."""
    add_outlet_entities(
        entry,
        async_add_entities,
        lambda hub, outlet: [SocketSwitch(hub, outlet, description) for description in SWITCHES],
    )


class SocketSwitch(OutletEntity, SwitchEntity):
    """A socket."""

    def __init__(self, running: RunningHub, outlet: Outlet, description: SwitchEntityDescription) -> None:
        super().__init__(running, outlet, description)
        self._socket = description.key.removeprefix("socket_")
        self._shown_promptly = (None, None)

    @property
    @override
    def is_on(self) -> bool | None:
        """The proved state; None (unknown) where nobody knows."""
        return self.outlet.sockets[self._socket].relay

    @property
    def _pending(self) -> tuple[str | None, str | None]:
        """What is on its way, and how far it has come."""
        command = self.running.hub.queue.open_for(self.outlet.device_id, f"relay_{self._socket}")
        if command is None:
            return None, None
        return "on" if command.order.relay else "off", command.status.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """The state that is on its way."""
        wanted, status = self._pending
        return {"pending": wanted, "pending_status": status}

    @property
    @override
    def published_value(self) -> object:
        """State and what is on its way."""
        return (self.is_on, *self._pending)

    @property
    @override
    def prompt_value(self) -> object:
        """How somebody's command goes. What changes without one keeps the publisher's pace."""
        return self._pending

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Queue switching on."""
        await self.async_order(Order(CommandName.RELAY_ON, self._socket))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Queue switching off."""
        await self.async_order(Order(CommandName.RELAY_OFF, self._socket))
