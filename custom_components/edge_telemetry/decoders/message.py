"""A decoded message."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeGuard

from .errors import Reason

type Value = float | int | str | bool | None


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number: a flag is not one, though it is an `int`."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(slots=True)
class Message:
    """A message of a device in the suite's names and units.

    Attributes:
        metrics: Metric key (see metrics.py) -> value; None where the device has no value.
        ts: The device's own time in epoch seconds, not checked yet; or None.
        seq: Its sequence number, or None.
        info: What the device reports about itself: name, model, sw_version, hw_version.
        source: The gateway that relayed it, or None.
        rejected: Values that were rejected, and why: they are unknown.
        units: Units of metrics that state theirs, as Home Assistant writes them.
        local_time: The device's own time without a time zone, if that is all it reports; or None.
        repair: What had to be repaired in the message before it could be read, or None.
        original: The message as received, where it contains more than `metrics`; None where it contains the same.
        device_type: Key of the device type whose message it is.
    """

    metrics: dict[str, Value]
    ts: float | None = None
    seq: int | None = None
    info: dict[str, str] = field(default_factory=dict)
    source: str | None = None
    rejected: dict[str, Reason] = field(default_factory=dict)
    original: Any = None
    device_type: str = "generic"
    units: dict[str, str] = field(default_factory=dict)
    local_time: datetime | None = None
    repair: Reason | None = None
