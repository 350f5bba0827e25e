"""Weeks of schedule helpers and events of calendars, fetched by the actions of those integrations."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .._lib.week_schedule import WeekSchedule
from ..comfort.spans import Spans

HORIZON: Final = timedelta(hours=50)
"""How far events and schedules are read into the future."""
MAX_EVENTS: Final = 200
_DAY_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def fetch_events(hass: HomeAssistant, entity_id: str) -> Spans:
    """Return a calendar's events of the coming days; raises what the calendar raises."""
    now = dt_util.utcnow()
    reply = await hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": entity_id,
            "start_date_time": dt_util.as_local(now - timedelta(minutes=1)).isoformat(),
            "end_date_time": dt_util.as_local(now + HORIZON).isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    return parse_events(reply, entity_id)


def parse_events(reply: Any, entity_id: str) -> Spans:
    """Return the events in a calendar's reply. An all-day event lasts from midnight to midnight."""
    calendar = (reply or {}).get(entity_id)
    rows = calendar.get("events") if isinstance(calendar, Mapping) else None
    pairs = []
    for row in (rows if isinstance(rows, list) else [])[:MAX_EVENTS]:
        if isinstance(row, Mapping):
            start, end = parse_moment(row.get("start")), parse_moment(row.get("end"))
            if start is not None and end is not None:
                pairs.append((start, end))
    return Spans.of(pairs)


def parse_moment(value: Any) -> datetime | None:
    """Return a time in UTC; a date means its local midnight."""
    text = value.isoformat() if isinstance(value, date) else str(value)
    if (when := dt_util.parse_datetime(text)) is None:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=dt_util.get_default_time_zone())).astimezone(UTC)


async def fetch_week(hass: HomeAssistant, entity_id: str) -> WeekSchedule:
    """Return the week of a schedule helper; raises ScheduleError for an invalid reply."""
    reply = await hass.services.async_call(
        "schedule", "get_schedule", {"entity_id": entity_id}, blocking=True, return_response=True
    )
    return parse_week((reply or {}).get(entity_id))


def parse_week(days: Any) -> WeekSchedule:
    """Parse `{"monday": [{"from": "06:00:00", "to": "22:00:00"}], …}`; raises ScheduleError."""
    rows = days if isinstance(days, Mapping) else {}
    week = []
    for day in _DAY_NAMES:
        slots = [f"{_clock(row.get('from'))}-{_clock(row.get('to'))}" for row in rows.get(day) or ()]
        if slots:
            week.append({"day": day, "slots": slots})
    return WeekSchedule.parse(week)


def _clock(value: Any) -> str:
    """Return HH:MM; the last second of a day is its end."""
    text = value.isoformat() if isinstance(value, time) else str(value)
    return "24:00" if text.startswith("23:59:59") else text[:5]
