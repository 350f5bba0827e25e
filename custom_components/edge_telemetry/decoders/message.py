"""A decoded message."""

from dataclasses import dataclass, field
from typing import Any

from .errors import Reason

type Value = float | int | str | bool | None


@dataclass(slots=True)
class Message:
    """What a device said, in the suite's own names and units.

    Attributes:
        metrics: Metric key (see metrics.py) -> value; None where the device knows none.
        ts: The device's own time (epoch seconds, not yet checked), or None.
        seq: Its sequence number, or None.
        info: What it says of itself: name, model, sw_version, hw_version.
        source: The gateway that relayed it, or None.
        rejected: Values that were left out, and why.
        original: The message as received, where it says more than `metrics`; None where it says the same.
        ruuvi: Whether it comes from a RuuviTag.
    """

    metrics: dict[str, Value]
    ts: float | None = None
    seq: int | None = None
    info: dict[str, str] = field(default_factory=dict)
    source: str | None = None
    rejected: dict[str, Reason] = field(default_factory=dict)
    original: Any = None
    ruuvi: bool = False
