"""Heating curves: outdoor temperature -> flow temperature, and back to the curve's parameters.

The form is Viessmann's (as their devices and service documents use it; PyViCare computes the same):
``flow = room + level - slope * d * (1.4347 + 0.021 d + 247.9e-6 d^2)`` with ``d = outdoor - room`` in kelvin,
held at ``room + level`` where it is warmer outside than inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

ROOM_C = 20.0
"""Room setpoint that curve values refer to."""
MAX_FLOW_C = 55.0
"""Flow temperature of curve value 100 at the minimum external temperature."""
LEAST_SPREAD_K = 5.0
"""A minimum external temperature nearer to the room than this is taken as room - 5 K."""


def curve_shape(outdoor_c: float, room_c: float = ROOM_C) -> float:
    """Lift of the flow over the room, in kelvin, per unit of slope; 0 where it is warmer outside."""
    d = min(outdoor_c - room_c, 0.0)
    return -d * (1.4347 + 0.021 * d + 247.9e-6 * d * d)


@dataclass(frozen=True, slots=True)
class HeatingCurve:
    """A curve by slope and level.

    Attributes:
        slope: 0..3.5 on devices.
        level: Parallel shift in kelvin, -13..40 on devices.
        room_c: Room setpoint.
        min_outdoor_c: Colder than this the curve stays level; None: no such point.
        min_flow_c: Lower limit of the flow temperature.
        max_flow_c: Upper limit of the flow temperature.
    """

    slope: float
    level: float = 0.0
    room_c: float = ROOM_C
    min_outdoor_c: float | None = None
    min_flow_c: float = 0.0
    max_flow_c: float = 100.0

    @classmethod
    def from_value(
        cls, value: float, min_external_c: float, room_c: float = ROOM_C, max_flow_c: float = MAX_FLOW_C
    ) -> Self:
        """The curve of a curve value: its share (0..100 %) of the lift there is at the minimum external temperature.

        Raises:
            ValueError: ``value`` is not in 0..100.
        """
        if not 0 <= value <= 100:
            raise ValueError(f"a curve value is 0..100, not {value}")
        coldest = _coldest(min_external_c, room_c)
        slope = value / 100 * (max_flow_c - room_c) / curve_shape(coldest, room_c)
        return cls(slope, 0.0, room_c, min_outdoor_c=coldest, max_flow_c=max_flow_c)

    def flow_c(self, outdoor_c: float) -> float:
        """Flow temperature in degC at an outdoor temperature in degC."""
        if self.min_outdoor_c is not None:
            outdoor_c = max(outdoor_c, self.min_outdoor_c)
        flow = self.room_c + self.level + self.slope * curve_shape(outdoor_c, self.room_c)
        return min(self.max_flow_c, max(self.min_flow_c, flow))

    def value(self, min_external_c: float, max_flow_c: float = MAX_FLOW_C) -> float:
        """The curve value that gives this slope (may pass 100; the level has no part in it)."""
        coldest = _coldest(min_external_c, self.room_c)
        return 100 * self.slope * curve_shape(coldest, self.room_c) / (max_flow_c - self.room_c)


def _coldest(min_external_c: float, room_c: float) -> float:
    return min(min_external_c, room_c - LEAST_SPREAD_K)


@dataclass(frozen=True, slots=True)
class PointsCurve:
    """A curve by points, linear between them and level beyond: (outdoor degC, flow degC), coldest first."""

    points: Sequence[tuple[float, float]]

    def __post_init__(self) -> None:
        """Refuse points that are not a falling curve."""
        if not self.points:
            raise ValueError("a curve needs at least one point")
        for (left_out, left_flow), (right_out, right_flow) in pairwise(self.points):
            if right_out <= left_out:
                raise ValueError("the points have to be ordered by outdoor temperature, coldest first")
            if right_flow > left_flow:
                raise ValueError("the flow temperature has to fall as it gets warmer outside")

    def flow_c(self, outdoor_c: float) -> float:
        """Flow temperature in degC at an outdoor temperature in degC."""
        if outdoor_c <= self.points[0][0]:
            return self.points[0][1]
        for (left_out, left_flow), (right_out, right_flow) in pairwise(self.points):
            if outdoor_c <= right_out:
                part = (outdoor_c - left_out) / (right_out - left_out)
                return left_flow + part * (right_flow - left_flow)
        return self.points[-1][1]
