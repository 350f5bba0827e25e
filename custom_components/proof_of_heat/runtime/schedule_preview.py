"""The home's schedules and calendars over the coming days, so that rooms are warm *at* the scheduled time.

States contain the present and at most the next change. The actions `schedule.get_schedule` and `calendar.get_events`
return more: they are called in the background, at most every quarter of an hour, and their results are kept.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .._lib.week_schedule import WeekSchedule
from ..comfort.spans import Spans
from ..inputs.schedules import HORIZON, fetch_events, fetch_week, parse_moment
from ..inputs.states import known
from ..system_config import SystemConfig, ZoneConfig
from .background_query import BackgroundQuery

INTERVAL_S: Final = 900.0
_WEEK_VALID: Final = timedelta(hours=1)


@dataclass(slots=True)
class _WeekPreview:
    """The comfort periods of a weekly schedule, calculated every hour."""

    week: WeekSchedule
    spans: Spans = field(default_factory=Spans)
    calculated_at: datetime | None = None

    def at(self, now: datetime) -> Spans:
        if self.calculated_at is None or not timedelta() <= now - self.calculated_at < _WEEK_VALID:
            local = dt_util.as_local(now)
            periods = self.week.periods(local, local + HORIZON + _WEEK_VALID)
            self.spans, self.calculated_at = Spans.of((period.start, period.end) for period in periods), now
        return self.spans


class SchedulePreview:
    """All schedules and calendars of a heating system."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig) -> None:
        self._hass = hass
        self._config = config
        self._weeks: dict[str, _WeekPreview] = {}
        self._calendars: dict[str, BackgroundQuery[Spans]] = {}
        self._helpers: dict[str, BackgroundQuery[WeekSchedule]] = {}
        self._helper_weeks: dict[str, _WeekPreview] = {}
        entities = {zone.schedule for zone in config.zones} | {config.away_calendar}
        for entity_id in sorted(entity for entity in entities if entity is not None):
            domain = entity_id.partition(".")[0]
            if domain == "calendar":
                self._calendars[entity_id] = BackgroundQuery(
                    hass, entry, entity_id, partial(fetch_events, hass, entity_id), interval_s=INTERVAL_S
                )
            elif domain == "schedule":
                self._helpers[entity_id] = BackgroundQuery(
                    hass, entry, entity_id, partial(fetch_week, hass, entity_id), interval_s=INTERVAL_S
                )

    @property
    def entities(self) -> list[str]:
        """The calendars and schedules; a change of one invalidates its preview."""
        return [*self._calendars, *self._helpers]

    @callback
    def refresh_if_due(self, now: datetime) -> None:
        """Start the queries that are due, of entities that exist."""
        for entity_id, calendar in self._calendars.items():
            if known(self._hass, entity_id) is not None:
                calendar.refresh_if_due(now)
        for entity_id, helper in self._helpers.items():
            if known(self._hass, entity_id) is not None:
                helper.refresh_if_due(now)

    @callback
    def invalidate(self, entity_id: str) -> None:
        """Query a schedule or calendar that changed at the next cycle."""
        query = self._calendars.get(entity_id) or self._helpers.get(entity_id)
        if query is not None:
            query.invalidate()

    def trips(self, now: datetime) -> Spans:
        """Return when the away calendar has an event; its state applies at once, before the query has a result."""
        entity_id = self._config.away_calendar
        return Spans() if entity_id is None else self._calendar(entity_id, now)

    def comfort(self, zone: ZoneConfig, now: datetime) -> Spans | None:
        """Return when a zone's schedule asks for comfort; None where its future is unknown."""
        if zone.week is not None:
            return _preview(self._weeks, zone.zone_id, zone.week).at(now)
        if zone.schedule in self._calendars:
            return self._calendar(zone.schedule, now)
        if zone.schedule in self._helpers:
            return self._helper(zone.schedule, now)
        return None

    def _calendar(self, entity_id: str, now: datetime) -> Spans:
        spans = self._calendars[entity_id].value or Spans()
        state = known(self._hass, entity_id)
        if state is None or state.state != "on" or spans.contains(now):
            return spans
        end = parse_moment(state.attributes.get("end_time")) or now + timedelta(hours=1)
        pairs = [*zip(spans.starts, spans.ends, strict=True), (now, max(end, now + timedelta(minutes=1)))]
        return Spans.of(pairs)

    def _helper(self, entity_id: str, now: datetime) -> Spans | None:
        week = self._helpers[entity_id].value
        if week is None:
            return None
        return _preview(self._helper_weeks, entity_id, week).at(now)


def _preview(previews: dict[str, _WeekPreview], key: str, week: WeekSchedule) -> _WeekPreview:
    """Return the preview of a week, which may have been replaced since the last call."""
    preview = previews.get(key)
    if preview is None or preview.week is not week:
        preview = previews[key] = _WeekPreview(week)
    return preview
