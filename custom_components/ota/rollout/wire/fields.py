"""Parse JSON fields strictly: an invalid value is an error that names the field. Invalid readings are ignored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
import re
from typing import Any, Final

from ..errors import WireError

MAX_TEXT: Final = 120
_MAX_NAME: Final = 32
_NOT_FINITE: Final = ("nan", "inf", "infinity")
"""How `parse_device_object` returns numbers that JSON cannot express."""
_NUMBER: Final = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", re.ASCII)


def text(data: Mapping[str, Any], name: str, *, longest: int = MAX_TEXT) -> str | None:
    """Return a string; None if missing or null. Characters that cannot be printed (NUL, line ends) become spaces.

    Raises:
        WireError: `bad_value`.
    """
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise WireError("bad_value", f"must be text of at most {longest} characters", field=name)
    return value if value.isprintable() else _printable(value)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def integer(data: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """Return an integer within a range; None if missing or null.

    Raises:
        WireError: `bad_value`.
    """
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise WireError("bad_value", f"must be an integer from {low} to {high}", field=name)
    return value


@dataclass(frozen=True, slots=True)
class Readings:
    """The readings of a device.

    Attributes:
        values: By name; None if it sent none.
        ignored: Readings without a valid value, with the reason.
    """

    values: dict[str, float] | None = None
    ignored: dict[str, str] = field(default_factory=dict)


def readings(data: Mapping[str, Any], name: str, *, most: int) -> Readings:
    """Return an object of numbers. An invalid one costs only itself; numbers as text are read.

    A reading that failed (null, NaN or infinity) is ignored without a reason.

    Raises:
        WireError: `bad_value` for what is not an object, or has too many members.
    """
    found = data.get(name)
    if found is None:
        return Readings()
    if not isinstance(found, Mapping) or len(found) > most:
        raise WireError("bad_value", f"must be an object of at most {most} numbers", field=name)
    values: dict[str, float] = {}
    ignored: dict[str, str] = {}
    for key, value in found.items():
        if value is None or not key.isprintable() or _is_not_finite(value):
            continue
        number = _number(value)
        if number is None or len(key) > _MAX_NAME:
            ignored[f"{name}.{key[:_MAX_NAME]}"] = f"must be a number, with a name of at most {_MAX_NAME} characters"
        elif math.isfinite(number):
            values[key] = number
    return Readings(values, ignored)


def _is_not_finite(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lstrip("+-").lower() in _NOT_FINITE


def _number(value: Any) -> float | None:
    """Return a number, also one that is sent as text."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def required[T](value: T | None, name: str) -> T:
    """Return the value.

    Raises:
        WireError: `missing`.
    """
    if value is None:
        raise WireError("missing", "is required", field=name)
    return value
