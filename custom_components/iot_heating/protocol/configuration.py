"""The configuration of one controller: the building's profile with the controller's overrides, and its setpoints."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from .._lib.heating_curve import ROOM_C
from .._lib.week_schedule import Mode, WeekSchedule
from .profile import Profile, utc_text

PROTOCOL_VERSION: Final = 1

# Protocol 1 has no field for "on now" or "off now". These schedules have that effect and keep frost protection.
_ALWAYS: Final = {"day": "Daily", "slots": ["00:00-24:00"], "mode": "Manual"}
_FORCED_ON: Final = WeekSchedule.parse([{**_ALWAYS, "target": "30C"}])
_FORCED_OFF: Final = WeekSchedule.parse([{**_ALWAYS, "target": "5C"}])


class Force(StrEnum):
    """Control mode of a controller: by its profile, or forced on or off."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Override:
    """Settings of one controller that take precedence over its building's profile.

    Attributes:
        force: Forced on or off; AUTO follows the profile.
        curve_value: None: the profile's.
        min_external_temp: None: the profile's, in degC.
        since: When it was set (UTC); controllers receive it as the date of their configuration.
        until: When it ends (UTC); None: until it is released.
    """

    force: Force = Force.AUTO
    curve_value: float | None = None
    min_external_temp: float | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the profile applies unchanged."""
        return self.force is Force.AUTO and self.curve_value is None and self.min_external_temp is None

    def at(self, now: datetime) -> Override:
        """Return the override that applies at a time: an empty one once its end has passed."""
        if self.until is None or now < self.until:
            return self
        return Override(since=self.until)

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "force": self.force.value,
            "curve_value": self.curve_value,
            "min_external_temp": self.min_external_temp,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Restore an override from its stored form."""
        return cls(
            Force(data["force"]),
            data["curve_value"],
            data["min_external_temp"],
            datetime.fromisoformat(data["since"]) if data["since"] else None,
            datetime.fromisoformat(data["until"]) if data["until"] else None,
        )


NO_OVERRIDE: Final = Override()


@dataclass(frozen=True, slots=True)
class Comfort:
    """Temperatures that the schedule does not contain.

    Attributes:
        setback_c: Room temperature between the slots.
        eco_reduction_k: By how much Eco lowers the room temperature.
    """

    setback_c: float = 17.0
    eco_reduction_k: float = 3.0


def apply_override(profile: Profile, override: Override) -> Profile:
    """Return the profile that one controller receives, expressed in fields of protocol 1."""
    changes: dict[str, Any] = {}
    if override.curve_value is not None:
        changes["curve_value"] = override.curve_value
    if override.min_external_temp is not None:
        changes["min_external_temp"] = override.min_external_temp
    match override.force:
        case Force.ON:
            changes |= {"iot_enabled": True, "schedule": _FORCED_ON}
        case Force.OFF:
            changes |= {"iot_enabled": True, "schedule": _FORCED_OFF, "curve_value": 0}
        case Force.AUTO if profile.mode is not Mode.AUTO:
            changes["schedule"] = _schedule_in_mode(profile.schedule, profile.mode)
    if override.since is not None and override.since > profile.updated_at:
        changes["updated_at"] = override.since
    return replace(profile, **changes) if changes else profile


def _schedule_in_mode(schedule: WeekSchedule, mode: Mode) -> WeekSchedule:
    """Return the schedule with the same mode in all entries."""
    name = mode.value.capitalize()
    return WeekSchedule(
        tuple(replace(entry, mode=mode) for entry in schedule.entries),
        tuple({**raw, "mode": name} for raw in schedule.raw),
    )


def device_config(profile: Profile, device_id: str, building_id: int, now: datetime) -> dict[str, Any]:
    """Return the reply to a controller, protocol 1."""
    return {
        "config": {
            "protocol_version": PROTOCOL_VERSION,
            "device_id": device_id,
            "building_id": building_id,
            "iot_enabled": profile.iot_enabled,
            "curve": {"value": profile.curve_value, "min_external_temp": profile.min_external_temp},
            "schedule": profile.schedule.raw,
            "updated_at": utc_text(profile.updated_at),
            "server_time": utc_text(now),
        }
    }


def active_mode(profile: Profile, local: datetime) -> Mode:
    """Return the mode that applies at a local time; Auto between the slots."""
    if profile.mode is not Mode.AUTO:
        return profile.mode
    index = profile.schedule.at(local)
    return Mode.AUTO if index is None else profile.schedule.entries[index].mode


def room_setpoint_c(profile: Profile, comfort: Comfort, local: datetime) -> float | None:
    """Return the room temperature setpoint at a local time; None while heating is disabled or manual.

    Without a schedule the comfort temperature always applies.
    """
    mode = active_mode(profile, local)
    if not profile.iot_enabled or mode is Mode.MANUAL:
        return None
    index = profile.schedule.at(local)
    if index is None:
        setpoint_c = comfort.setback_c if profile.schedule.entries else ROOM_C
    else:
        target_c = profile.schedule.entries[index].target_c
        setpoint_c = ROOM_C if target_c is None else target_c
    return setpoint_c - comfort.eco_reduction_k if mode is Mode.ECO else setpoint_c


def flow_setpoint_c(profile: Profile, comfort: Comfort, outdoor_c: float | None, local: datetime) -> float | None:
    """Return the flow temperature setpoint: the curve's for the room temperature setpoint and outdoor temperature."""
    room_c = room_setpoint_c(profile, comfort, local)
    if room_c is None or outdoor_c is None:
        return None
    return replace(profile.curve, room_c=room_c).flow_c(outdoor_c)


def curve_value_for(profile: Profile, flow_c: float, outdoor_c: float) -> float:
    """Return the whole curve value (0..100) whose curve is closest to a flow temperature at an outdoor temperature."""
    full = replace(profile, curve_value=100).curve.flow_c(outdoor_c)
    lift = full - ROOM_C
    if lift <= 0:
        return 100 if flow_c > ROOM_C else 0
    return min(100, max(0, round(100 * (flow_c - ROOM_C) / lift)))
