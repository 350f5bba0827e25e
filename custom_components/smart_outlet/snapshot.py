"""An outlet's and a hub's state as JSON: for the status API, websocket subscribers and diagnostics."""

from datetime import UTC, datetime
from typing import Any

from .model.commands import Command
from .model.hub import Hub
from .model.outlet import Outlet


def timestamp(seconds: float | None) -> str | None:
    """ISO 8601 with Z."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def command_json(command: Command) -> dict[str, Any]:
    """A command on its way."""
    return {
        "id": command.id,
        "command": command.order.name.value,
        "socket": command.order.socket,
        "value": command.order.value,
        "status": command.status.value,
        "attempts": command.attempts,
        "created": timestamp(command.created),
        "expires_at": timestamp(command.expires),
    }


def outlet_status(hub: Hub, outlet: Outlet) -> dict[str, Any]:
    """What the status API says of an outlet; currents as reported, 65535 for a trip."""
    a, b = outlet.sockets["a"], outlet.sockets["b"]
    return {
        "device_id": outlet.device_id,
        "name": outlet.config.name,
        "location": outlet.config.location,
        "relay_a": a.relay,
        "relay_b": b.relay,
        "current_a": a.raw_ma,
        "current_b": b.raw_ma,
        "threshold": outlet.threshold or 0,
        "is_overload": outlet.is_overload,
        "online": outlet.online,
        "last_seen": timestamp(outlet.last_seen),
        "pending": [command_json(command) for command in hub.queue.open(outlet.device_id)],
    }


def hub_status(hub: Hub) -> dict[str, Any]:
    """What websocket subscribers get of the hub itself."""
    return {
        "name": hub.config.name,
        "online": hub.online,
        "last_seen": timestamp(hub.last_seen),
        "main_current": hub.main_current_ma,
        "main_threshold": hub.main_threshold_ma or 0,
        "outlets": list(hub.outlets),
        "cut": hub.cut.report() if hub.cut is not None else None,
    }
