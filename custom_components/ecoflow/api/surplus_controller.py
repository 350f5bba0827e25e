"""Charging with surplus power: the charge power to set, and when to write it. No I/O.

Every write wears the flash memory of the station and takes a round trip to the cloud. The controller therefore works in
steps, has a hysteresis, delays start and stop (passing clouds) and writes at most once per interval.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, floor, inf

from .._lib.backoff import RetryPolicy
from .families.specs import Family
from .wire_values import Values

RESERVE_HYSTERESIS = 3.0
WRITE_RETRY = RetryPolicy(first_s=120.0, max_s=1800.0, jitter=(1.0, 1.0))


# Of the power that a station takes from the grid to charge, at least this share reaches the battery.
MIN_EFFICIENCY = 0.8
_AC_OUTPUTS = ("ac_output_power", "ac_low_voltage_output_power", "ac_tt30_output_power")


def charging_power(family: Family, values: Values) -> float | None:
    """Return the power in W that a station takes from the grid to charge, None if it is not known.

    What passes through to the AC outputs, or is consumed without reaching the battery, is not charging.
    """
    if family.charge is None or (input_w := family.measured(family.charge.power, values)) is None:
        return None
    outputs = [power for key in _AC_OUTPUTS if (power := family.measured(key, values)) is not None]
    battery_w = family.measured(family.battery_power or "", values)
    if not outputs and battery_w is None:
        return None
    charge_w = max(0.0, input_w - sum(map(abs, outputs)))
    return charge_w if battery_w is None else min(charge_w, max(0.0, battery_w) / MIN_EFFICIENCY)


class Reason(StrEnum):
    """The reason for the charge power."""

    OFF = "off"
    DEVICE_OFFLINE = "device_away"
    RESERVE = "reserve"
    LOW_TARIFF = "tariff"
    NO_GRID_POWER = "no_signal"
    TARGET_REACHED = "full"
    SURPLUS = "surplus"
    NO_SURPLUS = "no_surplus"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusSettings:
    """The user's settings, with the defaults of the form. Powers in W, times in s, battery levels in %."""

    min_power_w: float = 200.0
    max_power_w: float = 1200.0
    step_w: float = 50.0
    # A smaller change of the charge power is not written.
    hysteresis_w: float = 100.0
    # Export to the grid that is not used for charging.
    margin_w: float = 50.0
    write_interval_s: float = 60.0
    start_delay_s: float = 60.0
    stop_delay_s: float = 180.0
    grid_timeout_s: float = 120.0
    # Below this level the station is charged from the grid in any case.
    reserve_level: float = 20.0
    reserve_power_w: float = 400.0
    # Above this level the station is not charged.
    target_level: float = 100.0
    tariff_power_w: float = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusInputs:
    """The measurements for one decision."""

    # Power drawn from the grid, negative while exporting; None without a valid measurement.
    grid_w: float | None
    # For how long the measurement has been doubtful; a steady one is not (`GridSignal`).
    grid_age_s: float
    # Charging power of the station, without the loads it supplies from the grid.
    charge_w: float | None
    level: float | None
    setpoint_w: float | None
    # None if the model cannot pause charging.
    paused: bool | None
    device_fresh: bool
    low_tariff: bool
    # Step of the model's charge power setting.
    step_w: float = 10.0


@dataclass(frozen=True, slots=True)
class SurplusDecision:
    """The charge power that applies (0: paused), and the writes that are due now."""

    power_w: float
    reason: Reason
    write_power_w: float | None = None
    write_pause: bool | None = None

    @property
    def has_writes(self) -> bool:
        """Whether anything has to be written."""
        return self.write_power_w is not None or self.write_pause is not None


class SurplusController:
    """Decides the charge power of one station. `now` is in monotonic seconds."""

    def __init__(self, settings: SurplusSettings) -> None:
        """Start without a previous decision."""
        self.settings = settings
        # None before the first decision: a station that already charges with surplus is not stopped first.
        self._charging: bool | None = None
        self._below_reserve = False
        self._change_since: float | None = None
        self._next_write_at = -inf
        self._failures = 0

    def decide(self, now: float, inputs: SurplusInputs) -> SurplusDecision:
        """Return the charge power for the current measurements."""
        power_w, reason = self._target_power(now, inputs)
        if reason is Reason.DEVICE_OFFLINE:
            return SurplusDecision(0.0, reason)
        return self._with_writes(now, inputs, power_w, reason)

    def write_succeeded(self, now: float) -> None:
        """Record a confirmed write: the next one is due after the write interval."""
        self._failures = 0
        self._next_write_at = now + self.settings.write_interval_s

    def write_failed(self, now: float) -> None:
        """Record a failed write: the delay before the next attempt doubles with each failure."""
        self._failures += 1
        self._next_write_at = now + WRITE_RETRY.delay_s(self._failures)

    def _target_power(self, now: float, inputs: SurplusInputs) -> tuple[float, Reason]:
        settings = self.settings
        if not inputs.device_fresh or inputs.level is None or inputs.setpoint_w is None:
            return 0.0, Reason.DEVICE_OFFLINE
        if self._is_below_reserve(inputs.level):
            return self._in_steps(settings.reserve_power_w, inputs), Reason.RESERVE
        if inputs.level >= settings.target_level:
            self._charging = False
            return 0.0, Reason.TARGET_REACHED
        if inputs.low_tariff:
            return self._in_steps(settings.tariff_power_w, inputs), Reason.LOW_TARIFF
        if inputs.grid_w is None or inputs.grid_age_s > settings.grid_timeout_s:
            self._charging = False
            return 0.0, Reason.NO_GRID_POWER
        return self._surplus_power(now, inputs, inputs.grid_w)

    def _is_below_reserve(self, level: float) -> bool:
        """Whether to charge the reserve; the hysteresis keeps the last percent from toggling."""
        limit = self.settings.reserve_level + (RESERVE_HYSTERESIS if self._below_reserve else 0.0)
        self._below_reserve = self.settings.reserve_level > 0 and level < limit
        return self._below_reserve

    def _surplus_power(self, now: float, inputs: SurplusInputs, grid_w: float) -> tuple[float, Reason]:
        settings = self.settings
        surplus_w = (inputs.charge_w or 0.0) - grid_w - settings.margin_w
        if self._charging is None:
            is_charging = not inputs.paused and (inputs.charge_w or 0.0) >= settings.min_power_w
            self._charging = is_charging and surplus_w >= settings.min_power_w
        # A start needs more surplus than the minimum power, by the hysteresis.
        needed_w = settings.min_power_w if self._charging else settings.min_power_w + settings.hysteresis_w
        is_enough = surplus_w >= needed_w
        if is_enough is self._charging:
            self._change_since = None
        else:
            self._change_since = now if self._change_since is None else self._change_since
            delay_s = settings.stop_delay_s if self._charging else settings.start_delay_s
            if now - self._change_since >= delay_s:
                self._charging, self._change_since = is_enough, None
        if not self._charging:
            return 0.0, Reason.NO_SURPLUS
        return self._in_steps(surplus_w, inputs), Reason.SURPLUS

    def _step_w(self, inputs: SurplusInputs) -> float:
        return max(self.settings.step_w, inputs.step_w)

    def _in_steps(self, power_w: float, inputs: SurplusInputs) -> float:
        """Return a power rounded down to a step, within the limits rounded to what the model accepts."""
        min_w = ceil(self.settings.min_power_w / inputs.step_w) * inputs.step_w
        max_w = floor(self.settings.max_power_w / inputs.step_w) * inputs.step_w
        step_w = self._step_w(inputs)
        return max(min_w, min(max_w, floor(power_w / step_w) * step_w))

    def _with_writes(self, now: float, inputs: SurplusInputs, power_w: float, reason: Reason) -> SurplusDecision:
        settings = self.settings
        pause = None if inputs.paused is None else power_w == 0
        # A station that cannot pause is set to its minimum power.
        target_w = self._in_steps(0.0, inputs) if power_w == 0 and inputs.paused is None else power_w
        write_power_w = None
        if target_w and inputs.setpoint_w is not None:
            follows_surplus = reason is Reason.SURPLUS and not inputs.paused
            min_change_w = settings.hysteresis_w if follows_surplus else self._step_w(inputs)
            write_power_w = target_w if abs(target_w - inputs.setpoint_w) >= min_change_w else None
        write_pause = pause if pause is not None and pause is not inputs.paused else None
        if now < self._next_write_at:
            write_power_w = write_pause = None
        return SurplusDecision(power_w, reason, write_power_w, write_pause)
