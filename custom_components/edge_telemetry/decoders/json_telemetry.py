"""JSON telemetry: a `metrics` object or flat members, see docs/telemetry.md."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

import orjson

from . import types  # noqa: F401  registers the device types, whose metrics are needed below
from .device_types import type_of_message
from .errors import DecodeError, Reason
from .message import Message, Value
from .metrics import METRICS, Kind, resolve
from .timestamps import parse_time

MAX_BYTES: Final = 65_536
MAX_METRICS: Final = 256
MAX_TEXT: Final = 255
_MAX_DEPTH: Final = 4

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
_NUMBERS: Final = frozenset(key for key, metric in METRICS.items() if metric.kind in {Kind.MEASUREMENT, Kind.TOTAL})
# Members of the envelope; the other members of a flat message are metrics.
RESERVED: Final = frozenset(
    (*_TIME, *_SEQUENCE, *_INFO, "metrics", "site", "site_id", "system", "device", "device_id", "sensor_id", "schema")
)


def decode(payload: bytes | str) -> Message:
    """Decode a message.

    Raises:
        DecodeError: It contains no metrics; see its reason.
    """
    if len(payload) > MAX_BYTES:
        raise DecodeError(Reason.TOO_LARGE, f"{len(payload)} bytes")
    try:
        found = orjson.loads(payload)
    except ValueError, RecursionError:
        raise DecodeError(Reason.NOT_JSON) from None
    if not isinstance(found, dict):
        raise DecodeError(Reason.NOT_AN_OBJECT, type(found).__name__)
    return decode_object(found)


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
        message = _read(nested, reserved=False)
    elif "metrics" in found:
        raise DecodeError(Reason.NO_METRICS, "metrics is not an object")
    else:
        message = _read(found, reserved=True)
        message.original = found
    if not message.metrics and not message.rejected:
        raise DecodeError(Reason.NO_METRICS)
    message.ts = _first(found, _TIME, parse_time)
    message.seq = _first(found, _SEQUENCE, _as_sequence)
    for name, meaning in _INFO.items():
        if isinstance(text := found.get(name), str) and text:
            message.info[meaning] = text[:MAX_TEXT]
    if message.original is True:
        message.original = found
    return message


def _read(members: Mapping[str, Any], *, reserved: bool) -> Message:
    """Return the metrics among the members; `original` is True where they had other names or types."""
    metrics: dict[str, Value] = {}
    rejected: dict[str, Reason] = {}
    plain = True
    for name, value in members.items():
        if reserved and name in RESERVED:
            continue
        if type(value) is float and name in _NUMBERS:  # the usual case, on which speed depends
            metrics[name] = value
            continue
        if isinstance(value, dict | list):
            plain = False
            for inner, leaf in _leaves(name, value, 1):
                _add(inner, leaf, metrics, rejected)
        elif not _add(name, value, metrics, rejected):
            plain = False
        if len(metrics) > MAX_METRICS:
            rejected[name] = Reason.TOO_MANY_METRICS
            break
    message = Message(metrics, rejected=rejected)
    message.original = None if plain else True
    return message


def _leaves(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield a name per leaf of nested objects; lists have no names and are kept in the archive only."""
    if not isinstance(value, dict):
        if not isinstance(value, list):
            yield name, value
        return
    if depth < _MAX_DEPTH:
        for inner, leaf in value.items():
            yield from _leaves(f"{name}_{inner}", leaf, depth + 1)


def _add(name: str, value: Any, metrics: dict[str, Value], rejected: dict[str, Reason]) -> bool:
    """Add one value; return whether it was added unchanged under its own name."""
    if (resolved := resolve(name)) is None:
        rejected[name[:MAX_TEXT]] = Reason.BAD_VALUE
        return False
    key, factor = resolved
    if key in metrics and key != name:  # the proper name takes precedence over an alias
        return False
    known = METRICS.get(key)
    read = value if known is None else _as_known(value, known.kind)
    if isinstance(read, str):
        read = read.strip()[:MAX_TEXT]
    if isinstance(read, float) and not isfinite(read):
        read = _BAD
    if read is _BAD:
        rejected[key] = Reason.BAD_VALUE
        return False
    if factor != 1.0 and isinstance(read, int | float):
        read = read * factor
    metrics[key] = read
    return key == name and read is value


_BAD: Final[Any] = object()


def _as_known(value: Any, kind: Kind) -> Any:
    """Return the value of a known metric: a number may be a text, a flag 0/1 or on/off; anything else is invalid."""
    if value is None:
        return None
    if kind is Kind.FLAG:
        if isinstance(value, str):
            return _FLAG_WORDS.get(value.strip().casefold(), _BAD)
        return bool(value) if value in (0, 1) else _BAD
    if isinstance(value, bool):
        return _BAD
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return _BAD
    return value


_FLAG_WORDS: Final = {
    "on": True, "true": True, "yes": True, "open": True, "1": True,
    "off": False, "false": False, "no": False, "closed": False, "0": False,
}  # fmt: skip


def _first[T](members: Mapping[str, Any], names: tuple[str, ...], read: Any) -> T | None:
    for name in names:
        if name in members and (value := read(members[name])) is not None:
            found: T = value
            return found
    return None


def _as_sequence(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
