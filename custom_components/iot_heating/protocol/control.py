"""What a controller is told to do: the building's profile, overridden for this one controller, and its set points."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from .._lib.heating_curve import ROOM_C
from .._lib.week_schedule import Mode, WeekSchedule
from .profile import Profile, utc_text

PROTOCOL_VERSION: Final = 1

# Protocol 1 has no word for "on now" or "off now": these schedules say it. Frost protection stays possible.
_ALWAYS: Final = {"day": "Daily", "slots": ["00:00-24:00"], "mode": "Manual"}
_FORCED_ON: Final = WeekSchedule.parse([{**_ALWAYS, "target": "30C"}])
_FORCED_OFF: Final = WeekSchedule.parse([{**_ALWAYS, "target": "5C"}])


class Force(StrEnum):
    """Whether a controller follows its profile."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Override:
    """What one controller is told instead of its building's profile.

    Attributes:
        force: Heat, do not heat, or follow the profile.
        curve_value: Instead of the profile's; None: the profile's.
        min_external_temp: Likewise.
        since: When it was made (UTC); controllers see it as the date of their configuration.
        until: Its end (UTC); None: until it is taken back.
    """

    force: Force = Force.AUTO
    curve_value: float | None = None
    min_external_temp: float | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def empty(self) -> bool:
        """Whether the profile counts as it is."""
        return self.force is Force.AUTO and self.curve_value is None and self.min_external_temp is None

    def at(self, now: datetime) -> Override:
        """The override that counts at a time: an ended one is empty since its end."""
        if self.until is None or now < self.until:
            return self
        return Override(since=self.until)

    def as_dict(self) -> dict[str, Any]:
        """For storage."""
        return {
            "force": self.force.value,
            "curve_value": self.curve_value,
            "min_external_temp": self.min_external_temp,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """From storage."""
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
    """What the schedule leaves open.

    Attributes:
        setback_c: Room temperature between the slots.
        eco_reduction_k: How much lower the room is kept in Eco.
    """

    setback_c: float = 17.0
    eco_reduction_k: float = 3.0


def steered(profile: Profile, override: Override) -> Profile:
    """The profile as one controller gets it, in the words of protocol 1."""
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
            changes["schedule"] = _in_mode(profile.schedule, profile.mode)
    if override.since is not None and override.since > profile.updated_at:
        changes["updated_at"] = override.since
    return replace(profile, **changes) if changes else profile


def _in_mode(schedule: WeekSchedule, mode: Mode) -> WeekSchedule:
    """A schedule whose entries all have one mode."""
    word = mode.value.capitalize()
    return WeekSchedule(
        tuple(replace(entry, mode=mode) for entry in schedule.entries),
        tuple({**raw, "mode": word} for raw in schedule.raw),
    )


def device_config(profile: Profile, device_id: str, building_id: int, now: datetime) -> dict[str, Any]:
    """The reply to a controller's sync, protocol 1."""
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


def mode_at(profile: Profile, local: datetime) -> Mode:
    """The mode that counts at a wall-clock time; Auto between the slots."""
    if profile.mode is not Mode.AUTO:
        return profile.mode
    place = profile.schedule.at(local)
    return Mode.AUTO if place is None else profile.schedule.entries[place].mode


def room_setpoint_c(profile: Profile, comfort: Comfort, local: datetime) -> float | None:
    """The room temperature wanted at a wall-clock time; None where heating is off or by hand.

    Without any schedule it is always comfort time.
    """
    mode = mode_at(profile, local)
    if not profile.iot_enabled or mode is Mode.MANUAL:
        return None
    place = profile.schedule.at(local)
    if place is None:
        wanted = comfort.setback_c if profile.schedule.entries else ROOM_C
    else:
        target = profile.schedule.entries[place].target_c
        wanted = ROOM_C if target is None else target
    return wanted - comfort.eco_reduction_k if mode is Mode.ECO else wanted


def flow_setpoint_c(profile: Profile, comfort: Comfort, outdoor_c: float | None, local: datetime) -> float | None:
    """The flow temperature that the curve gives for the room temperature wanted now."""
    room_c = room_setpoint_c(profile, comfort, local)
    if room_c is None or outdoor_c is None:
        return None
    return replace(profile.curve, room_c=room_c).flow_c(outdoor_c)


def curve_value_for(profile: Profile, flow_c: float, outdoor_c: float) -> float:
    """The curve value (0..100, whole) whose curve comes nearest to a flow temperature at an outdoor temperature."""
    full = replace(profile, curve_value=100).curve.flow_c(outdoor_c)
    lift = full - ROOM_C
    if lift <= 0:
        return 100 if flow_c > ROOM_C else 0
    return min(100, max(0, round(100 * (flow_c - ROOM_C) / lift)))
