"""Short-cycle protection: minimum on and off times, maximum starts per hour; by POSIX time to survive restarts."""

from collections import deque
from dataclasses import dataclass, field
import math

from .config import SourceConfig

HOUR_S = 3600.0


@dataclass
class SwitchRecord:
    """When a source was last switched."""

    on: bool | None = None
    changed_s: float = -math.inf
    starts_s: deque[float] = field(default_factory=lambda: deque(maxlen=16))


@dataclass(frozen=True, slots=True)
class RunLocks:
    """Whether a source must stay on or off."""

    must_run: bool = False
    must_rest: bool = False


class ShortCycleProtection:
    """The switching times of all sources."""

    def __init__(self) -> None:
        self._cycles: dict[str, SwitchRecord] = {}

    def cycle(self, source_id: str) -> SwitchRecord:
        """Return the record of a source; a new source gets an empty one."""
        return self._cycles.setdefault(source_id, SwitchRecord())

    def locks(self, config: SourceConfig, now_s: float) -> RunLocks:
        """Return whether minimum times or the maximum of starts bind a source at ``now_s`` (POSIX seconds)."""
        cycle = self.cycle(config.source_id)
        since = now_s - cycle.changed_s
        if since < 0:
            # The clock was set back: the minimum time starts again.
            cycle.changed_s = now_s
            since = 0.0
        if cycle.on:
            return RunLocks(must_run=since < config.min_on_s)
        starts = sum(1 for start in cycle.starts_s if 0 <= now_s - start < HOUR_S)
        return RunLocks(must_rest=since < config.min_off_s or starts >= config.max_starts_h)

    def record(self, source_id: str, now_s: float, *, on: bool) -> None:
        """Record that a source is on or off from ``now_s`` on."""
        cycle = self.cycle(source_id)
        if cycle.on is on:
            return
        if on:
            cycle.starts_s.append(now_s)
        if cycle.on is not None or on:
            cycle.changed_s = now_s
        cycle.on = on

    def dump(self) -> dict[str, object]:
        """Return the state that survives a restart, as JSON values."""
        return {
            source: {
                "on": cycle.on,
                "changed_s": None if math.isinf(cycle.changed_s) else cycle.changed_s,
                "starts_s": list(cycle.starts_s),
            }
            for source, cycle in self._cycles.items()
        }

    def restore(self, saved: dict[str, object]) -> None:
        """Restore what ``dump`` returned; invalid entries are ignored."""
        for source, entry in saved.items():
            if not isinstance(entry, dict):
                continue
            cycle = self.cycle(source)
            on, changed, starts = entry.get("on"), entry.get("changed_s"), entry.get("starts_s")
            cycle.on = on if isinstance(on, bool) else None
            if isinstance(changed, int | float) and math.isfinite(changed):
                cycle.changed_s = float(changed)
            if isinstance(starts, list):
                cycle.starts_s.extend(float(s) for s in starts if isinstance(s, int | float) and math.isfinite(s))
