"""How well the learned house foretells its own room: the gate for using predictions at all.

The model is fitted without the newest day and then asked about that day, hour by hour, from what was known at the
start: measured weather and heat, but no measured room. Doing nothing (the room stays as it is) is the yardstick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from ..arrays import Array
from .history import STEP_S, Series
from .house_fit import HouseFit, fit_house
from .network import inputs, sensed, simulate
from .observer import FADE_H, Observer, first_state

HOLD_OUT_H = 24.0
LEAST_PAST_H = 10.0
LEADS_H = (3, 6, 12)
START_EVERY = 4
GATE_DAYS = 5
REOPEN_SHARE = 0.8
"""A closed gate opens only when the error is this share of the limit."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Errors over the held-out day, by lead."""

    rmse_k: dict[int, float]
    standstill_k: dict[int, float]
    """The error of "the room stays as it is"."""
    starts: int

    @property
    def error_k(self) -> float:
        """The error at the longest lead."""
        return self.rmse_k[max(self.rmse_k)] if self.rmse_k else math.inf


def gate(errors_k: Sequence[float], limit_k: float, *, was_open: bool) -> bool:
    """Whether predictions may be used, by the errors of the last days: one odd day does not close the gate."""
    known = [error for error in errors_k[-GATE_DAYS:] if math.isfinite(error)]
    if not known:
        return False
    overall = math.sqrt(sum(error * error for error in known) / len(known))
    return overall < (limit_k if was_open else limit_k * REOPEN_SHARE)


def backtest(series: Series, before: HouseFit | None = None) -> Backtest:
    """Fit without the newest day, then test on it. Empty while there is too little history."""
    held_out = int(min(HOLD_OUT_H, len(series) * STEP_S / 3600 / 2) * 3600 / STEP_S)
    past = series.until(len(series) - held_out)
    if len(past) * STEP_S / 3600 < LEAST_PAST_H:
        return Backtest({}, {}, 0)
    return evaluate(series, fit_house(past, before), len(past))


def evaluate(series: Series, fitted: HouseFit, first: int) -> Backtest:
    """Errors of a fit over the series from its row ``first`` on."""
    begin = max(0, first - 96)
    rows = series.rows(begin)
    observer = Observer(fitted.parameters, first_state(fitted.parameters, rows[0].room_c, rows[0].water_c))
    states, unknown = [], []
    for row in rows:
        state = observer.update(row)
        states.append(state.temperatures)
        unknown.append(state.unknown_w)
    rmse, standstill, starts = {}, {}, 0
    for lead_h in LEADS_H:
        steps = lead_h * 3600 // STEP_S
        at = np.arange(first - begin, len(rows) - steps, START_EVERY)
        if len(at) < 4:
            continue
        error, still = _errors(series, fitted, np.array(states)[at], np.array(unknown)[at], at + begin, steps)
        rmse[lead_h] = float(np.sqrt(np.mean(error**2)))
        standstill[lead_h] = float(np.sqrt(np.mean(still**2)))
        starts = len(at)
    return Backtest(rmse, standstill, starts)


def _errors(  # noqa: PLR0917
    series: Series, fitted: HouseFit, states: Array, unknown: Array, at: Array, steps: int
) -> tuple[Array, Array]:
    vector = np.tile(fitted.parameters.vector, (len(at), 1))
    whole = inputs(vector[:1], series.time_s, series.heat_w, series.outdoor_c, series.solar_w_m2, series.people)[0]
    window = at[:, None] + 1 + np.arange(steps)[None, :]
    drive = whole[window]
    fade = np.exp(-np.arange(steps) * (STEP_S / 3600 / FADE_H))
    drive[:, :, 2] += unknown[:, None] * fade
    foretold = sensed(vector, simulate(vector, states, drive, STEP_S)[:, -1:])[:, 0]
    truth = series.room_c[at + steps]
    return foretold - truth, series.room_c[at] - truth
