"""Calendar of a building: its heating schedule."""

from datetime import date, datetime, timedelta
import re
from typing import Any, Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEntityFeature,
    CalendarEvent,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .data import IotHeatingConfigEntry, IotHeatingData
from .entity import BuildingEntity
from .protocol.schedule_events import (
    Occurrence,
    ScheduleEditError,
    add_slot,
    change_slot,
    entry_rrule,
    event_summary,
    format_slot,
    occurrences,
    parse_rrule,
    parse_summary,
    remove_slot,
)

PARALLEL_UPDATES = 1

SCHEDULE: Final = CalendarEntityDescription(key="schedule")
_HORIZON: Final = timedelta(days=8)
_MAX_EVENTS: Final = 5000
_UID: Final = re.compile(r"([0-9]{1,4})-([0-9]{1,4})")


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the calendar."""
    async_add_entities([ScheduleCalendar(entry.runtime_data, SCHEDULE)])


class ScheduleCalendar(BuildingEntity, CalendarEntity):
    """Each slot of the schedule is a weekly series of events, named by its target and mode."""

    _attr_supported_features = (
        CalendarEntityFeature.CREATE_EVENT | CalendarEntityFeature.DELETE_EVENT | CalendarEntityFeature.UPDATE_EVENT
    )

    def __init__(self, data: IotHeatingData, description: CalendarEntityDescription) -> None:
        super().__init__(data, description)
        self._monitor = data.hub.monitor

    @override
    async def async_added_to_hass(self) -> None:
        """Update the current event as time passes."""
        await super().async_added_to_hass()
        self.async_on_remove(self._monitor.subscribe(self.publish))

    @property
    @override
    def published_value(self) -> object:
        """The state and the current event."""
        event = self.event
        return (self.state, event and (event.start, event.end, event.summary))

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """The current event; between two slots the next one."""
        now = dt_util.now()
        schedule = self.building.profile.schedule
        active = schedule.at(now)
        upcoming = sorted(
            occurrences(schedule, now, now + _HORIZON, dt_util.get_default_time_zone()), key=lambda one: one.start
        )
        if active is not None:
            # Where entries overlap, the last one applies.
            upcoming = [one for one in upcoming if one.entry == active and one.start <= now < one.end] or upcoming
        return self._event(upcoming[0]) if upcoming else None

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the slots that overlap a range."""
        zone = dt_util.get_default_time_zone()
        found: list[CalendarEvent] = []
        for one in occurrences(self.building.profile.schedule, start_date, end_date, zone):
            found.append(self._event(one))
            if len(found) >= _MAX_EVENTS:
                break
        return sorted(found, key=lambda event: event.start_datetime_local)

    def _event(self, one: Occurrence) -> CalendarEvent:
        entry = self.building.profile.schedule.entries[one.entry]
        return CalendarEvent(
            start=one.start,
            end=one.end,
            summary=event_summary(entry),
            uid=f"{one.entry}-{one.slot}",
            recurrence_id=f"{one.start:%Y%m%dT%H%M%S}",
            rrule=entry_rrule(entry),
        )

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Add a slot that repeats every week."""
        try:
            day, slot = _day_and_slot(kwargs)
            raw = add_slot(self.building.profile.schedule, day, slot, parse_summary(kwargs["summary"]))
        except ScheduleEditError as err:
            raise _validation_error(err) from err
        await self.async_patch(schedule=raw)

    @override
    async def async_delete_event(
        self, uid: str, recurrence_id: str | None = None, recurrence_range: str | None = None
    ) -> None:
        """Remove a slot from every week."""
        try:
            entry, slot = _slot_index(uid, recurrence_id, recurrence_range)
            raw = remove_slot(self.building.profile.schedule, entry, slot)
        except ScheduleEditError as err:
            raise _validation_error(err) from err
        await self.async_patch(schedule=raw)

    @override
    async def async_update_event(
        self,
        uid: str,
        event: dict[str, Any],
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Change a slot in every week."""
        try:
            index = _slot_index(uid, recurrence_id, recurrence_range)
            day, slot = _day_and_slot(event)
            schedule = self.building.profile.schedule
            raw = change_slot(schedule, index, day, slot, parse_summary(event["summary"]))
        except ScheduleEditError as err:
            raise _validation_error(err) from err
        await self.async_patch(schedule=raw)


def _day_and_slot(event: dict[str, Any]) -> tuple[str, str]:
    """Return days and slot of an event in the form of a schedule entry."""
    start, end = _local(event["dtstart"]), _local(event["dtend"])
    return parse_rrule(event.get("rrule"), start), format_slot(start, end)


def _local(time: date | datetime) -> date | datetime:
    return dt_util.as_local(time) if isinstance(time, datetime) else time


def _slot_index(uid: str, recurrence_id: str | None, recurrence_range: str | None) -> tuple[int, int]:
    """Return the indexes of entry and slot. A single week cannot be changed: the schedule has no dates."""
    if recurrence_id and not recurrence_range:
        raise ScheduleEditError("single_week")
    if not (indexes := _UID.fullmatch(uid)):
        raise ScheduleEditError("slot_not_found")
    return int(indexes[1]), int(indexes[2])


def _validation_error(err: ScheduleEditError) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=f"schedule_{err.key}")
