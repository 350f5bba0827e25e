"""Measuring a modulating heat source: it runs at varied levels while the rooms need heat, until enough is known.

Targets and profiles apply: the mean of the heat is the demand of the heating curve, and rooms at their target get none.
"""

from collections.abc import Sequence

from .demand import Demand
from .snapshot import ZoneSnapshot

COMMISSION_H = 24.0
COMMISSION_LEVELS = (1.0, 0.6, 0.35, 0.8)
"""Shares of the full heat, an hour each."""
WARM_ENOUGH_K = 0.2


def wants_measuring(demand: Demand, zones: Sequence[ZoneSnapshot], history_h: float) -> bool:
    """Return whether the source is to run for the measurement: there is demand, and a room below its target."""
    return demand.heating and history_h < COMMISSION_H and any(map(_needs_heat, zones))


def _needs_heat(zone: ZoneSnapshot) -> bool:
    if not zone.wants_heat or zone.window_open:
        return False
    return not zone.room.known or zone.room.value < zone.target_c + WARM_ENOUGH_K


def measuring_share(history_h: float) -> float:
    """Return the share of the full heat in this hour; with a duty cycle, the mean of the heat is the demand."""
    return COMMISSION_LEVELS[int(history_h) % len(COMMISSION_LEVELS)]
