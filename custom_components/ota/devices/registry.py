"""Devices and their entities in Home Assistant's registries."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..const import DOMAIN
from ..rollout.models import Device


@dataclass(frozen=True, slots=True)
class DevicePlacement:
    """Where the entities of a device belong."""

    owner: str
    """The prefix of their unique IDs, and the identifier of the device that this integration creates."""
    subentry_id: str | None = None
    """The subentry of a stand-alone device."""
    registry_id: str | None = None
    """The device of the integration that provides the fleet, once it is known."""


@callback
def device_ids_by_unique_id(hass: HomeAssistant, entry_id: str) -> dict[str, str]:
    """Return the registered device of each entity: a fleet may become available later than this integration."""
    known = er.async_entries_for_config_entry(er.async_get(hass), entry_id)
    return {item.unique_id: item.device_id for item in known if item.device_id is not None}


@callback
def move_to_device(hass: HomeAssistant, entry_id: str, uid: str, device_id: str) -> None:
    """Move the entities from the device that this integration created, if any, to the provider's device."""
    if (own := _own_device(hass, entry_id, uid)) is None:
        return
    entities = er.async_get(hass)
    for item in er.async_entries_for_device(entities, own.id, include_disabled_entities=True):
        entities.async_update_entity(item.entity_id, device_id=device_id)
    dr.async_get(hass).async_remove_device(own.id)


@callback
def remove_own_device(hass: HomeAssistant, entry_id: str, uid: str) -> None:
    """Remove the device that this integration created for a fleet's device, if any."""
    if (own := _own_device(hass, entry_id, uid)) is not None:
        dr.async_get(hass).async_remove_device(own.id)


@callback
def remove_entities(hass: HomeAssistant, entry_id: str, uid: str) -> None:
    """Remove the entities of a fleet's device; those of a stand-alone one are removed with its subentry."""
    registry = er.async_get(hass)
    prefix = f"{entry_id}_{uid}_"
    for entity in er.async_entries_for_config_entry(registry, entry_id):
        if entity.unique_id.startswith(prefix):
            registry.async_remove(entity.entity_id)


@callback
def update_registered_device(hass: HomeAssistant, entry_id: str, owner: str, device: Device) -> None:
    """Update name, model and firmware version of a device that this integration created."""
    registry = dr.async_get(hass)
    known = registry.async_get_device_by_identifier((DOMAIN, owner), entry_id)
    if known is not None:
        registry.async_update_device(
            known.id,
            name=device.name,
            model=device.model or device.product,
            hw_version=device.chip,
            sw_version=device.installed_version,
        )


def _own_device(hass: HomeAssistant, entry_id: str, uid: str) -> dr.DeviceEntry | None:
    return dr.async_get(hass).async_get_device_by_identifier((DOMAIN, f"{entry_id}_{uid}"), entry_id)
