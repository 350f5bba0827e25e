"""WebSocket API of the week-schedule card: the week of a building.

A change carries the revision of the profile that it is based on, so that two open cards do not overwrite each other.
"""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
import probatio as vol

from .const import DOMAIN
from .data import IotHeatingConfigEntry
from .protocol.errors import ProtocolError
from .protocol.week_grid import parse_week, schedule_of, week_of
from .runtime.permissions import permission_entity
from .storage.device_store import StaleRevisionError

ERR_CONFLICT: Final = "conflict"
"""The profile was changed by another user meanwhile."""


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (ws_subscribe_schedule, ws_set_schedule):
        websocket_api.async_register_command(hass, command)


def _may(hass: HomeAssistant, user: User, entry_id: str, policy: str) -> bool:
    return user.permissions.check_entity(permission_entity(hass, entry_id), policy)


def _entry_id(hass: HomeAssistant, msg: dict[str, Any]) -> str:
    """Return the config entry of a message, which names it or one of its entities; empty if there is none."""
    if "entity_id" not in msg:
        return str(msg.get("entry_id", ""))
    entity = er.async_get(hass).async_get(msg["entity_id"])
    return (entity.config_entry_id if entity is not None else None) or ""


def _entry(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any], policy: str
) -> IotHeatingConfigEntry | None:
    """Return the building of a message; None, with an error sent, if the user has no such building."""
    entry: IotHeatingConfigEntry | None = hass.config_entries.async_get_entry(_entry_id(hass, msg))
    if entry is None or entry.domain != DOMAIN or not _may(hass, connection.user, entry.entry_id, POLICY_READ):
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "unknown building")
        return None
    if not _may(hass, connection.user, entry.entry_id, policy):
        connection.send_error(msg["id"], websocket_api.ERR_UNAUTHORIZED, "control permission is required")
        return None
    return entry


class ScheduleSubscription:
    """Sends the week of a building at once and after each change, also after the building was reloaded."""

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, message_id: int, entry: IotHeatingConfigEntry
    ) -> None:
        self._hass = hass
        self._connection = connection
        self._id = message_id
        self._entry = entry
        self._unsubscribe_profile: CALLBACK_TYPE | None = None
        self._unsubscribe_entry: Callable[[], None] = entry.async_on_state_change(self.update)

    @callback
    def update(self) -> None:
        """Follow the building as it is loaded now, and send its week."""
        self._stop_following()
        if self._entry.state is ConfigEntryState.LOADED:
            self._unsubscribe_profile = self._entry.runtime_data.building.subscribe_profile(self._send)
        self._send()

    @callback
    def close(self) -> None:
        """End the subscription."""
        self._stop_following()
        self._unsubscribe_entry()

    def _stop_following(self) -> None:
        if self._unsubscribe_profile is not None:
            self._unsubscribe_profile()
            self._unsubscribe_profile = None

    @callback
    def _send(self) -> None:
        entry = self._entry
        state: dict[str, Any] = {"entry_id": entry.entry_id, "name": entry.title, "available": False}
        if entry.state is ConfigEntryState.LOADED:
            profile = entry.runtime_data.building.profile
            state |= {
                "available": True,
                "can_control": _may(self._hass, self._connection.user, entry.entry_id, POLICY_CONTROL),
                "revision": profile.revision,
                "week": [[block.as_dict() for block in day] for day in week_of(profile.schedule)],
                "mode": profile.mode.value,
                "enabled": profile.iot_enabled,
                "time_zone": self._hass.config.time_zone,
            }
        self._connection.send_event(self._id, state)


@websocket_api.websocket_command(
    {
        vol.Required("type"): "iot_heating/schedule/subscribe",
        vol.Exclusive("entry_id", "building"): str,
        vol.Exclusive("entity_id", "building"): str,
    }
)
@callback
def ws_subscribe_schedule(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the week of a building, and again after each change."""
    if (entry := _entry(hass, connection, msg, POLICY_READ)) is None:
        return
    subscription = ScheduleSubscription(hass, connection, msg["id"], entry)
    connection.subscriptions[msg["id"]] = subscription.close
    connection.send_result(msg["id"])
    subscription.update()


@websocket_api.websocket_command(
    {
        vol.Required("type"): "iot_heating/schedule/set",
        vol.Required("entry_id"): str,
        vol.Required("revision"): int,
        vol.Required("week"): list,
    }
)
@websocket_api.async_response
async def ws_set_schedule(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Replace the week of a building; saved when the result is sent."""
    if (entry := _entry(hass, connection, msg, POLICY_CONTROL)) is None:
        return
    if entry.state is not ConfigEntryState.LOADED:
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "the building is not loaded")
        return
    try:
        schedule = schedule_of(parse_week(msg["week"]))
        profile = await entry.runtime_data.building.async_patch_profile({"schedule": schedule}, msg["revision"])
    except ProtocolError as err:
        connection.send_error(msg["id"], websocket_api.ERR_INVALID_FORMAT, f"{err.field}: {err.message}")
        return
    except StaleRevisionError:
        connection.send_error(msg["id"], ERR_CONFLICT, "the schedule was changed meanwhile")
        return
    connection.send_result(msg["id"], {"revision": profile.revision})
