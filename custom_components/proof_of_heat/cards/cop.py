"""The COP of the heat pump by outdoor temperature: measured hours, the learned map, and the sums of the meters."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
import math
from typing import Any, Final

from homeassistant.util import dt as dt_util
import numpy as np

from .._lib.heating_curve import HeatingCurve
from ..data import HeatingSystem
from ..engine.model.history import Row
from ..metering.cop import Sums

HOUR_S: Final = 3600
ROWS_PER_HOUR: Final = 4
HOURS: Final = 28 * 24
MIN_POWER_W: Final = 100.0
"""Below this mean electric input only pumps and electronics run: no COP."""
MAX_COP: Final = 12.0
OUTDOOR_C: Final = range(-15, 17)
LINE_LEVEL: Final = 0.6
"""Modulation for which the learned map is drawn."""
_NOW: Final = timedelta(hours=2)


def cop(system: HeatingSystem, now: datetime) -> dict[str, Any]:
    """Return everything that the COP card shows: hours as (outdoor temperature, COP, flow temperature)."""
    today = dt_util.as_local(now).date()
    meters = system.cop
    record = system.coordinator.data.decision.record
    recent = meters.window(now, _NOW)
    return {
        "available": True,
        "name": system.config.name,
        "time": now.isoformat(),
        "outdoor_c": record.outdoor_c if math.isfinite(record.outdoor_c) else None,
        "now": None if recent is None else _known(system, recent),
        "day": _known(system, meters.day(today)),
        "month": _known(system, meters.month(today)),
        "season": _known(system, meters.season(today)),
        "hours": hourly(system.engine.history.recent(HOURS * ROWS_PER_HOUR)),
        "line": _learned_line(system),
    }


def hourly(rows: Iterable[Row]) -> list[tuple[float, float, float | None]]:
    """Return outdoor temperature, COP and flow temperature of the whole hours in which the heat pump ran."""
    found = []
    for _, group in groupby(rows, key=lambda row: row.time_s // HOUR_S):
        hour = [row for row in group if math.isfinite(row.power_w) and math.isfinite(row.pump_heat_w)]
        if len(hour) < ROWS_PER_HOUR:
            continue
        power, heat = sum(row.power_w for row in hour), sum(row.pump_heat_w for row in hour)
        if power < MIN_POWER_W * len(hour) or heat <= 0 or heat > MAX_COP * power:
            continue
        flows = [row.flow_c for row in hour if math.isfinite(row.flow_c)]
        outdoor_c = sum(row.outdoor_c for row in hour) / len(hour)
        if math.isfinite(outdoor_c):
            flow_c = round(sum(flows) / len(flows), 1) if flows else None
            found.append((round(outdoor_c, 1), round(heat / power, 2), flow_c))
    return found


def _learned_line(system: HeatingSystem) -> list[tuple[float, float]]:
    """Return the learned COP at the flow temperatures of the heating curve; empty before it was learned."""
    learned = system.engine.learned
    if learned is None or learned.pump is None:
        return []
    config = system.config
    curve = HeatingCurve(config.slope, config.level, max_flow_c=config.max_flow_c)
    outdoor = np.array(OUTDOOR_C, dtype=float)
    flow = np.array([curve.flow_c(value) for value in OUTDOOR_C])
    heat, power = learned.pump.at(np.full(len(outdoor), LINE_LEVEL), flow, outdoor)
    return [
        (float(where), round(float(ratio), 2))
        for where, ratio in zip(outdoor, heat / power, strict=True)
        if 0 < ratio <= MAX_COP
    ]


def _known(system: HeatingSystem, sums: Sums) -> float | None:
    value = sums.cop if system.cop.is_enough(sums) else None
    return None if value is None else round(value, 2)
