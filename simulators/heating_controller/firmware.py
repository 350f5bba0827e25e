"""What a heating controller does with its configuration: schedule, curve, force, burner.

Written from the protocol's description, independently of the integration's own parsers.
"""

from dataclasses import dataclass, field
from datetime import datetime
import math
import re
from typing import Any

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ROOM_C = 20.0
_MAX_FLOW_C = 55.0
_SETBACK_C = 17.0
_HYSTERESIS_K = 3.0


@dataclass(slots=True)
class Settings:
    """The configuration that the controller last received; the factory's until then."""

    iot_enabled: bool = True
    curve_value: float = 50.0
    min_external_temp: float = -15.0
    schedule: list[dict[str, Any]] = field(default_factory=list)
    force: str = "auto"
    lease_s: float = 900.0
    poll_interval_s: float | None = None

    def accept(self, config: dict[str, Any]) -> None:
        """Take over a configuration as it came from the server."""
        self.iot_enabled = bool(config["iot_enabled"])
        self.curve_value = float(config["curve"]["value"])
        self.min_external_temp = float(config["curve"]["min_external_temp"])
        self.schedule = list(config["schedule"])
        # Protocol 2; a protocol 1 server does not send these.
        self.force = str(config.get("force", "auto"))
        self.lease_s = float(config.get("lease_s", self.lease_s))
        self.poll_interval_s = config.get("poll_interval_s")


def flow_setpoint(settings: Settings, outdoor_c: float, room_set_c: float = _ROOM_C) -> float:
    """Flow temperature: a Viessmann curve whose lift at ``min_external_temp`` is the curve value's share."""

    def shape(outdoor: float) -> float:
        d = min(outdoor - room_set_c, 0.0)
        return -d * (1.4347 + 0.021 * d + 247.9e-6 * d * d)

    coldest = min(settings.min_external_temp, room_set_c - 5.0)
    slope = settings.curve_value / 100.0 * (_MAX_FLOW_C - room_set_c) / shape(coldest)
    return min(_MAX_FLOW_C, room_set_c + slope * shape(max(outdoor_c, coldest)))


def room_target(settings: Settings, local: datetime) -> float:
    """The room temperature that the schedule asks for at a local time; the set-back between its slots.

    Where entries overlap the last one counts; without any it is always comfort time.
    """
    if not settings.schedule:
        return _ROOM_C
    minute = local.hour * 60 + local.minute
    for entry in reversed(settings.schedule):
        for back in (0, 1):  # a slot over midnight belongs to the day on which it begins
            if _DAYS[(local.weekday() - back) % 7] not in _days(str(entry["day"])):
                continue
            if any(_inside(slot, minute + back * 1440) for slot in entry["slots"]):
                return _target(entry.get("target", _ROOM_C))
    return _SETBACK_C


def _days(text: str) -> set[str]:
    if text.strip().lower() in ("daily", "everyday", "all"):
        return set(_DAYS)
    found: set[str] = set()
    for part in text.lower().split(","):
        first, _, last = (word.strip()[:3] for word in part.partition("-"))
        begin = _DAYS.index(first)
        length = (_DAYS.index(last) - begin) % 7 if last else 0
        found |= {_DAYS[(begin + i) % 7] for i in range(length + 1)}
    return found


def _inside(slot: str, minute: int) -> bool:
    begin, end = (int(h) * 60 + int(m) for h, m in (t.split(":") for t in slot.split("-")))
    return begin <= minute < (end if end > begin else end + 1440)


def _target(value: float | str) -> float:
    found = re.fullmatch(r"\s*(-?[\d.]+)\s*°?\s*([CF]?)\s*", str(value), re.IGNORECASE)
    if not found or not math.isfinite(number := float(found[1])):
        return _ROOM_C
    return (number - 32) / 1.8 if found[2].upper() == "F" else number


def forced(settings: Settings, on: bool, flow_c: float, setpoint_c: float) -> bool:
    """What the burner does when the server forces it; forced on it still keeps to the curve's flow temperature."""
    if settings.force == "off":
        return False
    return flow_c < setpoint_c - _HYSTERESIS_K or (on and flow_c <= setpoint_c + _HYSTERESIS_K)


def burner(on: bool, flow_c: float, setpoint_c: float, room_c: float, target_c: float) -> bool:
    """Two-point control of the burner round the flow setpoint, stopped by the room's own thermostat."""
    if room_c > target_c + 0.3 or flow_c > setpoint_c + _HYSTERESIS_K:
        return False
    if flow_c < setpoint_c - _HYSTERESIS_K and room_c < target_c + 0.1:
        return True
    return on
