"""What actions answer: sessions with their totals, telemetry in pieces."""

import csv
from datetime import datetime
import io
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ._lib.archive import Aggregation, Range
from .book import BOOK
from .const import DOMAIN
from .controller import Controller
from .protocol.profile import utc_text
from .protocol.sessions import Usage
from .telemetry_log import LOG

_MAX_SESSIONS: Final = 10_000
_COLUMNS: Final = ("start", "end", "duration_s", "energy_kwh", "cost", "estimated")


async def async_sessions(hass: HomeAssistant, controller: Controller, start: datetime, end: datetime) -> dict[str, Any]:
    """The sessions of a controller that overlap a range, oldest first; the running one has no end.

    Raises:
        ServiceValidationError: There are more than 10,000.
    """
    book = hass.data[BOOK]
    sessions = await book.async_sessions(controller.number, start, end, _MAX_SESSIONS + 1)
    if len(sessions) > _MAX_SESSIONS:
        # A bill over a part of them would be wrong, and nobody would see it.
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="too_many_sessions",
            translation_placeholders={"limit": str(_MAX_SESSIONS)},
        )
    total = Usage()
    for session in sessions:
        total.add(session.duration_s, session.energy_kwh, session.cost)
    months = await book.async_months(controller.number, start, end)
    return {
        "device_id": controller.device_id,
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


def sessions_csv(controller: Controller, report: dict[str, Any]) -> str:
    """The sessions as CSV (RFC 4180), one a line."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("device_id", *_COLUMNS, "currency"))
    for session in report["sessions"]:
        writer.writerow((controller.device_id, *(session[name] for name in _COLUMNS), report["currency"]))
    return out.getvalue()


async def async_write_file(hass: HomeAssistant, filename: str, text: str) -> str:
    """Write a file to a place that Home Assistant's configuration allows."""
    if not hass.config.is_allowed_path(filename):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="path_not_allowed",
            translation_placeholders={"filename": filename},
        )
    try:
        await hass.async_add_executor_job(Path(filename).write_bytes, text.encode())
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="storage_failed", translation_placeholders={"error": str(err)}
        ) from err
    return filename


async def async_telemetry(
    hass: HomeAssistant, what: Range, fields: list[str], aggregation: Aggregation, limit: int
) -> dict[str, Any]:
    """The reports of a controller: as they came, or the numbers in them by period."""
    log = hass.data[LOG]
    answer: dict[str, Any] = {"device_id": what.keys["device"], "aggregation": aggregation.value}
    if aggregation is Aggregation.RAW:
        messages = await log.async_messages(what, limit)
        answer["rows"] = [{"time": utc_text(m.ts), **_chosen(m.payload, fields)} for m in messages]
    else:
        buckets = await log.async_buckets(what, aggregation, limit)
        answer["rows"] = [
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
    return answer


def _chosen(payload: Any, fields: list[str]) -> dict[str, Any]:
    if not isinstance(payload, dict):
        return {"report": payload}
    return {"report": {name: payload[name] for name in fields if name in payload} if fields else payload}
