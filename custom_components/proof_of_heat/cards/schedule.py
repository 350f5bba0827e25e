"""What the week-schedule card shows of a zone: the times of its comfort temperature."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from .._lib.week_schedule import ScheduleError, WeekSchedule
from ..comfort.week_grid import Block, revision, schedule_of, week_of
from ..const import CONF_WEEK
from ..data import HeatingSystem


def _stored(subentry: ConfigSubentry) -> WeekSchedule | None:
    try:
        return WeekSchedule.parse(subentry.data.get(CONF_WEEK) or [])
    except ScheduleError:
        return None  # the configuration ignores it with a warning


def schedule_revision(subentry: ConfigSubentry) -> str:
    """Return what identifies the stored week of a zone."""
    return revision(subentry.data.get(CONF_WEEK))


def schedule(hass: HomeAssistant, system: HeatingSystem, subentry: ConfigSubentry) -> dict[str, Any]:
    """Return the week of a zone; `follows`: the entity that it follows without one."""
    zone = next((zone for zone in system.config.zones if zone.zone_id == subentry.subentry_id), None)
    if zone is None:
        return {"available": False}
    comfort_c = zone.targets.comfort
    state = hass.states.get(zone.schedule) if zone.schedule is not None else None
    return {
        "available": True,
        "name": subentry.title,
        "revision": schedule_revision(subentry),
        "week": [
            [{"start": start, "end": end, "target_c": comfort_c, "mode": "auto"} for start, end in day]
            for day in week_of(_stored(subentry))
        ],
        "comfort_c": comfort_c,
        "follows": zone.schedule if state is None else state.name,
        "mode": "auto",
        "enabled": True,
        "time_zone": hass.config.time_zone,
    }


@callback
def set_schedule(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, week: list[list[Block]]) -> None:
    """Store the week of a zone; without any block the zone follows its entity again, or is always at comfort."""
    data = dict(subentry.data)
    data.pop(CONF_WEEK, None)
    if rows := schedule_of(week):
        data[CONF_WEEK] = rows
    hass.config_entries.async_update_subentry(entry, subentry, data=data)
