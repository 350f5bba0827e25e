"""The action that reads the archived measurements; a user reads what the entities of a device show."""

from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
import probatio as vol

from ._lib.archive_access import ArchiveReader, async_reader
from ._lib.archived_entry import QUERY_FIELDS, Readable, async_query, read_range, readable_unique_ids
from .const import DOMAIN
from .data import EcoflowData

SERVICE_QUERY: Final = "query_measurements"

QUERY_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
        vol.Optional(ATTR_DEVICE_ID): cv.string,
        **QUERY_FIELDS,
    }
)


@callback
def async_register_query(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN, SERVICE_QUERY, _async_query, QUERY_SCHEMA, supports_response=SupportsResponse.ONLY
    )


async def _async_query(call: ServiceCall) -> ServiceResponse:
    """Return measurements, or count, mean and extremes per period."""
    entry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    data: EcoflowData = entry.runtime_data
    if (archive := data.archive.archive) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_archive")
    selection = read_range(call, _keys(call), DOMAIN, "empty_range")
    readable = _readable(call, entry.entry_id, data, await async_reader(call.hass, call.context))
    return await async_query(call, archive, selection, readable, DOMAIN)


def _keys(call: ServiceCall) -> dict[str, str]:
    """Return the serial number of the device of a call, if it names one."""
    if (device_id := call.data.get(ATTR_DEVICE_ID)) is None:
        return {}
    device = dr.async_get(call.hass).async_get(device_id)
    serial = next((sn for domain, sn in device.identifiers if domain == DOMAIN), None) if device else None
    if serial is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_device")
    return {"device_sn": serial}


def _readable(call: ServiceCall, entry_id: str, data: EcoflowData, reader: ArchiveReader) -> Readable | None:
    """Return the metrics that the user may read, by serial number; None: all, also of removed devices."""
    if reader.reads_all:
        return None
    allowed = readable_unique_ids(call.hass, entry_id, reader)
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for sn, device in data.devices.devices.items():
        prefix = f"{device.unique_id_prefix}_"
        keys = frozenset(name.removeprefix(prefix) for name in allowed if name.startswith(prefix))
        if keys:
            found[sn,] = keys
    if not found:
        raise Unauthorized(context=call.context)
    return found
