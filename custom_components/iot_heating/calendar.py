"""The schedule of a building as a calendar: read and edited like one, stored as it is written on the wire."""

from datetime import date, datetime, timedelta
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
from .controller import subscribe
from .coordinator import IotHeatingConfigEntry
from .entity import BuildingEntity
from .protocol.week_events import (
    EditError,
    Occurrence,
    days_of,
    occurrences,
    read_summary,
    rrule_of,
    slot_text,
    summary_of,
    with_changed_slot,
    with_slot,
    without_slot,
)

PARALLEL_UPDATES = 1

SCHEDULE: Final = CalendarEntityDescription(key="schedule")
_AHEAD: Final = timedelta(days=8)
_MAX_EVENTS: Final = 5000


async def async_setup_entry(
    hass: HomeAssistant, entry: IotHeatingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the calendar of the building."""
    async_add_entities([ScheduleCalendar(entry.runtime_data, SCHEDULE)])


class ScheduleCalendar(BuildingEntity, CalendarEntity):
    """Each slot of the schedule is a weekly series of events, called by its target and mode."""

    _attr_supported_features = (
        CalendarEntityFeature.CREATE_EVENT | CalendarEntityFeature.DELETE_EVENT | CalendarEntityFeature.UPDATE_EVENT
    )

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the time."""
        await super().async_added_to_hass()
        self.async_on_remove(subscribe(self.building.tick_listeners, self.publish))

    @property
    @override
    def published_value(self) -> object:
        """The event shown counts, not only whether one is on."""
        event = self.event
        return (self.state, event and (event.start, event.end, event.summary))

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """What counts now; between the slots the next one."""
        now = dt_util.now()
        schedule = self.building.profile.schedule
        place = schedule.at(now)
        coming = sorted(
            occurrences(schedule, now, now + _AHEAD, dt_util.get_default_time_zone()), key=lambda one: one.start
        )
        if place is not None:
            coming = [one for one in coming if one.entry == place and one.start <= now < one.end] or coming
        return self._event(coming[0]) if coming else None

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """All slots that overlap a range."""
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
            summary=summary_of(entry),
            uid=f"{one.entry}-{one.slot}",
            recurrence_id=f"{one.start:%Y%m%dT%H%M%S}",
            rrule=rrule_of(entry),
        )

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Add a slot that repeats every week."""
        try:
            day, slot = _when(kwargs)
            raw = with_slot(self.building.profile.schedule, day, slot, read_summary(kwargs["summary"]))
        except EditError as err:
            raise _refused(err) from err
        await self.async_patch(schedule=raw)

    @override
    async def async_delete_event(
        self, uid: str, recurrence_id: str | None = None, recurrence_range: str | None = None
    ) -> None:
        """Remove a slot from every week."""
        try:
            entry, slot = _place(uid, recurrence_id, recurrence_range)
            raw = without_slot(self.building.profile.schedule, entry, slot)
        except EditError as err:
            raise _refused(err) from err
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
            place = _place(uid, recurrence_id, recurrence_range)
            day, text = _when(event)
            schedule = self.building.profile.schedule
            raw = with_changed_slot(schedule, place, day, text, read_summary(event["summary"]))
        except EditError as err:
            raise _refused(err) from err
        await self.async_patch(schedule=raw)


def _when(event: dict[str, Any]) -> tuple[str, str]:
    """Days and slot of an event, as an entry writes them."""
    start, end = _local(event["dtstart"]), _local(event["dtend"])
    return days_of(event.get("rrule"), start), slot_text(start, end)


def _local(when: date | datetime) -> date | datetime:
    return dt_util.as_local(when) if isinstance(when, datetime) else when


def _place(uid: str, recurrence_id: str | None, recurrence_range: str | None) -> tuple[int, int]:
    """The places that a uid stands for. A single week of a series cannot be changed: the schedule knows no dates."""
    if recurrence_id and not recurrence_range:
        raise EditError("one_week")
    entry, _, slot = uid.partition("-")
    if not (entry.isdigit() and slot.isdigit()):
        raise EditError("gone")
    return int(entry), int(slot)


def _refused(err: EditError) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=f"schedule_{err.key}")
