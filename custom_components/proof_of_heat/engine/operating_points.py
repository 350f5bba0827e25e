"""The operating points of heat sources, from which the dispatch selects."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """An operating point of a source. ``other_cost_h`` is its cost per hour without electricity: fuel less revenue."""

    level: float
    heat_w: float
    power_w: float
    other_cost_h: float = 0.0


OFF = OperatingPoint(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class SourceOption:
    """The operating points of a source in this cycle."""

    source_id: str
    points: tuple[OperatingPoint, ...]
    continuous: bool = False
    """Whether it also runs anywhere between adjacent points above off."""
    phase: int | None = None
    now_on: bool = False
    start_price: float = 0.0
    """Cost of a change between off and on."""
    bonus_kwh: float = 0.0
    """Preference in money per kWh of heat."""

    @property
    def phase_shares(self) -> tuple[float, float, float]:
        """The share of its power on each phase."""
        return _PHASE_SHARES[self.phase]


_PHASE_SHARES = {
    None: (1 / 3, 1 / 3, 1 / 3),
    0: (1.0, 0.0, 0.0),
    1: (0.0, 1.0, 0.0),
    2: (0.0, 0.0, 1.0),
}


def interpolate(low: OperatingPoint, high: OperatingPoint, share: float) -> OperatingPoint:
    """Return the point at this share of the way from one point to another."""
    return OperatingPoint(
        low.level + share * (high.level - low.level),
        low.heat_w + share * (high.heat_w - low.heat_w),
        low.power_w + share * (high.power_w - low.power_w),
        low.other_cost_h + share * (high.other_cost_h - low.other_cost_h),
    )


def refine_points(option: SourceOption, fine_points: int) -> Sequence[OperatingPoint]:
    """Return the points, with about this many interpolated ones in between for a continuous source."""
    if not option.continuous:
        return option.points
    finer = max(2, fine_points // max(1, len(option.points) - 2))
    shares = [k / finer for k in range(1, finer)]
    result: list[OperatingPoint] = []
    previous: OperatingPoint | None = None
    for point in option.points:
        if previous is not None and previous.level > 0:
            result += [interpolate(previous, point, share) for share in shares]
        result.append(point)
        previous = point
    return result


def without_off(option: SourceOption) -> SourceOption:
    """Return the option without its off point, for a source that must stay on."""
    running = tuple(point for point in option.points if point.level > 0)
    return replace(option, points=running) if running else option
