"""Translates the engine's command into what a source can execute."""

from dataclasses import dataclass, fields

from .._lib.heat_source import Capabilities, Command, Control, SourceState
from .._lib.heating_curve import curve_shape
from ..engine.decision_record import SourceCommand

_DEADBAND_K = 0.75
"""Devices accept whole kelvins; the call budget allows a write every ten minutes."""
MAX_SHIFT_K = 8.0
"""A curve stays this near to the user's: it remains harmless if it is the last command that the device gets."""
OFF_ROOM_C = 15.0
"""The setpoint of a source that is controlled by a room temperature alone and is not needed."""


_NO_SETTINGS = ("id", "lease_s", "by_user")
OFF_FLOW_C = 30.0
"""Water of at most this flow temperature hardly heats a room."""
_OFF_FLOW_C = 20.0


def can_stop(capabilities: Capabilities) -> bool:
    """Return whether a source can be commanded to make no heat: by a switch, or by a setpoint that ends its heat.

    A heating curve cannot do that: the device decides whether the heat that remains is worth a start.
    """
    controls = capabilities.controls
    if not getattr(capabilities, "can_stop", True):
        return False
    if controls & {Control.ON_OFF, Control.ROOM} or not controls - {Control.MODE}:
        return True
    if Control.POWER in controls:
        return not capabilities.min_power_w
    return Control.FLOW in controls and (capabilities.min_flow_c or _OFF_FLOW_C) <= OFF_FLOW_C


@dataclass(frozen=True, slots=True)
class UserCurve:
    """The heating curve that the device had before it was controlled; None: not known."""

    slope: float | None = None
    level: float | None = None

    def bounded(self, level: float) -> float:
        """Return the level within the permitted distance from the user's."""
        if self.level is None:
            return level
        return min(max(level, self.level - MAX_SHIFT_K), self.level + MAX_SHIFT_K)


UNKNOWN = UserCurve()


def source_command(
    planned: SourceCommand,
    capabilities: Capabilities,
    state: SourceState,
    *,
    cycle_id: str,
    outdoor_c: float | None,
    slope: float,
    room_c: float,
    user: UserCurve = UNKNOWN,
) -> Command | None:
    """Return the source's command; None where nothing must be written now.

    A source that has neither a switch nor a power or flow setpoint cannot be turned off: its room setpoint or curve is
    lowered.
    """
    if planned.hold:
        return None
    controls = capabilities.controls
    on = planned.on if Control.ON_OFF in controls else None
    if not planned.on:
        if on is None and Control.POWER in controls:
            return Command(id=cycle_id, power_w=capabilities.min_power_w or 0.0, lease_s=planned.lease_s)
        if on is None and Control.FLOW in controls:
            return Command(id=cycle_id, flow_c=capabilities.min_flow_c or _OFF_FLOW_C, lease_s=planned.lease_s)
        if on is not None:
            return Command(id=cycle_id, on=False, lease_s=planned.lease_s)
        if Control.ROOM in controls:
            return Command(id=cycle_id, room_c=OFF_ROOM_C, lease_s=planned.lease_s)
        if Control.CURVE in controls and user.level is not None:
            lowest = _steady(_in_range(user.level - MAX_SHIFT_K, capabilities), state)
            return Command(id=cycle_id, level=lowest, lease_s=planned.lease_s)
        return None
    level: float | None = None
    slope = slope if user.slope is None else user.slope
    if Control.CURVE in controls and Control.FLOW not in controls and outdoor_c is not None:
        wanted = planned.flow_c - 20.0 - slope * curve_shape(outdoor_c)
        level = _steady(_in_range(user.bounded(wanted), capabilities), state)
    return Command(
        id=cycle_id,
        on=on,
        power_w=planned.power_w if Control.POWER in controls and planned.power_w > 0 else None,
        flow_c=planned.flow_c if Control.FLOW in controls else None,
        slope=slope if level is not None and capabilities.min_slope is not None else None,
        level=level,
        room_c=room_c if Control.ROOM in controls else None,
        lease_s=planned.lease_s,
    )


def command_text(command: Command) -> str:
    """Return a command for the log: `on=True flow_c=38.0`."""
    values = ((spec.name, getattr(command, spec.name)) for spec in fields(command) if spec.name not in _NO_SETTINGS)
    return " ".join(f"{name}={value}" for name, value in values if value is not None)


def _in_range(level: float, capabilities: Capabilities) -> float:
    if capabilities.min_level is not None:
        level = max(level, capabilities.min_level)
    if capabilities.max_level is not None:
        level = min(level, capabilities.max_level)
    return level


def _steady(level: float, state: SourceState) -> float:
    """Return a whole level, or the present one instead of a small change."""
    if state.level is not None and abs(level - state.level) < _DEADBAND_K:
        return state.level
    return float(round(level))
