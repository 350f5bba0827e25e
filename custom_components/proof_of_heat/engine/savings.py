"""Proof of heat: what was spent, beside what the same days would have cost with the reference control."""

from dataclasses import dataclass, field
import math
from typing import Any

import numpy as np

from .arrays import Array
from .config import ReferenceControl
from .model.history import STEP_S, Row
from .model.house_fit import HouseFit
from .model.observer import HouseState
from .model.performance_map import PerformanceMap
from .model.reference_house import MEMBERS, ReferenceHouse
from .snapshot import ComfortBand

DAY_STEPS = 96
KEEP_DAYS = 400
HOURS = STEP_S / 3600
Z_90 = 1.645
DAY_S = 86400


@dataclass
class SavingsDay:
    """One day's totals; ``reference_*`` per member of the ensemble."""

    day: int
    """Days of local standard time."""
    steps: int = 0
    cost: float = 0.0
    energy_kwh: float = 0.0
    heat_kwh: float = 0.0
    below_kh: float = 0.0
    reference_cost: Array = field(default_factory=lambda: np.zeros(MEMBERS))
    reference_energy_kwh: Array = field(default_factory=lambda: np.zeros(MEMBERS))
    reference_below_kh: Array = field(default_factory=lambda: np.zeros(MEMBERS))
    reference_peak_w: float = 0.0


@dataclass(frozen=True, slots=True)
class SavingsReport:
    """Savings over some days. Percentages are of the reference's cost; the interval holds 90 %."""

    days: int
    cost: float
    reference_cost: float
    saved: float
    saved_low: float
    saved_high: float
    saved_pct: float
    energy_kwh: float
    reference_energy_kwh: float
    below_kh: float
    reference_below_kh: float


class SavingsTracker:
    """Runs the shadow houses beside the real one."""

    def __init__(self, reference: ReferenceControl) -> None:
        self._reference = reference
        self._shadow: ReferenceHouse | None = None
        self.days: list[SavingsDay] = []

    def learned(self, fitted: HouseFit, pump: PerformanceMap, state: HouseState) -> None:
        """Use a newer model from now on."""
        if self._shadow is None:
            self._shadow = ReferenceHouse(self._reference, fitted, pump, state, seed=1)
        else:
            self._shadow.learned(fitted, pump)

    def step(self, row: Row, band: ComfortBand, price_kwh: float, spent_h: float, power_w: float) -> None:
        """One history row: ``spent_h`` is the money per hour and ``power_w`` the input of the real sources."""
        if self._shadow is None or not math.isfinite(price_kwh):
            return
        lower = band.now[0]
        shadow = self._shadow.step(row, self._setpoint(row, band), lower)
        if not shadow.settled:
            return
        number = int(row.time_s // DAY_S)
        if not self.days or self.days[-1].day != number:
            self.days.append(SavingsDay(number))
            del self.days[:-KEEP_DAYS]
        day = self.days[-1]
        day.steps += 1
        day.cost += spent_h * HOURS
        day.energy_kwh += power_w * HOURS / 1000
        day.heat_kwh += row.heat_w * HOURS / 1000
        day.below_kh += max(0.0, lower - row.room_c) * HOURS
        day.reference_cost += shadow.power_w * (HOURS / 1000 * price_kwh)
        day.reference_energy_kwh += shadow.power_w * (HOURS / 1000)
        day.reference_below_kh += shadow.below_k * HOURS
        day.reference_peak_w = max(day.reference_peak_w, float(shadow.power_w[0]))

    def _setpoint(self, row: Row, band: ComfortBand) -> float:
        """The thermostat knows comfort and set-back, and no tomorrow."""
        lower, _ = band.now
        comfort = float(band.lower_c.max())
        ref = self._reference
        away = row.people <= 0 and lower < comfort
        return (
            comfort - ref.setback_k if away else max(lower, comfort if row.people > 0 else lower) + ref.over_comfort_k
        )

    def peak_w(self, last_days: float) -> float:
        """The reference's highest quarter of an hour in the last days; infinite before it is known."""
        recent = self.days[-max(1, math.ceil(last_days)) :]
        steps = sum(day.steps for day in recent)
        return max((day.reference_peak_w for day in recent), default=0.0) if steps >= DAY_STEPS else math.inf

    def proof(self, last_days: int | None = None) -> SavingsReport | None:
        """Savings over the last whole days, None without one."""
        whole = [day for day in self.days if day.steps >= DAY_STEPS - 1]
        if last_days is not None:
            whole = whole[-last_days:]
        if not whole:
            return None
        cost = sum(day.cost for day in whole)
        reference = np.sum([day.reference_cost for day in whole], axis=0)
        energy = np.sum([day.reference_energy_kwh for day in whole], axis=0)
        below = np.sum([day.reference_below_kh for day in whole], axis=0)
        best = float(reference[0])
        spread = Z_90 * float(np.std(reference[1:] - reference[1:].mean(), ddof=1))
        return SavingsReport(
            days=len(whole),
            cost=cost,
            reference_cost=best,
            saved=best - cost,
            saved_low=best - spread - cost,
            saved_high=best + spread - cost,
            saved_pct=100 * (best - cost) / best if best > 0 else math.nan,
            energy_kwh=sum(day.energy_kwh for day in whole),
            reference_energy_kwh=float(energy[0]),
            below_kh=sum(day.below_kh for day in whole),
            reference_below_kh=float(below[0]),
        )

    def dump(self) -> list[dict[str, Any]]:
        """As JSON values."""
        return [
            {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(day).items()}
            for day in self.days
        ]

    def restore(self, saved: list[Any]) -> None:
        """Take over what ``dump`` gave; days that cannot be read are left out."""
        for entry in saved:
            try:
                values: dict[str, Any] = {
                    name: np.array(value, dtype=float) if isinstance(value, list) else value
                    for name, value in entry.items()
                }
                day = SavingsDay(**values)
                if len(day.reference_cost) == MEMBERS:
                    self.days.append(day)
            except AttributeError, TypeError, ValueError:
                continue
