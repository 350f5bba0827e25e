"""The hours to come, whole: forecasts where there are some, the home's own past where there are none."""

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
"""A made-up outdoor temperature goes from now's value to yesterday's course over four hours."""


def resampled(values: Sequence[float] | Array, step_s: float, *, hold: bool = False) -> Array:
    """A series in steps of 15 minutes: means of finer steps, coarser ones in a line (or held)."""
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
    """The last day's course of a column, from the coming step on, repeated; empty without a day of history."""
    if len(rows) < DAY_STEPS:
        return np.zeros(0)
    day = np.array([getattr(row, name) for row in rows[-DAY_STEPS:]])
    return np.tile(day, steps // DAY_STEPS + 1)[:steps]


def _filled(known: Array, course: Array, now: float, steps: int) -> Array:
    """A forecast as far as it reaches, then the last day's course (joined without a step), then its last value."""
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
    """Outdoor temperature, sun, people and comfort for the steps to come."""
    fc = snapshot.forecast
    step_s = fc.step_s if fc else STEP_S
    outdoor = resampled(fc.outdoor_c if fc else (), step_s)
    solar = resampled(fc.solar_w_m2 if fc else (), step_s)
    people = resampled(fc.people if fc else (), step_s, hold=True)
    lower, upper = _extended(band.lower_c, steps), _extended(band.upper_c, steps)
    return Horizon(
        start_s=snapshot.local_s,
        outdoor_c=_filled(outdoor, daily_course(rows, "outdoor_c", steps), outdoor_c, steps),
        solar_w_m2=np.maximum(_filled(solar, daily_course(rows, "solar_w_m2", steps), 0.0, steps), 0.0),
        people=np.maximum(_filled(people, daily_course(rows, "people", steps), snapshot.people, steps), 0.0),
        lower_c=lower,
        upper_c=upper,
    )


def price_series(snapshot: Snapshot, steps: int, carbon_price_kg: float = 0.0) -> Array:
    """Price of a kWh per step, CO2 weighed in. Beyond the known prices their own daily course goes on."""
    fc = snapshot.forecast
    now = snapshot.price_kwh if math.isfinite(snapshot.price_kwh) else 0.25
    price = resampled(fc.price_kwh if fc else (), fc.step_s if fc else STEP_S, hold=True)
    price = _repeated(price[:steps], now, steps)
    emission = resampled(fc.emission_kg_kwh if fc else (), fc.step_s if fc else STEP_S, hold=True)
    return price + carbon_price_kg * _repeated(emission[:steps], snapshot.emission_kg_kwh, steps)


def surplus_series(snapshot: Snapshot, steps: int) -> Array:
    """Own generation that nobody else will use, per step; nothing where nothing is forecast."""
    fc = snapshot.forecast
    known = resampled(fc.surplus_w if fc else (), fc.step_s if fc else STEP_S, hold=True)[:steps]
    if not len(known):
        known = np.array([snapshot.surplus_w])
    result: Array = np.maximum(np.concatenate([known, np.zeros(steps - len(known))]), 0.0)
    return result


def _repeated(known: Array, now: float, steps: int) -> Array:
    if not len(known):
        return np.full(steps, now)
    while len(known) < steps:
        day = known[-min(DAY_STEPS, len(known)) :]
        known = np.concatenate([known, day])
    return known[:steps]


def _extended(bound: Array, steps: int) -> Array:
    if len(bound) >= steps:
        return bound[:steps]
    return np.concatenate([bound, np.full(steps - len(bound), bound[-1])])
