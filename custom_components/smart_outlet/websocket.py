"""Websocket commands: live values at once, alerts, the power cut. For the card; the recorder sees none of it."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
import probatio as vol

from .access import alert_entity, cut_entity, outlet_entity
from .coordinator import RunningHub
from .hubs import HUBS
from .model.outlet import Outlet
from .services import alert_json, async_cut, async_dismiss
from .snapshot import hub_status, outlet_status

LEAST_GAP_S: Final = 0.2
"""One outlet is sent to one subscriber at most this often, with its newest state; units report every 2 s."""


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Register the commands; once per start."""
    for command in (ws_subscribe, ws_alerts, ws_dismiss, ws_cut):
        websocket_api.async_register_command(hass, command)


def _may(user: User, entity_id: str, policy: str) -> bool:
    return user.permissions.check_entity(entity_id, policy)


def _hubs(hass: HomeAssistant, entry_id: str | None) -> list[RunningHub]:
    running = hass.data[HUBS].running
    return [hub for ident, hub in running.items() if entry_id in (None, ident)]


class Subscription:
    """One subscriber: what it may see of the hubs it asked for."""

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, message_id: int, entry_id: str | None
    ) -> None:
        self._hass = hass
        self._connection = connection
        self._id = message_id
        self._entry_id = entry_id
        self._watched: dict[str, tuple[RunningHub, Callable[[Outlet | None], None]]] = {}
        self._waiting: dict[tuple[str, str | None], CALLBACK_TYPE] = {}
        self._sent: dict[tuple[str, str | None], float] = {}
        self._stop = hass.data[HUBS].subscribe(self.follow)

    @callback
    def follow(self) -> None:
        """Watch the hubs that run now, and send what they know."""
        hubs = {hub.entry.entry_id: hub for hub in _hubs(self._hass, self._entry_id)}
        for entry_id in [ident for ident, (hub, _) in self._watched.items() if hubs.get(ident) is not hub]:
            self._unwatch(entry_id)
        for entry_id, hub in hubs.items():
            if entry_id not in self._watched:
                watcher = self._watcher(hub)
                hub.watchers.append(watcher)
                self._watched[entry_id] = (hub, watcher)
                for outlet in (None, *hub.hub.outlets.values()):
                    self._send(hub, outlet)

    @callback
    def end(self) -> None:
        """The subscriber went."""
        self._stop()
        for cancel in self._waiting.values():
            cancel()
        self._waiting.clear()
        for entry_id in tuple(self._watched):
            self._unwatch(entry_id)

    def _unwatch(self, entry_id: str) -> None:
        hub, watcher = self._watched.pop(entry_id)
        hub.watchers.remove(watcher)

    def _watcher(self, hub: RunningHub) -> Callable[[Outlet | None], None]:
        @callback
        def watch(outlet: Outlet | None) -> None:
            self._offer(hub, outlet)

        return watch

    def _offer(self, hub: RunningHub, outlet: Outlet | None) -> None:
        """Send now, or as soon as the last message about it is old enough."""
        name = (hub.entry.entry_id, outlet.device_id if outlet is not None else None)
        if name in self._waiting:
            return
        loop = self._hass.loop
        due = self._sent.get(name, 0.0) + LEAST_GAP_S
        if loop.time() >= due:
            self._send(hub, outlet)
            return

        def send() -> None:
            del self._waiting[name]
            self._send(hub, outlet)

        self._waiting[name] = loop.call_at(due, send).cancel

    def _send(self, hub: RunningHub, outlet: Outlet | None) -> None:
        entry_id, device_id = hub.entry.entry_id, outlet.device_id if outlet is not None else None
        if outlet is not None and device_id not in hub.subentry_ids:
            return
        self._sent[entry_id, device_id] = self._hass.loop.time()
        entity = alert_entity(self._hass, hub) if outlet is None else outlet_entity(self._hass, hub, outlet.device_id)
        if not _may(self._connection.user, entity, POLICY_READ):
            return
        state = hub_status(hub.hub) if outlet is None else outlet_status(hub.hub, outlet)
        kind = "hub" if outlet is None else "outlet"
        self._connection.send_event(self._id, {"entry_id": entry_id, kind: state})


@websocket_api.websocket_command({vol.Required("type"): "smart_outlet/subscribe", vol.Optional("entry_id"): str})
@callback
def ws_subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send every report of the hubs and outlets that the user may read, beginning with what is known."""
    subscription = Subscription(hass, connection, msg["id"], msg.get("entry_id"))
    connection.subscriptions[msg["id"]] = subscription.end
    connection.send_result(msg["id"])
    subscription.follow()


@websocket_api.websocket_command(
    {
        vol.Required("type"): "smart_outlet/alerts",
        vol.Optional("entry_id"): str,
        vol.Optional("include_dismissed", default=False): bool,
    }
)
@callback
def ws_alerts(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """List the alerts that the user may read, newest first."""
    alerts = [
        alert_json(hub, alert)
        for hub in _hubs(hass, msg.get("entry_id"))
        if _may(connection.user, alert_entity(hass, hub), POLICY_READ)
        for alert in hub.hub.alerts.all()
        if msg["include_dismissed"] or not alert.dismissed
    ]
    alerts.sort(key=lambda alert: alert["created"], reverse=True)
    connection.send_result(msg["id"], {"alerts": alerts})


@websocket_api.websocket_command(
    {
        vol.Required("type"): "smart_outlet/dismiss_alert",
        vol.Required("entry_id"): str,
        vol.Optional("alert_id"): str,
    }
)
@websocket_api.async_response
async def ws_dismiss(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Dismiss one alert of a hub, or all."""
    hubs = _hubs(hass, msg["entry_id"])
    if not _found(connection, msg, hubs) or not _allowed(connection, msg, [alert_entity(hass, hub) for hub in hubs]):
        return
    try:
        await async_dismiss(hubs, msg.get("alert_id"))
    except ServiceValidationError as err:
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, str(err))
        return
    connection.send_result(msg["id"])


@websocket_api.websocket_command(
    {
        vol.Required("type"): "smart_outlet/cut_all_power",
        vol.Optional("entry_id"): str,
        vol.Optional("include_protected", default=False): bool,
        vol.Optional("wait", default=0): vol.All(vol.Coerce(float), vol.Range(min=0, max=30)),
    }
)
@websocket_api.async_response
async def ws_cut(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Cut all power."""
    hubs = _hubs(hass, msg.get("entry_id"))
    if not _found(connection, msg, hubs) or not _allowed(connection, msg, [cut_entity(hass, hub) for hub in hubs]):
        return
    reports = await async_cut(hubs, include_protected=msg["include_protected"], wait_s=msg["wait"])
    connection.send_result(msg["id"], {"hubs": reports})


def _found(connection: ActiveConnection, msg: dict[str, Any], hubs: list[RunningHub]) -> bool:
    """Whether the hub that is named runs: nobody shall believe that power was cut where nothing was."""
    if hubs or "entry_id" not in msg:
        return True
    connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "there is no such hub, or it is not set up")
    return False


def _allowed(connection: ActiveConnection, msg: dict[str, Any], entities: list[str]) -> bool:
    if all(_may(connection.user, entity_id, POLICY_CONTROL) for entity_id in entities):
        return True
    connection.send_error(msg["id"], websocket_api.ERR_UNAUTHORIZED, "this needs control permission")
    return False
