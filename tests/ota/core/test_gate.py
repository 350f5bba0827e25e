"""The gate after each wave."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ota.rollout.gate import GatePolicy, Outcome, Verdict, decide, is_breaking

POLICY = GatePolicy()


def outcome(members: int, confirmed: int, failures: int = 0, unconfirmed: int = 0) -> Outcome:
    return Outcome(members=members, verified=confirmed + unconfirmed, confirmed=confirmed, failures=failures)


@pytest.mark.parametrize(
    ("wave", "verdict", "reason"),
    [
        (outcome(1, 1), "advance", "passed"),
        (outcome(1, 0), "wait", "sample"),
        (outcome(1, 0, unconfirmed=1), "wait", "soak"),
        (outcome(1, 0, 1), "stop", "success_rate"),
        (outcome(5, 4), "advance", "passed"),
        (outcome(5, 3), "wait", "sample"),
        (outcome(5, 3, 1), "wait", "success_rate"),
        (outcome(5, 4, 1), "stop", "success_rate"),
        (outcome(5, 0, 2), "stop", "failure_rate"),
        (outcome(100, 77, 2), "wait", "sample"),
        (outcome(100, 63, 2), "stop", "failure_rate"),
        (outcome(100, 97, 3), "advance", "passed"),
        (outcome(100, 40, 0, 45), "wait", "soak"),
        (outcome(0, 0), "advance", "passed"),
    ],
)
def test_verdicts(wave: Outcome, verdict: str, reason: str) -> None:
    decision = decide(POLICY, wave)
    assert (decision.verdict, decision.reason) == (verdict, reason)


def test_a_minimum_sample_holds_a_wave_that_has_covered_enough() -> None:
    policy = GatePolicy(coverage=0.1, min_sample=5)
    assert decide(policy, outcome(20, 4)).reason == "sample"
    assert decide(policy, outcome(20, 5)).verdict is Verdict.ADVANCE
    assert decide(policy, outcome(3, 3)).verdict is Verdict.ADVANCE


def test_an_absolute_limit_stops_regardless_of_the_share() -> None:
    policy = GatePolicy(max_failures=3, failure_rate=0.5)
    assert is_breaking(policy, 1000, 2) is None
    assert is_breaking(policy, 1000, 3) == "max_failures"


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_more_failures_never_help(members: int, verified: int, failures: int) -> None:
    rank = {Verdict.ADVANCE: 2, Verdict.WAIT: 1, Verdict.STOP: 0}
    verified = min(verified, members)
    failures = min(failures, members - verified)
    fewer = decide(POLICY, outcome(members, verified, failures))
    if verified:
        more = decide(POLICY, outcome(members, verified - 1, failures + 1))
        assert rank[more.verdict] <= rank[fewer.verdict]
