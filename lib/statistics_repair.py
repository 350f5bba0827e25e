"""Energy that Home Assistant's long-term statistics counted and that cannot have flowed. Without Home Assistant.

    jumps = find_jumps(hours, max_kw=12.0, powers=powers)   # what to correct, in order of time
    jumps[0].correction_kwh                                 # to be added to the sum from `jumps[0].at` on

A counter that reads 0 once, or falls by a step, is billed with its whole reading; a wrong reading is billed once and
never taken back. Such an hour is recognized by what contradicts it: the power of the same hour times its length, the
reading of the counter at its end, or the most that can flow at all. Hours that nothing contradicts are left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

HOUR_S: Final = 3600
_TOLERANCE: Final = 1.2
"""Powers are samples: what flowed between two of them may be more by this factor."""
_TOLERANCE_KWH: Final = 0.05
_WHOLE_COUNTER: Final = 0.99
_SAME_COUNTER: Final = 0.9
"""A counter that shows at least this share of what it showed an hour ago has not restarted."""
_CATCH_UP_HOURS: Final = 24
"""A counter that did not change for up to this time may catch up in one hour."""


class Evidence(StrEnum):
    """What contradicts the energy of an hour, or gives the right one."""

    COUNTER = "counter"
    POWER = "power"
    MAXIMUM = "maximum"


@dataclass(frozen=True, slots=True)
class EnergyHour:
    """One row of an energy statistic.

    Attributes:
        at: Start of the hour in s since 1970.
        sum_kwh: Sum at the end of the hour.
        state_kwh: What the sensor showed at the end of the hour; None where it is not known.
    """

    at: float
    sum_kwh: float
    state_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class PowerHour:
    """One row of the statistic of the power that belongs to the energy. All in W."""

    mean_w: float
    min_w: float
    max_w: float

    @property
    def reversed(self) -> PowerHour:
        """The same power with the opposite sign."""
        return PowerHour(-self.mean_w, -self.max_w, -self.min_w)


@dataclass(frozen=True, slots=True)
class Jump:
    """Energy of one hour that is contradicted.

    Attributes:
        at: Start of the hour in s since 1970.
        counted_kwh: What the statistics counted.
        energy_kwh: What is counted instead.
        contradicted_by: What shows that it is wrong.
        taken_from: Where the right energy comes from; None where it is unknown and nothing is counted.
    """

    at: float
    counted_kwh: float
    energy_kwh: float
    contradicted_by: Evidence
    taken_from: Evidence | None

    @property
    def correction_kwh(self) -> float:
        """What the sum of this hour and of all later ones has to grow by; negative where too much was counted."""
        return self.energy_kwh - self.counted_kwh

    def at_price(self, counted_cost: float) -> float:
        """Return the correction of the cost of the hour, at the mean price at which it was counted."""
        return 0.0 if not self.counted_kwh else counted_cost * self.correction_kwh / self.counted_kwh


def find_jumps(
    hours: Sequence[EnergyHour],
    *,
    max_kw: float,
    powers: Mapping[float, PowerHour] | None = None,
    start: float = 0.0,
    end: float = float("inf"),
) -> list[Jump]:
    """Return the hours from `start` to `end` whose energy is contradicted, oldest first.

    Args:
        hours: All rows in order of time; the first one is compared with nothing.
        max_kw: The most that can flow.
        powers: Power by start of the hour, positive in the direction that the energy counts.
        start: Earlier hours are not checked, in s since 1970.
        end: Nor are hours from here on.
    """
    powers = powers or {}
    jumps: list[Jump] = []
    lacking_kwh: list[float] = []
    for before, hour in pairwise(hours):
        growth = hour.sum_kwh - before.sum_kwh
        elapsed_hours = max(1.0, (hour.at - before.at) / HOUR_S)
        power = powers.get(hour.at) if elapsed_hours == 1.0 else None
        allowed, by = _allowed(power, max_kw * elapsed_hours, sum(lacking_kwh))
        if start <= hour.at < end and (jump := _judge(before, hour, power, allowed, by)) is not None:
            jumps.append(jump)
        if power is not None and growth <= power.mean_w / 1000:
            lacking_kwh.append(max(0.0, power.mean_w) / 1000 - max(0.0, growth))
            del lacking_kwh[:-_CATCH_UP_HOURS]
        else:
            lacking_kwh.clear()
    return jumps


def total_correction(jumps: Iterable[Jump]) -> float:
    """Return the correction of the sum after all jumps in kWh."""
    return sum(jump.correction_kwh for jump in jumps)


def _allowed(power: PowerHour | None, most_kwh: float, lacking_kwh: float) -> tuple[float, Evidence]:
    """Return the most energy that an hour can have, and what limits it."""
    if power is None:
        return most_kwh, Evidence.MAXIMUM
    by_power = max(0.0, power.max_w, power.mean_w) / 1000 * _TOLERANCE + lacking_kwh + _TOLERANCE_KWH
    return (by_power, Evidence.POWER) if by_power < most_kwh else (most_kwh, Evidence.MAXIMUM)


def _judge(before: EnergyHour, hour: EnergyHour, power: PowerHour | None, allowed: float, by: Evidence) -> Jump | None:
    """Return the jump of an hour, None where nothing contradicts its energy."""
    growth = hour.sum_kwh - before.sum_kwh
    if growth > allowed or growth < -_TOLERANCE_KWH:
        contradicted_by = by if growth > 0 else Evidence.COUNTER
    elif _is_whole_counter(before, hour, growth):
        contradicted_by = Evidence.COUNTER
    else:
        return None
    energy, taken_from = _right_energy(before, hour, power, allowed)
    return Jump(hour.at, growth, energy, contradicted_by, taken_from)


def _is_whole_counter(before: EnergyHour, hour: EnergyHour, growth: float) -> bool:
    """Whether all that a counter shows was counted although it has not restarted."""
    if before.state_kwh is None or hour.state_kwh is None or before.state_kwh < _SAME_COUNTER * hour.state_kwh:
        return False
    shown = hour.state_kwh - before.state_kwh
    return shown >= 0 and growth > shown + _TOLERANCE_KWH and growth >= _WHOLE_COUNTER * hour.state_kwh


def _right_energy(
    before: EnergyHour, hour: EnergyHour, power: PowerHour | None, allowed: float
) -> tuple[float, Evidence | None]:
    """Return the energy of an hour: the growth of the counter, or its power; 0 where neither is known."""
    if before.state_kwh is not None and hour.state_kwh is not None:
        shown = hour.state_kwh - before.state_kwh
        if 0 <= shown <= allowed:
            return shown, Evidence.COUNTER
    if power is not None:
        return min(allowed, max(0.0, power.mean_w) / 1000), Evidence.POWER
    return 0.0, None
