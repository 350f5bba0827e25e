"""Retry delays."""

from math import inf, nan

from hypothesis import given, strategies as st
import pytest

from lib.backoff import Backoff, RetryPolicy

POLICY = RetryPolicy(first_s=5, max_s=60, jitter=(1.0, 1.5))


@pytest.mark.parametrize(
    ("failures", "delay_s"), [(-1, 0), (0, 0), (1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (10**9, 60)]
)
def test_the_delay_doubles_up_to_its_limit(failures: int, delay_s: float) -> None:
    assert POLICY.delay_s(failures) == delay_s


def test_jitter_is_applied_to_the_limited_delay() -> None:
    assert POLICY.delay_s(1, 0.5) == 5 * 1.25
    assert POLICY.delay_s(9, 1.0) == 60 * 1.5


def test_a_factor_of_one_keeps_the_delay_constant() -> None:
    constant = RetryPolicy(30, 30, factor=1)
    assert [constant.delay_s(failures) for failures in (1, 2, 50)] == [30, 30, 30]


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0.001, 1e4), st.floats(1, 1e4), st.floats(1, 10))
def test_a_delay_never_shrinks_and_stays_within_its_limits(
    failures: int, random_value: float, first_s: float, ratio: float, factor: float
) -> None:
    policy = RetryPolicy(first_s, first_s * ratio, factor, (0.5, 1.5))
    delay_s = policy.delay_s(failures, random_value)
    assert 0.5 * first_s <= delay_s <= 1.5 * policy.max_s
    assert policy.delay_s(failures + 1, random_value) >= delay_s


@pytest.mark.parametrize(
    "values",
    [
        {"first_s": 0, "max_s": 1},
        {"first_s": 2, "max_s": 1},
        {"first_s": 1, "max_s": inf},
        {"first_s": nan, "max_s": 1},
        {"first_s": 1, "max_s": 1, "factor": 0.5},
        {"first_s": 1, "max_s": 1, "jitter": (1.1, 1.0)},
        {"first_s": 1, "max_s": 1, "jitter": (-1.0, 1.0)},
    ],
)
def test_a_policy_that_would_spin_or_never_return_is_rejected(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="invalid retry policy"):
        RetryPolicy(**values)  # type: ignore[arg-type]  # a tuple among floats


def test_a_success_starts_again_with_the_first_delay() -> None:
    backoff = Backoff(POLICY, random_source=lambda: 0.0)
    assert [backoff.next_s() for _ in range(3)] == [5, 10, 20]
    assert backoff.failures == 3
    backoff.reset()
    assert backoff.next_s() == 5
