"""Savings: the actual cost, compared with the cost of the same days under the reference control."""

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
from .running_cost import ESTIMATED_SHARE, RunningCost
from .snapshot import ComfortBand

DAY_STEPS = 96
KEEP_DAYS = 400
HOURS = STEP_S / 3600
Z_90 = 1.645
DAY_S = 86400


@dataclass
class SavingsDay:
    """Totals of a day; ``reference_*`` per member of the ensemble. Field names are stored."""

    day: int
    """Day number in local standard time."""
    steps: int = 0
    cost: float = 0.0
    energy_kwh: float = 0.0
    heat_kwh: float = 0.0
    below_kh: float = 0.0
    reference_cost: Array = field(default_factory=lambda: np.zeros(MEMBERS))
    reference_energy_kwh: Array = field(default_factory=lambda: np.zeros(MEMBERS))
    reference_below_kh: Array = field(default_factory=lambda: np.zeros(MEMBERS))
    reference_peak_w: float = 0.0
    estimated: int = 0
    """Steps in which a part of the consumption was neither counted nor measured."""


@dataclass(frozen=True, slots=True)
class SavingsReport:
    """Savings over some days. The percentage is of the reference's cost; saved_low..saved_high is a 90 % interval."""

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
    estimated: bool = False
    """Whether more than a tenth of the time a part of the consumption was neither counted nor measured."""


@dataclass(frozen=True, slots=True)
class FirstDay:
    """When the first day that counts is complete, if nothing interrupts it."""

    done_s: float
    left_s: float


def first_day(local_s: float, counted_s: float, settling_s: float = 0.0, done_s: float = 0.0) -> FirstDay:
    """Return how far the first complete day is, seen from a time of day.

    ``counted_s``: what is counted of the present day. ``settling_s``: time from now on that does not count yet.
    ``done_s``: time of settling that has passed.
    """
    left_s = rest_s = DAY_S - local_s % DAY_S
    counts_s = counted_s + max(0.0, rest_s - settling_s)
    while counts_s < DAY_S - STEP_S:
        settling_s = max(0.0, settling_s - rest_s)
        rest_s, counts_s = float(DAY_S), DAY_S - settling_s
        left_s += DAY_S
        counted_s = 0.0
    return FirstDay(done_s + counted_s, left_s)


class SavingsTracker:
    """Simulates the reference control in parallel with the real house, and compares the cost."""

    def __init__(self, reference: ReferenceControl) -> None:
        self._reference = reference
        self._reference_house: ReferenceHouse | None = None
        self.days: list[SavingsDay] = []

    def update_model(
        self, fitted: HouseFit, pump: PerformanceMap, state: HouseState, before: HouseState | None = None
    ) -> None:
        """Use a newer model from now on. ``state``: of the real house by it; ``before``: by the last model."""
        if self._reference_house is None:
            self._reference_house = ReferenceHouse(self._reference, fitted, pump, state, seed=1)
        else:
            self._reference_house.update_model(fitted, pump, state, before or state)

    def add_row(self, row: Row, band: ComfortBand, price_kwh: float, spent: RunningCost) -> None:
        """Add a history row; ``spent``: the mean cost and electric input of all sources in it."""
        if self._reference_house is None or not math.isfinite(price_kwh):
            return
        lower = band.now[0]
        reference_step = self._reference_house.step(row, self._setpoint(band), lower)
        if not reference_step.settled:
            return
        number = int(row.time_s // DAY_S)
        if not self.days or self.days[-1].day != number:
            self.days.append(SavingsDay(number))
            del self.days[:-KEEP_DAYS]
        day = self.days[-1]
        day.steps += 1
        day.cost += spent.cost_h * HOURS
        day.energy_kwh += spent.power_w * HOURS / 1000
        day.estimated += spent.estimated
        day.heat_kwh += row.heat_w * HOURS / 1000
        day.below_kh += max(0.0, lower - row.room_c) * HOURS
        day.reference_cost += reference_step.power_w * (HOURS / 1000 * price_kwh)
        day.reference_energy_kwh += reference_step.power_w * (HOURS / 1000)
        day.reference_below_kh += reference_step.below_k * HOURS
        day.reference_peak_w = max(day.reference_peak_w, float(reference_step.power_w[0]))

    def _setpoint(self, band: ComfortBand) -> float:
        """Return the reference thermostat's setpoint: comfort or setback, without a forecast."""
        lower, _ = band.now
        comfort = float(band.lower_c.max())
        ref = self._reference
        return comfort - ref.setback_k if lower < comfort else lower + ref.over_comfort_k

    def first_day(self, local_s: float) -> FirstDay | None:
        """Return how far the first complete day is; None before the house is learned."""
        house = self._reference_house
        if house is None:
            return None
        counted = self.days[-1].steps if self.days and self.days[-1].day == int(local_s // DAY_S) else 0
        settled = DAY_STEPS - house.settling_steps
        return first_day(local_s, counted * STEP_S, house.settling_steps * STEP_S, settled * STEP_S)

    def peak_w(self, last_days: float) -> float:
        """Return the reference's maximum 15-minute power in the last days; infinite with less than a day of data."""
        recent = self.days[-max(1, math.ceil(last_days)) :]
        steps = sum(day.steps for day in recent)
        return max((day.reference_peak_w for day in recent), default=0.0) if steps >= DAY_STEPS else math.inf

    def report(self, last_days: int | None = None) -> SavingsReport | None:
        """Return the savings over the last complete days; None without any."""
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
            estimated=sum(day.estimated for day in whole) > ESTIMATED_SHARE * sum(day.steps for day in whole),
        )

    def dump(self) -> list[dict[str, Any]]:
        """Return the days as JSON values."""
        return [
            {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(day).items()}
            for day in self.days
        ]

    def restore(self, saved: list[Any]) -> None:
        """Restore what ``dump`` returned; invalid days are skipped."""
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
