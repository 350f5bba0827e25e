"""Time of measurement: the device's time where it is plausible, else the time of arrival."""

from datetime import UTC, datetime, tzinfo
from math import isfinite
from typing import Any, Final

# From these values on, an epoch is in nanoseconds, microseconds or milliseconds: 1e11 s would be in the year 5138.
_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))

MAX_AHEAD_S: Final = 120.0
MAX_BEHIND_S: Final = 7 * 86_400.0


def parse_time(value: Any) -> float | None:
    """Epoch seconds from an epoch (number or digits; in s, ms, µs or ns) or ISO 8601 (UTC where no zone is given)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _epoch(float(value))
    if not isinstance(value, str):
        return None
    try:
        return _epoch(float(value))
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(value)
        return _epoch((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except ValueError, OverflowError:
        return None


def _epoch(value: float) -> float | None:
    if not isfinite(value) or value <= 0:
        return None
    return value / next((divisor for least, divisor in _UNITS if value >= least), 1.0)


def pick_time(device: float | None, arrival: float) -> tuple[float, bool]:
    """Return the time to use, and whether the device's own time was rejected.

    A device that stored its values while it was offline may be up to a week late; a clock that was never set or that
    is fast is ignored.
    """
    if device is None:
        return arrival, False
    if arrival - MAX_BEHIND_S <= device <= arrival + MAX_AHEAD_S:
        return device, False
    return arrival, True


def parse_local_time(value: Any) -> datetime | None:
    """Return a time without a time zone, as a device writes that knows only its local time; None for other times."""
    try:
        at = datetime.fromisoformat(value)
    except TypeError, ValueError:
        return None
    return at if at.tzinfo is None else None


def resolve_local_time(at: datetime, zone: tzinfo, arrival: float) -> float:
    """Return the epoch of a local time; in the hour that repeats, the one that is closer to the arrival."""
    found = (at.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return min(found, key=lambda epoch: abs(arrival - epoch))
