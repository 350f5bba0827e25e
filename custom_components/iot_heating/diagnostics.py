"""Diagnostics of a building: no keys, no hashes of keys."""

from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant

from .coordinator import Building, IotHeatingConfigEntry
from .records import DeviceRecord
from .registry import REGISTRY


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: IotHeatingConfigEntry) -> dict[str, Any]:
    """What helps to find a fault; works for an entry that is not set up too."""
    registry = hass.data[REGISTRY]
    record = registry.buildings.get(entry.entry_id)
    building: Building | None = getattr(entry, "runtime_data", None)
    return {
        "title": entry.title,
        "building_id": record.building_id if record else None,
        "profile": record.profile.as_dict() if record else None,
        "controllers": [_controller(building, device) for device in registry.devices_of(entry.entry_id)],
        "publisher": asdict(building.publisher.counters) if building else None,
    }


def _controller(building: Building | None, device: DeviceRecord) -> dict[str, Any]:
    keys = device.keys
    data: dict[str, Any] = {
        "device_id": device.device_id,
        "number": device.number,
        "created": device.created.isoformat(),
        "has_key": keys.current is not None,
        "rotation_until": keys.previous_until.isoformat() if keys.previous_until else None,
    }
    controller = building.controllers.get(device.device_id) if building else None
    if controller is not None:
        data |= {
            "online": controller.online,
            "last_seen": controller.last_seen.isoformat() if controller.last_seen else None,
            "interval_s": round(controller.interval_s, 1),
            "heating": controller.heating,
            "outdoor_c": controller.outdoor_c,
            "supply_c": controller.supply_c,
            "voltage_v": controller.voltage_v,
            "errors": list(controller.errors),
        }
    return data
