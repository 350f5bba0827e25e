"""Conversions of single wire values that several families share."""

from collections.abc import Callable
from typing import Any

from ..wire_values import PLACEHOLDERS, Values, as_number, lookup

# In mV: any mains voltage is far above, the stray voltage behind an open relay below.
MIN_GRID_VOLTAGE_MV = 60_000


# All bits of a byte set: what a flag or a state holds that has no value yet.
_BYTE_PLACEHOLDER = 255


def greater_than(limit: float) -> Callable[[Any], bool | None]:
    """Return a test for a number greater than `limit`; a negative number and a placeholder are unknown."""

    def test(wire_value: Any) -> bool | None:
        value = as_number(wire_value)
        return None if value is None or value < 0 or value in PLACEHOLDERS else value > limit

    return test


is_positive = greater_than(0)


def is_set(wire_value: Any) -> bool | None:
    """Return whether a flag or a numbered state is other than 0."""
    return None if as_number(wire_value) == _BYTE_PLACEHOLDER else is_positive(wire_value)


def port_is_on(wire_value: Any) -> bool | None:
    """Return the port state of the newer generation: bit 1 is set while it is on (2, 14: on; 0, 4, 12: off)."""
    value = as_number(wire_value)
    if value is None or value < 0 or value == _BYTE_PLACEHOLDER or value in PLACEHOLDERS:
        return None
    return int(value) & 0b10 != 0


def current_value(values: Values, path: str, default: Any = 0) -> Any:
    """Return a wire value that a command has to repeat, `default` if it is unknown."""
    value = lookup(values, path)
    return default if value is None else value
