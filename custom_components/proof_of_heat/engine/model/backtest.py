"""Backtest: how well the model predicts the room temperature. Predictions are used only if it passes.

The model is fitted without the newest day and then predicts that day from several starts, with measured weather and
heat but without the measured room temperature. The persistence forecast (the room stays as it is) is the comparison.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math

import numpy as np

from ..arrays import Array
from ..thread_yield import no_yield
from .history import STEP_S, Series
from .house_fit import HouseFit, fit_house
from .network import inputs, sensor_c, simulate
from .observer import FADE_H, Observer, first_state

HOLD_OUT_H = 24.0
MIN_HISTORY_H = 10.0
LEADS_H = (3, 6, 12)
START_EVERY = 4
GATE_DAYS = 5
REOPEN_SHARE = 0.8
"""After a failure, predictions are used again only when the error is below this share of the limit."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Errors over the held-out day, by lead time in hours."""

    rmse_k: dict[int, float]
    persistence_k: dict[int, float]
    """The error of the persistence forecast."""
    starts: int

    @property
    def error_k(self) -> float:
        """The error at the longest lead time; infinite without any."""
        return self.rmse_k[max(self.rmse_k)] if self.rmse_k else math.inf


def gate(errors_k: Sequence[float], limit_k: float, *, was_open: bool) -> bool:
    """Return whether predictions may be used, by the errors of the last days: a single bad day does not prevent it."""
    known = [error for error in errors_k[-GATE_DAYS:] if math.isfinite(error)]
    if not known:
        return False
    overall = math.sqrt(sum(error * error for error in known) / len(known))
    return overall < (limit_k if was_open else limit_k * REOPEN_SHARE)


def backtest(series: Series, before: HouseFit | None = None, yield_thread: Callable[[], None] = no_yield) -> Backtest:
    """Fit without the newest day, then test on it. The result is empty if the history is too short."""
    held_out = int(min(HOLD_OUT_H, len(series) * STEP_S / 3600 / 2) * 3600 / STEP_S)
    past = series.until(len(series) - held_out)
    if len(past) * STEP_S / 3600 < MIN_HISTORY_H:
        return Backtest({}, {}, 0)
    return evaluate(series, fit_house(past, before, yield_thread=yield_thread), len(past), yield_thread)


def evaluate(series: Series, fitted: HouseFit, first: int, yield_thread: Callable[[], None] = no_yield) -> Backtest:
    """Return the errors of a fit over the series from its row ``first`` on."""
    begin = max(0, first - 96)
    rows = series.rows(begin)
    observer = Observer(fitted.parameters, first_state(fitted.parameters, rows[0].room_c, rows[0].water_c))
    states, unknown = [], []
    for row in rows:
        state = observer.update(row)
        states.append(state.temperatures)
        unknown.append(state.unknown_w)
        yield_thread()
    rmse, persistence, starts = {}, {}, 0
    for lead_h in LEADS_H:
        steps = lead_h * 3600 // STEP_S
        at = np.arange(first - begin, len(rows) - steps, START_EVERY)
        last = np.minimum(at + begin + steps, len(series) - 1)
        at = at[series.time_s[last] - series.time_s[at + begin] < (steps + 0.5) * STEP_S]
        if len(at) < 4:
            continue
        yield_thread()
        error, drift = _errors(series, fitted, np.array(states)[at], np.array(unknown)[at], at + begin, steps)
        rmse[lead_h] = float(np.sqrt(np.mean(error**2)))
        persistence[lead_h] = float(np.sqrt(np.mean(drift**2)))
        starts = len(at)
    return Backtest(rmse, persistence, starts)


def _errors(  # noqa: PLR0917
    series: Series, fitted: HouseFit, states: Array, unknown: Array, at: Array, steps: int
) -> tuple[Array, Array]:
    vector = np.tile(fitted.parameters.vector, (len(at), 1))
    whole = inputs(vector[:1], series.time_s, series.heat_w, series.outdoor_c, series.solar_w_m2, series.people)[0]
    window = at[:, None] + 1 + np.arange(steps)[None, :]
    drive = whole[window]
    fade = np.exp(-np.arange(steps) * (STEP_S / 3600 / FADE_H))
    drive[:, :, 2] += unknown[:, None] * fade
    predicted = sensor_c(vector, simulate(vector, states, drive, STEP_S)[:, -1:])[:, 0]
    truth = series.room_c[at + steps]
    return predicted - truth, series.room_c[at] - truth
