"""Parse JSON fields strictly: an invalid value is an error that names the field."""

from collections.abc import Mapping
import math
from typing import Any, Final

from ..errors import WireError

MAX_TEXT: Final = 120
_MAX_NAME: Final = 32
_NOT_FINITE: Final = ("nan", "inf", "infinity")
"""How `parse_device_object` returns numbers that JSON cannot express."""


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


def numbers(data: Mapping[str, Any], name: str, *, most: int) -> dict[str, float] | None:
    """Return an object of numbers; None if missing or null.

    They are readings: one that failed (null, NaN or infinity) is ignored.

    Raises:
        WireError: `bad_value`.
    """
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, Mapping) or len(value) > most:
        raise WireError("bad_value", f"must be an object of at most {most} numbers", field=name)
    readings = {}
    for key, number in value.items():
        if number is None or (isinstance(number, str) and number.lstrip("+-").lower() in _NOT_FINITE):
            continue
        if isinstance(number, bool) or not isinstance(number, (int, float)) or len(key) > _MAX_NAME:
            where = f"{name}.{key[:_MAX_NAME]}"
            raise WireError(
                "bad_value", f"must be a number, with a name of at most {_MAX_NAME} characters", field=where
            )
        if math.isfinite(number) and key.isprintable():
            readings[key] = float(number)
    return readings


def required[T](value: T | None, name: str) -> T:
    """Return the value.

    Raises:
        WireError: `missing`.
    """
    if value is None:
        raise WireError("missing", "is required", field=name)
    return value
