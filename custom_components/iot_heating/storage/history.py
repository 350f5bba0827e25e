"""Reports on the past, as actions return them: sessions with totals, and archived telemetry."""

import csv
from datetime import datetime
import errno
import io
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .._lib.archive import Aggregation, Range
from ..const import DOMAIN
from ..protocol.profile import utc_text
from ..protocol.session_tracker import Usage
from .device_records import DeviceRecord
from .session_store import SESSION_STORE
from .telemetry_archive import TELEMETRY_ARCHIVE

_FAULTS_OF_USER: Final = (errno.EACCES, errno.EISDIR, errno.ELOOP, errno.EPERM, errno.EROFS)
_MAX_SESSIONS: Final = 10_000
_COLUMNS: Final = ("start", "end", "duration_s", "energy_kwh", "cost", "estimated")


async def async_session_report(
    hass: HomeAssistant, record: DeviceRecord, start: datetime, end: datetime
) -> dict[str, Any]:
    """Return the sessions of a controller that overlap a range, oldest first, with totals. A running one has no end.

    Raises:
        ServiceValidationError: There are more than 10,000.
    """
    store = hass.data[SESSION_STORE]
    sessions = await store.async_get_sessions(record.number, start, end, _MAX_SESSIONS + 1)
    if len(sessions) > _MAX_SESSIONS:
        # A bill for a part of the sessions would be wrong without any sign of it.
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="too_many_sessions",
            translation_placeholders={"limit": str(_MAX_SESSIONS)},
        )
    total = Usage()
    for session in sessions:
        total.add(session.duration_s, session.energy_kwh, session.cost)
    months = await store.async_get_months(record.number, start, end)
    return {
        "device_id": record.device_id,
        "currency": hass.config.currency,
        "sessions": [session.as_dict() for session in sessions],
        "total": {"count": len(sessions), **_usage(total)},
        "months": {month: _usage(usage) for month, usage in months.items()},
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "on_time_s": round(usage.on_s),
        "energy_kwh": None if usage.energy_kwh is None else round(usage.energy_kwh, 4),
        "cost": None if usage.cost is None else round(usage.cost, 4),
    }


def sessions_csv(report: dict[str, Any]) -> str:
    """Return the sessions of a report as CSV (RFC 4180), one per line."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("device_id", *_COLUMNS, "currency"))
    for session in report["sessions"]:
        writer.writerow((report["device_id"], *(session[name] for name in _COLUMNS), report["currency"]))
    return out.getvalue()


async def async_write_file(hass: HomeAssistant, filename: str, text: str) -> str:
    """Write a file to a folder that Home Assistant may write to."""
    if "\0" in filename or not hass.config.is_allowed_path(filename):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="path_not_allowed",
            translation_placeholders={"filename": filename},
        )
    try:
        await hass.async_add_executor_job(Path(filename).write_bytes, text.encode())
    except OSError as err:
        raise _write_error(err, filename) from err
    return filename


def _write_error(err: OSError, filename: str) -> HomeAssistantError:
    """Return the error for a file that could not be written: the user's, unless the disk is full or broken."""
    if err.errno in (errno.ENOENT, errno.ENOTDIR):
        return ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="folder_missing",
            translation_placeholders={"folder": str(Path(filename).parent)},
        )
    if err.errno == errno.ENAMETOOLONG:
        return ServiceValidationError(translation_domain=DOMAIN, translation_key="filename_too_long")
    error = ServiceValidationError if err.errno in _FAULTS_OF_USER else HomeAssistantError
    return error(
        translation_domain=DOMAIN, translation_key="storage_failed", translation_placeholders={"error": str(err)}
    )


async def async_telemetry_report(
    hass: HomeAssistant, archive_range: Range, fields: list[str], aggregation: Aggregation, limit: int
) -> dict[str, Any]:
    """Return the archived reports of a controller: raw, or their numbers by period."""
    archive = hass.data[TELEMETRY_ARCHIVE]
    report: dict[str, Any] = {"device_id": archive_range.keys["device"], "aggregation": aggregation.value}
    if aggregation is Aggregation.RAW:
        messages = await archive.async_get_messages(archive_range, limit)
        report["rows"] = [{"time": utc_text(m.ts), **_selected(m.payload, fields)} for m in messages]
    else:
        buckets = await archive.async_get_buckets(archive_range, aggregation, limit)
        report["rows"] = [
            {
                "time": b.ts.isoformat(),
                "field": b.metric,
                "count": b.n,
                "mean": round(b.mean, 3),
                "min": b.minimum,
                "max": b.maximum,
            }
            for b in buckets
        ]
    return report


def _selected(payload: Any, fields: list[str]) -> dict[str, Any]:
    if not isinstance(payload, dict):
        return {"report": payload}
    return {"report": {name: payload[name] for name in fields if name in payload} if fields else payload}
