"""Whether what a meter measured can be the heat of this home.

A meter of heat is not needed: the heat of a home replaces its losses. Over days it is in proportion to the difference
between room and outdoor temperature, and the proportion is the heat loss of a home. A meter of the whole home does not
show 0 while the source is off.
"""

from dataclasses import dataclass
from enum import StrEnum
import math

import numpy as np

from ..arrays import Array
from ..snapshot import SourceSnapshot
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
FOLLOWING_SHARE = 0.25
"""Least share of the heat that follows the temperature difference. It is all of it in a home, and more with sun."""
SURE_SPREAD_K = 3.0
SURE_ERRORS, SURE_DAYS = 2.0, 28
"""Spread of the temperature differences, number of standard errors and days for a problem with this share: in ten sunny
days of October, only half of a home's heat may follow the outdoor temperature."""
OPPOSED = -0.3
"""Correlation of a day's heat with its temperature difference. A heated home's is positive, solar panels' negative."""
DAY_S = 86400.0

IDLE_LOAD_W = 150.0
"""A source that is off takes less: its controller, its pump and the heater of its compressor's oil."""
IDLE_SHARE = 0.8
"""Share of the time that it is off with such a load. Hot water and defrosting take some of it only."""
IDLE_RATIO = 0.6
"""Less than this share of the power while it is on: with more, the source itself runs although it reports off."""
IDLE_S, BUSY_S = 3 * 3600.0, 1800.0
FORGET_S = 2 * DAY_S


class MeterProblemType(StrEnum):
    """Which value of a meter is impossible."""

    COP = "cop"
    LOSS = "loss"
    WEATHER = "weather"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class MeterProblem:
    """A meter that does not measure the heat source."""

    type: MeterProblemType
    value: float
    """The COP, the heat loss in W/K, the correlation with the weather, or the power in W while the source is off."""

    def __str__(self) -> str:
        """Return the impossible value, the same in all languages."""
        match self.type:
            case MeterProblemType.COP:
                return f"COP {self.value:.1f}"
            case MeterProblemType.LOSS:
                return f"{self.value:.0f} W/K" if self.value >= 100 else f"{self.value:.3g} W/K"
            case MeterProblemType.IDLE:
                return f"{self.value:.0f} W"
        return f"r = {self.value:.2f}"


def cop_problem(pump: PerformanceMap | None, *, is_heat_pump: bool) -> MeterProblem | None:
    """Return the problem with heat and electricity of a heat pump; None without any."""
    if pump is None or not is_heat_pump or plausible_cop(pump):
        return None
    return MeterProblem(MeterProblemType.COP, full_cop(pump))


def heat_problem(series: Series) -> MeterProblem | None:
    """Return the problem with the heat in a history; None without any, and as long as it shows too little."""
    heat, lift = _by_day(series)
    cold = lift >= LEAST_LIFT_K
    if cold.sum() < LEAST_DAYS:
        return None
    heat, lift = heat[cold], lift[cold]
    loss = float(heat.mean() / lift.mean())
    is_too_little = loss < PLAUSIBLE_LOSS_W_K[0] and lift.mean() >= WARM_LIFT_K
    if is_too_little or loss > PLAUSIBLE_LOSS_W_K[1]:
        return MeterProblem(MeterProblemType.LOSS, loss)
    if lift.std() < LEAST_SPREAD_K or heat.std() <= 0:
        return None
    related = float(np.corrcoef(heat, lift)[0, 1])
    is_sure = len(heat) >= SURE_DAYS and lift.std() >= SURE_SPREAD_K
    is_unrelated = is_sure and _most_following(heat, lift) < FOLLOWING_SHARE
    return MeterProblem(MeterProblemType.WEATHER, related) if related < OPPOSED or is_unrelated else None


def _most_following(heat: Array, lift: Array) -> float:
    """Return the largest share of the heat that can follow the temperature difference, within the standard error."""
    away = lift - lift.mean()
    slope = float(away @ heat / (away @ away))
    rest = heat - heat.mean() - slope * away
    error = math.sqrt(float(rest @ rest) / (len(heat) - 2) / float(away @ away))
    return (slope + SURE_ERRORS * error) * float(lift.mean() / heat.mean())


def _by_day(series: Series) -> tuple[Array, Array]:
    """Return the mean heat and the mean temperature difference of each complete day."""
    day = np.floor((series.time_s - STEP_S / 2) / DAY_S).astype(np.int64)
    days, place, count = np.unique(day, return_inverse=True, return_counts=True)
    heat = np.bincount(place, series.heat_w, len(days)) / count
    lift = np.bincount(place, series.room_c - series.outdoor_c, len(days)) / count
    whole = count >= WHOLE_DAY
    return heat[whole], lift[whole]


@dataclass(slots=True)
class IdleCheck:
    """Whether a source's meter shows the power of other loads while the source is off."""

    _off_s: float = 0.0
    _off_ws: float = 0.0
    _loaded_s: float = 0.0
    _on_s: float = 0.0
    _on_ws: float = 0.0

    def add(self, source: SourceSnapshot | None, elapsed_s: float) -> None:
        """Add a cycle."""
        if source is None or source.power_estimated or not math.isfinite(source.power_w) or source.hot_water:
            return
        is_on = source.on if source.running is None else source.running
        if is_on is None:
            return
        elapsed_s = min(elapsed_s, STEP_S)  # nothing was seen in a longer gap
        left = math.exp(-elapsed_s / FORGET_S)
        for name in ("_off_s", "_off_ws", "_loaded_s", "_on_s", "_on_ws"):
            setattr(self, name, left * getattr(self, name))
        if is_on:
            self._on_s += elapsed_s
            self._on_ws += elapsed_s * source.power_w
        else:
            self._off_s += elapsed_s
            self._off_ws += elapsed_s * source.power_w
            self._loaded_s += elapsed_s * (source.power_w > IDLE_LOAD_W)

    @property
    def problem(self) -> MeterProblem | None:
        """The problem with the meter; None without any, and as long as too little was seen."""
        if self._off_s < IDLE_S or self._on_s < BUSY_S or self._loaded_s < IDLE_SHARE * self._off_s:
            return None
        idle_w, busy_w = self._off_ws / self._off_s, self._on_ws / self._on_s
        return MeterProblem(MeterProblemType.IDLE, idle_w) if IDLE_LOAD_W < idle_w < IDLE_RATIO * busy_w else None
