"""Actions: query and export the archive, send a command."""

from collections.abc import Callable
from datetime import datetime
from itertools import islice
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

from ._lib.action_fields import date_time
from ._lib.archive import Aggregation, Archive, ArchiveUnavailableError, Range
from .const import DOMAIN
from .data import EdgeData
from .downlink import Status
from .exports import KEYS, Format, archive_rows, readable_rows, write_file
from .permissions import async_check_control, async_readable_metrics

SERVICE_QUERY: Final = "query_measurements"
SERVICE_EXPORT: Final = "export"
SERVICE_SEND: Final = "send_command"

ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_AGGREGATION: Final = "aggregation"
ATTR_METRICS: Final = "metrics"
ATTR_LIMIT: Final = "limit"
ATTR_SITE: Final = "site"
ATTR_SYSTEM: Final = "system"
ATTR_DEVICE: Final = "device"
ATTR_FORMAT: Final = "format"
ATTR_FILENAME: Final = "filename"
ATTR_COMMAND: Final = "command"
ATTR_PARAMS: Final = "params"
ATTR_EXPIRES: Final = "expires_in"
ATTR_WAIT: Final = "wait"

_MAX_ROWS: Final = 50_000
_MAX_PARAMS_BYTES: Final = 8192
_MAX_FILENAME_LENGTH: Final = 200
EXPORT_FOLDER: Final = "edge_telemetry_exports"


_RANGE: Final[dict[Any, Any]] = {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
    vol.Required(ATTR_START): date_time,
    vol.Optional(ATTR_END): date_time,
    vol.Optional(ATTR_METRICS, default=list): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_SITE): cv.string,
    vol.Optional(ATTR_SYSTEM): cv.string,
    vol.Optional(ATTR_DEVICE): cv.string,
}
QUERY_SCHEMA: Final = vol.Schema(
    {
        **_RANGE,
        vol.Optional(ATTR_AGGREGATION, default=Aggregation.HOUR): vol.Coerce(Aggregation),
        vol.Optional(ATTR_LIMIT, default=10_000): vol.All(vol.Coerce(int), vol.Range(min=1, max=_MAX_ROWS)),
    }
)
EXPORT_SCHEMA: Final = vol.Schema(
    {
        **_RANGE,
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
    start, end = _instant(call.data[ATTR_START]), _instant(call.data.get(ATTR_END) or dt_util.now())
    if start >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="range_empty")
    keys = {key: call.data[key] for key in KEYS if key in call.data}
    return Range(start=start, end=end, keys=keys, metrics=tuple(call.data[ATTR_METRICS]))


def _instant(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=dt_util.get_default_time_zone())


async def _async_query(call: ServiceCall) -> ServiceResponse:
    """Return messages, or count, mean and extremes per period."""
    archive, selection, limit = _archive(call), _range(call), call.data[ATTR_LIMIT]
    aggregation, zone = call.data[ATTR_AGGREGATION], dt_util.get_default_time_zone()
    readable = await async_readable_metrics(call)

    def query() -> list[dict[str, Any]]:
        if readable is None:
            return list(islice(archive_rows(archive, selection, aggregation, zone, limit + 1), limit + 1))
        found = archive_rows(archive, selection, aggregation, zone, None)
        return list(islice(readable_rows(found, readable), limit + 1))

    rows: list[dict[str, Any]] = await _async_run(call.hass, query)
    return {"rows": rows[:limit], "count": min(len(rows), limit), "truncated": len(rows) > limit}


async def _async_export(call: ServiceCall) -> ServiceResponse:
    """Write rows to a file in the configuration folder; return its path and the number of rows."""
    archive, selection = _archive(call), _range(call)
    aggregation, file_format = call.data[ATTR_AGGREGATION], call.data[ATTR_FORMAT]
    zone = dt_util.get_default_time_zone()
    stem = Path(call.data.get(ATTR_FILENAME) or f"measurements {dt_util.now():%Y-%m-%d %H-%M-%S}").stem
    if not any(letter.isalnum() for letter in stem):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="filename_invalid")
    name = f"{slugify(stem)}.{file_format}"
    if len(name) > _MAX_FILENAME_LENGTH:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="filename_too_long")
    path = Path(call.hass.config.path(EXPORT_FOLDER)) / name

    def write() -> int:
        return write_file(path, file_format, archive_rows(archive, selection, aggregation, zone, None))

    count: int = await _async_run(call.hass, write)
    return {"path": str(path), "count": count}


async def _async_run[T](hass: HomeAssistant, job: Callable[[], T]) -> T:
    try:
        return await hass.async_add_executor_job(job)
    except ArchiveUnavailableError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="archive_unavailable",
            translation_placeholders={"error": str(err)},
        ) from err
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="export_failed", translation_placeholders={"error": str(err)}
        ) from err


async def _async_send(call: ServiceCall) -> ServiceResponse:
    """Send a command to a device; with `wait` the response has the outcome."""
    found, entry = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    await async_check_control(call, found.id)
    data: EdgeData = entry.runtime_data
    device = data.devices.find(found.identifiers)
    if device is None or not device.type.accepts_commands:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_commands")
    try:
        too_large = len(orjson.dumps(call.data[ATTR_PARAMS])) > _MAX_PARAMS_BYTES
    except TypeError:
        too_large = True
    if too_large:
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
