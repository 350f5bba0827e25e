"""What the home's schedules and calendars say of the coming days, so that rooms are warm *at* the time.

Home Assistant's states tell the present and at most the next change. The actions `schedule.get_schedule` and
`calendar.get_events` tell more: they are asked beside the cycle, at most every quarter of an hour, and kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .._lib.week_schedule import WeekSchedule
from ..comfort.spans import Spans
from ..inputs.states import known
from ..system_config import Settings, ZoneSettings
from .background_query import Beside

LOOK_AHEAD: Final = timedelta(hours=50)
EVERY_S: Final = 900.0
MAX_EVENTS: Final = 200
_DAY_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def ask_calendar(hass: HomeAssistant, entity_id: str) -> Spans:
    """The events of the coming days; raises for whatever the calendar raises."""
    now = dt_util.utcnow()
    reply = await hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": entity_id,
            "start_date_time": dt_util.as_local(now - timedelta(minutes=1)).isoformat(),
            "end_date_time": dt_util.as_local(now + LOOK_AHEAD).isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    return events_of(reply, entity_id)


def events_of(reply: Any, entity_id: str) -> Spans:
    """A calendar's reply; an all-day event goes from midnight to midnight. What is no event is left out."""
    calendar = (reply or {}).get(entity_id)
    rows = calendar.get("events") if isinstance(calendar, Mapping) else None
    pairs = []
    for row in (rows if isinstance(rows, list) else [])[:MAX_EVENTS]:
        if isinstance(row, Mapping):
            start, end = _moment(row.get("start")), _moment(row.get("end"))
            if start is not None and end is not None:
                pairs.append((start, end))
    return Spans.of(pairs)


def _moment(value: Any) -> datetime | None:
    """A time, or a day's midnight, of the home."""
    text = value.isoformat() if isinstance(value, date) else str(value)
    if (when := dt_util.parse_datetime(text)) is None:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=dt_util.get_default_time_zone())).astimezone(UTC)


async def ask_schedule(hass: HomeAssistant, entity_id: str) -> WeekSchedule:
    """The week of a schedule helper; raises ScheduleError for a reply of another form."""
    reply = await hass.services.async_call(
        "schedule", "get_schedule", {"entity_id": entity_id}, blocking=True, return_response=True
    )
    return week_of((reply or {}).get(entity_id))


def week_of(days: Any) -> WeekSchedule:
    """`{"monday": [{"from": "06:00:00", "to": "22:00:00"}], …}` as a week; raises ScheduleError."""
    rows = days if isinstance(days, Mapping) else {}
    week = []
    for day in _DAY_NAMES:
        slots = [f"{_clock(row.get('from'))}-{_clock(row.get('to'))}" for row in rows.get(day) or ()]
        if slots:
            week.append({"day": day, "slots": slots})
    return WeekSchedule.parse(week)


def _clock(value: Any) -> str:
    """HH:MM; the last moment of a day is its end."""
    text = value.isoformat() if isinstance(value, time) else str(value)
    return "24:00" if text.startswith("23:59:59") else text[:5]


@dataclass(slots=True)
class _Week:
    """A week's stretches ahead, made anew every hour."""

    week: WeekSchedule
    spans: Spans = field(default_factory=Spans)
    made: datetime | None = None

    def ahead(self, now: datetime) -> Spans:
        if self.made is None or not timedelta() <= now - self.made < timedelta(hours=1):
            local = dt_util.as_local(now)
            periods = self.week.periods(local, local + LOOK_AHEAD + timedelta(hours=1))
            self.spans, self.made = Spans.of((period.start, period.end) for period in periods), now
        return self.spans


class Ahead:
    """All schedules and calendars of a system."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, settings: Settings) -> None:
        self._hass = hass
        self._settings = settings
        self._weeks: dict[str, _Week] = {
            zone.zone_id: _Week(zone.week) for zone in settings.zones if zone.week is not None
        }
        self._calendars: dict[str, Beside[Spans]] = {}
        self._helpers: dict[str, Beside[WeekSchedule]] = {}
        self._helper_weeks: dict[str, _Week] = {}
        entities = {zone.schedule for zone in settings.zones} | {settings.away_calendar}
        for entity_id in sorted(entity for entity in entities if entity is not None):
            domain = entity_id.partition(".")[0]
            if domain == "calendar":
                self._calendars[entity_id] = Beside(
                    hass, entry, entity_id, partial(ask_calendar, hass, entity_id), every_s=EVERY_S
                )
            elif domain == "schedule":
                self._helpers[entity_id] = Beside(
                    hass, entry, entity_id, partial(ask_schedule, hass, entity_id), every_s=EVERY_S
                )

    @property
    def entities(self) -> list[str]:
        """Whose change is a reason to ask anew."""
        return [*self._calendars, *self._helpers]

    @callback
    def look(self, now: datetime) -> None:
        """Ask where it is time and the entity is there."""
        for entity_id, calendar in self._calendars.items():
            if known(self._hass, entity_id) is not None:
                calendar.look(now)
        for entity_id, helper in self._helpers.items():
            if known(self._hass, entity_id) is not None:
                helper.look(now)

    @callback
    def changed(self, entity_id: str) -> None:
        """A schedule or calendar changed: ask anew at the next look."""
        question = self._calendars.get(entity_id) or self._helpers.get(entity_id)
        if question is not None:
            question.soon()

    def trips(self, now: datetime) -> Spans:
        """When the away calendar says that nobody is home; its state counts for now, also before it was asked."""
        entity_id = self._settings.away_calendar
        return Spans() if entity_id is None else self._calendar(entity_id, now)

    def _calendar(self, entity_id: str, now: datetime) -> Spans:
        question = self._calendars[entity_id]
        spans = question.value or Spans()
        state = known(self._hass, entity_id)
        running = state is not None and state.state == "on"
        if not running or spans.holds(now) or state is None:
            return spans
        end = _moment(state.attributes.get("end_time")) or now + timedelta(hours=1)
        pairs = [*zip(spans.starts, spans.ends, strict=True), (now, max(end, now + timedelta(minutes=1)))]
        return Spans.of(pairs)

    def comfort(self, zone: ZoneSettings, now: datetime) -> Spans | None:
        """When a zone's schedule asks for comfort; None where it says nothing of the time to come."""
        if zone.zone_id in self._weeks:
            return self._weeks[zone.zone_id].ahead(now)
        if zone.schedule in self._calendars:
            return self._calendar(zone.schedule, now)
        if zone.schedule in self._helpers:
            return self._helper(zone.schedule, now)
        return None

    def _helper(self, entity_id: str, now: datetime) -> Spans | None:
        week = self._helpers[entity_id].value
        if week is None:
            return None
        kept = self._helper_weeks.get(entity_id)
        if kept is None or kept.week is not week:
            kept = self._helper_weeks[entity_id] = _Week(week)
        return kept.ahead(now)
