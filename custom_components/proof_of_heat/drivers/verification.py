"""Commands and reports compared: what of a command the device does not show yet."""

from dataclasses import fields, replace
import math
from typing import Any, Final

from .._lib.heat_source import Command, SourceState
from .errors import RefusedError

_TOLERANCES: Final = {"flow_c": 0.5, "slope": 0.051, "level": 0.51, "room_c": 0.26}
_STATE_FIELD: Final = {
    "on": "on",
    "power_w": "power_limit_w",
    "mode": "mode",
    "flow_c": "flow_setpoint_c",
    "slope": "slope",
    "level": "level",
    "room_c": "room_setpoint_c",
}


def is_shown(command: Command, state: SourceState, power_tolerance_w: float) -> bool:
    """Whether the report shows everything the command wants."""
    return not unconfirmed_fields(command, state, power_tolerance_w)


def unconfirmed_fields(command: Command, state: SourceState, power_tolerance_w: float) -> frozenset[str]:
    """The commanded fields that the report does not show (a value not reported counts as not shown)."""
    missing = set()
    for name, state_name in _STATE_FIELD.items():
        wanted = getattr(command, name)
        if wanted is None:
            continue
        actual = getattr(state, state_name)
        tolerance = power_tolerance_w if name == "power_w" else _TOLERANCES.get(name)
        if actual is None:
            missing.add(name)
        elif tolerance is None:
            if actual != wanted:
                missing.add(name)
        elif abs(actual - wanted) > tolerance:
            missing.add(name)
    return frozenset(missing)


def keep_fields(command: Command, names: frozenset[str]) -> Command:
    """The command with only the named fields."""
    drop: dict[str, Any] = {name: None for name in _STATE_FIELD if name not in names}
    return replace(command, **drop)


def clamp(value: float, low: float | None, high: float | None) -> float:
    """`value` inside the limits that are known."""
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    return value


def check_finite(command: Command) -> None:
    """RefusedError for a command that holds something that is no number."""
    for spec in fields(Command):
        value = getattr(command, spec.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise RefusedError(f"{spec.name} is not a number")
