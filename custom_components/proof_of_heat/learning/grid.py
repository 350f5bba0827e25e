"""Series of a recorder on a grid of 15 minutes. Plain numbers: times in seconds, NaN where nothing was measured."""

from collections.abc import Sequence

import numpy as np

from ..engine.arrays import Array

type Samples = Sequence[tuple[float, float]]
"""Time and value in the order of time; NaN from the time on at which the entity had no value."""

STEP_S = 900.0
LONGEST_HOLD_S = 12 * 3600.0
"""The recorder stores changes only: a value holds until the next one, but not longer than this."""
JUMP_K = 4.0
"""No room changes by more in 15 minutes: the sensor was defective, or somewhere else."""
RECOVERY = 4
"""After so many readings at the new level, a jump is accepted: the sensor was moved or replaced."""
FEWEST_COVERED = 0.6
"""Share of a step that has to be measured for its mean to count."""
LARGEST_W = 100_000.0
"""A counter that moved faster was replaced or set."""


def _arrays(samples: Samples) -> tuple[Array, Array]:
    table = np.array(samples, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def at_ends(samples: Samples, ends: Array) -> Array:
    """Return a temperature at the end of each step, interpolated between its readings."""
    result = np.full(len(ends), np.nan)
    time_s, value = _arrays(samples)
    if not len(time_s):
        return result
    after = np.searchsorted(time_s, ends, side="right")
    before = after - 1
    inside = before >= 0
    later = np.minimum(after, len(time_s) - 1)
    held = ends - time_s[np.maximum(before, 0)] <= LONGEST_HOLD_S
    left, right = value[np.maximum(before, 0)], value[later]
    span = np.maximum(time_s[later] - time_s[np.maximum(before, 0)], 1e-9)
    share = np.where(np.isfinite(right) & (later > before), (ends - time_s[np.maximum(before, 0)]) / span, 0.0)
    line = left + np.clip(share, 0.0, 1.0) * (np.where(np.isfinite(right), right, left) - left)
    result[inside & held] = line[inside & held]
    return result


def means(samples: Samples, ends: Array, longest_hold_s: float = LONGEST_HOLD_S) -> Array:
    """Return the mean of each step of a value that holds until the next reading."""
    time_s, value = _arrays(samples)
    if not len(time_s):
        return np.full(len(ends), np.nan)
    until = np.append(time_s[1:], max(ends[-1], time_s[-1]))
    lasts = np.minimum(until - time_s, longest_hold_s)
    known = np.isfinite(value)
    edges = np.concatenate([np.stack([time_s, time_s + lasts], axis=1).ravel()])
    area = np.stack([np.zeros_like(lasts), np.where(known, np.nan_to_num(value) * lasts, 0.0)], axis=1).ravel()
    cover = np.stack([np.zeros_like(lasts), np.where(known, lasts, 0.0)], axis=1).ravel()
    begins = ends - STEP_S
    areas, covers = np.cumsum(area), np.cumsum(cover)
    total = np.interp(ends, edges, areas) - np.interp(begins, edges, areas)
    covered = np.interp(ends, edges, covers) - np.interp(begins, edges, covers)
    mean = total / np.maximum(covered, 1e-9)
    return np.where(covered >= FEWEST_COVERED * STEP_S, mean, np.nan)


def counter_means(samples: Samples, ends: Array) -> Array:
    """Return the mean power of each step in W from an energy counter in kWh; resets and replacements do not count."""
    time_s, value = _arrays([sample for sample in samples if np.isfinite(sample[1])])
    if len(time_s) < 2:
        return np.full(len(ends), np.nan)
    rise, lasts = np.diff(value), np.maximum(np.diff(time_s), 1e-9)
    fits = (rise >= 0) & (rise * 3.6e6 / lasts <= LARGEST_W)
    total = np.concatenate([[0.0], np.cumsum(np.where(fits, rise, 0.0))])
    known = np.concatenate([[0.0], np.cumsum(np.where(fits & (lasts <= LONGEST_HOLD_S), lasts, 0.0))])
    begins = ends - STEP_S
    energy = np.interp(ends, time_s, total) - np.interp(begins, time_s, total)
    covered = np.interp(ends, time_s, known) - np.interp(begins, time_s, known)
    return np.where(covered >= FEWEST_COVERED * STEP_S, energy * 3.6e6 / np.maximum(covered, 1e-9), np.nan)


def without_jumps(room_c: Array) -> Array:
    """Return room temperatures without the readings of a defective sensor."""
    result = room_c.copy()
    last, rejected = np.nan, 0
    for place, value in enumerate(room_c.tolist()):
        if not np.isfinite(value):
            continue
        if np.isfinite(last) and abs(value - last) > JUMP_K and rejected < RECOVERY:
            result[place] = np.nan
            rejected += 1
            continue
        last, rejected = value, 0
    return result
