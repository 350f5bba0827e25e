"""Profiles, overrides with a time to live, and the comfort band that the engine plans in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from ..drivers.values import number
from .spans import Spans

BAND_STEP: Final = timedelta(minutes=15)
BAND_STEPS: Final = 192
BELOW_K: Final = 0.3
ABOVE_K: Final = 1.2
MIN_C: Final = 5.0
MAX_C: Final = 28.0


class Profile(StrEnum):
    """What the user chose for the home."""

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
        """The temperature of a profile; auto has none of its own and counts as comfort."""
        return {
            Profile.ECO: self.eco,
            Profile.AWAY: self.away,
            Profile.ANTIFREEZE: self.antifreeze,
        }.get(profile, self.comfort)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A wish that ends by itself. `zone_id` None: all zones. One of profile and temperature is given."""

    until: datetime
    zone_id: str | None = None
    profile: Profile | None = None
    target_c: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """For the store."""
        return {
            "until": self.until.isoformat(),
            "zone_id": self.zone_id,
            "profile": self.profile,
            "target_c": self.target_c,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Override | None:
        """From the store; None for what cannot be read."""
        try:
            until = datetime.fromisoformat(str(data["until"]))
            profile = Profile(data["profile"]) if data.get("profile") else None
        except KeyError, ValueError:
            return None
        target = number(data.get("target_c"))
        if until.tzinfo is None or (profile is None and target is None):
            return None
        return cls(until=until, zone_id=data.get("zone_id"), profile=profile, target_c=target)


@dataclass(slots=True)
class Wishes:
    """All that decides the target besides the schedule."""

    profile: Profile = Profile.AUTO
    away: bool = False
    """Nobody is home (presence)."""
    back_at: datetime | None = None
    """When somebody comes home again, where the calendar tells; None: nobody knows."""
    trips: Spans = field(default_factory=Spans)
    """Events of the away calendar, now and ahead."""
    overrides: list[Override] = field(default_factory=list)

    def expire(self, now: datetime) -> list[Override]:
        """Drop overrides that ended; returns them."""
        ended = [item for item in self.overrides if item.until <= now]
        self.overrides = [item for item in self.overrides if item.until > now]
        return ended

    def put(self, override: Override) -> None:
        """Add; it takes the place of an earlier one for the same zone."""
        self.overrides = [item for item in self.overrides if item.zone_id != override.zone_id]
        self.overrides.append(override)

    def drop(self, zone_id: str | None) -> bool:
        """Remove the override of a zone (None: all of them); whether there was one."""
        before = len(self.overrides)
        self.overrides = [] if zone_id is None else [o for o in self.overrides if o.zone_id != zone_id]
        return len(self.overrides) != before

    def override(self, zone_id: str, when: datetime) -> Override | None:
        """The override that counts for a zone: its own before that of all zones."""
        own = [o for o in self.overrides if o.zone_id == zone_id and when < o.until]
        common = [o for o in self.overrides if o.zone_id is None and when < o.until]
        return next(iter(own or common), None)

    def away_at(self, when: datetime) -> bool:
        """Whether the home is empty then: by the calendar, or by presence until the calendar says who comes back."""
        return self.trips.holds(when) or (self.away and (self.back_at is None or when < self.back_at))

    def profile_at(self, zone_id: str, scheduled_comfort: bool, when: datetime) -> Profile:
        """The profile that counts: override, then the chosen one, then (auto) away and the schedule."""
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
        """The temperature that is wanted in a zone."""
        override = self.override(zone_id, when)
        if override is not None and override.target_c is not None:
            return min(max(override.target_c, MIN_C), MAX_C)
        return targets.of(self.profile_at(zone_id, scheduled_comfort, when))


def band(
    target_at: Callable[[datetime], float], now: datetime, *, below_k: float = BELOW_K, above_k: float = ABOVE_K
) -> tuple[list[float], list[float]]:
    """Lower and upper bounds in steps of 15 minutes over two days; being warm *at* the time is the planner's work."""
    targets = [target_at(now + index * BAND_STEP) for index in range(BAND_STEPS)]
    return [value - below_k for value in targets], [value + above_k for value in targets]


def with_target(targets: Targets, profile: Profile, value: float) -> Targets:
    """Targets with one changed."""
    name = "comfort" if profile == Profile.AUTO else str(profile)
    return replace(targets, **{name: min(max(value, MIN_C), MAX_C)})
