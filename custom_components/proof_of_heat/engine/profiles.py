"""Profiles: what temperature is wanted when, from modes, week schedule, calendar, presence and overrides.

The outcome is a comfort band of two days in quarters of an hour: the planner heats ahead, so that it is warm *at* the
time. Precedence, strongest first: antifreeze, override, calendar, away, schedule, mode.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

import numpy as np

from .._lib.week_schedule import Mode as SlotMode, Slot, WeekSchedule
from .arrays import Array
from .snapshot import Band

STEP = timedelta(minutes=15)
STEPS = 192
STEP_H = 0.25


class Profile(StrEnum):
    """How the home is meant to be."""

    COMFORT = "comfort"
    ECO = "eco"
    AWAY = "away"
    ANTIFREEZE = "antifreeze"
    MANUAL = "manual"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Temperatures of the profiles."""

    comfort_c: float = 21.0
    eco_c: float = 18.0
    away_c: float = 16.0
    antifreeze_c: float = 7.0
    manual_c: float = 21.0
    band_k: float = 3.0
    """From the lowest to the highest temperature that is still comfortable."""

    def of(self, profile: Profile) -> float:
        """The lower bound of a profile."""
        match profile:
            case Profile.COMFORT | Profile.SCHEDULE:
                return self.comfort_c
            case Profile.ECO:
                return self.eco_c
            case Profile.AWAY:
                return self.away_c
            case Profile.ANTIFREEZE:
                return self.antifreeze_c
            case Profile.MANUAL:
                return self.manual_c


@dataclass(frozen=True, slots=True)
class Override:
    """A temperature by hand, with a time to live. The end is absolute, so that it survives a restart."""

    target_c: float
    until: datetime

    @classmethod
    def for_time(cls, target_c: float, now: datetime, live: timedelta) -> Self:
        """From now on for a while.

        Raises:
            ValueError: the time to live is not above 0.
        """
        if live <= timedelta(0):
            raise ValueError("an override has to live for some time")
        return cls(target_c, now.astimezone(UTC) + live)

    def dump(self) -> dict[str, Any]:
        """As JSON values."""
        return {"target_c": self.target_c, "until": self.until.astimezone(UTC).isoformat()}

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> Self | None:
        """From what ``dump`` gave; None where it cannot be read."""
        try:
            return cls(float(saved["target_c"]), datetime.fromisoformat(saved["until"]).astimezone(UTC))
        except KeyError, TypeError, ValueError:
            return None


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """A stretch with a profile or a temperature of its own (holidays, a guest)."""

    start: datetime
    end: datetime
    profile: Profile = Profile.COMFORT
    target_c: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """All that says what is wanted; make a new one when something of it changes."""

    profile: Profile = Profile.SCHEDULE
    levels: Levels = Levels()
    schedule: WeekSchedule | None = None
    calendar: tuple[CalendarEvent, ...] = ()
    override: Override | None = None
    present: bool | None = None
    """Whether somebody is at home; None: not known, counts as yes."""
    back_at: datetime | None = None
    """When somebody is expected back."""
    quiet_slots: tuple[Slot, ...] = ()
    """Minutes of the day with noise limits."""

    def band(self, now: datetime, steps: int = STEPS) -> Band:
        """The comfort band from ``now`` (with the home's zone) on.

        Each quarter of an hour asks for the most that any moment in it asks for.
        """
        moments = [now + k * STEP for k in range(steps)]
        lower = np.array([self.target_c(moment) for moment in moments])
        ends = np.array([self.target_c(moment + STEP - timedelta(seconds=1)) for moment in moments])
        lower = np.maximum(lower, ends)
        return Band(lower, lower + self.levels.band_k)

    def target_c(self, moment: datetime) -> float:
        """The lower comfort bound at a moment."""
        if self.profile is Profile.ANTIFREEZE:
            return self.levels.antifreeze_c
        if self.override is not None and moment < self.override.until:
            return self.override.target_c
        for event in reversed(self.calendar):
            if event.start <= moment < event.end:
                return event.target_c if event.target_c is not None else self.levels.of(event.profile)
        base = self._scheduled_c(moment) if self.profile is Profile.SCHEDULE else self.levels.of(self.profile)
        if self._away(moment):
            return min(base, self.levels.away_c)
        return base

    def _away(self, moment: datetime) -> bool:
        return self.present is False and (self.back_at is None or moment < self.back_at)

    def _scheduled_c(self, moment: datetime) -> float:
        if self.schedule is None or not self.schedule.entries:
            return self.levels.comfort_c
        place = self.schedule.at(moment)
        if place is None:
            return self.levels.eco_c
        entry = self.schedule.entries[place]
        if entry.target_c is not None:
            return entry.target_c
        return self.levels.eco_c if entry.mode is SlotMode.ECO else self.levels.comfort_c

    def quiet(self, moment: datetime) -> bool:
        """Whether noise limits count at a moment (home's zone)."""
        minute = moment.hour * 60 + moment.minute
        return any(slot.start <= minute < slot.end or minute + 1440 < slot.end for slot in self.quiet_slots)

    def quiet_ahead(self, now: datetime, steps: int = STEPS) -> Array:
        """1 in every quarter of an hour with noise limits."""
        return np.array([float(self.quiet(now + k * STEP)) for k in range(steps)])


def anticipated_c(band: Band, ramp_k_h: float, look_ahead_h: float = 12.0) -> float:
    """What to hold now so that coming bounds are met in time, where there is no plan.

    Each bound is asked for earlier by the time that the house takes to rise.
    """
    lower = band.lower_c[: max(1, int(look_ahead_h / STEP_H))]
    hours = np.arange(len(lower)) * STEP_H
    return float((lower - ramp_k_h * hours).max())


def with_override(overrides: Sequence[Override], now: datetime) -> Override | None:
    """The newest override that still lives."""
    living = [override for override in overrides if now < override.until]
    return living[-1] if living else None
