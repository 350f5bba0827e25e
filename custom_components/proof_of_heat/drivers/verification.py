"""Verification: compares commands with the reported state."""

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
    """Return whether the state shows all values of the command."""
    return not unconfirmed_fields(command, state, power_tolerance_w)


def unconfirmed_fields(command: Command, state: SourceState, power_tolerance_w: float) -> frozenset[str]:
    """Return the commanded fields that the state does not show; a value that is not reported counts as not shown."""
    missing = set()
    for name, state_name in _STATE_FIELD.items():
        target = getattr(command, name)
        if target is None:
            continue
        actual = getattr(state, state_name)
        tolerance = power_tolerance_w if name == "power_w" else _TOLERANCES.get(name)
        if actual is None:
            missing.add(name)
        elif tolerance is None:
            if actual != target:
                missing.add(name)
        elif abs(actual - target) > tolerance:
            missing.add(name)
    return frozenset(missing)


def keep_fields(command: Command, names: frozenset[str]) -> Command:
    """Return the command with only these fields."""
    drop: dict[str, Any] = {name: None for name in _STATE_FIELD if name not in names}
    return replace(command, **drop)


def clamp(value: float, low: float | None, high: float | None) -> float:
    """Return `value` within the known limits."""
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    return value


def check_finite(command: Command) -> None:
    """Reject a command with a value that is not finite.

    Raises:
        RefusedError: a value is not finite.
    """
    for spec in fields(Command):
        value = getattr(command, spec.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise RefusedError(f"{spec.name} is not a number")
