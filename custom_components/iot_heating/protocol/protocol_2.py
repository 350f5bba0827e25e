"""The reply of protocol 2: what it adds to that of protocol 1 (docs/device-sync.md)."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from .configuration import Override
from .profile import Profile, utc_text


@dataclass(frozen=True, slots=True)
class ReplyExtension:
    """What the reply of protocol 2 adds.

    Attributes:
        poll_interval_s: How often the controller is to call.
        lease_s: After this time without a reply the controller falls back to its own control.
        zone: Time zone of the home.
        flow_setpoint_c: Flow temperature setpoint now.
        commands: Commands to deliver with this reply, as command_message returns them.
        forecast: Times and outdoor temperatures in degC.
        firmware: The firmware offer of ota, as the fields of its FleetOffer.
        new_key: Created for this reply while the key is being rotated.
    """

    poll_interval_s: int
    lease_s: int
    zone: tzinfo
    flow_setpoint_c: float | None = None
    commands: tuple[dict[str, Any], ...] = ()
    forecast: tuple[tuple[datetime, float], ...] = ()
    firmware: dict[str, Any] | None = None
    new_key: str | None = None


def poll_jitter_s(poll_interval_s: int) -> int:
    """Return by how many seconds, in either direction, controllers vary their poll interval."""
    return max(1, poll_interval_s // 10)


def extend_reply(
    reply: dict[str, Any], profile: Profile, override: Override, extension: ReplyExtension, now: datetime
) -> dict[str, Any]:
    """Turn a reply of protocol 1 into one of protocol 2."""
    offset = now.astimezone(extension.zone).utcoffset()
    setpoint_c = extension.flow_setpoint_c
    reply["config"] |= {
        "protocol_version": 2,
        "revision": profile.revision,
        "mode": profile.mode.value.capitalize(),
        "force": override.force.value,
        "force_until": utc_text(override.until) if override.until else None,
        "flow_setpoint": None if setpoint_c is None else round(setpoint_c, 1),
        "time_zone": str(extension.zone),
        "utc_offset_s": int(offset.total_seconds()) if offset else 0,
        "poll_interval_s": extension.poll_interval_s,
        "poll_jitter_s": poll_jitter_s(extension.poll_interval_s),
        "lease_s": extension.lease_s,
    }
    reply["commands"] = list(extension.commands)
    if extension.forecast:
        reply["forecast"] = [
            {"time": utc_text(time), "temp_out": round(temperature_c, 1)} for time, temperature_c in extension.forecast
        ]
    if extension.firmware is not None:
        reply["firmware"] = extension.firmware
    if extension.new_key is not None:
        reply["new_key"] = extension.new_key
    return reply
