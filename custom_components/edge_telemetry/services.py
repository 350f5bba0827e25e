"""Actions: query and export the archive, send a command."""

from collections.abc import Iterator
import csv
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_get_device_and_config_entry,
    async_register_admin_service,
)
from homeassistant.util import dt as dt_util, slugify
import orjson
import probatio as vol

from ._lib.archive import Aggregation, Archive, ArchiveUnavailableError, Bucket, Message, Range
from .const import DOMAIN
from .coordinator import EdgeHub
from .device import EdgeDevice
from .downlink import Status

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

_KEYS: Final = (ATTR_SITE, ATTR_SYSTEM, ATTR_DEVICE)
_MAX_ROWS: Final = 50_000
_MAX_PARAMS_BYTES: Final = 8192
EXPORT_FOLDER: Final = "edge_telemetry_exports"


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    JSONL = "jsonl"


_RANGE: Final[dict[Any, Any]] = {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
    vol.Required(ATTR_START): cv.datetime,
    vol.Optional(ATTR_END): cv.datetime,
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
        vol.Required(ATTR_COMMAND): vol.All(cv.string, vol.Length(min=1, max=64)),
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
    hub: EdgeHub = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)).runtime_data
    if hub.archive.archive is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_archive")
    return hub.archive.archive


def _range(call: ServiceCall) -> Range:
    start, end = _instant(call.data[ATTR_START]), _instant(call.data.get(ATTR_END) or dt_util.now())
    if start >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="range_empty")
    keys = {key: call.data[key] for key in _KEYS if key in call.data}
    return Range(start=start, end=end, keys=keys, metrics=tuple(call.data[ATTR_METRICS]))


def _instant(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=dt_util.get_default_time_zone())


async def _async_query(call: ServiceCall) -> ServiceResponse:
    """Answer with rows: messages, or counts, means and extremes per period."""
    archive, what, limit = _archive(call), _range(call), call.data[ATTR_LIMIT]
    aggregation, zone = call.data[ATTR_AGGREGATION], dt_util.get_default_time_zone()

    def ask() -> list[dict[str, Any]]:
        return list(islice(_rows(archive, what, aggregation, zone, limit + 1), limit + 1))

    rows: list[dict[str, Any]] = await _async_ask(call.hass, ask)
    return {"rows": rows[:limit], "count": min(len(rows), limit), "truncated": len(rows) > limit}


async def _async_export(call: ServiceCall) -> ServiceResponse:
    """Write rows to a file in the configuration folder; answers with where and how many."""
    archive, what = _archive(call), _range(call)
    aggregation, zone, form = call.data[ATTR_AGGREGATION], dt_util.get_default_time_zone(), call.data[ATTR_FORMAT]
    stem = Path(call.data.get(ATTR_FILENAME) or f"measurements {dt_util.now():%Y-%m-%d %H-%M-%S}").stem
    name = slugify(stem)
    if not any(letter.isalnum() for letter in stem):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="filename_invalid")
    path = Path(call.hass.config.path(EXPORT_FOLDER)) / f"{name}.{form}"

    def write() -> int:
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                count = _WRITERS[form](file, _rows(archive, what, aggregation, zone, None))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return count

    count: int = await _async_ask(call.hass, write)
    return {"path": str(path), "count": count}


async def _async_ask[T](hass: HomeAssistant, ask: Any) -> T:
    try:
        found: T = await hass.async_add_executor_job(ask)
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
    return found


def _rows(
    archive: Archive, what: Range, aggregation: Aggregation, zone: Any, limit: int | None
) -> Iterator[dict[str, Any]]:
    if aggregation is Aggregation.RAW:
        # Messages that have none of the metrics asked for are no answer: only the reader knows when it has enough.
        for message in archive.messages(what, None if what.metrics else limit):
            row = _message_row(message, zone, what.metrics)
            if row["metrics"] or not what.metrics:
                yield row
        return
    for bucket in islice(archive.each_bucket(what, aggregation, zone=zone), limit):
        yield _bucket_row(bucket)


def _message_row(message: Message, zone: Any, metrics: tuple[str, ...]) -> dict[str, Any]:
    found = message.payload.get("metrics") if isinstance(message.payload, dict) else None
    values = found if isinstance(found, dict) else {}
    if metrics:
        values = {key: value for key, value in values.items() if key in metrics}
    return {"ts": message.ts.astimezone(zone).isoformat(), **message.keys, "metrics": values}


def _bucket_row(bucket: Bucket) -> dict[str, Any]:
    return {
        "ts": bucket.ts.isoformat(),
        **bucket.keys,
        "metric": bucket.metric,
        "n": bucket.n,
        "mean": bucket.mean,
        "min": bucket.minimum,
        "max": bucket.maximum,
    }


def _write_csv(file: TextIO, rows: Iterator[dict[str, Any]]) -> int:
    """A line per value: messages have as many lines as metrics."""
    count, writer = 0, csv.writer(file)
    for row in rows:
        if "metrics" not in row:
            if count == 0:
                writer.writerow(row)
            writer.writerow(row.values())
        else:
            if count == 0:
                writer.writerow(("ts", *_KEYS, "metric", "value"))
            head = [row["ts"], *(row[key] for key in _KEYS)]
            writer.writerows([*head, metric, value] for metric, value in row["metrics"].items())
        count += 1
    return count


def _write_jsonl(file: TextIO, rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    for row in rows:
        file.write(f"{orjson.dumps(row).decode()}\n")
        count += 1
    return count


_WRITERS: Final = {Format.CSV: _write_csv, Format.JSONL: _write_jsonl}


async def _async_send(call: ServiceCall) -> ServiceResponse:
    """Send a command to a device; with `wait` the answer says what became of it."""
    found, entry = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    await _async_check_control(call, found.id)
    hub: EdgeHub = entry.runtime_data
    device = _device(hub, {identifier for domain, identifier in found.identifiers if domain == DOMAIN})
    if device is None or device.record.ruuvi:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_downlink")
    try:
        too_large = len(orjson.dumps(call.data[ATTR_PARAMS])) > _MAX_PARAMS_BYTES
    except TypeError:
        too_large = True
    if too_large:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="params_invalid")
    command = await hub.commander.async_send(
        device.id, device.base, call.data[ATTR_COMMAND], call.data[ATTR_PARAMS], call.data[ATTR_EXPIRES]
    )
    if wait := call.data[ATTR_WAIT]:
        await hub.commander.async_wait(command, wait)
        if command.status is Status.FAILED:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="command_failed",
                translation_placeholders={"command": command.name, "message": command.message or "?"},
            )
    return {"id": command.id, "status": command.status, "message": command.message}


def _device(hub: EdgeHub, identifiers: set[str]) -> EdgeDevice | None:
    for device in hub.devices.values():
        if f"{hub.entry.entry_id}_{device.id}" in identifiers:
            return device
    return None


async def _async_check_control(call: ServiceCall, device_id: str) -> None:
    """Who may not control the device's entities may not command it."""
    if call.context.user_id is None:
        return
    if (user := await call.hass.auth.async_get_user(call.context.user_id)) is None:
        raise UnknownUser(context=call.context)
    for entity in er.async_entries_for_device(er.async_get(call.hass), device_id):
        if user.permissions.check_entity(entity.entity_id, POLICY_CONTROL):
            return
    raise Unauthorized(context=call.context, permission=POLICY_CONTROL)
