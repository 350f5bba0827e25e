"""Diagnostics of a hub, without keys, hashes of keys, and addresses of the home network."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from ._lib.last_messages import shown_messages
from .const import CONF_CCU_ID, CONF_PORT, CONF_SOURCE_ADDRESS
from .data import HubData, SmartOutletConfigEntry
from .domain.parts import DOMAIN_PARTS
from .status import command_json, hub_status, outlet_status

_REDACT = {CONF_SOURCE_ADDRESS, CONF_PORT, "name", "location", "message", "values"}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: SmartOutletConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of a config entry, loaded or not."""
    data: dict[str, Any] = {"entry": dict(entry.data), "options": dict(entry.options)}
    if (parts := hass.data.get(DOMAIN_PARTS)) is not None:
        record = parts.keys.records.get(entry.data.get(CONF_CCU_ID, ""))
        data["has_key"] = record is not None
        data["rotating"] = record is not None and record.keys.previous is not None
    hub: HubData | None = getattr(entry, "runtime_data", None)
    if hub is not None:
        data |= _hub_data(hub)
    redacted: dict[str, Any] = async_redact_data(data, _REDACT)
    if hub is not None:
        if hub.radio is not None and (received := hub.radio.received):
            hub.messages.note("radio", received)
        raw = hub.messages.newest()
        redacted["last_messages"] = await hass.async_add_executor_job(shown_messages, raw)
    return redacted


def _hub_data(hub: HubData) -> dict[str, Any]:
    model = hub.model
    data: dict[str, Any] = {
        "protocol": hub.info.protocol,
        "firmware": hub.info.firmware,
        "hub": hub_status(model),
        "outlets": [
            outlet_status(model, outlet) | {"ignored": dict(outlet.ignored)} for outlet in model.outlets.values()
        ],
        "finished_commands": [
            command_json(model, command) | {"reason": command.reason, "device_id": command.payload.device_id}
            for command in model.commands.closed()
        ],
        "alerts": model.alerts.dump(),
        "publisher": asdict(hub.publisher.counters),
        "subscribers": len(hub.notifier.report_listeners),
    }
    if hub.radio is not None:
        data["radio"] = asdict(hub.radio.stats)
        data["serial_port"] = asdict(hub.radio.port) if hub.radio.port is not None else None
    return data
