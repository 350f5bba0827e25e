"""Comparison of two releases: the intervals against published values, the verdicts on jobs."""

from dataclasses import replace
import random

import pytest

from custom_components.ota.rollout.comparison import compare, difference, student_quantile, welch, wilson
from custom_components.ota.rollout.models import Job, JobKind, JobState, MetricMean


def test_wilson_as_published() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611."""
    interval = wilson(81, 263)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)
    assert (wilson(0, 20).low, round(wilson(0, 20).high, 4)) == (0.0, 0.1611)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_newcombe_difference_as_published() -> None:
    """Newcombe 1998b, table II, method 10: 56/70 - 48/80 is 0.2 with 0.0524 to 0.3339."""
    interval = difference(wilson(48, 80), wilson(56, 70))
    assert (round(interval.value, 4), round(interval.low, 4), round(interval.high, 4)) == (0.2, 0.0524, 0.3339)
    assert interval.significant


@pytest.mark.parametrize(
    ("freedom", "value"), [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)]
)
def test_student_quantiles_of_the_tables(freedom: float, value: float) -> None:
    assert student_quantile(freedom) == pytest.approx(value, abs=0.001)


@pytest.mark.slow
def test_welch_covers_the_truth_in_95_of_100_cases() -> None:
    rng = random.Random(1)
    hits = 0
    for _ in range(400):
        a = [rng.gauss(10, 1) for _ in range(8)]
        b = [rng.gauss(11, 3) for _ in range(12)]
        interval = welch(a, b)
        assert interval is not None
        hits += interval.low <= 1.0 <= interval.high
    assert 365 <= hits <= 392


def test_welch_needs_two_on_each_side_and_survives_no_variance() -> None:
    assert welch([1.0], [1.0, 2.0]) is None
    same = welch([1.0, 1.0], [2.0, 2.0])
    assert same is not None
    assert (same.low, same.high) == (1.0, 1.0)


def jobs(arm: int, verified: int, failed: int, heap: float) -> list[Job]:
    base = Job(
        job_id=0, uid="", release_id="", version="", kind=JobKind.ROLLOUT, arm=arm, offered_at=0, updated_at=0
    )  # fmt: skip
    rng = random.Random(arm)
    ok = [
        replace(base, state=JobState.VERIFIED, metrics={"heap": MetricMean().add(heap + rng.gauss(0, 5))}, reboots=arm)
        for _ in range(verified)
    ]
    return ok + [replace(base, state=JobState.FAILED) for _ in range(failed)]


def test_worse_release_is_detected() -> None:
    found = compare(("1.0", "2.0"), [*jobs(0, 98, 2, 100.0), *jobs(1, 80, 20, 80.0)])
    assert found.arms[1].failed == 20
    assert found.failure_rate.low > 0.05
    assert found.reboots is not None
    assert found.reboots.significant
    assert found.metrics["heap"].value == pytest.approx(-20, abs=2)
    assert found.arms[0].metrics["heap"] == pytest.approx(100, abs=2)


def test_a_difference_by_chance_is_not_significant() -> None:
    found = compare(("1.0", "2.0"), [*jobs(0, 9, 1, 100.0), *jobs(1, 8, 2, 100.0)])
    assert not found.failure_rate.significant
    assert compare(("1.0", "2.0"), []).reboots is None


def test_a_success_that_was_rolled_back_is_not_a_failure_of_the_release() -> None:
    taken_back = replace(jobs(0, 1, 0, 1.0)[0], state=JobState.ROLLED_BACK, reason="rollback")
    assert compare(("1.0", "2.0"), [taken_back]).arms[0].failed == 0
