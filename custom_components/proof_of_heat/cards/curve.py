"""The heating curve of a system: its values, what was measured, what fits the learned house, what the devices do."""

from datetime import datetime
import hashlib
import math
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .._lib.heat_source import Control, Outcome
from .._lib.heating_curve import ROOM_C
from ..const import CONF_CURVE, CONF_LEVEL, CONF_MAX_FLOW, CONF_SLOPE, LEVEL_RANGE_K, MAX_FLOW_RANGE_C, SLOPE_RANGE
from ..data import HeatingSystem
from ..messages.formatter import MessageTexts, rounded
from ..runtime.curve_advice import MIN_CONFIDENCE
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig

WEEK_STEPS: Final = 672
"""A week in steps of 15 minutes."""
MEASURED_EVERY: Final = 3
"""One of so many steps is shown, which is at most 224 points."""
_FOLLOWS_CURVE: Final = {Control.FLOW, Control.CURVE}
_STATUS: Final = {
    Outcome.APPLIED: "confirmed",
    Outcome.UNCHANGED: "confirmed",
    Outcome.PENDING: "pending",
    Outcome.DEFERRED: "pending",
    Outcome.REFUSED: "failed",
    Outcome.FAILED: "failed",
}


def curve(system: HeatingSystem, texts: MessageTexts, now: datetime) -> dict[str, Any]:
    """Return everything that the heating-curve card shows. Temperatures in degC."""
    config, record = system.config, system.coordinator.data.decision.record
    advice = system.curve_advisor.advice()
    flow_c = rounded(record.flow_c)
    return {
        "available": True,
        "name": config.name,
        "time": now.isoformat(),
        "active": record.active,
        "revision": revision(config),
        "slope": config.slope,
        "level": config.level,
        "max_flow_c": config.max_flow_c,
        "room_c": ROOM_C,
        "ranges": {"slope": SLOPE_RANGE, "level": LEVEL_RANGE_K, "max_flow_c": MAX_FLOW_RANGE_C},
        "outdoor_c": rounded(record.outdoor_c),
        "setpoint_c": None if flow_c is None else min(flow_c, config.max_flow_c),
        "control_mode": str(record.control_mode),
        "measured": _measured(system),
        "suggestion": None
        if advice is None or advice.confidence < MIN_CONFIDENCE
        else {
            "slope": advice.slope,
            "level": advice.level,
            "confidence": advice.confidence,
            "difference_k": advice.difference_k,
            "significant": advice.is_significant,
        },
        "devices": [
            _device(managed, texts)
            for managed in system.sources.values()
            if managed.source.capabilities.controls & _FOLLOWS_CURVE
        ],
    }


def revision(config: SystemConfig) -> str:
    """Return what identifies the curve's present values."""
    values = f"{config.slope:.4f} {config.level:.4f} {config.max_flow_c:.4f}"
    return hashlib.sha256(values.encode()).hexdigest()[:12]


@callback
def set_curve(hass: HomeAssistant, entry: ConfigEntry, *, slope: float, level: float, max_flow_c: float) -> None:
    """Write the curve into the options; it takes effect at once."""
    changed = {**entry.options.get(CONF_CURVE, {}), CONF_SLOPE: slope, CONF_LEVEL: level, CONF_MAX_FLOW: max_flow_c}
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_CURVE: changed})


def _measured(system: HeatingSystem) -> list[tuple[float, float]]:
    """Return outdoor and flow temperature of last week's steps in which a source ran."""
    rows = system.engine.history.recent(WEEK_STEPS)[::-MEASURED_EVERY]
    return [
        (round(row.outdoor_c, 1), round(row.flow_c, 1))
        for row in rows
        if math.isfinite(row.flow_c) and math.isfinite(row.outdoor_c) and row.heat_w > 0
    ]


def _device(managed: ManagedSource, texts: MessageTexts) -> dict[str, Any]:
    """Return a source that follows the curve: what it reports, and whether it confirmed the last command."""
    state, result = managed.source.state, managed.last_result
    return {
        "name": managed.name,
        "health": str(state.health),
        "flow_c": state.flow_c,
        "slope": state.slope,
        "level": state.level,
        "command_id": None if result is None else result.command_id,
        "status": None if result is None else _STATUS[Outcome(result.outcome)],
        "reason": None if result is None or result.reason is None else texts.reasons[result.reason],
    }
