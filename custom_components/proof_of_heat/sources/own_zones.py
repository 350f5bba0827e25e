"""The zones that a heat source acts for: a thermostat heats its own rooms, not the one with the highest setpoint."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..const import CONF_ENTITY
from ..system_config import ZoneConfig


def own_zones(hass: HomeAssistant, data: Mapping[str, Any], zones: Iterable[ZoneConfig]) -> frozenset[str]:
    """Return the zones of the room in which a source's entity is; empty for a source of the whole home.

    It is the zone that is measured by the entity itself or by its device, else those measured in the same area.
    """
    entity_id = data.get(CONF_ENTITY)
    if not isinstance(entity_id, str):
        return frozenset()
    device, area = _place(hass, entity_id)
    near: set[str] = set()
    for zone in zones:
        zone_device, zone_area = _place(hass, zone.temperature)
        if zone.temperature == entity_id or (device is not None and device == zone_device):
            return frozenset({zone.zone_id})
        if area is not None and area == zone_area:
            near.add(zone.zone_id)
    return frozenset(near)


def _place(hass: HomeAssistant, entity_id: str) -> tuple[str | None, str | None]:
    """Return the device and the area of an entity."""
    entry = er.async_get(hass).async_get(entity_id)
    if entry is None:
        return None, None
    device = dr.async_get(hass).async_get(entry.device_id) if entry.device_id is not None else None
    return entry.device_id, entry.area_id or (device.area_id if device is not None else None)
