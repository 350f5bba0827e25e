"""The target temperature of each zone, now and over the coming days."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..comfort.profiles import ComfortSettings
from ..comfort.spans import Spans
from ..inputs.states import known
from ..system_config import ZoneConfig
from .schedule_preview import SchedulePreview

_NEXT_EVENT_SPAN: Final = timedelta(hours=8)
"""How long the state after a schedule's next event is assumed to last where nothing else is known."""


class ZoneTargets:
    """Target temperatures from schedules, presence, the profile and overrides."""

    def __init__(self, hass: HomeAssistant, comfort: ComfortSettings, schedules: SchedulePreview) -> None:
        self._hass = hass
        self._comfort = comfort
        self._schedules = schedules

    def at_present(self, zone: ZoneConfig) -> float:
        """Return a zone's target temperature now."""
        now = dt_util.utcnow()
        return self.by_time(zone, now)(now)

    def by_time(self, zone: ZoneConfig, now: datetime) -> Callable[[datetime], float]:
        """Return a zone's target temperature as a function of time."""
        comfort, spans = self._comfort, self._schedules.comfort(zone, now)

        def target(when: datetime) -> float:
            is_comfort = scheduled_comfort(self._hass, zone, when, now, spans)
            return comfort.target(zone.zone_id, zone.targets, is_comfort, when)

        return target

    def changes(self, zone: ZoneConfig, now: datetime) -> Iterator[datetime]:
        """Yield all times at which a zone's target may change."""
        yield from self._comfort.changes()
        spans = self._schedules.comfort(zone, now)
        if spans is not None:
            yield from spans.moments()
            return
        state = known(self._hass, zone.schedule)
        change = None if state is None else state.attributes.get("next_event")
        if isinstance(change, datetime):
            yield from (change, change + _NEXT_EVENT_SPAN)


def scheduled_comfort(
    hass: HomeAssistant, zone: ZoneConfig, when: datetime, now: datetime, spans: Spans | None
) -> bool:
    """Return whether a zone's schedule asks for comfort. `spans` are its known comfort periods."""
    state = known(hass, zone.schedule)
    if zone.week is not None:
        return spans is not None and spans.contains(when)
    if state is None:
        return True if spans is None else spans.contains(when)
    on = state.state == "on"
    if spans is not None:
        return on if when <= now else spans.contains(when)
    change = state.attributes.get("next_event")
    if isinstance(change, datetime) and now < change <= when:
        # Beyond the next change the schedule is unknown; that a day repeats is a good guess.
        return not on if when < change + _NEXT_EVENT_SPAN else on
    return on
