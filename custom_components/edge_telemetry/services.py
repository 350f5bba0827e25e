"""Actions: query and export the archive, send a command."""

from pathlib import Path
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_get_device_and_config_entry,
    async_register_admin_service,
)
from homeassistant.util import dt as dt_util, slugify
import orjson
import probatio as vol

from ._lib.archive import Aggregation, Archive, Range
from ._lib.archived_entry import (
    ATTR_AGGREGATION,
    QUERY_FIELDS,
    RANGE_FIELDS,
    archive_rows,
    async_query,
    async_run,
    read_range,
)
from .const import DOMAIN
from .data import EdgeData
from .downlink import Status
from .exports import Format, write_file
from .permissions import async_check_control, async_readable_metrics
from .telemetry_archive import KEYS

SERVICE_QUERY: Final = "query_measurements"
SERVICE_EXPORT: Final = "export"
SERVICE_SEND: Final = "send_command"

ATTR_SITE: Final = "site"
ATTR_SYSTEM: Final = "system"
ATTR_DEVICE: Final = "device"
ATTR_FORMAT: Final = "format"
ATTR_FILENAME: Final = "filename"
ATTR_COMMAND: Final = "command"
ATTR_PARAMS: Final = "params"
ATTR_EXPIRES: Final = "expires_in"
ATTR_WAIT: Final = "wait"

_MAX_PARAMS_BYTES: Final = 8192
_MAX_FILENAME_LENGTH: Final = 200
EXPORT_FOLDER: Final = "edge_telemetry_exports"


_ORIGIN: Final[dict[Any, Any]] = {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
    vol.Optional(ATTR_SITE): cv.string,
    vol.Optional(ATTR_SYSTEM): cv.string,
    vol.Optional(ATTR_DEVICE): cv.string,
}
QUERY_SCHEMA: Final = vol.Schema({**_ORIGIN, **QUERY_FIELDS})
EXPORT_SCHEMA: Final = vol.Schema(
    {
        **_ORIGIN,
        **RANGE_FIELDS,
        vol.Optional(ATTR_AGGREGATION, default=Aggregation.RAW): vol.Coerce(Aggregation),
        vol.Optional(ATTR_FORMAT, default=Format.CSV): vol.Coerce(Format),
        vol.Optional(ATTR_FILENAME): cv.string,
    }
)
SEND_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_COMMAND): vol.All(cv.string, str.strip, vol.Length(min=1, max=64)),
        vol.Optional(ATTR_PARAMS, default=dict): dict,
        vol.Optional(ATTR_EXPIRES, default=300): vol.All(vol.Coerce(int), vol.Range(min=1, max=604_800)),
        vol.Optional(ATTR_WAIT, default=0): vol.All(vol.Coerce(int), vol.Range(min=0, max=60)),
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN, SERVICE_QUERY, _async_query, QUERY_SCHEMA, supports_response=SupportsResponse.ONLY
    )
    async_register_admin_service(
        hass, DOMAIN, SERVICE_EXPORT, _async_export, EXPORT_SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )
    hass.services.async_register(
        DOMAIN, SERVICE_SEND, _async_send, SEND_SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )


def _archive(call: ServiceCall) -> Archive:
    data: EdgeData = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)).runtime_data
    if data.archive.archive is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_archive")
    return data.archive.archive


def _range(call: ServiceCall) -> Range:
    return read_range(call, {key: call.data[key] for key in KEYS if key in call.data}, DOMAIN, "range_empty")


async def _async_query(call: ServiceCall) -> ServiceResponse:
    """Return messages, or count, mean and extremes per period."""
    archive, selection = _archive(call), _range(call)
    return await async_query(call, archive, selection, await async_readable_metrics(call), DOMAIN)


async def _async_export(call: ServiceCall) -> ServiceResponse:
    """Write rows to a file in the configuration folder; return its path and the number of rows."""
    archive, selection = _archive(call), _range(call)
    aggregation, file_format = call.data[ATTR_AGGREGATION], call.data[ATTR_FORMAT]
    path = Path(call.hass.config.path(EXPORT_FOLDER)) / _export_name(call)
    zone = dt_util.get_default_time_zone()

    def write() -> int:
        return write_file(path, file_format, archive_rows(archive, selection, aggregation, zone, None))

    try:
        count = await async_run(call.hass, write, DOMAIN)
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="export_failed", translation_placeholders={"error": str(err)}
        ) from err
    return {"path": str(path), "count": count}


def _export_name(call: ServiceCall) -> str:
    """Return the name of an export file: that of the user as a slug, or one by the time.

    Raises:
        ServiceValidationError: The name is empty as a slug, or too long.
    """
    stem = Path(call.data.get(ATTR_FILENAME) or f"measurements {dt_util.now():%Y-%m-%d %H-%M-%S}").stem
    if not any(letter.isalnum() for letter in stem):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="filename_invalid")
    name = f"{slugify(stem)}.{call.data[ATTR_FORMAT]}"
    if len(name) > _MAX_FILENAME_LENGTH:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="filename_too_long")
    return name


async def _async_send(call: ServiceCall) -> ServiceResponse:
    """Send a command to a device; with `wait` the response has the outcome."""
    found, entry = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    await async_check_control(call, found.id)
    data: EdgeData = entry.runtime_data
    device = data.devices.find(found.identifiers)
    if device is None or not device.type.accepts_commands:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_commands")
    if not _is_sendable(call.data[ATTR_PARAMS]):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="params_invalid")
    name = call.data[ATTR_COMMAND]
    command_id = await data.commands.async_send(
        device.id, device.base, name, call.data[ATTR_PARAMS], call.data[ATTR_EXPIRES]
    )
    if wait := call.data[ATTR_WAIT]:
        await data.commands.async_wait(device.id, command_id, wait)
    status, message = data.commands.status(device.id, command_id)
    if wait and status is Status.FAILED:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_failed",
            translation_placeholders={"command": name, "message": message or "?"},
        )
    return {"id": command_id, "status": status, "message": message}


def _is_sendable(params: dict[str, Any]) -> bool:
    """Return whether parameters fit into a message."""
    try:
        return len(orjson.dumps(params)) <= _MAX_PARAMS_BYTES
    except TypeError:
        return False
