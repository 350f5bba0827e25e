"""Access to the values a device reports: lookup by path and conversion of single values."""

from collections.abc import Mapping
from functools import cache
import math
import re
from typing import Any, Final

type Values = Mapping[str, Any]
type Decoded = float | int | str | bool | None

# What firmware writes into an integer that it has no value for: all bits set, or the limits of a signed one.
WIDE_PLACEHOLDERS: Final = frozenset({4_294_967_295, 2_147_483_647, -2_147_483_648})
PLACEHOLDERS: Final = WIDE_PLACEHOLDERS | {65_535, 32_767, -32_768}


def as_number(value: Any) -> float | None:
    """Return a finite number, None for anything else. A boolean is not a number, a numeric string is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, (int, float)):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # JSON allows integers of any length
        return None


_AS_BOOL: Final[dict[float | None, bool]] = {1: True, 0: False}


def as_bool(value: Any) -> bool | None:
    """Return True or False for 1, 0, true and false, None for anything else (255 means "unchanged" on some models).

    Each of them may be a text.
    """
    if isinstance(value, str):
        text = value.strip().casefold()
        return {"true": True, "false": False}.get(text, _AS_BOOL.get(as_number(text)))
    return _AS_BOOL.get(as_number(_as_integer(value)))


def is_same(one: Any, other: Any) -> bool:
    """Whether two wire values mean the same: 1, 1.0, "1" and true do."""
    if one == other:
        return True
    first, second = as_number(_as_integer(one)), as_number(_as_integer(other))
    return first is not None and first == second


def _as_integer(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def without_minus_zero(value: float) -> float:
    """Return a number, 0.0 for -0.0."""
    return value + 0.0


@cache
def _steps(path: str) -> tuple[str, tuple[int | str, ...]]:
    name, bracket, rest = path.partition("[")
    found = re.findall(r"\[(\d+)\]|\.([^.\[]+)", bracket + rest)
    return name, tuple(int(index) if index else key for index, key in found)


def stored_name(path: str) -> str:
    """Return the name under which the value of a path is stored."""
    return _steps(path)[0]


def lookup(values: Values, path: str) -> Any:
    """Return the value at a path such as `heartbeat.energyInfos[0].outputPower`, None if a part is missing."""
    name, steps = _steps(path)
    item = values.get(name)
    for step in steps:
        if isinstance(step, int):
            item = item[step] if isinstance(item, list) and step < len(item) else None
        else:
            item = item.get(step) if isinstance(item, Mapping) else None
    return item


def number_at(values: Values, path: str) -> float | None:
    """Return the number at a path, None if there is none or the placeholder of an integer."""
    number = as_number(lookup(values, path))
    return None if number in PLACEHOLDERS else number
