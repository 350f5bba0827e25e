"""Simulated savings of shadow mode: what the real home spent, and what its simulated copy would have spent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import math
from typing import Any, Final

import numpy as np

from ..arrays import Array
from ..model.reference_house import MEMBERS

KEEP_DAYS: Final = 62
"""Two months: enough for the report of the last month."""
WHOLE_S: Final = 23.75 * 3600
"""A day counts with this many simulated seconds."""
Z_90: Final = 1.645
MODEL_DOUBT: Final = 0.025
"""Standard deviation of the simulated cost by what the form of the model leaves out, as a share of it."""


@dataclass(slots=True)
class ShadowDay:
    """Totals of a day. ``real_*``: the home under its own control. Arrays: per member of the ensemble.

    The names are stored.
    """

    day: int
    """Day number in local standard time."""
    seconds: float = 0.0
    real_cost: float = 0.0
    real_kwh: float = 0.0
    real_below_kh: float = 0.0
    cost: float = 0.0
    kwh: float = 0.0
    heat_kwh: float = 0.0
    below_kh: float = 0.0
    estimated: bool = False
    """Whether a part of the real cost is neither measured nor counted."""
    more_heat_kwh: Array = field(default_factory=lambda: np.zeros(MEMBERS))
    """Heat that a member needs in addition, for the same room temperature."""
    stored_kwh: Array = field(default_factory=lambda: np.zeros(MEMBERS))
    """By how much the heat stored in the simulated house has grown, compared with the real one."""

    @property
    def is_whole(self) -> bool:
        """Whether the whole day was simulated."""
        return self.seconds >= WHOLE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowReport:
    """Simulated savings over some days; ``*_low``..``*_high`` are 90 % intervals (5 to 95 %). NaN: unknown."""

    days: int
    real_cost: float
    cost: float
    saved: float
    saved_low: float
    saved_high: float
    percent: float
    percent_low: float
    percent_high: float
    real_kwh: float
    kwh: float
    real_below_kh: float
    below_kh: float
    estimated: bool

    @property
    def is_convincing(self) -> bool:
        """Whether the interval excludes zero, and the rooms would not have been colder."""
        return self.saved_low > 0 and self.below_kh <= self.real_below_kh + 0.1 * self.days


def report(days: Sequence[ShadowDay], map_error: Array, last_days: int | None = None) -> ShadowReport | None:
    """Return the simulated savings over the last whole days; None without any.

    ``map_error``: the relative error of the electric input, per member.
    """
    whole = [day for day in days if day.is_whole]
    if last_days is not None:
        whole = whole[-last_days:]
    if not whole:
        return None
    heat_kwh = sum(day.heat_kwh for day in whole)
    spent = sum(day.cost for day in whole)
    heat_price = spent / heat_kwh if heat_kwh > 0 else 0.0
    more_kwh = np.sum([day.more_heat_kwh - day.stored_kwh for day in whole], axis=0)
    costs: Array = (spent + heat_price * more_kwh) * (1 + map_error)
    real_cost = sum(day.real_cost for day in whole)
    cost = float(costs[0])
    spread = Z_90 * math.hypot(float(np.std(costs[1:], ddof=1)), MODEL_DOUBT * cost)
    saved = real_cost - cost

    def percent(amount: float) -> float:
        return 100 * amount / real_cost if real_cost > 0 else math.nan

    return ShadowReport(
        days=len(whole),
        real_cost=real_cost,
        cost=cost,
        saved=saved,
        saved_low=saved - spread,
        saved_high=saved + spread,
        percent=percent(saved),
        percent_low=percent(saved - spread),
        percent_high=percent(saved + spread),
        real_kwh=sum(day.real_kwh for day in whole),
        kwh=sum(day.kwh for day in whole),
        real_below_kh=sum(day.real_below_kh for day in whole),
        below_kh=sum(day.below_kh for day in whole),
        estimated=any(day.estimated for day in whole),
    )


def dump(days: Sequence[ShadowDay]) -> list[dict[str, Any]]:
    """Return the days as JSON values."""
    return [
        {
            name: value.tolist() if isinstance(value := getattr(day, name), np.ndarray) else value
            for name in ShadowDay.__slots__
        }
        for day in days
    ]


def restore(saved: object) -> list[ShadowDay]:
    """Return the days that ``dump`` returned; invalid ones are skipped."""
    days: list[ShadowDay] = []
    for entry in saved if isinstance(saved, list) else ():
        try:
            values: dict[str, Any] = {
                name: np.array(value, dtype=float) if isinstance(value, list) else value
                for name, value in entry.items()
            }
            day = ShadowDay(**values)
        except AttributeError, TypeError, ValueError:
            continue
        if _is_valid(day):
            days.append(day)
    return days[-KEEP_DAYS:]


def _is_valid(day: ShadowDay) -> bool:
    numbers = [getattr(day, name) for name in ShadowDay.__slots__]
    arrays = [number for number in numbers if isinstance(number, np.ndarray)]
    plain = [number for number in numbers if not isinstance(number, np.ndarray)]
    return (
        all(isinstance(number, int | float) and math.isfinite(number) for number in plain)
        and len(arrays) == 2
        and all(array.shape == (MEMBERS,) and bool(np.isfinite(array).all()) for array in arrays)
    )
