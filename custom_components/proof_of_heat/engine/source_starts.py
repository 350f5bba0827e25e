"""Starts of sources that follow a flow temperature.

A boiler or heat pump with a control of its own starts only when its water is several kelvins below the setpoint. The
setpoint of a small heat is hardly above the water. A source that was asked for heat and did not start gets a higher one
until it heats, from then on at each start.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
import math

from .config import SourceConfig, Steering
from .delivery import Delivery
from .snapshot import Snapshot

START_K = 5.0
"""By how much the setpoint of a source that hesitates is above its water: a usual hysteresis."""
STEP_K = 2.5
"""It rises by this with every `WAIT_S` in which the source still makes no heat..."""
STEPS = 2
"""...this often."""
WAIT_S = 600.0
"""A source that makes no heat this long after it was asked for it hesitates: longer than an ignition or pump run."""


@dataclass(slots=True)
class SourceStarts:
    """Which sources hesitate to start, and the setpoint at which they do not."""

    _asked: frozenset[str] = frozenset()
    """The sources that were to heat since the last cycle."""
    _resting_c: dict[str, float] = field(default_factory=dict)
    _waits_s: dict[str, float] = field(default_factory=dict)
    """For how long a source was asked for heat without making any."""
    _hesitant: set[str] = field(default_factory=set)

    def update(
        self, configs: Mapping[str, SourceConfig], snapshot: Snapshot, delivery: Delivery, elapsed_s: float
    ) -> None:
        """Note which sources made no heat since the last cycle although they were asked for it."""
        self._resting_c = _resting_c(configs, snapshot, delivery)
        waiting = self._asked & self._resting_c.keys()
        self._waits_s = {source_id: self._waits_s.get(source_id, 0.0) + elapsed_s for source_id in waiting}
        self._hesitant |= {source_id for source_id, waited_s in self._waits_s.items() if waited_s >= WAIT_S}
        self._asked = frozenset()

    def flow_c(self, used: Collection[str]) -> float:
        """Return the setpoint at which the sources that are to heat now start; -inf if they heat or start anyway."""
        self._asked = frozenset(used)
        return max((self._start_c(source_id) for source_id in used), default=-math.inf)

    def _start_c(self, source_id: str) -> float:
        if source_id not in self._hesitant or source_id not in self._resting_c:
            return -math.inf
        steps = min(STEPS, int(self._waits_s.get(source_id, 0.0) / WAIT_S))
        return self._resting_c[source_id] + START_K + STEP_K * steps


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
