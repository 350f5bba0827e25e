"""Parse JSON fields strictly: an invalid value is an error that names the field."""

from collections.abc import Mapping
import math
from typing import Any, Final

from ..errors import WireError

MAX_TEXT: Final = 120


def text(data: Mapping[str, Any], name: str, *, longest: int = MAX_TEXT) -> str | None:
    """Return a string; None if missing or null.

    Raises:
        WireError: `bad_value`.
    """
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise WireError("bad_value", field=name)
    return value


def integer(data: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """Return an integer within a range; None if missing or null.

    Raises:
        WireError: `bad_value`.
    """
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise WireError("bad_value", field=name)
    return value


def numbers(data: Mapping[str, Any], name: str, *, most: int) -> dict[str, float] | None:
    """Return an object of finite numbers; None if missing or null.

    Raises:
        WireError: `bad_value`.
    """
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, Mapping) or len(value) > most:
        raise WireError("bad_value", field=name)
    for key, number in value.items():
        fits = isinstance(number, (int, float)) and not isinstance(number, bool) and len(key) <= 32
        if not fits or not math.isfinite(number):
            raise WireError("bad_value", field=f"{name}.{str(key)[:32]}")
    return {str(key): float(number) for key, number in value.items()}


def required[T](value: T | None, name: str) -> T:
    """Return the value.

    Raises:
        WireError: `missing`.
    """
    if value is None:
        raise WireError("missing", field=name)
    return value
