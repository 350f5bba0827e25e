"""The one rule for stale readings: a reading is used until its sensor has not reported for longer than usual.

Many sensors report only changes, and are quiet while nothing changes. The longest interval between two reports with
about the same value is therefore the sensor's own rhythm: as long an interval is accepted again, up to a maximum.
A sensor whose rhythm is not known yet has the usual time of its kind.
"""

from dataclasses import dataclass, field
import math

GAP_MARGIN = 1.25
HALF_LIFE_S = 4 * 86400.0
"""In this time, a rhythm that was not seen again is half forgotten: a room is steady at some times of the day only."""


@dataclass(frozen=True, slots=True)
class StaleRule:
    """When a reading of a kind of sensor is stale."""

    usual_s: float
    """A reading of this age is used, also of a sensor that usually reports more often."""
    longest_s: float
    """An older reading is never used."""
    steady: float
    """By how much two values differ that count as about the same."""
    steady_share: float = 0.0
    """The same as a share of the value; the larger of both applies."""

    def is_steady(self, before: float, after: float) -> bool:
        """Return whether two values are about the same."""
        return abs(after - before) <= max(self.steady, self.steady_share * abs(before))


@dataclass(slots=True)
class ReportRhythm:
    """The longest interval between two reports of a sensor while its value was steady."""

    rule: StaleRule
    longest_gap_s: float = 0.0
    _reported_s: float = field(default=math.nan)
    _value: float = field(default=math.nan)

    def is_stale(self, value: float, age_s: float, now_s: float) -> bool:
        """Return whether a reading is too old to be used; learns from each new report."""
        reported_s = now_s - age_s
        if not reported_s <= self._reported_s + 1.0:
            gap_s = reported_s - self._reported_s
            if math.isfinite(gap_s):
                self.longest_gap_s *= 0.5 ** (gap_s / HALF_LIFE_S)
            if self.rule.is_steady(self._value, value):
                self.longest_gap_s = max(gap_s, self.longest_gap_s)
            self._reported_s, self._value = reported_s, value
        return age_s > self.allowed_s

    @property
    def allowed_s(self) -> float:
        """The age up to which a reading is used."""
        longest_s = max(self.rule.longest_s, self.rule.usual_s)
        return min(max(self.rule.usual_s, GAP_MARGIN * self.longest_gap_s), longest_s)
