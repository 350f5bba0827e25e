"""The time until the first savings: what is shown before them comes true."""

from dataclasses import dataclass
import math
from typing import cast

from hypothesis import example, given, settings, strategies as st
import numpy as np
import pytest

from custom_components.proof_of_heat.engine.config import ReferenceControl
from custom_components.proof_of_heat.engine.model.history import STEP_S, Row
from custom_components.proof_of_heat.engine.model.reference_house import (
    MEMBERS,
    SETTLE_STEPS,
    ReferenceHouse,
    ReferenceStep,
)
from custom_components.proof_of_heat.engine.running_cost import RunningCost
from custom_components.proof_of_heat.engine.savings import DAY_S, FirstDay, SavingsTracker, first_day
from custom_components.proof_of_heat.engine.snapshot import ComfortBand

HOUR_S = 3600.0
BAND = ComfortBand(np.full(96, 20.0), np.full(96, 22.0))


@dataclass
class House:
    """A reference house that only counts its steps."""

    steps: int = 0

    @property
    def settling_steps(self) -> int:
        return max(0, SETTLE_STEPS - self.steps)

    def step(self, *_: object) -> ReferenceStep:
        self.steps += 1
        nothing = np.zeros(MEMBERS)
        return ReferenceStep(nothing, nothing, nothing, self.steps > SETTLE_STEPS)


def row(time_s: float) -> Row:
    return Row(time_s, 20.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, math.nan, math.nan)


def test_nothing_is_predicted_before_the_house_is_learned() -> None:
    assert SavingsTracker(ReferenceControl()).first_day(0.0) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 95), st.integers(0, SETTLE_STEPS))
@example(0, 0)
@example(95, 96)
def test_the_first_savings_appear_when_they_were_predicted(start: int, steps: int) -> None:
    """Whenever the house is learned, and however far it has settled, each forecast is the same moment."""
    tracker, begin_s = SavingsTracker(ReferenceControl()), 20_000 * DAY_S + start * STEP_S
    tracker._reference_house = cast("ReferenceHouse", House(steps))
    moments, shares = [], []
    now_s = begin_s
    while tracker.report() is None:
        ahead = tracker.first_day(now_s)
        assert ahead is not None
        moments.append(now_s + ahead.left_s)
        shares.append(ahead.done_s / (ahead.done_s + ahead.left_s))
        now_s += STEP_S
        tracker.add_row(row(now_s), BAND, 0.3, RunningCost())
    assert set(moments) == {moments[0]}
    assert 0 <= moments[0] - now_s <= 2 * STEP_S, "the last quarter hours of a day may be missing"
    assert shares == sorted(shares)


@pytest.mark.parametrize(
    ("local_h", "counted_h", "settling_h", "left_h"),
    [
        (0, 0, 0, 24),
        (12, 12, 0, 12),
        (12, 0, 0, 36),
        (12, 11.75, 0, 12),
        (12, 11.5, 0, 36),
        (18, 0, 24, 6 + 48),
        (18, 0, 6, 6 + 24),
        (0, 0, 24, 48),
    ],
)
def test_the_first_complete_day(local_h: float, counted_h: float, settling_h: float, left_h: float) -> None:
    seen = first_day(local_h * HOUR_S, counted_h * HOUR_S, settling_h * HOUR_S)
    is_today = local_h + left_h == 24
    assert seen == FirstDay(counted_h * HOUR_S if is_today else 0.0, left_h * HOUR_S)
