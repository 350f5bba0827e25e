"""Reading numbers out of replies that may hold anything."""

from collections.abc import Mapping
import math
from typing import Any


def number(value: object) -> float | None:
    """A finite number, also written as text; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, str)):
        try:
            result = float(value)
        except ValueError:
            return None
        return result if math.isfinite(result) else None
    return None


def at(value: object, *path: str | int) -> Any:
    """The value at a path of keys and indexes; None where the path ends early."""
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def rows_at(value: object, *path: str | int) -> list[Any]:
    """The list at a path; an empty one where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def number_at(value: object, *path: str | int) -> float | None:
    """`number` of `at`."""
    return number(at(value, *path))


def scaled(value: float | None, factor: float, digits: int = 3) -> float | None:
    """`value` times `factor`, rounded; None stays None."""
    return None if value is None else round(value * factor, digits)


def highest(values: list[float | None]) -> float | None:
    """The highest of those that are known; None without any."""
    known = [value for value in values if value is not None]
    return max(known) if known else None


def first(*values: float | None) -> float | None:
    """The first value that is known."""
    return next((value for value in values if value is not None), None)
