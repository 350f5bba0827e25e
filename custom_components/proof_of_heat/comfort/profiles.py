"""Profiles, temporary overrides, and the comfort band that the engine plans in."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np

from ..drivers.values import number
from ..engine.arrays import Array
from .spans import Spans

BAND_STEP: Final = timedelta(minutes=15)
BAND_STEPS: Final = 192
BELOW_K: Final = 0.3
ABOVE_K: Final = 1.2
MIN_C: Final = 5.0
MAX_C: Final = 28.0


class Profile(StrEnum):
    """The home's profile, selected by the user."""

    AUTO = "auto"
    """Comfort and eco by schedule, away by presence and calendar."""
    COMFORT = "comfort"
    ECO = "eco"
    AWAY = "away"
    ANTIFREEZE = "antifreeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """A zone's temperatures by profile, in degC."""

    comfort: float = 21.0
    eco: float = 18.5
    away: float = 16.0
    antifreeze: float = 7.0

    def of(self, profile: Profile) -> float:
        """Return the temperature of a profile; for auto that of comfort."""
        return {
            Profile.ECO: self.eco,
            Profile.AWAY: self.away,
            Profile.ANTIFREEZE: self.antifreeze,
        }.get(profile, self.comfort)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A temporary profile or target temperature. `zone_id` None: all zones."""

    until: datetime | None
    """None: until the user changes it."""
    zone_id: str | None = None
    profile: Profile | None = None
    target_c: float | None = None

    def applies_at(self, when: datetime) -> bool:
        """Return whether it has not ended."""
        return self.until is None or when < self.until

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "until": None if self.until is None else self.until.isoformat(),
            "zone_id": self.zone_id,
            "profile": self.profile,
            "target_c": self.target_c,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Override | None:
        """Restore from the stored form; None if it is invalid."""
        try:
            until = None if data["until"] is None else datetime.fromisoformat(str(data["until"]))
            profile = Profile(data["profile"]) if data.get("profile") else None
        except KeyError, ValueError:
            return None
        target = number(data.get("target_c"))
        if (until is not None and until.tzinfo is None) or (profile is None and target is None):
            return None
        return cls(until=until, zone_id=data.get("zone_id"), profile=profile, target_c=target)


@dataclass(slots=True)
class ComfortSettings:
    """What determines target temperatures in addition to schedules: profile, presence, overrides."""

    profile: Profile = Profile.AUTO
    away: bool = False
    """Whether everyone is away (presence)."""
    back_at: datetime | None = None
    """When the calendar event ends, which means the return; None: unknown."""
    trips: Spans = field(default_factory=Spans)
    """Current and upcoming events of the away calendar."""
    overrides: list[Override] = field(default_factory=list)

    def expire(self, now: datetime) -> list[Override]:
        """Remove overrides that ended; return them."""
        ended = [item for item in self.overrides if not item.applies_at(now)]
        self.overrides = [item for item in self.overrides if item.applies_at(now)]
        return ended

    def add_override(self, override: Override) -> None:
        """Add an override; it replaces an earlier one of the same zone."""
        self.overrides = [item for item in self.overrides if item.zone_id != override.zone_id]
        self.overrides.append(override)

    def remove_override(self, zone_id: str | None) -> bool:
        """Remove the override of a zone (None: all); return whether there was one."""
        before = len(self.overrides)
        self.overrides = [] if zone_id is None else [o for o in self.overrides if o.zone_id != zone_id]
        return len(self.overrides) != before

    def override(self, zone_id: str, when: datetime) -> Override | None:
        """Return the override of a zone; its own takes precedence over that of all zones."""
        own = [o for o in self.overrides if o.zone_id == zone_id and o.applies_at(when)]
        common = [o for o in self.overrides if o.zone_id is None and o.applies_at(when)]
        return next(iter(own or common), None)

    def changes(self) -> Iterator[datetime]:
        """Yield all times at which these settings may change a target."""
        yield from (item.until for item in self.overrides if item.until is not None)
        yield from self.trips.moments()
        if self.back_at is not None:
            yield self.back_at

    def away_at(self, when: datetime) -> bool:
        """Return whether the home is empty: by the calendar, or by presence until the return in the calendar."""
        return self.trips.contains(when) or (self.away and (self.back_at is None or when < self.back_at))

    def profile_at(self, zone_id: str, scheduled_comfort: bool, when: datetime) -> Profile:
        """Return the profile of a zone: override, then the selected one, then for auto away or the schedule."""
        override = self.override(zone_id, when)
        if override is not None and override.profile not in (None, Profile.AUTO):
            assert override.profile is not None
            return override.profile
        if self.profile != Profile.AUTO:
            return self.profile
        if self.away_at(when):
            return Profile.AWAY
        return Profile.COMFORT if scheduled_comfort else Profile.ECO

    def target(self, zone_id: str, targets: Targets, scheduled_comfort: bool, when: datetime) -> float:
        """Return the target temperature of a zone."""
        override = self.override(zone_id, when)
        if override is not None and override.target_c is not None:
            return min(max(override.target_c, MIN_C), MAX_C)
        return targets.of(self.profile_at(zone_id, scheduled_comfort, when))


def band(
    target_at: Callable[[datetime], float],
    now: datetime,
    changes: Iterable[datetime],
    *,
    below_k: float = BELOW_K,
    above_k: float = ABOVE_K,
) -> tuple[Array, Array]:
    """Return lower and upper bounds in steps of 15 minutes over two days; preheating is the planner's task.

    `changes`: all times at which the target may change; it is evaluated once between them. A setback lowers the lower
    bound only: heat that is stored for the next comfort time, or left from the last one, is not too warm.
    """
    end = now + BAND_STEPS * BAND_STEP
    moments = [now, *sorted({when for when in changes if now < when < end})]
    values = np.array([target_at(when) for when in moments])
    begins = np.array([(when - now).total_seconds() for when in moments])
    steps = np.arange(BAND_STEPS) * BAND_STEP.total_seconds()
    targets = values[np.searchsorted(begins, steps, side="right") - 1]
    return targets - below_k, np.full(BAND_STEPS, targets.max() + above_k)
