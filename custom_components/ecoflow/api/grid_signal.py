"""Whether a grid power reading is alive. No I/O.

Many meters report only changes, so a reading that stays the same for an hour can be right. A dead one shows itself:
the charging of the station is a part of the grid power, and a reading that does not follow it is not measured.
"""

from math import inf
from typing import Any, Final

# A change of the charging power that every meter shows.
CLEAR_CHANGE_W: Final = 100.0
# While the station charges with surplus the grid power never stays the same for this time.
MAX_STEADY_CHARGING_S: Final = 3600.0


class GridSignal:
    """Judges the reading of one grid power sensor. `now` is in monotonic seconds."""

    def __init__(self) -> None:
        """Start without a reading."""
        self._report: Any = None
        self._reported_at = 0.0
        self._charge_w: float | None = None
        self._contradicted_at: float | None = None
        self._is_dead = False

    def age_s(
        self, now: float, report: Any, charge_w: float | None, timeout_s: float, *, uses_surplus: bool = False
    ) -> float:
        """Return for how long the reading has been contradicted, 0 while it can be right, infinity once it is dead.

        `report` identifies the report that the reading came with; another one proves that the sensor is alive.
        `uses_surplus` is whether the station charges because of the reading.
        """
        if report != self._report:
            self._report, self._reported_at = report, now
            self._charge_w, self._contradicted_at, self._is_dead = charge_w, None, False
            return 0.0
        if self._is_dead:
            return inf
        if charge_w is None:
            return 0.0
        if self._charge_w is None:
            self._charge_w = charge_w
        is_contradicted = abs(charge_w - self._charge_w) >= CLEAR_CHANGE_W
        if not is_contradicted:
            self._contradicted_at = None
        elif self._contradicted_at is None:
            self._contradicted_at = now
        age_s = 0.0 if self._contradicted_at is None else now - self._contradicted_at
        is_steady_charging = uses_surplus and now - self._reported_at > MAX_STEADY_CHARGING_S
        self._is_dead = age_s > timeout_s or is_steady_charging
        return inf if self._is_dead else age_s
