"""State of hubs and outlets for the outlet panel card."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant

from ..data import HubData
from ..model.alerts import HUB_SOURCE, AlertType
from ..model.commands import SOCKETS, CommandName, CommandRequest
from ..model.outlet import Outlet
from ..permissions import alert_entity, main_threshold_entity, outlet_entity, power_off_entity


def _may_control(user: User, entity_id: str) -> bool:
    return user.permissions.check_entity(entity_id, POLICY_CONTROL)


def outlet_panel(hass: HomeAssistant, user: User, hub: HubData, outlet: Outlet) -> dict[str, Any]:
    """Return the sockets of an outlet, and what the user may do."""
    threshold = outlet_entity(hass, hub, outlet.device_id, CommandRequest(CommandName.SET_THRESHOLD))
    return {
        "device_threshold": outlet.device_threshold,
        "can_set_threshold": _may_control(user, threshold),
        "sockets": {socket: _socket(hass, user, hub, outlet, socket) for socket in SOCKETS},
    }


def _socket(hass: HomeAssistant, user: User, hub: HubData, outlet: Outlet, name: str) -> dict[str, Any]:
    socket = outlet.sockets[name]
    command = hub.model.commands.open_for(outlet.device_id, f"relay_{name}")
    entity_id = outlet_entity(hass, hub, outlet.device_id, CommandRequest(CommandName.RELAY_ON, name))
    return {
        "entity_id": entity_id,
        "is_on": socket.relay,
        "pending": None if command is None else bool(command.payload.request.relay),
        "current_ma": socket.current_ma,
        "power_w": hub.model.settings.mains.shown_power_w(socket.current_ma),
        "tripped": socket.is_tripped,
        "over_threshold": outlet.is_over_threshold(name),
        "protected": name in outlet.settings.protected,
        "can_control": _may_control(user, entity_id),
    }


def hub_panel(hass: HomeAssistant, user: User, hub: HubData) -> dict[str, Any]:
    """Return the main breaker, the sockets that can be switched on again, and what the user may do."""
    model = hub.model
    power_off = model.power_off
    alerts = [alert for alert in model.alerts.all() if not alert.dismissed]
    return {
        "main_power_w": model.settings.mains.shown_power_w(model.main_current_ma),
        "over_main_threshold": model.alerts.is_active(AlertType.MAIN_THRESHOLD, HUB_SOURCE),
        "is_sum": model.settings.sums_outlets,
        "alerts": len(alerts),
        "active_alerts": sum(alert.cleared is None for alert in alerts),
        "restorable": [] if power_off is None else [f"{device}/{socket}" for device, socket in power_off.restorable],
        "can_switch_off": _may_control(user, power_off_entity(hass, hub)),
        "can_dismiss": _may_control(user, alert_entity(hass, hub)),
        "can_set_threshold": _may_control(user, main_threshold_entity(hass, hub)),
    }
