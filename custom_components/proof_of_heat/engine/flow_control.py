"""The flow temperature that makes a source deliver the planned heat.

The learned house gives the flow temperature at which the emitters take this heat now. What the source then delivers
shows how far the learned heat transfer is off: a correction removes the difference.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
import math

from .learning import LearnedModel
from .model.history import STEP_S
from .model.observer import HouseState
from .planning.commitment import PlanResult
from .snapshot import Snapshot
from .source_starts import SourceStarts

LIMIT_K = 4.0
"""The correction is at most this much."""
FOLLOWS_K = 1.0
"""A source whose flow temperature is within this distance below the setpoint follows it. One that is still colder
starts, or is at its maximum: a higher setpoint would only make it deliver too much later."""
TIME_S = 600.0
"""Time constant of the correction while a source that follows its setpoint delivers too little heat."""
SETTLE_S = 900.0
"""Without a flow temperature, the setpoint is raised this long after a start at the earliest..."""
BLIND_TIME_S = 2700.0
"""...and with this time constant."""
TOO_MUCH_TIME_S = 300.0
"""Time constant while there is too much heat, from the start on: it raises the peak of the home's power."""
FULL_LEVEL = 0.99
"""A source that a plan uses at this level is not throttled by the power limit, or cannot be."""
LEAST_SHARE = 0.4
"""Below this share of the full heat, a source may be at its minimum: a lower setpoint would stop it."""


@dataclass(frozen=True, slots=True)
class Response:
    """How the sources respond to the setpoint."""

    heat_w: float
    flow_c: float = math.nan
    """The lowest flow temperature of the sources of the plan; NaN without a sensor."""
    spare_w: float = math.inf
    """Heat that the power limit of the plan leaves; negative while the sources draw more than it."""
    wants_all: bool = False
    """Whether the plan needs all heat that its power limit allows: rooms would be too cold with less."""


def response(snapshot: Snapshot, heat_w: float, plan: PlanResult | None) -> Response:
    """Return the response of the sources that a plan uses; ``heat_w``: what all sources deliver."""
    used = [source for source in snapshot.sources if plan is not None and source.source_id in plan.used]
    flow_c = min([source.flow_c for source in used if math.isfinite(source.flow_c)], default=math.nan)
    power_w = sum([source.power_w for source in used])
    if plan is None or not power_w > 0:
        return Response(heat_w, flow_c)
    spare_w = (plan.cap_w - power_w) / power_w * heat_w
    is_throttled = all(plan.levels[source.source_id] < FULL_LEVEL for source in used)
    return Response(heat_w, flow_c, spare_w if is_throttled else max(0.0, spare_w), plan.is_limited and is_throttled)


@dataclass(slots=True)
class FlowControl:
    """The flow temperature setpoint of a plan, with its correction."""

    correction_k: float = 0.0
    extra_k: float = 0.0
    """What is added until the sources stop because the plan needs all heat that its power limit allows. Too much heat
    takes this back first."""
    starts: SourceStarts = field(default_factory=SourceStarts)
    _asked_w: float = 0.0
    _setpoint_c: float = math.nan
    _highest_c: float = math.inf
    """At a higher setpoint, the sources would draw more than the plan's power limit."""
    _running_s: float = 0.0

    def flow_c(
        self, learned: LearnedModel, state: HouseState, heat_w: float, *, since_s: float, used: Collection[str] = ()
    ) -> float:
        """Return the flow temperature for a planned heat of the sources ``used``.

        ``since_s``: seconds since the state was estimated.
        """
        self._asked_w = heat_w
        lead_s = min(max(since_s, 0.0), STEP_S)
        heat_c = learned.flow_for(state, heat_w, lead_s) + self.correction_k + self.extra_k
        self._setpoint_c = min(heat_c, self._highest_c)
        return self.starts.flow_c(used, self._setpoint_c)

    def update(self, learned: LearnedModel | None, now: Response, elapsed_s: float) -> None:
        """Compare what was delivered since the last cycle with what the setpoint was meant for."""
        if learned is None or self._asked_w <= 0 or now.heat_w <= 0:
            self._running_s = 0.0
            self._asked_w = self.extra_k = 0.0
            self._highest_c = math.inf
            return
        self._running_s += elapsed_s
        self._highest_c = self._limit_c(learned, now)
        missing_w = min(self._asked_w - now.heat_w, now.spare_w)
        extra_w = now.spare_w - max(missing_w, 0.0) if now.wants_all and now.spare_w > 0 else 0.0
        if missing_w + extra_w > 0:
            time_s = self._raise_time_s(now.flow_c)
        elif self._is_low(learned):
            return
        else:
            time_s = TOO_MUCH_TIME_S
        share = min(1.0, elapsed_s / time_s)
        if extra_w > 0:
            self._change(learned.flow_rise_k(max(missing_w, 0.0)) * share, learned.flow_rise_k(extra_w) * share)
        else:
            by_k = learned.flow_rise_k(missing_w) * share
            extra_k = max(min(by_k, 0.0), -self.extra_k)
            self._change(by_k - extra_k, extra_k)

    def _change(self, correction_k: float, extra_k: float) -> None:
        self.correction_k = min(LIMIT_K, max(-LIMIT_K, self.correction_k + correction_k))
        self.extra_k = min(LIMIT_K, self.extra_k + extra_k)

    def _limit_c(self, learned: LearnedModel, now: Response) -> float:
        """Return the highest setpoint that the power limit allows, by what was drawn at the last one."""
        is_free = not self._follows(now.flow_c) if now.spare_w > 0 else self._is_low(learned)
        if is_free:
            return math.inf
        return self._setpoint_c + learned.flow_rise_k(now.spare_w)

    def _is_low(self, learned: LearnedModel) -> bool:
        return self._asked_w < LEAST_SHARE * learned.full_heat_w

    def _follows(self, flow_c: float) -> bool:
        return flow_c >= self._setpoint_c - FOLLOWS_K

    def _raise_time_s(self, flow_c: float) -> float:
        """Return the time constant while too little heat is delivered; infinite while the source is not settled."""
        if math.isfinite(flow_c):
            return TIME_S if self._follows(flow_c) else math.inf
        return BLIND_TIME_S if self._running_s > SETTLE_S else math.inf
