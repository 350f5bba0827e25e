"""Constraints on a source: it has no off, heats some of the zones only, or has a power cap."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
import math

from .config import SourceConfig
from .operating_points import OFF, OperatingPoint, SourceOption
from .snapshot import SourceSnapshot, ZoneSnapshot

CAP_SLACK = 1.02


def keeps_running(config: SourceConfig, reading: SourceSnapshot) -> bool:
    """Return whether a source would continue at its lowest heat when it is not needed: it has no off and runs now."""
    if config.can_stop:
        return False
    return (reading.on if reading.running is None else reading.running) is not False


def rest_point(config: SourceConfig, reading: SourceSnapshot, points: Sequence[OperatingPoint]) -> OperatingPoint:
    """Return what a source makes and draws while it is not needed; `points`: those at which it runs, ascending."""
    if not points or not keeps_running(config, reading):
        return OFF
    lowest = points[0]
    return OperatingPoint(0.0, lowest.heat_w, lowest.power_w, lowest.other_cost_h)


def is_needed(config: SourceConfig, zones: Iterable[ZoneSnapshot], too_warm_k: float) -> bool:
    """Return whether one of the zones that a source heats alone needs heat; True for a source of the whole home."""
    own = [zone for zone in zones if zone.zone_id in config.zones]
    return not own or any(_needs_heat(zone, too_warm_k) for zone in own)


def _needs_heat(zone: ZoneSnapshot, too_warm_k: float) -> bool:
    if not zone.wants_heat or zone.window_open:
        return False
    return not zone.room.known or zone.room.value <= zone.target_c + too_warm_k


def within_cap(option: SourceOption, power_cap_w: float) -> SourceOption:
    """Return the option without points above the cap, except off and the lowest."""
    if math.isinf(power_cap_w):
        return option
    kept = tuple(p for i, p in enumerate(option.points) if i < 2 or p.power_w <= power_cap_w * CAP_SLACK)
    return replace(option, points=kept)
