"""The suite's own JSON: an object with `metrics` or flat members, see docs/telemetry.md."""

from collections.abc import Mapping
from typing import Any, Final

from .device_types import type_of_message
from .errors import DecodeError, Reason
from .limits import is_possible
from .message import Message
from .metrics import NUMBERS
from .reading import add, add_info, leaves
from .timestamps import parse_time

MAX_METRICS: Final = 256
_MILLIVOLTS_FROM: Final = 1000

_TIME: Final = ("ts", "timestamp", "time")
_SEQUENCE: Final = ("seq", "sequence")
_INFO: Final = {
    "name": "name",
    "model": "model",
    "fw": "sw_version",
    "firmware": "sw_version",
    "sw_version": "sw_version",
    "hw_version": "hw_version",
}
# Members of the envelope; the other members of a flat message are metrics.
RESERVED: Final = frozenset(
    (*_TIME, *_SEQUENCE, *_INFO, "metrics", "site", "site_id", "system", "device", "device_id", "sensor_id", "schema")
)


def decode_object(found: dict[str, Any]) -> Message:
    """Decode a parsed message.

    Raises:
        DecodeError: It contains no metrics.
    """
    device_type = type_of_message(found)
    if device_type.decode is not None:
        return device_type.decode(found)
    nested = found.get("metrics")
    if isinstance(nested, dict):
        message, is_plain = _read(nested, reserved=False)
    elif "metrics" in found:
        raise DecodeError(Reason.NO_METRICS, "metrics is not an object")
    else:
        message, _ = _read(found, reserved=True)
        is_plain = False
    if not message.metrics and not message.rejected:
        raise DecodeError(Reason.NO_METRICS)
    message.ts = _first(found, _TIME, parse_time)
    message.seq = _first(found, _SEQUENCE, _as_sequence)
    add_info(message, found, _INFO)
    if not is_plain:
        message.original = found
    return message


def _read(members: Mapping[str, Any], *, reserved: bool) -> tuple[Message, bool]:
    """Return the metrics among the members, and whether these have the names and types of metrics."""
    message = Message(metrics := {})
    is_plain = True
    for name, value in members.items():
        if reserved and name in RESERVED:
            continue
        if name == "voltage" and _is_millivolts(value, members):
            add(message, "battery_v", round(value / 1000, 3))
            is_plain = False
            continue
        # The usual case, on which speed depends.
        if type(value) is float and name in NUMBERS and is_possible(name, value):
            metrics[name] = value
            continue
        if isinstance(value, dict | list):
            is_plain = False
            for inner, leaf, unit in leaves(name, value):
                add(message, inner, leaf, unit)
        elif not add(message, name, value):
            is_plain = False
        if len(metrics) > MAX_METRICS:
            message.rejected[name] = Reason.TOO_MANY_METRICS
            break
    return message, is_plain


def _is_millivolts(value: Any, members: Mapping[str, Any]) -> bool:
    """Return whether a voltage is that of a battery in mV: next to its level, and too high for volts."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not value >= _MILLIVOLTS_FROM:
        return False
    return any(name.casefold().startswith(("batt", "soc")) for name in members)


def _first[T](members: Mapping[str, Any], names: tuple[str, ...], read: Any) -> T | None:
    for name in names:
        if name in members and (value := read(members[name])) is not None:
            found: T = value
            return found
    return None


def _as_sequence(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
