"""Types of values, and how a metric's type widens when its values do."""

from enum import StrEnum
from typing import Any, Final

from .decoders import FLAG_WORDS, Kind, Value, describe, is_number, is_placeholder


class ValueType(StrEnum):
    """Type of a metric's values: decided by the first one, and widened where later ones are no such values."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"


_BY_KIND: Final = {Kind.FLAG: ValueType.FLAG, Kind.TEXT: ValueType.TEXT, Kind.EVENT: ValueType.TEXT}

BAD: Final[Any] = object()
"""A value that the type of its metric does not allow: unknown, and counted."""


def first_type(key: str, value: Value, unit: str | None = None) -> ValueType | None:
    """Return the value type of a metric by its first value; None while the device has no value."""
    if value is None or is_placeholder(value):
        return None
    metric = describe(key, unit)
    if metric.known:
        return _BY_KIND.get(metric.kind, ValueType.NUMBER)
    match value:
        case bool():
            return ValueType.FLAG
        case int() | float():
            return ValueType.NUMBER
    # Digits may be a serial number; with a unit they are a number.
    return ValueType.NUMBER if metric.unit is not None and _number(value) is not None else ValueType.TEXT


def widen(key: str, value_type: ValueType, previous: Value, value: Value) -> tuple[ValueType, Value]:
    """Return the type that a metric has from now on, and the value in this type; BAD if it cannot be one.

    Args:
        key: The metric; a known one keeps its type.
        value_type: Its type so far.
        previous: Its last value, None if there was none.
        value: Its new value, which is not None.
    """
    metric = describe(key)
    fixed = metric.known or metric.unit is not None
    match value_type:
        case ValueType.NUMBER:
            return _widen_number(fixed, value)
        case ValueType.FLAG:
            return _widen_flag(fixed, value)
        case _:
            return _widen_text(_BY_KIND.get(metric.kind) is ValueType.TEXT, previous, value)


def _widen_number(fixed: bool, value: Value) -> tuple[ValueType, Value]:
    if is_number(value):
        return ValueType.NUMBER, value
    if isinstance(value, str):
        if (number := _number(value)) is not None:
            return ValueType.NUMBER, number
        if not fixed and not is_placeholder(value):
            return ValueType.TEXT, value
    return ValueType.NUMBER, BAD


def _widen_flag(fixed: bool, value: Value) -> tuple[ValueType, Value]:
    if isinstance(value, bool):
        return ValueType.FLAG, value
    if isinstance(value, str):
        if (flag := FLAG_WORDS.get(value.casefold())) is not None:
            return ValueType.FLAG, flag
        return (ValueType.FLAG, BAD) if fixed or is_placeholder(value) else (ValueType.TEXT, value)
    if value in (0, 1):
        return ValueType.FLAG, bool(value)
    return (ValueType.FLAG, BAD) if fixed else (ValueType.NUMBER, value)


def _widen_text(fixed: bool, previous: Value, value: Value) -> tuple[ValueType, Value]:
    if isinstance(value, str):
        return ValueType.TEXT, value
    if isinstance(value, bool):
        return ValueType.TEXT, str(value).lower()
    if fixed or not (previous is None or is_placeholder(previous) or _number(previous) is not None):
        return ValueType.TEXT, str(value)
    # It was a text only because the first value was a placeholder.
    return ValueType.NUMBER, value


def _number(value: Value) -> float | None:
    try:
        return float(value.replace(",", ".")) if isinstance(value, str) and not is_placeholder(value) else None
    except ValueError:
        return None
