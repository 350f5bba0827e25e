"""Small decoders that families share."""

from collections.abc import Callable
from typing import Any

from ..quantities import Values, lookup, number


def above(limit: float) -> Callable[[Any], bool | None]:
    """Return a test for "greater than the limit"."""

    def test(raw: Any) -> bool | None:
        return None if (value := number(raw)) is None else value > limit

    return test


def positive(raw: Any) -> bool | None:
    """Tell whether a number is greater than 0."""
    return None if (value := number(raw)) is None else value > 0


def open_flow(raw: Any) -> bool | None:
    """Read a flow state of the newer generation: bit 1 tells an open port (2, 14: on; 0, 4, 12: off)."""
    return None if (value := number(raw)) is None else int(value) & 0b10 != 0


def current(values: Values, path: str, default: Any = 0) -> Any:
    """Return a wire value that has to go along with a command, or what it is when unknown."""
    value = lookup(values, path)
    return default if value is None else value


# mV: any mains is far above, what an open relay picks up is below.
GRID_PRESENT_MV = 60_000
