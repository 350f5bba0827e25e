"""Heat of a source as measured, or as its input tells where nobody measures heat."""

import math

from .._lib.heat_source import SourceKind
from .config import SourceConfig
from .economics import carnot_cop
from .planning.commitment import full_load
from .snapshot import SourceSnapshot

ASSUMED_FLOW_C = 35.0
STANDBY_W = 60.0
"""A heat pump that takes no more than this makes no heat."""


def heat_output_w(config: SourceConfig, reading: SourceSnapshot, outdoor_c: float) -> float:
    """Heat in W; 0 where nothing is known of a source."""
    if math.isfinite(reading.heat_w):
        return max(0.0, reading.heat_w)
    if reading.on is False:
        return 0.0
    if config.fuel_kwh_price is not None:
        level = reading.level if math.isfinite(reading.level) else float(bool(reading.on))
        return full_load(config)[0] * min(1.0, max(0.0, level))
    if not math.isfinite(reading.power_w):
        return 0.0
    match config.kind:
        case SourceKind.HEAT_PUMP:
            flow = reading.flow_c if math.isfinite(reading.flow_c) else ASSUMED_FLOW_C
            cop = carnot_cop(flow, outdoor_c) if math.isfinite(outdoor_c) else config.typical_cop
            return reading.power_w * cop if reading.power_w > STANDBY_W else 0.0
        case SourceKind.MINER:
            return max(0.0, reading.power_w) * config.efficiency
        case _:
            return max(0.0, reading.power_w)
