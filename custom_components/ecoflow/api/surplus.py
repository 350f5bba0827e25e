"""Charging that follows surplus: what the charge power should be, and when it is worth a write. Pure decisions.

Every write wears the station's flash memory and waits for a cloud, so the controller moves in steps, keeps a dead band,
waits before it starts or stops (clouds pass), and writes at most once per interval.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, floor, inf

RESERVE_BAND = 3.0
FIRST_BACKOFF_S = 120.0
MAX_BACKOFF_S = 1800.0


class Reason(StrEnum):
    """Why the charge power is what it is."""

    OFF = "off"
    DEVICE_AWAY = "device_away"
    RESERVE = "reserve"
    TARIFF = "tariff"
    NO_SIGNAL = "no_signal"
    FULL = "full"
    SURPLUS = "surplus"
    NO_SURPLUS = "no_surplus"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusSettings:
    """What the user set. Powers in W, times in s, levels in %."""

    min_power_w: float = 200.0
    max_power_w: float = 1500.0
    step_w: float = 50.0
    # Below this the dead band keeps the present power.
    hysteresis_w: float = 100.0
    # So much export is left for others.
    margin_w: float = 50.0
    write_interval_s: float = 60.0
    start_delay_s: float = 60.0
    stop_delay_s: float = 180.0
    signal_timeout_s: float = 120.0
    # Below this the station is charged from the grid, whatever it costs.
    reserve_level: float = 0.0
    reserve_power_w: float = 400.0
    # Above this surplus goes elsewhere.
    target_level: float = 100.0
    tariff_power_w: float = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known at one moment."""

    # Power drawn from the grid, negative: fed into it. None without a signal.
    grid_w: float | None
    grid_age_s: float
    # What the station draws for charging, passed-through loads excluded.
    charge_w: float | None
    level: float | None
    setpoint_w: float | None
    # None: the model cannot pause.
    paused: bool | None
    device_fresh: bool
    cheap: bool
    # In what steps the model takes its charge power.
    step_w: float = 10.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What should be, and whether to write it now. `power_w` 0 means paused."""

    power_w: float
    reason: Reason
    write_power_w: float | None = None
    write_pause: bool | None = None

    @property
    def writes(self) -> bool:
        """Whether anything is to be written."""
        return self.write_power_w is not None or self.write_pause is not None


class SurplusController:
    """Decides for one station. `now` is monotonic seconds."""

    def __init__(self, settings: SurplusSettings) -> None:
        """Begin with nothing written and no surplus seen."""
        self.settings = settings
        # None: nothing was decided yet, so a station that charges from surplus is not stopped first.
        self._active: bool | None = None
        self._in_reserve = False
        self._wish_since: float | None = None
        self._not_before = -inf
        self._failures = 0

    def decide(self, now: float, situation: Situation) -> Decision:
        """Return what the charge power should be now."""
        power_w, reason = self._wanted(now, situation)
        if reason is Reason.DEVICE_AWAY:
            return Decision(0.0, reason)
        return self._with_writes(now, situation, power_w, reason)

    def wrote(self, now: float) -> None:
        """Note that a write was confirmed."""
        self._failures = 0
        self._not_before = now + self.settings.write_interval_s

    def failed(self, now: float) -> None:
        """Note that a write failed: the next attempt waits longer each time."""
        self._not_before = now + min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2**self._failures)
        self._failures += 1

    def _wanted(self, now: float, situation: Situation) -> tuple[float, Reason]:
        settings = self.settings
        if not situation.device_fresh or situation.level is None or situation.setpoint_w is None:
            return 0.0, Reason.DEVICE_AWAY
        if self._needs_reserve(situation.level):
            return self._stepped(settings.reserve_power_w, situation), Reason.RESERVE
        if situation.level >= settings.target_level:
            self._active = False
            return 0.0, Reason.FULL
        if situation.cheap:
            return self._stepped(settings.tariff_power_w, situation), Reason.TARIFF
        if situation.grid_w is None or situation.grid_age_s > settings.signal_timeout_s:
            self._active = False
            return 0.0, Reason.NO_SIGNAL
        return self._from_surplus(now, situation, situation.grid_w)

    def _needs_reserve(self, level: float) -> bool:
        """With a band, so that the last per cent is not charged a hundred times."""
        limit = self.settings.reserve_level + (RESERVE_BAND if self._in_reserve else 0.0)
        self._in_reserve = self.settings.reserve_level > 0 and level < limit
        return self._in_reserve

    def _from_surplus(self, now: float, situation: Situation, grid_w: float) -> tuple[float, Reason]:
        settings = self.settings
        free_w = (situation.charge_w or 0.0) - grid_w - settings.margin_w
        if self._active is None:
            charges = not situation.paused and (situation.charge_w or 0.0) >= settings.min_power_w
            self._active = charges and free_w >= settings.min_power_w
        # What can be used at all differs from what is worth a start by the dead band.
        wish = free_w >= (settings.min_power_w if self._active else settings.min_power_w + settings.hysteresis_w)
        if wish is self._active:
            self._wish_since = None
        else:
            self._wish_since = now if self._wish_since is None else self._wish_since
            delay_s = settings.stop_delay_s if self._active else settings.start_delay_s
            if now - self._wish_since >= delay_s:
                self._active, self._wish_since = wish, None
        if not self._active:
            return 0.0, Reason.NO_SURPLUS
        return self._stepped(free_w, situation), Reason.SURPLUS

    def _step_w(self, situation: Situation) -> float:
        return max(self.settings.step_w, situation.step_w)

    def _stepped(self, power_w: float, situation: Situation) -> float:
        """Return a power within the limits, in steps, rounded down; the limits themselves as the model takes them."""
        low_w = ceil(self.settings.min_power_w / situation.step_w) * situation.step_w
        high_w = floor(self.settings.max_power_w / situation.step_w) * situation.step_w
        step_w = self._step_w(situation)
        return max(low_w, min(high_w, floor(power_w / step_w) * step_w))

    def _with_writes(self, now: float, situation: Situation, power_w: float, reason: Reason) -> Decision:
        settings = self.settings
        pause = None if situation.paused is None else power_w == 0
        # A station that cannot pause is brought down to its minimum.
        target_w = self._stepped(0.0, situation) if power_w == 0 and situation.paused is None else power_w
        new_power = None
        if target_w and situation.setpoint_w is not None:
            off_w = abs(target_w - situation.setpoint_w)
            follows = reason is Reason.SURPLUS and not situation.paused
            dead_w = settings.hysteresis_w if follows else self._step_w(situation)
            new_power = target_w if off_w >= dead_w else None
        new_pause = pause if pause is not None and pause is not situation.paused else None
        if now < self._not_before:
            new_power = new_pause = None
        return Decision(power_w, reason, new_power, new_pause)
