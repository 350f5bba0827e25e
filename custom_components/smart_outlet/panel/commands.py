"""WebSocket commands of the outlet panel card: switch a socket, set thresholds, switch on again after a power-off."""

from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import HomeAssistant, callback
import probatio as vol

from ..data import HubData
from ..domain.parts import DOMAIN_PARTS
from ..model.ccu_protocol import MAIN_CURRENT_MAX_MA, THRESHOLD_MAX_MA
from ..model.commands import SOCKETS, CommandName, CommandRequest
from ..permissions import check_control, main_threshold_entity, outlet_entity, power_off_entity

_ENTRY: Final[dict[str | vol.Marker, Any]] = {vol.Required("entry_id"): str}
_OUTLET: Final[dict[str | vol.Marker, Any]] = {**_ENTRY, vol.Required("device_id"): str}


@callback
def async_register_panel_commands(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (ws_switch, ws_set_threshold, ws_set_main_threshold, ws_restore):
        websocket_api.async_register_command(hass, command)


def _hub(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> HubData | None:
    """Return the hub of a message; None, with an error sent, if it or its outlet is not loaded."""
    hub = hass.data[DOMAIN_PARTS].directory.hubs.get(msg["entry_id"])
    if hub is not None and ("device_id" not in msg or msg["device_id"] in hub.model.outlets):
        return hub
    connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "unknown hub or outlet, or the hub is not loaded")
    return None


@websocket_api.websocket_command(
    {
        vol.Required("type"): "smart_outlet/switch",
        **_OUTLET,
        vol.Required("socket"): vol.In(SOCKETS),
        vol.Required("on"): bool,
    }
)
@websocket_api.async_response
async def ws_switch(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Queue a command for a socket."""
    if (hub := _hub(hass, connection, msg)) is None:
        return
    request = CommandRequest(CommandName.RELAY_ON if msg["on"] else CommandName.RELAY_OFF, msg["socket"])
    if check_control(connection, msg, outlet_entity(hass, hub, msg["device_id"], request)):
        command = await hub.async_send_command(msg["device_id"], request)
        connection.send_result(msg["id"], {"command": command.id})


@websocket_api.websocket_command(
    {
        vol.Required("type"): "smart_outlet/set_threshold",
        **_OUTLET,
        vol.Required("threshold"): vol.All(int, vol.Range(min=0, max=THRESHOLD_MAX_MA)),
    }
)
@websocket_api.async_response
async def ws_set_threshold(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Set the trip threshold of an outlet in mA and queue it; 0 for none."""
    if (hub := _hub(hass, connection, msg)) is None:
        return
    request = CommandRequest(CommandName.SET_THRESHOLD, value=msg["threshold"])
    if check_control(connection, msg, outlet_entity(hass, hub, msg["device_id"], request)):
        command = await hub.async_send_command(msg["device_id"], request)
        connection.send_result(msg["id"], {"command": command.id})


@websocket_api.websocket_command(
    {
        vol.Required("type"): "smart_outlet/set_main_threshold",
        **_ENTRY,
        vol.Required("threshold"): vol.All(int, vol.Range(min=0, max=MAIN_CURRENT_MAX_MA)),
    }
)
@websocket_api.async_response
async def ws_set_main_threshold(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Set the threshold of the main current in mA; 0 for none."""
    if (hub := _hub(hass, connection, msg)) is None:
        return
    if check_control(connection, msg, main_threshold_entity(hass, hub)):
        await hub.async_set_main_threshold(msg["threshold"])
        connection.send_result(msg["id"])


@websocket_api.websocket_command({vol.Required("type"): "smart_outlet/restore", **_ENTRY})
@websocket_api.async_response
async def ws_restore(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Switch on what the last emergency power-off switched off, each socket at most once."""
    if (hub := _hub(hass, connection, msg)) is None:
        return
    if not check_control(connection, msg, power_off_entity(hass, hub)):
        return
    restored: list[str] = []
    power_off = hub.model.power_off
    for device_id, socket in power_off.restorable if power_off is not None else ():
        request = CommandRequest(CommandName.RELAY_ON, socket)
        if connection.user.permissions.check_entity(outlet_entity(hass, hub, device_id, request), POLICY_CONTROL):
            await hub.async_send_command(device_id, request)
            restored.append(f"{device_id}/{socket}")
    if power_off is not None:
        power_off.forget_restored(restored)
        hub.notifier.save()
        hub.notifier.hub_changed()
    connection.send_result(msg["id"], {"restored": restored})
