"""The ledger of calls: never above the limit, across restarts and under any fault."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.proof_of_heat.drivers.call_budget import DAY_S, SHORT_S, CallBudget, CallLimits
from custom_components.proof_of_heat.drivers.errors import LimitedError


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


def spend(budget: CallBudget, calls: int, *, write: bool = False) -> None:
    grant = budget.grant(calls, write=write)
    for _ in range(calls):
        grant.use()
    grant.close()


def test_reading_stops_before_the_reserve_for_writing() -> None:
    budget = CallBudget(CallLimits(day=100, short=100, write_reserve=20), Clock())
    spend(budget, 80)
    with pytest.raises(LimitedError, match="80 of 80"):
        budget.grant(1)
    spend(budget, 20, write=True)
    with pytest.raises(LimitedError, match="100 of 100"):
        budget.grant(1, write=True)


def test_ten_minutes_have_their_own_limit() -> None:
    clock = Clock()
    budget = CallBudget(CallLimits(), clock)
    spend(budget, 120)
    with pytest.raises(LimitedError) as caught:
        budget.grant(1)
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == clock.now + SHORT_S
    clock.now += SHORT_S
    spend(budget, 1)


def test_day_slides() -> None:
    clock = Clock()
    budget = CallBudget(CallLimits(day=10, short=10, write_reserve=0), clock)
    spend(budget, 10)
    clock.now += DAY_S - 1
    with pytest.raises(LimitedError) as caught:
        budget.grant(1)
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == clock.now + 1
    clock.now += 1
    spend(budget, 10)


def test_unused_part_of_a_grant_comes_back_and_no_more_than_granted_goes_out() -> None:
    budget = CallBudget(CallLimits(), Clock())
    grant = budget.grant(2)
    assert budget.state().used_day == 2
    grant.use()
    grant.close()
    assert budget.state().used_day == 1
    with pytest.raises(LimitedError, match="granted"):
        grant.use()


def test_crash_in_the_middle_of_a_grant_counts_all_of_it() -> None:
    clock = Clock()
    budget = CallBudget(CallLimits(), clock)
    budget.grant(2)
    saved = budget.dump()
    again = CallBudget(CallLimits(), clock)
    again.load(saved)
    assert again.state().used_day == 2


def test_429_teaches_the_limit_and_blocks_until_it_resets() -> None:
    clock = Clock()
    budget = CallBudget(CallLimits(day=3000), clock)
    budget.record_refusal(1450, (clock.now + 1800) * 1000, "ViCare day limit")
    assert budget.limit_day == 1450
    with pytest.raises(LimitedError) as caught:
        budget.grant(1, write=True)
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == clock.now + 1800
    again = CallBudget(CallLimits(day=3000), clock)
    again.load(budget.dump())
    assert (again.limit_day, again.state().blocked_until) == (1450, budget.state().blocked_until)
    clock.now += 1800
    spend(again, 1)


def test_a_higher_limit_in_a_429_is_reported_but_the_users_option_applies() -> None:
    budget = CallBudget(CallLimits(), Clock())
    budget.record_refusal(3000, None, "ViCare day limit")
    assert (budget.limit_day, budget.reported_day) == (1450, 3000)


def test_429_of_the_short_window_leaves_the_day_alone() -> None:
    budget = CallBudget(CallLimits(), Clock())
    budget.record_refusal(100, None, "ViCare minute limit")
    assert (budget.limit_day, budget.limit_short) == (1450, 100)


@pytest.mark.parametrize("reset_ms", [None, 0, 1, 9e18, -5])
def test_absurd_reset_times_block_between_a_minute_and_a_day(reset_ms: float | None) -> None:
    clock = Clock()
    budget = CallBudget(CallLimits(), clock)
    budget.record_refusal(None, reset_ms)
    until = budget.state().blocked_until
    assert until is not None
    assert 60 <= until.timestamp() - clock.now <= DAY_S


@pytest.mark.parametrize("data", [{}, {"calls": "x"}, {"calls": [None, "7", {}]}, {"calls": [1e12]}, {"told_day": "a"}])
def test_damaged_store_does_not_stop_us(data: dict[str, object]) -> None:
    budget = CallBudget(CallLimits(), Clock())
    budget.load(data)
    assert budget.state().used_day in (0, 1)
    spend(budget, 1)


@pytest.mark.parametrize("values", [{"day": 5}, {"short": 1}, {"day": 100, "write_reserve": 100}])
def test_impossible_limits_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="limits"):
        CallLimits(**values)


def test_a_wall_clock_that_jumps_frees_no_call() -> None:
    wall, steady = Clock(), Clock()
    budget = CallBudget(CallLimits(day=10, short=10, write_reserve=0), wall, steady)
    spend(budget, 10)
    for jump in (2 * DAY_S, -5 * DAY_S):
        wall.now += jump
        with pytest.raises(LimitedError) as caught:
            budget.grant(1)
        assert caught.value.retry_at is not None
        # Displayed times and those of the cloud are wall-clock times.
        assert caught.value.retry_at.timestamp() == pytest.approx(wall.now + DAY_S)
    restarted = CallBudget(CallLimits(day=10, short=10, write_reserve=0), wall, steady)
    restarted.load(budget.dump())
    with pytest.raises(LimitedError):
        restarted.grant(1)
    wall.now += DAY_S
    steady.now += DAY_S
    spend(budget, 10)


def test_a_call_counts_when_it_goes_out_not_when_it_was_granted() -> None:
    clock = Clock()
    budget = CallBudget(CallLimits(day=100, short=10, write_reserve=0), clock)
    grant = budget.grant(10)
    clock.now += 50
    for _ in range(10):
        grant.use()
    grant.close()
    clock.now += SHORT_S - 1
    with pytest.raises(LimitedError):
        budget.grant(1)
    clock.now += 1
    spend(budget, 10)


def test_after_a_crash_the_last_grant_counts_as_sent_late() -> None:
    clock = Clock()
    limits = CallLimits(day=100, short=10, write_reserve=0)
    budget = CallBudget(limits, clock)
    spend(budget, 5)
    clock.now += 300
    budget.grant(5)
    saved = budget.dump()
    clock.now += 10
    budget = CallBudget(limits, clock)
    budget.load(saved)
    clock.now += SHORT_S - 15
    with pytest.raises(LimitedError):
        budget.grant(6)
    spend(budget, 5)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["read", "write", "crash", "restart", "refused", "told", "part", "late", "jump"]),
        st.integers(1, 40),
        st.floats(0, 40_000, allow_nan=False),
    ),
    max_size=120,
)


class World:
    """A cloud that counts, a machine whose wall clock may be wrong, and a ledger that survives its crashes."""

    limits = CallLimits(day=60, short=25, write_reserve=10)

    def __init__(self) -> None:
        self.wall, self.steady = Clock(), Clock()
        self.sent: list[float] = []
        self.budget = CallBudget(self.limits, self.wall, self.steady)
        self.saved = self.budget.dump()

    def passes(self, seconds: float) -> None:
        self.wall.now += seconds
        self.steady.now += seconds

    def restarts(self) -> None:
        self.steady.now += 1.0
        self.wall.now += 1.0
        self.budget = CallBudget(self.limits, self.wall, self.steady)
        self.budget.load(self.saved)

    def step(self, kind: str, calls: int) -> None:
        match kind:
            case "refused":
                self.budget.record_refusal(None, None)
            case "told":
                self.budget.record_refusal(calls * 10, (self.wall.now + 300) * 1000, "day")
            case "jump":  # while it runs; at a start the clock is taken as it is
                self.wall.now += (calls - 20) * 10_000
            case "restart":
                self.saved = self.budget.dump()
                self.restarts()
            case _:
                self.calls(kind, calls)

    def calls(self, kind: str, calls: int) -> None:
        try:
            grant = self.budget.grant(calls, write=kind == "write")
        except LimitedError:
            return
        self.saved = self.budget.dump()
        for _ in range(calls // 2 if kind == "part" else calls):
            self.passes(calls / 10 if kind in ("late", "crash") else 0.0)
            grant.use()
            self.sent.append(self.steady.now)
        if kind == "crash":
            self.restarts()
        else:
            grant.close()


@given(_STEPS)
@settings(max_examples=200, deadline=None)
def test_no_sequence_of_faults_sends_more_than_allowed(steps: list[tuple[str, int, float]]) -> None:
    """In any sequence of faults, calls that went out fit into every window of a day and of ten minutes."""
    world = World()
    for kind, calls, wait in steps:
        world.passes(wait)
        world.step(kind, calls)
    for start in world.sent:
        assert sum(1 for stamp in world.sent if start <= stamp < start + DAY_S) <= world.limits.day
        assert sum(1 for stamp in world.sent if start <= stamp < start + SHORT_S) <= world.limits.short
