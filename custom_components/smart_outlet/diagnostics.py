"""Diagnostics of a hub: no keys, no hashes of keys, no addresses of the home's network."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from .const import CONF_CCU_ID, CONF_PORT, CONF_SOURCE_ADDRESS
from .coordinator import RunningHub, SmartOutletConfigEntry
from .hubs import HUBS
from .snapshot import command_json, hub_status, outlet_status

_REDACT = {CONF_SOURCE_ADDRESS, CONF_PORT, "name", "location", "message"}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> dict[str, Any]:
    """What helps to find a fault; works for an entry that is not set up too."""
    data: dict[str, Any] = {"entry": dict(entry.data), "options": dict(entry.options)}
    if (hubs := hass.data.get(HUBS)) is not None:
        unit = hubs.registry.units.get(entry.data.get(CONF_CCU_ID, ""))
        data["has_key"] = unit is not None
        data["rotating"] = unit is not None and unit.keys.previous is not None
    running: RunningHub | None = getattr(entry, "runtime_data", None)
    if running is not None:
        data |= _running(running)
    redacted: dict[str, Any] = async_redact_data(data, _REDACT)
    return redacted


def _running(running: RunningHub) -> dict[str, Any]:
    hub = running.hub
    data: dict[str, Any] = {
        "protocol": running.protocol,
        "firmware": running.firmware,
        "hub": hub_status(hub),
        "outlets": [outlet_status(hub, outlet) for outlet in hub.outlets.values()],
        "finished_commands": [
            command_json(command) | {"reason": command.reason, "device_id": command.device_id}
            for command in hub.queue.history
        ],
        "alerts": hub.alerts.dump(),
        "publisher": asdict(running.publisher.counters),
        "subscribers": len(running.watchers),
    }
    if running.radio is not None:
        data["radio"] = asdict(running.radio.stats)
        data["serial_port"] = asdict(running.port) if running.port is not None else None
    return data
