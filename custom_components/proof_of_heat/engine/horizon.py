"""Series over the forecast horizon: from forecasts as far as they reach, then from the home's own history."""

from collections.abc import Sequence
import math

import numpy as np

from .arrays import Array
from .model.history import STEP_S, Row
from .planning.planner import Horizon
from .snapshot import ComfortBand, Snapshot

HORIZON_STEPS = 192
DAY_STEPS = 96
SETTLING_STEPS = 16
"""Beyond the forecast, the outdoor temperature approaches yesterday's course with this time constant (four hours)."""


def resample(values: Sequence[float] | Array, step_s: float, *, hold: bool = False) -> Array:
    """Return a series in steps of 15 minutes: means of shorter steps; longer steps are interpolated (or held)."""
    series = np.asarray(values, dtype=float)
    if not len(series) or step_s <= 0:
        return np.zeros(0)
    count = max(1, round(STEP_S / step_s))
    if step_s <= STEP_S:
        whole = len(series) // count
        means: Array = series[: whole * count].reshape(whole, count).mean(axis=1)
        return means
    count = round(step_s / STEP_S)
    if hold or len(series) == 1:
        return np.repeat(series, count)
    centres = (np.arange(len(series)) + 0.5) * count
    line: Array = np.interp(np.arange(len(series) * count) + 0.5, centres, series)
    return line


def daily_course(rows: Sequence[Row], name: str, steps: int) -> Array:
    """Return the last day's course of a column from the next step on, repeated; empty without a complete day."""
    if len(rows) < DAY_STEPS or rows[-1].time_s - rows[-DAY_STEPS].time_s > DAY_STEPS * STEP_S:
        return np.zeros(0)
    day = np.array([getattr(row, name) for row in rows[-DAY_STEPS:]])
    return np.tile(day, steps // DAY_STEPS + 1)[:steps]


def _complete(known: Array, course: Array, now: float, steps: int) -> Array:
    """Return a forecast as far as it reaches, then the last day's course (without a jump), else its last value."""
    known = known[:steps]
    bad = ~np.isfinite(known)
    if bad.any():
        known = known[: int(bad.argmax())]
    rest = steps - len(known)
    if rest == 0:
        return known
    last = float(known[-1]) if len(known) else now
    if not math.isfinite(last):
        last = 0.0
    if not len(course):
        return np.concatenate([known, np.full(rest, last)])
    tail = course[len(known) : steps].copy()
    offset = last - tail[0]
    tail += offset * np.exp(-np.arange(rest) / SETTLING_STEPS)
    return np.concatenate([known, tail])


def build_horizon(snapshot: Snapshot, outdoor_c: float, rows: Sequence[Row], band: ComfortBand, steps: int) -> Horizon:
    """Return outdoor temperature, solar radiation, people and comfort bounds for the next ``steps`` steps."""
    fc = snapshot.forecast
    step_s = fc.step_s if fc else STEP_S
    outdoor = resample(fc.outdoor_c if fc else (), step_s)
    solar = resample(fc.solar_w_m2 if fc else (), step_s)
    people = resample(fc.people if fc else (), step_s, hold=True)
    lower, upper = _extend(band.lower_c, steps), _extend(band.upper_c, steps)
    return Horizon(
        start_s=snapshot.local_s,
        outdoor_c=_complete(outdoor, daily_course(rows, "outdoor_c", steps), outdoor_c, steps),
        solar_w_m2=np.maximum(_complete(solar, daily_course(rows, "solar_w_m2", steps), 0.0, steps), 0.0),
        people=np.maximum(_complete(people, daily_course(rows, "people", steps), snapshot.people, steps), 0.0),
        lower_c=lower,
        upper_c=upper,
    )


def price_series(snapshot: Snapshot, steps: int, carbon_price_kg: float = 0.0) -> Array:
    """Return the price of a kWh per step, including CO2. Beyond the known prices their last day is repeated."""
    fc = snapshot.forecast
    now = snapshot.price_kwh if math.isfinite(snapshot.price_kwh) else 0.25
    price = resample(fc.price_kwh if fc else (), fc.step_s if fc else STEP_S, hold=True)
    price = _repeat_daily(price[:steps], now, steps)
    emission = resample(fc.emission_kg_kwh if fc else (), fc.step_s if fc else STEP_S, hold=True)
    return price + carbon_price_kg * _repeat_daily(emission[:steps], snapshot.emission_kg_kwh, steps)


def surplus_series(snapshot: Snapshot, steps: int) -> Array:
    """Return the surplus of the home's own generation per step in W; 0 beyond the forecast."""
    fc = snapshot.forecast
    known = resample(fc.surplus_w if fc else (), fc.step_s if fc else STEP_S, hold=True)[:steps]
    if not len(known):
        known = np.array([snapshot.surplus_w])
    result: Array = np.maximum(np.concatenate([known, np.zeros(steps - len(known))]), 0.0)
    return result


def _repeat_daily(known: Array, now: float, steps: int) -> Array:
    if not len(known):
        return np.full(steps, now)
    while len(known) < steps:
        day = known[-min(DAY_STEPS, len(known)) :]
        known = np.concatenate([known, day])
    return known[:steps]


def _extend(bound: Array, steps: int) -> Array:
    if len(bound) >= steps:
        return bound[:steps]
    return np.concatenate([bound, np.full(steps - len(bound), bound[-1])])
