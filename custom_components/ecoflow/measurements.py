"""The action that reads the archived measurements; a user reads what the entities of a device show."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import probatio as vol

from ._lib.action_fields import date_time
from ._lib.archive import Aggregation, Archive, ArchiveUnavailableError, Range
from ._lib.archive_access import ArchiveReader, async_reader
from .const import DOMAIN
from .data import EcoflowData

SERVICE_QUERY: Final = "query_measurements"
ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_AGGREGATION: Final = "aggregation"
ATTR_METRICS: Final = "metrics"
ATTR_LIMIT: Final = "limit"
_MAX_ROWS: Final = 50_000

QUERY_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
        vol.Optional(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_START): date_time,
        vol.Optional(ATTR_END): date_time,
        vol.Optional(ATTR_METRICS, default=list): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_AGGREGATION, default=Aggregation.HOUR): vol.Coerce(Aggregation),
        vol.Optional(ATTR_LIMIT, default=10_000): vol.All(vol.Coerce(int), vol.Range(min=1, max=_MAX_ROWS)),
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
    selection, limit = _range(call), call.data[ATTR_LIMIT]
    readable = _readable(call, entry.entry_id, data, await async_reader(call.hass, call.context))
    aggregation, zone = call.data[ATTR_AGGREGATION], dt_util.get_default_time_zone()

    def query() -> list[dict[str, Any]]:
        found = _rows(archive, selection, aggregation, zone)
        return list(islice(found if readable is None else _allowed(found, readable), limit + 1))

    rows: list[dict[str, Any]] = await _async_run(call.hass, query)
    return {"rows": rows[:limit], "count": min(len(rows), limit), "truncated": len(rows) > limit}


def _range(call: ServiceCall) -> Range:
    start, end = _instant(call.data[ATTR_START]), _instant(call.data.get(ATTR_END) or dt_util.now())
    if start >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="empty_range")
    keys: dict[str, str] = {}
    if (device_id := call.data.get(ATTR_DEVICE_ID)) is not None:
        device = dr.async_get(call.hass).async_get(device_id)
        serial = next((sn for domain, sn in device.identifiers if domain == DOMAIN), None) if device else None
        if serial is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_device")
        keys["device_sn"] = serial
    return Range(start=start, end=end, keys=keys, metrics=tuple(call.data[ATTR_METRICS]))


def _instant(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=dt_util.get_default_time_zone())


type _Readable = dict[str, frozenset[str]]


def _readable(call: ServiceCall, entry_id: str, data: EcoflowData, reader: ArchiveReader) -> _Readable | None:
    """Return the metrics that the user may read, by serial number; None: all, also of removed devices."""
    if reader.reads_all:
        return None
    entities = er.async_entries_for_config_entry(er.async_get(call.hass), entry_id)
    allowed = {entity.unique_id for entity in entities if reader.may_read(entity.entity_id)}
    found: _Readable = {}
    for sn, device in data.devices.devices.items():
        prefix = f"{device.unique_id_prefix}_"
        keys = frozenset(name.removeprefix(prefix) for name in allowed if name.startswith(prefix))
        if keys:
            found[sn] = keys
    if not found:
        raise Unauthorized(context=call.context)
    return found


def _rows(archive: Archive, selection: Range, aggregation: Aggregation, zone: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows. Blocking: for the executor."""
    if aggregation is not Aggregation.RAW:
        for bucket in archive.each_bucket(selection, aggregation, zone=zone):
            yield {
                "ts": bucket.ts.isoformat(),
                **bucket.keys,
                "metric": bucket.metric,
                "n": bucket.n,
                "mean": bucket.mean,
                "min": bucket.minimum,
                "max": bucket.maximum,
            }
        return
    for message in archive.messages(selection, None):
        payload = message.payload if isinstance(message.payload, dict) else {}
        metrics = payload.get("metrics") or {}
        if selection.metrics:
            metrics = {key: value for key, value in metrics.items() if key in selection.metrics}
        if metrics:
            yield {"ts": message.ts.astimezone(zone).isoformat(), **message.keys, "metrics": metrics}


def _allowed(rows: Iterator[dict[str, Any]], readable: _Readable) -> Iterator[dict[str, Any]]:
    """Yield what the user may read of the rows."""
    for row in rows:
        keys = readable.get(row["device_sn"], frozenset())
        if "metric" in row:
            if row["metric"] in keys:
                yield row
        elif metrics := {key: value for key, value in row["metrics"].items() if key in keys}:
            yield {**row, "metrics": metrics}


async def _async_run[T](hass: HomeAssistant, job: Callable[[], T]) -> T:
    try:
        return await hass.async_add_executor_job(job)
    except ArchiveUnavailableError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="archive_unavailable",
            translation_placeholders={"error": str(err)},
        ) from err
