"""Events: what a person did at a device. A metric of this kind has no state; each of its values happens once."""

from typing import Final, NamedTuple

from .metrics import METRICS, Kind, Metric, describe

BUTTON: Final = "button_event"
DIMMER: Final = "dimmer_event"
EVENT_TYPES: Final[dict[str, tuple[str, ...]]] = {
    BUTTON: (
        "press",
        "double_press",
        "triple_press",
        "long_press",
        "long_double_press",
        "long_triple_press",
        "hold_press",
    ),
    DIMMER: ("rotate_left", "rotate_right"),
}
"""Metric -> what can happen."""


class Happened(NamedTuple):
    """An event: its type, and by how many steps."""

    event_type: str
    steps: int | None = None


def is_event(key: str) -> bool:
    """Return whether the values of a metric are events."""
    return describe(key).kind is Kind.EVENT


def event_types(metric: Metric) -> tuple[str, ...]:
    """Return what can happen to a metric."""
    return EVENT_TYPES.get(metric.named or metric.key, ())


def parse_event(metric: Metric, value: object) -> Happened | None:
    """Return the event of a value such as `press` or `rotate_left 3`; None for any other value."""
    if not isinstance(value, str):
        return None
    name, _, steps = value.partition(" ")
    if name not in event_types(metric):
        return None
    return Happened(name, int(steps) if steps.isdecimal() else None)


assert all(METRICS[key].kind is Kind.EVENT for key in EVENT_TYPES)
