"""By how much a source exceeds the power limit of its plans.

A source that follows a flow temperature draws what that takes: its own control overshoots, and the setpoint has steps.
The largest excess of the last days is subtracted from the limit.
"""

from collections import deque
from dataclasses import dataclass, field
import math

from .model.history import STEP_S, Row

DAYS = 7
DAY_S = 86400
LIMIT = 1.1
"""The limit is divided by this factor at most."""
NEAR = 0.9
"""Steps with less than this share of the limit did not run at it."""
TOLERANCE_S = 60.0


@dataclass(slots=True)
class PowerExcess:
    """Measured power of whole steps in relation to the limit of their plan."""

    _days: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=DAYS))
    """Day number and largest factor of the last days that ran at the limit."""

    @property
    def factor(self) -> float:
        """The largest measured power in relation to the limit, 1 to ``LIMIT``."""
        return min(LIMIT, max((factor for _, factor in self._days), default=1.0))

    def add(self, row: Row, made_s: float, cap_w: float) -> None:
        """Compare a step with the limit of the plan that was made at its start, in local time."""
        if not math.isfinite(cap_w) or abs(row.time_s - STEP_S - made_s) > TOLERANCE_S or row.power_w < NEAR * cap_w:
            return
        factor, day = max(1.0, row.power_w / cap_w), int(row.time_s // DAY_S)
        if self._days and self._days[-1][0] == day:
            factor = max(factor, self._days.pop()[1])
        self._days.append((day, factor))
