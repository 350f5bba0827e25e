"""Ages of reports: setting the clock makes no sensor silent, and no silent one alive."""

from datetime import UTC, datetime, timedelta

from homeassistant.core import State
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.proof_of_heat.inputs.report_ages import ReportAges

START = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""Half an hour before the clocks of Europe are set back."""
BOOT_S = 5e6


class Machine:
    """A machine whose wall clock is set, and a sensor that reports to it."""

    def __init__(self) -> None:
        self.wall = START
        self.monotonic_s = BOOT_S
        self.ages = ReportAges(lambda: self.monotonic_s, lambda: self.wall)
        self.state = State("sensor.room", "20", last_reported=self.wall)
        self.reported_s = self.monotonic_s

    def wait(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.monotonic_s += seconds

    def step(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)

    def report(self) -> None:
        self.state = State("sensor.room", "20", last_reported=self.wall)
        self.reported_s = self.monotonic_s

    @property
    def age_s(self) -> float:
        return self.ages.age_s(self.state)

    @property
    def true_age_s(self) -> float:
        return self.monotonic_s - self.reported_s


@pytest.mark.parametrize("step_s", [3600, -3600, 86400.0, -40 * 365 * 86400.0])
def test_setting_the_clock_changes_no_age(step_s: float) -> None:
    machine = Machine()
    machine.wait(120)
    assert machine.age_s == pytest.approx(120)
    machine.step(step_s)
    assert machine.age_s == pytest.approx(120)
    machine.wait(60)
    assert machine.age_s == pytest.approx(180)


def test_a_first_report_is_no_older_than_the_machine() -> None:
    """A board without a battery for its clock begins in 1970, and is set while it starts."""
    machine = Machine()
    machine.monotonic_s = 90.0
    machine.step(56 * 365 * 86400.0)
    assert machine.age_s == pytest.approx(90.0)


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(
        st.one_of(
            st.tuples(st.just("wait"), st.integers(1, 90)),
            st.tuples(st.just("step"), st.sampled_from([3600.0, -3600.0, 0.5, -86400.0, 1e8])),
            st.tuples(st.just("report"), st.just(0)),
        ),
        max_size=12,
    )
)
def test_age_is_right_in_any_mix_of_reports_and_clock_steps(events: list[tuple[str, float]]) -> None:
    """A report is dated to the cycle of a minute in which it came; from then on its age is exact."""
    machine = Machine()
    assert machine.age_s == pytest.approx(0.0)
    for what, amount in events:
        if what == "report":
            machine.report()
        elif what == "step":
            machine.step(amount)
        else:
            for _ in range(int(amount)):
                machine.wait(60.0)
                assert -1e-3 <= machine.true_age_s - machine.age_s <= 60.0 + 1e-3
