"""Numbers in the states of entities."""

import math

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN


def finite_number(text: str) -> float | None:
    """Return the number of a state; None where it has none."""
    if text in (STATE_UNKNOWN, STATE_UNAVAILABLE):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
