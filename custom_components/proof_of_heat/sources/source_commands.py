"""Translates the engine's command into what a source can execute."""

from dataclasses import fields

from .._lib.heat_source import Capabilities, Command, Control, SourceState
from .._lib.heating_curve import curve_shape
from ..engine.decision_record import SourceCommand

_DEADBAND_K = 0.75
"""Devices accept whole kelvins; the call budget allows a write every ten minutes."""


def source_command(
    planned: SourceCommand,
    capabilities: Capabilities,
    state: SourceState,
    *,
    cycle_id: str,
    outdoor_c: float | None,
    slope: float,
    room_c: float,
) -> Command | None:
    """Return the source's command; None where nothing must be written now."""
    if planned.hold:
        return None
    controls = capabilities.controls
    on = planned.on if Control.ON_OFF in controls else None
    if not planned.on:
        if on is None and Control.POWER in controls:
            return Command(id=cycle_id, power_w=capabilities.min_power_w or 0.0, lease_s=planned.lease_s)
        if on is None and Control.FLOW in controls:
            return Command(id=cycle_id, flow_c=capabilities.min_flow_c or 20.0, lease_s=planned.lease_s)
        return None if on is None else Command(id=cycle_id, on=False, lease_s=planned.lease_s)
    level = None
    if Control.CURVE in controls and Control.FLOW not in controls and outdoor_c is not None:
        level = curve_level(planned.flow_c, outdoor_c, slope, capabilities, state)
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
    values = (
        (spec.name, getattr(command, spec.name)) for spec in fields(command) if spec.name not in ("id", "lease_s")
    )
    return " ".join(f"{name}={value}" for name, value in values if value is not None)


def curve_level(flow_c: float, outdoor_c: float, slope: float, capabilities: Capabilities, state: SourceState) -> float:
    """Return the level at which the device's own curve has this flow temperature now, without small changes."""
    level = flow_c - 20.0 - slope * curve_shape(outdoor_c)
    if capabilities.min_level is not None:
        level = max(level, capabilities.min_level)
    if capabilities.max_level is not None:
        level = min(level, capabilities.max_level)
    if state.level is not None and abs(level - state.level) < _DEADBAND_K:
        return state.level
    return float(round(level))
