"""The flow temperature that makes a source deliver the planned heat.

The learned house gives the flow temperature at which the emitters take this heat now. What the source then delivers
shows how far the learned heat transfer is off: a slow correction removes the difference.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from .learning import LearnedModel
from .model.history import STEP_S
from .model.observer import HouseState
from .source_starts import SourceStarts

LIMIT_K = 4.0
"""The correction is at most this much."""
SETTLE_S = 900.0
"""The flow is raised this long after a start at the earliest, when the emitters and the compressor have settled."""
TIME_S = 2700.0
"""Time constant of the correction while too little heat is delivered."""
TOO_MUCH_TIME_S = 300.0
"""The same while there is too much, from the start on: it raises the peak of the home's power."""
LEAST_SHARE = 0.4
"""Below this share of the full heat, a source may be at its minimum: a lower setpoint would stop it."""


@dataclass(slots=True)
class FlowControl:
    """The flow temperature setpoint of a plan, with its correction."""

    correction_k: float = 0.0
    starts: SourceStarts = field(default_factory=SourceStarts)
    _asked_w: float = 0.0
    _running_s: float = 0.0

    def flow_c(
        self, learned: LearnedModel, state: HouseState, heat_w: float, *, since_s: float, used: Collection[str] = ()
    ) -> float:
        """Return the flow temperature for a planned heat of the sources ``used``.

        ``since_s``: seconds since the state was estimated.
        """
        self._asked_w = heat_w
        lead_s = min(max(since_s, 0.0), STEP_S)
        return max(learned.flow_for(state, heat_w, lead_s) + self.correction_k, self.starts.flow_c(used))

    def update(self, learned: LearnedModel | None, delivered_w: float, elapsed_s: float) -> None:
        """Compare what was delivered since the last cycle with what the setpoint was meant for."""
        if learned is None or self._asked_w <= 0 or delivered_w <= 0:
            self._running_s = 0.0
            self._asked_w = 0.0
            return
        self._running_s += elapsed_s
        missing_k = learned.flow_rise_k(self._asked_w - delivered_w)
        if missing_k > 0 and self._running_s <= SETTLE_S:
            return
        if missing_k < 0 and self._asked_w < LEAST_SHARE * learned.full_heat_w:
            return
        time_s = TIME_S if missing_k > 0 else TOO_MUCH_TIME_S
        step = self.correction_k + missing_k * min(1.0, elapsed_s / time_s)
        self.correction_k = min(LIMIT_K, max(-LIMIT_K, step))
