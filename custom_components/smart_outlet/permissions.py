"""Permission checks: a user needs the permission on the entity that represents what they read or change."""

from collections.abc import Iterable
from typing import Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .data import HubData
from .model.commands import SOCKETS, CommandName, CommandRequest


def _entity_id(hass: HomeAssistant, platform: Platform, owner_id: str, key: str) -> str:
    """Return an entity ID by the entity's key; for a missing entity an ID that only administrators may control."""
    unique_id = f"{owner_id}_{key}"
    return er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id) or f"{platform}.{unique_id}"


def outlet_entity(hass: HomeAssistant, hub: HubData, device_id: str, request: CommandRequest | None = None) -> str:
    """Return the entity that represents a command, or the switch of socket A without a command."""
    subentry_id = hub.outlets.subentry_ids.get(device_id, "")
    name = request.name if request is not None else CommandName.RELAY_ON
    match name:
        case CommandName.SET_THRESHOLD:
            return _entity_id(hass, Platform.NUMBER, subentry_id, "threshold")
        case CommandName.PING | CommandName.READ_SENSORS:
            return _entity_id(hass, Platform.BUTTON, subentry_id, name.value)
        case _:
            socket = request.socket if request is not None else "a"
            return _entity_id(hass, Platform.SWITCH, subentry_id, f"socket_{socket}")


def may_send(hass: HomeAssistant, user: User, hubs: Iterable[HubData], device_id: str, name: CommandName) -> bool:
    """Return whether a user may send a command to any socket of an outlet of these hubs."""
    return any(
        user.permissions.check_entity(outlet_entity(hass, hub, device_id, CommandRequest(name, socket)), POLICY_CONTROL)
        for hub in hubs
        for socket in SOCKETS
    )


def power_off_entity(hass: HomeAssistant, hub: HubData) -> str:
    """Return the button that represents the emergency power-off."""
    return _entity_id(hass, Platform.BUTTON, hub.info.entry_id, "cut_all_power")


def main_threshold_entity(hass: HomeAssistant, hub: HubData) -> str:
    """Return the number that represents the threshold of the main current."""
    return _entity_id(hass, Platform.NUMBER, hub.info.entry_id, "main_threshold")


def alert_entity(hass: HomeAssistant, hub: HubData) -> str:
    """Return the event entity that represents a hub's alerts."""
    return _entity_id(hass, Platform.EVENT, hub.info.entry_id, "alert")


def check_control(connection: ActiveConnection, msg: dict[str, Any], *entity_ids: str) -> bool:
    """Return whether the user of a WebSocket connection may control all entities; sends an error if not."""
    if all(connection.user.permissions.check_entity(entity_id, POLICY_CONTROL) for entity_id in entity_ids):
        return True
    connection.send_error(msg["id"], websocket_api.ERR_UNAUTHORIZED, "control permission is required")
    return False


async def async_user(hass: HomeAssistant, context: Context) -> User | None:
    """Return the user of an action; None if an automation or the system runs it.

    Raises:
        UnknownUser: The user does not exist.
    """
    if context.user_id is None:
        return None
    if (user := await hass.auth.async_get_user(context.user_id)) is None:
        raise UnknownUser(context=context)
    return user


async def async_require(hass: HomeAssistant, context: Context, entity_id: str, policy: str = POLICY_CONTROL) -> None:
    """Check that the user of an action has a permission on an entity.

    Raises:
        Unauthorized: The user does not have the permission.
        UnknownUser: The user does not exist.
    """
    user = await async_user(hass, context)
    if user is not None and not user.permissions.check_entity(entity_id, policy):
        raise Unauthorized(context=context, entity_id=entity_id, permission=policy)
