"""Starts of sources that follow a flow temperature.

A boiler or heat pump with a control of its own starts only when its water is several kelvins below the setpoint. The
setpoint of a small heat is hardly above the water. A source that was asked for heat and did not start gets a higher one
until it heats, from then on at each start. By how much is learned from its starts: a setpoint that is higher than the
source needs makes it start at full power.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
import math

from .config import SourceConfig, Steering
from .delivery import Delivery
from .snapshot import Snapshot

START_K = 5.0
"""By how much the setpoint of a source that hesitates is above its water at first: a usual hysteresis."""
KNOWN_K = 0.5
"""The hysteresis is known when the rise that was enough and the one that was not differ by less."""
STEP_K = 2.5
"""The setpoint rises by this with every `WAIT_S` in which the source still makes no heat..."""
STEPS = 2
"""...this often."""
WAIT_S = 600.0
"""A source that makes no heat this long after it was asked for it hesitates: longer than an ignition or pump run."""
REST_S = 1200.0
"""After a stop, a source may rest this long: usual for a compressor. Meanwhile it does not hesitate."""


@dataclass(slots=True)
class StartRise:
    """By how much a source's setpoint has to be above its water for a start, as far as its starts show it (K)."""

    too_small_k: float | None = None
    """The highest rise at which it made no heat; None: it started at each."""
    enough_k: float = START_K
    """The lowest rise at which it started."""

    @property
    def next_k(self) -> float:
        """The rise of the next start; -inf for a source that starts at any."""
        if self.too_small_k is None:
            return -math.inf
        if self.enough_k - self.too_small_k <= KNOWN_K:
            return self.enough_k
        return (self.too_small_k + self.enough_k) / 2

    def has_waited(self, rise_k: float) -> None:
        """Note that the source made no heat at this rise."""
        self.too_small_k = max(self.too_small_k or 0.0, min(rise_k, START_K))
        self.enough_k = max(self.enough_k, min(self.too_small_k + KNOWN_K, START_K))

    def has_started(self, rise_k: float) -> None:
        """Note that the source started at this rise."""
        if self.too_small_k is not None:
            self.enough_k = min(self.enough_k, max(rise_k, self.too_small_k))


@dataclass(slots=True)
class SourceStarts:
    """Which sources hesitate to start, and the setpoint at which they do not."""

    _asked_c: dict[str, float] = field(default_factory=dict)
    """Setpoint of the sources that were to heat since the last cycle."""
    _resting_c: dict[str, float] = field(default_factory=dict)
    """Water temperature of the sources that make no heat."""
    _idle_s: dict[str, float] = field(default_factory=dict)
    """Time since a source that has heated made no more heat."""
    _waits_s: dict[str, float] = field(default_factory=dict)
    """For how long a source was asked for heat without making any."""
    _rises: dict[str, StartRise] = field(default_factory=dict)

    def update(
        self, configs: Mapping[str, SourceConfig], snapshot: Snapshot, delivery: Delivery, elapsed_s: float
    ) -> None:
        """Note which sources made heat since the last cycle, and which made none although they were asked for it."""
        before, self._resting_c = self._resting_c, _resting_c(configs, snapshot, delivery)
        waits_s: dict[str, float] = {}
        for source_id, asked_c in self._asked_c.items():
            rise = self._rises.setdefault(source_id, StartRise())
            if source_id in self._resting_c:
                waited_s = self._waits_s.get(source_id, 0.0)
                if waited_s or self._idle_s.get(source_id, math.inf) >= REST_S:
                    waits_s[source_id] = waited_s + elapsed_s
                    if _steps(waits_s[source_id]) > _steps(waited_s):
                        rise.has_waited(asked_c - self._resting_c[source_id])
            elif source_id in before and (now := delivery.of(source_id)) is not None and now.heats_home:
                rise.has_started(asked_c - before[source_id])
        self._waits_s = waits_s
        for now in delivery.sources:
            if now.is_heating:
                self._idle_s[now.source_id] = 0.0
            elif now.source_id in self._idle_s:
                self._idle_s[now.source_id] += elapsed_s
        self._asked_c = {}

    def flow_c(self, used: Collection[str], heat_c: float) -> float:
        """Return the setpoint at which the sources that are to heat now start; at least ``heat_c``."""
        setpoint_c = max([heat_c, *(self._start_c(source_id) for source_id in used)])
        self._asked_c = dict.fromkeys(used, setpoint_c)
        return setpoint_c

    def _start_c(self, source_id: str) -> float:
        rise, resting_c = self._rises.get(source_id), self._resting_c.get(source_id)
        if rise is None or resting_c is None:
            return -math.inf
        steps = min(STEPS, _steps(self._waits_s.get(source_id, 0.0)))
        return resting_c + rise.next_k + STEP_K * steps


def _steps(waited_s: float) -> int:
    return int(waited_s / WAIT_S)


def _resting_c(configs: Mapping[str, SourceConfig], snapshot: Snapshot, delivery: Delivery) -> dict[str, float]:
    """Return the water temperature of each modulating source that makes no heat now."""
    found = {}
    for reading in snapshot.sources:
        config, now = configs.get(reading.source_id), delivery.of(reading.source_id)
        if config is None or now is None or now.is_heating or config.steering is not Steering.LEVEL:
            continue
        if reading.available and not reading.hot_water and math.isfinite(reading.flow_c):
            found[reading.source_id] = reading.flow_c
    return found
