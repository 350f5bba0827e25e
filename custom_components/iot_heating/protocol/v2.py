"""Protocol 2: what a controller says and hears beyond protocol 1 (docs/device-sync.md)."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
import math
from typing import Any, Final

from .commands import Ack, Command
from .control import Override
from .errors import ProtocolError
from .profile import Profile, utc_text

MAX_ACKS: Final = 50
_TEXT_LIMIT: Final = 64
_NUMBERS: Final[dict[str, tuple[float, float]]] = {
    "return_temp": (-60, 120),
    "room_temp": (-60, 120),
    "flow_setpoint": (0, 120),
    "rssi": (-150, 20),
    "free_heap": (0, 2**32),
    "uptime_s": (0, 2**53),
    "boot_count": (0, 2**32),
}
_WHOLE: Final = frozenset({"free_heap", "uptime_s", "boot_count"})
_TEXTS: Final = ("firmware_version", "product", "chip", "model")


@dataclass(frozen=True, slots=True)
class Extras:
    """What a report holds beyond protocol 1, by field name; a field reported as null is there with None."""

    values: dict[str, float | str | None]
    acks: tuple[Ack, ...] = ()


def decode_extras(data: dict[str, Any]) -> Extras:
    """Read the fields of protocol 2.

    Raises:
        ProtocolError: A known field has a wrong type or is out of range.
    """
    values: dict[str, float | str | None] = {
        name: _number(data[name], name, limits) for name, limits in _NUMBERS.items() if name in data
    }
    values |= {name: _text(data[name], name) for name in _TEXTS if name in data}
    return Extras(values, _acks(data.get("acks", [])))


def _number(value: Any, name: str, limits: tuple[float, float]) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProtocolError(name, "has to be a number")
    if name in _WHOLE and value != int(value):
        raise ProtocolError(name, "has to be a whole number")
    if not limits[0] <= value <= limits[1]:
        raise ProtocolError(name, f"{value:g} is not in {limits[0]:g}..{limits[1]:g}")
    return int(value) if name in _WHOLE else float(value)


def _text(value: Any, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_LIMIT or not value.isprintable():
        raise ProtocolError(name, f"has to be a text of 1 to {_TEXT_LIMIT} characters")
    return value


def _acks(value: Any) -> tuple[Ack, ...]:
    if not isinstance(value, list):
        raise ProtocolError("acks", "has to be a list")
    if len(value) > MAX_ACKS:
        raise ProtocolError("acks", f"has more than {MAX_ACKS} items")
    return tuple(_ack(item, f"acks[{i}]") for i, item in enumerate(value))


def _ack(item: Any, where: str) -> Ack:
    if not isinstance(item, dict):
        raise ProtocolError(where, "has to be an object")
    for name in ("id", "ok"):
        if name not in item:
            raise ProtocolError(f"{where}.{name}", "is required", absent=True)
    if not isinstance(item["id"], str):
        raise ProtocolError(f"{where}.id", "has to be a text")
    if not isinstance(item["ok"], bool):
        raise ProtocolError(f"{where}.ok", "has to be true or false")
    message = item.get("message")
    return Ack(item["id"], item["ok"], None if message is None else _text(message, f"{where}.message"))


@dataclass(frozen=True, slots=True)
class Extra:
    """What a protocol 2 controller is told beyond protocol 1.

    Attributes:
        poll_interval_s: How often it shall call.
        lease_s: After this time without a reply it falls back to its own safe control.
        zone: Of the home.
        flow_setpoint_c: What Home Assistant computes for now.
        forecast: Time and outdoor temperature.
        firmware: What ota offers, as in its FleetOffer.
        new_key: Made for this reply, where the key is being rotated.
    """

    poll_interval_s: int
    lease_s: int
    zone: tzinfo
    flow_setpoint_c: float | None = None
    commands: tuple[Command, ...] = ()
    forecast: tuple[tuple[datetime, float], ...] = ()
    firmware: dict[str, Any] | None = None
    new_key: str | None = None


def jitter_s(poll_interval_s: int) -> int:
    """By how much a controller's calls are to vary, either way."""
    return max(1, poll_interval_s // 10)


def extended(
    reply: dict[str, Any], profile: Profile, override: Override, extra: Extra, now: datetime
) -> dict[str, Any]:
    """A protocol 1 reply made into one of protocol 2."""
    local = now.astimezone(extra.zone)
    offset = local.utcoffset()
    reply["config"] |= {
        "protocol_version": 2,
        "revision": profile.revision,
        "mode": profile.mode.value.capitalize(),
        "force": override.force.value,
        "force_until": utc_text(override.until) if override.until else None,
        "flow_setpoint": None if extra.flow_setpoint_c is None else round(extra.flow_setpoint_c, 1),
        "time_zone": str(extra.zone),
        "utc_offset_s": int(offset.total_seconds()) if offset else 0,
        "poll_interval_s": extra.poll_interval_s,
        "poll_jitter_s": jitter_s(extra.poll_interval_s),
        "lease_s": extra.lease_s,
    }
    reply["commands"] = [
        {"id": c.id, "name": c.name.value, "args": dict(c.args), "expires_at": utc_text(c.expires)}
        for c in extra.commands
    ]
    if extra.forecast:
        reply["forecast"] = [{"time": utc_text(when), "temp_out": round(temp, 1)} for when, temp in extra.forecast]
    if extra.firmware is not None:
        reply["firmware"] = extra.firmware
    if extra.new_key is not None:
        reply["new_key"] = extra.new_key
    return reply
