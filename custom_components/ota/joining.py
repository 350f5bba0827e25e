"""Where the entities of a fleet's device stand: at its provider's device, at one of ours only until that is known."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import DOMAIN


@callback
def stood_at(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """The devices at which the entities stood before this start, by unique id: providers may come later than we."""
    known = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {item.unique_id: item.device_id for item in known if item.device_id is not None}


@callback
def join(hass: HomeAssistant, entry: ConfigEntry, uid: str, device_id: str) -> None:
    """Move the entities from the device of ours, where there is one, to the provider's."""
    if (own := _own(hass, entry, uid)) is None:
        return
    entities = er.async_get(hass)
    for item in er.async_entries_for_device(entities, own.id, include_disabled_entities=True):
        entities.async_update_entity(item.entity_id, device_id=device_id)
    dr.async_get(hass).async_remove_device(own.id)


@callback
def drop_own(hass: HomeAssistant, entry: ConfigEntry, uid: str) -> None:
    """Remove the device of ours, where there is one."""
    if (own := _own(hass, entry, uid)) is not None:
        dr.async_get(hass).async_remove_device(own.id)


def _own(hass: HomeAssistant, entry: ConfigEntry, uid: str) -> dr.DeviceEntry | None:
    return dr.async_get(hass).async_get_device_by_identifier((DOMAIN, f"{entry.entry_id}_{uid}"), entry.entry_id)
