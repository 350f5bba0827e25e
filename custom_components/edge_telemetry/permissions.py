"""Who may read the archive and send commands: a user may read what the entities show, and send what they control."""

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import ServiceCall
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import entity_registry as er

from ._lib.archive_access import async_reader
from ._lib.archived_entry import Readable, readable_unique_ids
from .const import DOMAIN


async def async_readable_metrics(call: ServiceCall) -> Readable | None:
    """Return the metrics that the user of a call may read, positions included; None: all, also of removed devices."""
    reader = await async_reader(call.hass, call.context)
    if reader.reads_all:
        return None
    readable = {}
    for entry in call.hass.config_entries.async_loaded_entries(DOMAIN):
        allowed = readable_unique_ids(call.hass, entry.entry_id, reader)
        for address, device in entry.runtime_data.devices.items():
            prefix = entry.runtime_data.devices.identifier(device)
            keys = frozenset(key for key in device.record.metrics if f"{prefix}_{key}" in allowed)
            readable[tuple(address)] = keys
    return readable


async def async_check_control(call: ServiceCall, device_id: str) -> None:
    """Raise Unauthorized unless the user may control one of the device's entities."""
    if (user := (await async_reader(call.hass, call.context)).user) is None:
        return
    for entity in er.async_entries_for_device(er.async_get(call.hass), device_id):
        if user.permissions.check_entity(entity.entity_id, POLICY_CONTROL):
            return
    raise Unauthorized(context=call.context, permission=POLICY_CONTROL)
