"""Access to values in replies of any structure."""

from collections.abc import Mapping
import math
from typing import Any


def number(value: object) -> float | None:
    """Return a finite number, also from text; None for anything else."""
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
    """Return the value at a path of keys and indexes; None if the path does not exist."""
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def rows_at(value: object, *path: str | int) -> list[Any]:
    """Return the list at a path; an empty list if there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def number_at(value: object, *path: str | int) -> float | None:
    """Return the number at a path; None if there is none."""
    return number(at(value, *path))


def scaled(value: float | None, factor: float, digits: int = 3) -> float | None:
    """Return `value` times `factor`, rounded; None for None."""
    return None if value is None else round(value * factor, digits)


def highest(values: list[float | None]) -> float | None:
    """Return the maximum of the known values; None without any."""
    known = [value for value in values if value is not None]
    return max(known) if known else None


def lowest(values: list[float | None]) -> float | None:
    """Return the minimum of the known values; None without any."""
    known = [value for value in values if value is not None]
    return min(known) if known else None


def first(*values: float | None) -> float | None:
    """Return the first known value; None without any."""
    return next((value for value in values if value is not None), None)
