"""Diagnostics of a building, without keys and their hashes."""

from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant

from .data import IotHeatingConfigEntry, IotHeatingData
from .storage.device_records import DeviceRecord
from .storage.device_store import DEVICE_STORE


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of a building, also of one that is not loaded."""
    store = hass.data[DEVICE_STORE]
    record = store.buildings.get(entry.entry_id)
    data: IotHeatingData | None = getattr(entry, "runtime_data", None)
    return {
        "title": entry.title,
        "building_id": record.building_id if record else None,
        "profile": record.profile.as_dict() if record else None,
        "controllers": [_controller_diagnostics(data, device) for device in store.devices_of(entry.entry_id)],
        "publisher": asdict(data.publisher.counters) if data else None,
    }


def _controller_diagnostics(data: IotHeatingData | None, record: DeviceRecord) -> dict[str, Any]:
    keys = record.keys
    diagnostics: dict[str, Any] = {
        "device_id": record.device_id,
        "number": record.number,
        "created": record.created.isoformat(),
        "has_key": keys.current is not None,
        "rotation_until": keys.previous_until.isoformat() if keys.previous_until else None,
    }
    controller = data.hub.controllers.get(record.device_id) if data else None
    if controller is not None:
        diagnostics |= {
            "online": controller.online,
            "last_seen": controller.last_seen.isoformat() if controller.last_seen else None,
            "interval_s": round(controller.interval_s, 1),
            "protocol": controller.protocol,
            "values": dict(controller.values),
            "ignored": {
                name: {"count": field.count, "reason": field.reason, "last": field.last.isoformat()}
                for name, field in controller.ignored.items()
            },
        }
    return diagnostics
