"""Diagnostics, without keys, serial numbers, addresses and places."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from ._lib.archive_form import CONF_ARCHIVE_URL
from .api.client import EcoflowClient
from .api.privacy import redacted
from .const import CONF_ACCESS_KEY, CONF_DEVICE_SN, CONF_SECRET_KEY
from .data import EcoflowConfigEntry, EcoflowData

TO_REDACT: Final = {CONF_ACCESS_KEY, CONF_SECRET_KEY, CONF_DEVICE_SN, CONF_ARCHIVE_URL, "unique_id"}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EcoflowConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of an account, also of one that is not loaded."""
    data: EcoflowData | None = getattr(entry, "runtime_data", None)
    return {
        "entry": async_redact_data(
            {"data": dict(entry.data), "options": dict(entry.options), "unique_id": entry.unique_id}, TO_REDACT
        ),
        "subentries": [async_redact_data(dict(subentry.data), TO_REDACT) for subentry in entry.subentries.values()],
        "account": None if data is None else _account(data),
        "devices": [] if data is None else _devices(data.client),
    }


def _account(data: EcoflowData) -> dict[str, Any]:
    client = data.client
    mqtt = client.mqtt
    return {
        "last_update_success": data.coordinator.last_update_success,
        "requests": client.rest.requests,
        "clock_offset_s": round(client.rest.clock_offset_s),
        "broker": None
        if mqtt is None
        else {
            "state": mqtt.state,
            "connects": mqtt.connects,
            "dropped": mqtt.dropped,
            "invalid": mqtt.invalid,
            "failed": mqtt.failed,
        },
        "archive": None if data.archive.archive is None else asdict(data.archive.archive.status),
        "states_offered": data.account.publisher.counters.offered,
        "states_written": data.account.publisher.counters.written,
        "surplus": [
            {"reason": surplus.decision.reason, "writes": surplus.write_count, **surplus.inputs}
            for surplus in data.surplus.values()
        ],
    }


def _devices(client: EcoflowClient) -> list[dict[str, Any]]:
    """Return all devices. The values of one may contain the serial numbers of others, which are redacted too."""
    sns = tuple(client.states)
    return [redacted(_device(client, sn), sns) for sn in sns]


def _device(client: EcoflowClient, sn: str) -> dict[str, Any]:
    state, family = client.states[sn], client.family(sn)
    return {
        "serial_prefix": sn[:4],
        "product": state.device.product,
        "family": family.name,
        "family_is_certain": family.is_certain,
        "online": state.online,
        "fresh": client.is_fresh(sn),
        "messages": {name: getattr(state.counts, name) for name in ("mqtt", "http", "late", "empty")},
        "error": type(client.errors[sn]).__name__ if sn in client.errors else None,
        "entities": {key: value for key, value, _ in family.decode(state.values)},
        "values": dict(sorted(state.values.items())),
    }
