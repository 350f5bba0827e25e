"""Conversions of single wire values that several families share."""

from collections.abc import Callable
from typing import Any

from ..wire_values import Values, as_number, lookup

# In mV: any mains voltage is far above, the stray voltage behind an open relay below.
MIN_GRID_VOLTAGE_MV = 60_000


def greater_than(limit: float) -> Callable[[Any], bool | None]:
    """Return a test for a number greater than `limit`."""

    def test(wire_value: Any) -> bool | None:
        return None if (value := as_number(wire_value)) is None else value > limit

    return test


is_positive = greater_than(0)


def port_is_on(wire_value: Any) -> bool | None:
    """Return the port state of the newer generation: bit 1 is set while it is on (2, 14: on; 0, 4, 12: off)."""
    return None if (value := as_number(wire_value)) is None else int(value) & 0b10 != 0


def current_value(values: Values, path: str, default: Any = 0) -> Any:
    """Return a wire value that a command has to repeat, `default` if it is unknown."""
    value = lookup(values, path)
    return default if value is None else value
