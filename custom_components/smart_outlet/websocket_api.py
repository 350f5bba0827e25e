"""WebSocket API: live values, alerts and the emergency power-off, without the delay and the rows of the recorder."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
import probatio as vol

from .data import HubData
from .domain.parts import DOMAIN_PARTS
from .model.outlet import Outlet
from .panel.commands import async_register_panel_commands
from .panel.state import hub_panel, outlet_panel
from .permissions import alert_entity, check_control, outlet_entity, power_off_entity
from .services import alerts_json, async_dismiss_alerts, async_switch_everything_off, not_loaded_reports
from .status import hub_status, outlet_status

MIN_INTERVAL_S: Final = 0.2
"""Minimum time between two messages to a subscriber about the same outlet; a CCU reports every 2 s."""


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (ws_subscribe, ws_alerts, ws_dismiss_alert, ws_switch_everything_off, ws_cut_all_power):
        websocket_api.async_register_command(hass, command)
    async_register_panel_commands(hass)


def _may_read(user: User, entity_id: str) -> bool:
    return user.permissions.check_entity(entity_id, POLICY_READ)


def _hubs(hass: HomeAssistant, entry_id: str | None) -> list[HubData]:
    hubs = hass.data[DOMAIN_PARTS].directory.hubs
    return [hub for hub_id, hub in hubs.items() if entry_id in (None, hub_id)]


class Subscription:
    """A subscriber to the reports of one hub or all hubs."""

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, message_id: int, entry_id: str | None
    ) -> None:
        self._hass = hass
        self._connection = connection
        self._id = message_id
        self._entry_id = entry_id
        self._subscribed: dict[str, tuple[HubData, Callable[[Outlet | None], None]]] = {}
        self._scheduled: dict[tuple[str, str | None], CALLBACK_TYPE] = {}
        self._last_sent: dict[tuple[str, str | None], float] = {}
        self._unsubscribe = hass.data[DOMAIN_PARTS].directory.subscribe(self.update_hubs)

    @callback
    def update_hubs(self) -> None:
        """Subscribe to the loaded hubs, and send the state of new ones."""
        hubs = {hub.info.entry_id: hub for hub in _hubs(self._hass, self._entry_id)}
        for entry_id in [each for each, (hub, _) in self._subscribed.items() if hubs.get(each) is not hub]:
            self._unsubscribe_hub(entry_id)
        for entry_id, hub in hubs.items():
            if entry_id not in self._subscribed:
                listener = self._report_listener(hub)
                hub.notifier.report_listeners.append(listener)
                self._subscribed[entry_id] = (hub, listener)
                for outlet in (None, *hub.model.outlets.values()):
                    self._send(hub, outlet)

    @callback
    def close(self) -> None:
        """End the subscription."""
        self._unsubscribe()
        for cancel in self._scheduled.values():
            cancel()
        self._scheduled.clear()
        for entry_id in tuple(self._subscribed):
            self._unsubscribe_hub(entry_id)

    def _unsubscribe_hub(self, entry_id: str) -> None:
        hub, listener = self._subscribed.pop(entry_id)
        hub.notifier.report_listeners.remove(listener)

    def _report_listener(self, hub: HubData) -> Callable[[Outlet | None], None]:
        @callback
        def on_report(outlet: Outlet | None) -> None:
            self._send_or_schedule(hub, outlet)

        return on_report

    def _send_or_schedule(self, hub: HubData, outlet: Outlet | None) -> None:
        """Send now, or once the minimum interval since the last message has passed."""
        key = (hub.info.entry_id, outlet.device_id if outlet is not None else None)
        if key in self._scheduled:
            return
        loop = self._hass.loop
        due = self._last_sent.get(key, 0.0) + MIN_INTERVAL_S
        if loop.time() >= due:
            self._send(hub, outlet)
            return

        def send() -> None:
            del self._scheduled[key]
            self._send(hub, outlet)

        self._scheduled[key] = loop.call_at(due, send).cancel

    def _send(self, hub: HubData, outlet: Outlet | None) -> None:
        device_id = outlet.device_id if outlet is not None else None
        if device_id is not None and device_id not in hub.outlets.subentry_ids:
            return
        self._last_sent[hub.info.entry_id, device_id] = self._hass.loop.time()
        state = self._hub_state(hub) if outlet is None else self._outlet_state(hub, outlet)
        if state is not None:
            self._connection.send_event(self._id, {"entry_id": hub.info.entry_id} | state)

    def _hub_state(self, hub: HubData) -> dict[str, Any] | None:
        """Return the state of a hub; None if the user may not read it."""
        user = self._connection.user
        if not _may_read(user, alert_entity(self._hass, hub)):
            return None
        return {"hub": hub_status(hub.model) | hub_panel(self._hass, user, hub)}

    def _outlet_state(self, hub: HubData, outlet: Outlet) -> dict[str, Any] | None:
        """Return the state of an outlet; None if the user may not read it."""
        user = self._connection.user
        if not _may_read(user, outlet_entity(self._hass, hub, outlet.device_id)):
            return None
        return {"outlet": outlet_status(hub.model, outlet) | outlet_panel(self._hass, user, hub, outlet)}


@websocket_api.websocket_command({vol.Required("type"): "smart_outlet/subscribe", vol.Optional("entry_id"): str})
@callback
def ws_subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the state and then every report of the hubs and outlets that the user may read."""
    subscription = Subscription(hass, connection, msg["id"], msg.get("entry_id"))
    connection.subscriptions[msg["id"]] = subscription.close
    connection.send_result(msg["id"])
    subscription.update_hubs()


@websocket_api.websocket_command(
    {
        vol.Required("type"): "smart_outlet/alerts",
        vol.Optional("entry_id"): str,
        vol.Optional("include_dismissed", default=False): bool,
    }
)
@callback
def ws_alerts(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Return the alerts that the user may read, newest first."""
    hubs = [hub for hub in _hubs(hass, msg.get("entry_id")) if _may_read(connection.user, alert_entity(hass, hub))]
    connection.send_result(msg["id"], {"alerts": alerts_json(hubs, include_dismissed=msg["include_dismissed"])})


@websocket_api.websocket_command(
    {
        vol.Required("type"): "smart_outlet/dismiss_alert",
        vol.Required("entry_id"): str,
        vol.Optional("alert_id"): str,
    }
)
@websocket_api.async_response
async def ws_dismiss_alert(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Dismiss one alert of a hub, or all."""
    hubs = _hubs(hass, msg["entry_id"])
    if not _check_found(connection, msg, hubs):
        return
    if not check_control(connection, msg, *(alert_entity(hass, hub) for hub in hubs)):
        return
    try:
        await async_dismiss_alerts(hubs, msg.get("alert_id"))
    except ServiceValidationError as err:
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, str(err))
        return
    connection.send_result(msg["id"])


_POWER_OFF_FIELDS: Final[dict[str | vol.Marker, Any]] = {
    vol.Optional("entry_id"): str,
    vol.Optional("include_protected", default=False): bool,
    vol.Optional("wait", default=0): vol.All(vol.Coerce(float), vol.Range(min=0, max=30)),
}


@websocket_api.websocket_command({vol.Required("type"): "smart_outlet/switch_everything_off", **_POWER_OFF_FIELDS})
@websocket_api.async_response
async def ws_switch_everything_off(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Switch everything off."""
    await _async_switch_everything_off(hass, connection, msg)


@websocket_api.websocket_command({vol.Required("type"): "smart_outlet/cut_all_power", **_POWER_OFF_FIELDS})
@websocket_api.async_response
async def ws_cut_all_power(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Switch everything off (former name of the command)."""
    await _async_switch_everything_off(hass, connection, msg)


async def _async_switch_everything_off(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    hubs = _hubs(hass, msg.get("entry_id"))
    if not _check_found(connection, msg, hubs):
        return
    if not check_control(connection, msg, *(power_off_entity(hass, hub) for hub in hubs)):
        return
    reports = await async_switch_everything_off(hubs, include_protected=msg["include_protected"], wait_s=msg["wait"])
    if "entry_id" not in msg:
        reports += not_loaded_reports(hass, include_protected=msg["include_protected"])
    connection.send_result(msg["id"], {"hubs": reports})


def _check_found(connection: ActiveConnection, msg: dict[str, Any], hubs: list[HubData]) -> bool:
    """Send an error if the hub, or each hub, is not loaded, so that a power-off of nothing is not a success."""
    if hubs:
        return True
    connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "unknown hub, or the hub is not loaded")
    return False
