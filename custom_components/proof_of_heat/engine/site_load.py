"""The load of the home without its heat sources. While its meter does not report, the recent maximum is assumed.

A power limit must hold without the meter as well: an unknown load counts as the highest one of the last measured day,
never as zero. A load that was never measured leaves no power for heating.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
import math
from typing import Any

from .config import SiteLimits
from .messages import Message, MessageCode, message
from .snapshot import Snapshot

BUCKET_S = 900.0
BUCKETS = 96
"""The recent maximum is that of this many quarter-hours in which the load was measured."""
MAX_STEP_S = 120.0
"""A longer step between two cycles counts as this long."""
PLAUSIBLE_W = 1_000_000.0


@dataclass(slots=True)
class _MeasuredLoad:
    """One load: of the site, or of a phase."""

    limit_w: float
    maxima: deque[float] = field(default_factory=lambda: deque(maxlen=BUCKETS))
    load_w: float = math.nan
    _bucket_s: float = math.inf

    @property
    def is_lost(self) -> bool:
        return math.isfinite(self.limit_w) and not math.isfinite(self.load_w)

    @property
    def assumed_w(self) -> float:
        """The present load, else the recent maximum: infinite if never measured, zero if no limit depends on it."""
        if math.isfinite(self.load_w):
            return self.load_w
        return max(self.maxima, default=math.inf) if math.isfinite(self.limit_w) else 0.0

    def observe(self, load_w: float, elapsed_s: float) -> None:
        self.load_w = load_w if abs(load_w) <= PLAUSIBLE_W else math.nan
        if not math.isfinite(self.load_w):
            return
        self._bucket_s += min(elapsed_s, MAX_STEP_S)
        if self._bucket_s >= BUCKET_S or not self.maxima:
            self._bucket_s = 0.0
            self.maxima.append(self.load_w)
        self.maxima[-1] = max(self.maxima[-1], self.load_w)


class SiteLoad:
    """Remembers the highest loads of the last measured day, of the site and of its phases."""

    def __init__(self, limits: SiteLimits) -> None:
        self._site = _MeasuredLoad(limits.power_w)
        self._phases = tuple(_MeasuredLoad(limits.phase_w) for _ in range(3))

    def configure(self, limits: SiteLimits) -> None:
        """Apply other limits; the remembered loads stay."""
        self._site.limit_w = limits.power_w
        for phase in self._phases:
            phase.limit_w = limits.phase_w

    @property
    def is_lost(self) -> bool:
        """Whether a load that a limit depends on is unknown."""
        return any(load.is_lost for load in (self._site, *self._phases))

    @property
    def lost_phases(self) -> tuple[int, ...]:
        """The phases (0..2) whose load is unknown although a limit depends on it."""
        return tuple(phase for phase, load in enumerate(self._phases) if load.is_lost)

    @property
    def site_is_lost(self) -> bool:
        """Whether the load of the site is unknown although a limit depends on it."""
        return self._site.is_lost

    def observe(self, snapshot: Snapshot, elapsed_s: float) -> None:
        """Record the loads of a snapshot; unknown ones are NaN."""
        self._site.observe(snapshot.other_load_w, elapsed_s)
        for phase, load_w in zip(self._phases, snapshot.other_phase_load_w, strict=True):
            phase.observe(load_w, elapsed_s)

    def completed(self, snapshot: Snapshot) -> Snapshot:
        """Return the last observed snapshot with the assumed load in place of an unknown one."""
        a, b, c = (phase.assumed_w for phase in self._phases)
        return replace(snapshot, other_load_w=self._site.assumed_w, other_phase_load_w=(a, b, c))

    def messages(self) -> tuple[Message, ...]:
        """Return what limits the power while the meter does not report."""
        lost = [load.assumed_w for load in (self._site, *self._phases) if load.is_lost]
        if not lost:
            return ()
        if math.isinf(max(lost)):
            return (message(MessageCode.SITE_LOAD_UNKNOWN),)
        return (message(MessageCode.SITE_METER_LOST, load_kw=(lost[0] if self._site.is_lost else sum(lost)) / 1000),)

    def dump(self) -> list[list[float]]:
        """Return the recent maxima of the site and each phase as JSON values."""
        return [[round(load_w) for load_w in load.maxima] for load in (self._site, *self._phases)]

    def restore(self, saved: Sequence[Any]) -> None:
        """Restore what ``dump`` returned; invalid entries are skipped."""
        for load, rows in zip((self._site, *self._phases), saved, strict=False):
            if isinstance(rows, list):
                load.maxima.extend(float(row) for row in rows if _is_load(row))


def _is_load(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= PLAUSIBLE_W
