"""State of outlets and hubs as JSON for the status API, WebSocket subscribers and diagnostics."""

from datetime import UTC, datetime
from typing import Any

from .model.commands import QueuedCommand
from .model.hub_model import HubModel
from .model.outlet import Outlet


def timestamp(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC with ``Z``."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def command_json(hub: HubModel, command: QueuedCommand) -> dict[str, Any]:
    """Return a command as JSON."""
    return {
        "id": command.id,
        "command": command.payload.request.name.value,
        "socket": command.payload.request.socket,
        "value": command.payload.request.value,
        "status": command.status.value,
        "attempts": command.attempts,
        "created": timestamp(hub.to_wall(command.created)),
        "expires_at": timestamp(hub.to_wall(command.deadline)),
    }


def outlet_status(hub: HubModel, outlet: Outlet) -> dict[str, Any]:
    """Return the state of an outlet; currents are as reported, 65535 after a trip."""
    a, b = outlet.sockets["a"], outlet.sockets["b"]
    return {
        "device_id": outlet.device_id,
        "name": outlet.settings.name,
        "location": outlet.settings.location,
        "relay_a": a.relay,
        "relay_b": b.relay,
        "current_a": a.reported_ma,
        "current_b": b.reported_ma,
        "threshold": outlet.threshold or 0,
        "is_overload": outlet.is_overload,
        "online": outlet.online,
        "last_seen": timestamp(hub.to_wall(outlet.last_seen)),
        "pending": [command_json(hub, command) for command in hub.commands.open(outlet.device_id)],
    }


def hub_status(hub: HubModel) -> dict[str, Any]:
    """Return the state of the hub itself."""
    return {
        "name": hub.settings.name,
        "online": hub.online,
        "last_seen": timestamp(hub.to_wall(hub.last_seen)),
        "main_current": hub.main_current_ma,
        "main_threshold": hub.main_threshold_ma or 0,
        "outlets": list(hub.outlets),
        "cut": hub.power_off.report() if hub.power_off is not None else None,
    }
