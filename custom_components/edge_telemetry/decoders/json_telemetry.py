"""JSON telemetry: a `metrics` object or flat members, see docs/telemetry.md."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

from . import types  # noqa: F401  registers the device types, whose metrics are needed below
from .device_types import type_of_message
from .errors import DecodeError, Reason
from .message import Message
from .metrics import METRICS, Kind, describe, resolve
from .timestamps import parse_time
from .tolerant_json import NOT_A_NUMBER, parse_json
from .units import convert, find_unit

MAX_BYTES: Final = 65_536
MAX_METRICS: Final = 256
MAX_TEXT: Final = 255
_MAX_DEPTH: Final = 4
_MAX_UNIT: Final = 16

_UNIT_KEYS: Final = ("unit", "units", "unit_of_measurement", "uom")
_PER_PHASE: Final = frozenset({"current_a", "power_w", "voltage_v", "energy_kwh"})

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
    found, repair = parse_json(payload)
    if not isinstance(found, dict):
        reason = Reason.NOT_JSON if repair is Reason.BAD_CHARACTER else Reason.NOT_AN_OBJECT
        raise DecodeError(reason, type(found).__name__)
    message = decode_object(found)
    if repair is not None:
        message.repair = repair
        if message.original is None:
            message.original = found
    return message


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
    message = Message(metrics := {})
    plain = True
    for name, value in members.items():
        if reserved and name in RESERVED:
            continue
        if type(value) is float and name in _NUMBERS:  # the usual case, on which speed depends
            metrics[name] = value
            continue
        if isinstance(value, dict | list):
            plain = False
            for inner, leaf, unit in leaves(name, value):
                add(message, inner, leaf, unit)
        elif not add(message, name, value):
            plain = False
        if len(metrics) > MAX_METRICS:
            message.rejected[name] = Reason.TOO_MANY_METRICS
            break
    message.original = None if plain else True
    return message


def leaves(name: str, value: Any, depth: int = 1) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, value and unit per leaf of nested objects.

    An object with `value` (and `unit`) is one value. A list of the values of two or three phases has a value for each;
    other lists have no names and are kept in the archive only.
    """
    match value:
        case {"value": int() | float() | str() | None as inner}:
            yield name, inner, next((value[key] for key in _UNIT_KEYS if key in value), None)
        case dict():
            if depth < _MAX_DEPTH:
                for inner, leaf in value.items():
                    yield from leaves(f"{name}_{inner}", leaf, depth + 1)
        case [_, _] | [_, _, _] if (key := _phase_key(name)) is not None:
            for number, leaf in enumerate(value, 1):
                if not isinstance(leaf, dict | list):
                    yield f"l{number}_{key}", leaf, None
        case list():
            pass
        case _:
            yield name, value, None


def _phase_key(name: str) -> str | None:
    """Return the metric of a list with a value per phase; None for other lists."""
    resolved = resolve(name)
    return resolved[0] if resolved is not None and resolved[1] == 1.0 and resolved[0] in _PER_PHASE else None


def add(message: Message, name: str, value: Any, unit: Any = None) -> bool:
    """Add one value to a message; return whether it was added unchanged under its own name."""
    metrics = message.metrics
    if (resolved := resolve(name)) is None:
        message.rejected[name[:MAX_TEXT]] = Reason.BAD_VALUE
        return False
    key, factor = resolved
    if key in metrics and key != name:  # the proper name takes precedence over an alias
        return False
    known = METRICS.get(key)
    read = value if known is None else _as_known(value, known.kind)
    if isinstance(read, str):
        read = _BAD if read == NOT_A_NUMBER else read.strip()[:MAX_TEXT]
    elif isinstance(read, float) and not isfinite(read):
        read = _BAD
    if unit is not None and read is not _BAD:
        read = _with_unit(message, key, read, unit)
    if read is _BAD:
        message.rejected[key] = Reason.BAD_VALUE
        return False
    if factor != 1.0 and isinstance(read, int | float):
        read = read * factor
    metrics[key] = read
    return key == name and read is value


def _with_unit(message: Message, key: str, value: Any, text: Any) -> Any:
    """Return the value in the metric's own unit; a metric without a unit gets the one that is stated."""
    if not isinstance(text, str) or not (text := text.strip()[:_MAX_UNIT]):
        return value
    unit, own = find_unit(text), describe(key).unit
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value
    if own is None:
        message.units[key] = text if unit is None else unit.name
        return value
    if unit is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    converted = convert(value, unit, own)
    return _BAD if converted is None else converted


_BAD: Final[Any] = object()


def _as_known(value: Any, kind: Kind) -> Any:
    """Return the value of a known metric: a number may be a text, a flag 0/1 or on/off; anything else is invalid."""
    if value is None:
        return None
    if kind is Kind.FLAG:
        if isinstance(value, str):
            return FLAG_WORDS.get(value.strip().casefold(), _BAD)
        return bool(value) if value in (0, 1) else _BAD
    if isinstance(value, bool):
        return _BAD
    if isinstance(value, str):
        try:
            return float(value.replace(",", "."))
        except ValueError:
            return _BAD
    return value


FLAG_WORDS: Final = {
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
