"""Reading what somebody wrote into a template: every mistake is named with its place."""

from collections.abc import Mapping
from typing import Any


class TemplateError(ValueError):
    """A template that cannot be used; the text says where and why."""


def known(row: object, allowed: frozenset[str], where: str) -> None:
    """Refuse keys that a mapping does not have."""
    if not isinstance(row, Mapping):
        raise TemplateError(f"{where}: not a mapping")
    if unknown := set(map(str, row)) - allowed:
        prefix = f"{where}: " if where else ""
        raise TemplateError(f"{prefix}unknown {', '.join(sorted(unknown))}")


def text(data: Mapping[Any, Any], key: str) -> str:
    """A text that is there."""
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise TemplateError(f"{key}: a text is missing")
    return value.strip()


def choice(data: Mapping[Any, Any], key: str, allowed: tuple[str, ...], default: str, where: str = "") -> str:
    """One of several words."""
    value = str(data.get(key, default))
    if value not in allowed:
        raise TemplateError(f"{at(where, key)}: {value} is none of {', '.join(allowed)}")
    return value


def number(
    data: Mapping[Any, Any], key: str, low: float, high: float, default: float | None, *, where: str = ""
) -> float:
    """A number within limits."""
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise TemplateError(f"{at(where, key)}: {value} is not a number from {low:g} to {high:g}")
    return float(value)


def integer(data: Mapping[Any, Any], key: str, low: int, high: int, default: int | None, *, where: str = "") -> int:
    """A whole one."""
    value = number(data, key, low, high, default, where=where)
    if not value.is_integer():
        raise TemplateError(f"{at(where, key)}: {value:g} is not a whole number")
    return int(value)


def optional(row: Mapping[Any, Any], key: str, where: str) -> float | None:
    """A number, or None where there is none."""
    return None if row.get(key) is None else number(row, key, -1e9, 1e9, None, where=where)


def numbers(data: Mapping[Any, Any], key: str, where: str) -> list[float]:
    """A list of numbers, or one."""
    values = data.get(key, [])
    if not isinstance(values, list):
        values = [values]
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in values):
        raise TemplateError(f"{at(where, key)}: not a list of numbers")
    return [float(value) for value in values]


def at(where: str, key: str) -> str:
    """A place in the template."""
    return f"{where}.{key}" if where else key
