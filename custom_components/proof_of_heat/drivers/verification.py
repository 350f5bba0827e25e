"""Verification: compares commands with the reported state."""

from dataclasses import fields, replace
import math
from typing import Any, Final

from .._lib.heat_source import Capabilities, Command, Control, SourceState
from .device_settings import IsSame, Settings, SettingValue, Shown
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
_CONTROL_OF: Final = {
    "on": Control.ON_OFF,
    "power_w": Control.POWER,
    "mode": Control.MODE,
    "flow_c": Control.FLOW,
    "slope": Control.CURVE,
    "level": Control.CURVE,
    "room_c": Control.ROOM,
}
_EXACT: Final = 0.01
"""A setting that differs by more is written back."""


def flow_tolerance_k(step_k: float) -> float:
    """Return by how much the shown flow setpoint of a device may differ that is set in such steps; 0: unknown steps.

    Half a kelvin of flow temperature is 5 to 10 % of the heat of an underfloor heating: a device that can be set that
    finely gets it.
    """
    usual = _TOLERANCES["flow_c"]
    return min(usual, step_k / 2 + _EXACT) if step_k > 0 else usual


def is_shown(
    command: Command, state: SourceState, power_tolerance_w: float, flow_tolerance_k: float = _TOLERANCES["flow_c"]
) -> bool:
    """Return whether the state shows all values of the command."""
    return not unconfirmed_fields(command, state, power_tolerance_w, flow_tolerance_k)


def unconfirmed_fields(
    command: Command, state: SourceState, power_tolerance_w: float, flow_tolerance_k: float = _TOLERANCES["flow_c"]
) -> frozenset[str]:
    """Return the commanded fields that the state does not show; a value that is not reported counts as not shown."""
    tolerances = {**_TOLERANCES, "power_w": power_tolerance_w, "flow_c": flow_tolerance_k}
    missing = set()
    for name, state_name in _STATE_FIELD.items():
        target = getattr(command, name)
        if target is None:
            continue
        actual = getattr(state, state_name)
        tolerance = tolerances.get(name)
        if actual is None:
            missing.add(name)
        elif tolerance is None:
            if actual != target:
                missing.add(name)
        elif abs(actual - target) > tolerance:
            missing.add(name)
    return frozenset(missing)


def shown_fields(capabilities: Capabilities, state: SourceState) -> Shown:
    """Return the settings that can be commanded, by the fields of a command."""
    return {
        name: getattr(state, state_name)
        for name, state_name in _STATE_FIELD.items()
        if _CONTROL_OF[name] in capabilities.controls
    }


def commanded_fields(command: Command) -> Settings:
    """Return what a command sets, by its fields."""
    values = {name: getattr(command, name) for name in _STATE_FIELD}
    return {name: value for name, value in values.items() if value is not None}


def is_same_setting(key: str, one: SettingValue, other: SettingValue, power_tolerance_w: float) -> bool:
    """Return whether two values of a command's field are the same for a device."""
    tolerance = power_tolerance_w if key == "power_w" else _TOLERANCES.get(key)
    return _is_near(one, other, tolerance or _EXACT)


def unrestored(target: Settings, shown: Shown, is_same: IsSame | None) -> dict[str, SettingValue]:
    """Return the settings that the device does not show; without `is_same`, they must be equal."""
    missing: dict[str, SettingValue] = {}
    for key, value in target.items():
        actual = shown.get(key)
        if actual is None or not (_is_near(actual, value, _EXACT) if is_same is None else is_same(key, actual, value)):
            missing[key] = value
    return missing


def _is_near(one: SettingValue, other: SettingValue, tolerance: float) -> bool:
    if isinstance(one, (bool, str)) or isinstance(other, (bool, str)):
        return one == other
    return abs(one - other) <= tolerance


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
