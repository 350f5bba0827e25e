"""Whether what a meter measured can be the heat of this home.

A meter of heat is not needed: the heat of a home replaces its losses. Over days it is in proportion to the difference
between room and outdoor temperature, and the proportion is the heat loss of a home.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..arrays import Array
from .history import STEP_S, Series
from .performance_map import PerformanceMap, full_cop, plausible_cop

PLAUSIBLE_LOSS_W_K = (12.0, 2500.0)
"""From a small flat among heated ones to a large old house. A refrigerator or a meter in other units is outside."""
LEAST_LIFT_K = 5.0
WARM_LIFT_K = 8.0
"""Sun and people alone do not keep a home warmer than the outdoors by so much for ten days."""
LEAST_DAYS = 10
WHOLE_DAY = 80
"""Measured steps of a day that counts."""
LEAST_SPREAD_K = 1.0
"""Standard deviation of the days' temperature difference from which on their heat has to follow it."""
OPPOSED = -0.3
"""Correlation of a day's heat with its temperature difference. A heated home's is positive, solar panels' negative."""
DAY_S = 86400.0


class Doubt(StrEnum):
    """What is not possible."""

    COP = "cop"
    LOSS = "loss"
    WEATHER = "weather"


@dataclass(frozen=True, slots=True)
class MeterDoubt:
    """A meter that does not measure the heat source."""

    doubt: Doubt
    value: float
    """The COP, the heat loss in W/K, or the correlation with the weather."""

    def __str__(self) -> str:
        """Return the impossible value, the same in all languages."""
        match self.doubt:
            case Doubt.COP:
                return f"COP {self.value:.1f}"
            case Doubt.LOSS:
                return f"{self.value:.0f} W/K" if self.value >= 100 else f"{self.value:.3g} W/K"
        return f"r = {self.value:.2f}"


def doubt_of_map(pump: PerformanceMap | None, *, is_heat_pump: bool) -> MeterDoubt | None:
    """Return the doubt about heat and electricity of a heat pump; None without any."""
    if pump is None or not is_heat_pump or plausible_cop(pump):
        return None
    return MeterDoubt(Doubt.COP, full_cop(pump))


def doubt_of_heat(series: Series) -> MeterDoubt | None:
    """Return the doubt about the heat in a history; None without any, and as long as it shows too little."""
    heat, lift = _by_day(series)
    cold = lift >= LEAST_LIFT_K
    if cold.sum() < LEAST_DAYS:
        return None
    heat, lift = heat[cold], lift[cold]
    loss = float(heat.mean() / lift.mean())
    is_too_little = loss < PLAUSIBLE_LOSS_W_K[0] and lift.mean() >= WARM_LIFT_K
    if is_too_little or loss > PLAUSIBLE_LOSS_W_K[1]:
        return MeterDoubt(Doubt.LOSS, loss)
    if lift.std() < LEAST_SPREAD_K or heat.std() <= 0:
        return None
    related = float(np.corrcoef(heat, lift)[0, 1])
    return MeterDoubt(Doubt.WEATHER, related) if related < OPPOSED else None


def _by_day(series: Series) -> tuple[Array, Array]:
    """Return the mean heat and the mean temperature difference of each complete day."""
    day = np.floor((series.time_s - STEP_S / 2) / DAY_S).astype(np.int64)
    days, place, count = np.unique(day, return_inverse=True, return_counts=True)
    heat = np.bincount(place, series.heat_w, len(days)) / count
    lift = np.bincount(place, series.room_c - series.outdoor_c, len(days)) / count
    whole = count >= WHOLE_DAY
    return heat[whole], lift[whole]
