"""Reading single values into a message: names, units and types are checked one by one."""

from collections.abc import Iterator, Mapping
from math import isfinite
import re
from typing import Any, Final

from .errors import Reason
from .limits import DISCONNECTED_C, is_possible
from .message import Message, Value
from .metrics import METRICS, Kind, describe, resolve
from .tolerant_json import NOT_A_NUMBER
from .units import convert, find_unit

MAX_TEXT: Final = 255
_MAX_DEPTH: Final = 4
_MAX_UNIT: Final = 16

_NUMBER_WITH_UNIT: Final = re.compile(r"([-+]?\d{1,20}(?:[.,]\d{1,20})?)\s*([^\d\s.,].{0,15})")
_UNIT_KEYS: Final = ("unit", "units", "unit_of_measurement", "uom")
_PER_PHASE: Final = frozenset({"current_a", "power_w", "voltage_v", "energy_kwh"})


# What devices write while they have no value. As the first value it decides nothing.
_PLACEHOLDERS: Final = frozenset(
    {"", "-", "--", "---", "?", "invalid", "invalid reading", "n/a", "na", "nan", "nil", "no sensor", "none", "null",
     "unavailable", "undefined", "unknown"}
)  # fmt: skip


FLAG_WORDS: Final = {
    "on": True, "true": True, "yes": True, "open": True, "1": True,
    "off": False, "false": False, "no": False, "closed": False, "0": False,
}  # fmt: skip
_BAD: Final[Any] = object()
_NUMBERS: Final = (float, int)


def is_placeholder(value: Value) -> bool:
    """Return whether a text means a value that the device does not have."""
    return isinstance(value, str) and value.strip().casefold() in _PLACEHOLDERS


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
    if unit is None and known is not None and known.unit is not None and isinstance(value, str):
        value, unit = split_unit(value)
    read = value if known is None else _as_known(value, known.kind)
    if read == 0 and isinstance(read, float):
        read = 0.0  # not -0.0
    if isinstance(read, str):
        read = _as_text(key, read)
    elif isinstance(read, float) and not isfinite(read):
        read = _BAD
    if unit is not None and read is not _BAD and not (read == DISCONNECTED_C and key.endswith("temperature_c")):
        read = _with_unit(message, key, read, unit)
    if factor != 1.0 and isinstance(read, int | float):
        read = read * factor
    if read is _BAD or (type(read) in _NUMBERS and not is_possible(key, read)):
        message.rejected[key] = Reason.BAD_VALUE
        return False
    metrics[key] = read
    return key == name and read is value


def add_info(message: Message, found: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Add what a device reports about itself. `names`: member -> what it means."""
    for name, meaning in names.items():
        if isinstance(text := found.get(name), str) and text:
            message.info[meaning] = text[:MAX_TEXT]


def split_unit(text: str) -> tuple[str, str | None]:
    """Return the number in a text and its unit (`21.5 °C`); a text that is something else unchanged, without a unit."""
    found = _NUMBER_WITH_UNIT.fullmatch(text.strip())
    return (text, None) if found is None or find_unit(found[2]) is None else (found[1], found[2])


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


def _as_text(key: str, text: str) -> Any:
    """Return a text, or the number in that of a metric with a unit."""
    if text == NOT_A_NUMBER:
        return _BAD
    text = text.strip()[:MAX_TEXT]
    if describe(key).unit is None:
        return text
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    return number if isfinite(number) else text


def _as_known(value: Any, kind: Kind) -> Any:
    """Return the value of a known metric: a number may be a text, a flag 0/1 or on/off; anything else is invalid."""
    if value is None:
        return None
    if kind is Kind.EVENT:
        return value if isinstance(value, str) else _BAD
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
