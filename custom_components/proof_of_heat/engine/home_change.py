"""Adoption of the history of a home whose heat sources, meters or thermometers have changed."""

from dataclasses import dataclass, field
from typing import Final

from .engine import Engine
from .model.history import ENOUGH_ROWS, History

PUMP_COLUMNS: Final = ("power_w", "level", "pump_heat_w", "water_c", "flow_c")
PUMP_ALONE: Final = PUMP_COLUMNS[:3]
"""What is not of the house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedHome:
    """What is measured otherwise, from a time on (in seconds of local standard time)."""

    since_s: float
    room: bool = False
    outdoor: bool = False
    heat: bool = False
    source_ids: frozenset[str] = field(default=frozenset())
    """Heat sources that were added, or have another meter."""
    was_source_removed: bool = False

    def is_other_pump(self, pump_id: str | None) -> bool:
        """Return whether the source whose performance map is in the history may be another one, or has another meter.

        The source that was removed may have been that one.
        """
        return self.was_source_removed or pump_id in self.source_ids

    def columns(self, pump_id: str | None) -> frozenset[str]:
        """Return the columns of the history that were measured otherwise."""
        pump = PUMP_COLUMNS if self.is_other_pump(pump_id) else ()
        changed = {"room_c": self.room, "outdoor_c": self.outdoor, "heat_w": self.heat}
        return frozenset([name for name, is_changed in changed.items() if is_changed] + list(pump))


def adopt_changed_home(engine: Engine, imported: History, change: ChangedHome) -> bool:
    """Adopt a history of the home as it is measured now; the house is learned from it at the next job.

    What the engine recorded itself is more precise: it stays, except for what was measured otherwise. Returns whether
    the history before the change is used for now, because there is too little else.
    """
    is_other_pump = change.is_other_pump(engine.pump_id)
    engine.memory.forget_home(change.source_ids, pump=is_other_pump)
    engine.operating_history.forget(change.source_ids)
    history = engine.history.remeasured(imported, change.columns(engine.pump_id), change.since_s)
    if is_too_short := len(history) < ENOUGH_ROWS:
        history = engine.history.with_old_rows(change.since_s, PUMP_ALONE if is_other_pump else ())
    engine.use_history(history)
    return is_too_short
