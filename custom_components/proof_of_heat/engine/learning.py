"""The learned model of the home, and the (slow) job that learns it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .learning_state import LearningState
from .model.backtest import GATE_DAYS, Backtest, backtest, gate
from .model.history import STEP_S, Row, Series
from .model.house_fit import HouseFit, fit_house
from .model.meter_check import MeterProblem, cop_problem, heat_problem
from .model.observer import HouseState, Observer, emitter_after, first_state
from .model.performance_map import Operation, PerformanceMap, learn as learn_pump, learn_from
from .planning.planner import ResponseModel
from .planning.segments import FLOW_OVER_MEAN
from .thread_yield import no_yield

FIRST_H = 10.0
OFTEN_UNTIL_H = 48.0
OFTEN_H = 6.0
DAILY_H = 24.0
FIT_DAYS = 14
SETTLE_ROWS = 192
HORIZON_STEPS = 192
KEEP_LOSSES = 15


@dataclass(frozen=True)
class LearnedModel:
    """A model of house and modulating sources, with the result of its backtest."""

    fitted: HouseFit
    pump: PerformanceMap | None
    responses: ResponseModel
    tested: Backtest
    errors_k: tuple[float, ...]
    """12-hour errors of the last backtests, newest last."""
    trusted: bool
    state: HouseState
    """State of the house at the end of the history."""
    at_rows: float
    """Time of the newest row, in seconds of local standard time."""
    others: Mapping[str, PerformanceMap] = field(default_factory=dict)
    """Performance maps of further modulating sources."""
    losses_w_k: tuple[float, ...] = ()
    """Heat losses of the last learnings, newest last."""
    meter_problem: MeterProblem | None = None
    """Why a meter cannot be that of the heat source; what was learned from it is not used."""

    @property
    def learning_state(self) -> LearningState:
        """What the next learning needs."""
        return LearningState(
            self.pump, self.others, self.errors_k, self.losses_w_k, self.trusted, self.fitted, self.at_rows
        )

    def checked(self, *, is_heat_pump: bool) -> LearnedModel:
        """Return the model without the map of a heat pump that is not possible."""
        found = cop_problem(self.pump, is_heat_pump=is_heat_pump)
        return self if found is None else replace(self, pump=None, meter_problem=found)

    @property
    def drift(self) -> float | None:
        """The change of the heat loss against the mean of earlier learnings, as a share; None without any."""
        *earlier, newest = self.losses_w_k or (0.0,)
        return newest * len(earlier) / sum(earlier) - 1 if earlier else None

    @property
    def full_heat_w(self) -> float:
        """Return the heat of the modulating source at full level in cold weather; 0 if it is not learned."""
        if self.pump is None:
            return 0.0
        heat, _ = self.pump.at(np.array(1.0), np.array(35.0), np.array(2.0))
        return float(heat)

    def flow_for(self, state: HouseState, heat_w: float, lead_s: float = STEP_S) -> float:
        """Return the flow temperature that delivers this heat after the emitters have warmed up for ``lead_s``."""
        return emitter_after(self.fitted.parameters, state, heat_w, lead_s) + self.flow_rise_k(heat_w)

    def flow_rise_k(self, heat_w: float) -> float:
        """Return by how much the flow is warmer than the emitters with this heat."""
        return FLOW_OVER_MEAN * self.fitted.parameters.water_k_w * heat_w

    def observer(self, since: list[Row]) -> Observer:
        """Return an observer that has processed the rows added since learning began."""
        observer = Observer(self.fitted.parameters, self.state, last_s=self.at_rows)
        for row in since:
            observer.update(row)
        return observer


def next_learning_h(hours: float) -> float:
    """Return at how many hours of history to learn next."""
    if hours < FIRST_H:
        return FIRST_H
    return hours + (OFTEN_H if hours < OFTEN_UNTIL_H else DAILY_H)


def progress_percent(hours: float, *, is_learned: bool) -> int:
    """Return the progress of learning with so many hours of history; 100 only when the house is learned."""
    return 100 if is_learned else min(99, int(100 * hours / FIRST_H))


def learn(
    series: Series,
    before: LearnedModel | LearningState | None,
    error_limit_k: float,
    operations: Mapping[str, Operation] | None = None,
    yield_thread: Callable[[], None] = no_yield,
) -> LearnedModel:
    """Learn house and performance maps from the history, and backtest them.

    It takes seconds: do not call it in the event loop. ``yield_thread`` is called every millisecond or two.

    Raises:
        ValueError: the history is too short.
    """
    recent = series.since(max(0, len(series) - FIT_DAYS * 86400 // STEP_S))
    earlier = before.learning_state if isinstance(before, LearnedModel) else before or LearningState()
    earlier = earlier.before(float(series.time_s[-1]))
    previous = earlier.fitted
    fitted = fit_house(recent, previous, yield_thread=yield_thread)
    tested = backtest(recent, previous, yield_thread)
    rows = recent.rows(max(0, len(recent) - SETTLE_ROWS))
    observer = Observer(fitted.parameters, first_state(fitted.parameters, rows[0].room_c, rows[0].water_c))
    for row in rows:
        state = observer.update(row)
        yield_thread()
    pump = learn_pump(series, earlier.pump) or earlier.pump
    meter_problem = heat_problem(series)
    errors_k = (*earlier.errors_k, tested.error_k)[-GATE_DAYS:]
    return LearnedModel(
        fitted=fitted,
        pump=pump,
        responses=ResponseModel(fitted.parameters, HORIZON_STEPS),
        tested=tested,
        errors_k=errors_k,
        trusted=meter_problem is None and gate(errors_k, error_limit_k, was_open=earlier.trusted),
        state=state,
        at_rows=float(series.time_s[-1]),
        others=_others(operations or {}, earlier.others),
        losses_w_k=(*earlier.losses_w_k, fitted.parameters.total_loss_w_k)[-KEEP_LOSSES:],
        meter_problem=meter_problem,
    )


def _others(operations: Mapping[str, Operation], before: Mapping[str, PerformanceMap]) -> dict[str, PerformanceMap]:
    """Return the maps of the further modulating sources; earlier maps stay until enough new data is available."""
    maps = dict(before)
    for source_id, operating_values in operations.items():
        if (learned := learn_from(operating_values, maps.get(source_id))) is not None:
            maps[source_id] = learned
    return maps
