"""Sessions: on-time, energy and cost, over midnights, outages, clock changes."""

from datetime import UTC, date, datetime, timedelta
import itertools
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating.protocol.session_tracker import EnergyReading, SessionTracker, Usage

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
POLL = timedelta(seconds=30)


def run(tracker: SessionTracker, start: datetime, seconds: float, reading: EnergyReading, step: float = 30) -> datetime:
    """Reports "on" from ``start`` on, every ``step`` seconds."""
    at = start
    while at <= start + timedelta(seconds=seconds):
        tracker.report(True, at, reading)
        at += timedelta(seconds=step)
    return at - timedelta(seconds=step)


def test_a_session_begins_with_on_and_ends_with_off() -> None:
    tracker = SessionTracker()
    (begun,) = tracker.report(True, NOW)
    assert (begun.start, begun.end) == (NOW, None)
    assert tracker.report(True, NOW + POLL) == ()
    (ended,) = tracker.report(False, NOW + 2 * POLL)
    assert ended is begun
    assert (ended.end, ended.duration_s, ended.estimated) == (NOW + 2 * POLL, 60, False)
    assert tracker.report(False, NOW + 3 * POLL) == ()
    assert tracker.unsaved == [ended]


@pytest.mark.parametrize("heating", [False, None])
def test_what_is_not_on_begins_nothing(heating: bool | None) -> None:
    assert SessionTracker().report(heating, NOW) == ()


def test_energy_by_power_and_cost_by_the_price_of_the_moment() -> None:
    tracker = SessionTracker()
    tracker.report(True, NOW, EnergyReading(power_w=2000, price=0.30))
    tracker.report(True, NOW + timedelta(minutes=5), EnergyReading(power_w=2000, price=0.30))
    (session,) = tracker.report(False, NOW + timedelta(minutes=10), EnergyReading(power_w=1000, price=0.60))
    assert session.energy_kwh == pytest.approx((2000 + 1000) * 300 / 3.6e6)
    assert session.cost == pytest.approx(2000 * 300 / 3.6e6 * 0.30 + 1000 * 300 / 3.6e6 * 0.60)


@pytest.mark.parametrize(
    ("readings", "energy"),
    [
        ([10.0, 10.5, 11.0], 1.0),
        ([10.0, 0.25, 0.5], 0.5),
        ([10.0, None, 11.0], 1.0),
        ([None, 10.0, 10.5], 0.5 + 0.1 / 12),
    ],
    ids=["counts up", "was reset", "was away between", "came late"],
)
def test_a_meter_counts_before_the_power(readings: list[float | None], energy: float) -> None:
    tracker = SessionTracker()
    for i, meter in enumerate(readings):
        tracker.report(True, NOW + i * timedelta(minutes=5), EnergyReading(meter_kwh=meter, power_w=100))
    assert tracker.running is not None
    assert tracker.running.energy_kwh == pytest.approx(energy)


def test_nothing_known_of_energy_is_none_not_zero() -> None:
    tracker = SessionTracker()
    run(tracker, NOW, 60, EnergyReading(price=0.3))
    assert tracker.running is not None
    assert (tracker.running.energy_kwh, tracker.running.cost) == (None, None)


def test_silence_ends_the_session_when_it_was_last_seen() -> None:
    tracker = SessionTracker()
    last = run(tracker, NOW, 300, EnergyReading(power_w=1000))
    (session,) = tracker.end_offline()
    assert (session.end, session.estimated) == (last, True)
    assert tracker.end_offline() == ()
    assert tracker.total.on_s == 300, "the outage adds nothing"


def test_a_short_break_continues_and_is_marked() -> None:
    tracker = SessionTracker()
    tracker.report(True, NOW)
    assert tracker.report(True, NOW + timedelta(minutes=9)) == ()
    (session,) = tracker.report(False, NOW + timedelta(minutes=9, seconds=30))
    assert (session.duration_s, session.estimated) == (570, True)


def test_a_long_break_makes_two_sessions() -> None:
    tracker = SessionTracker()
    run(tracker, NOW, 60, EnergyReading())
    ended, begun = tracker.report(True, NOW + timedelta(hours=1))
    assert (ended.end, ended.estimated) == (NOW + timedelta(seconds=60), True)
    assert (begun.start, begun.end) == (NOW + timedelta(hours=1), None)
    assert tracker.total.on_s == 60


def test_a_long_break_and_then_off_is_one_that_ended_unseen() -> None:
    tracker = SessionTracker()
    run(tracker, NOW, 60, EnergyReading())
    (ended,) = tracker.report(False, NOW + timedelta(hours=1))
    assert (ended.end, ended.estimated) == (NOW + timedelta(seconds=60), True)


def test_no_reading_of_the_state_ends_it_unseen() -> None:
    tracker = SessionTracker()
    run(tracker, NOW, 60, EnergyReading())
    (ended,) = tracker.report(None, NOW + timedelta(seconds=90))
    assert ended.estimated


def test_a_clock_that_goes_back_counts_nothing_twice() -> None:
    tracker = SessionTracker()
    run(tracker, NOW, 60, EnergyReading())
    assert tracker.report(True, NOW) == ()
    assert tracker.total.on_s == 60
    (ended,) = tracker.report(False, NOW + timedelta(seconds=30))
    assert (ended.end, ended.estimated) == (NOW + timedelta(seconds=60), True)


def test_a_session_over_midnight_is_on_both_days() -> None:
    tracker = SessionTracker(zone=ROME)
    start = datetime(2026, 1, 5, 22, 59, tzinfo=UTC)  # 23:59 in Rome
    tracker.report(True, start, EnergyReading(power_w=3600))
    tracker.report(False, start + timedelta(minutes=3), EnergyReading(power_w=3600))
    assert tracker.days[date(2026, 1, 5)].on_s == 60
    assert tracker.days[date(2026, 1, 6)].on_s == 120
    assert tracker.days[date(2026, 1, 6)].energy_kwh == pytest.approx(0.12)
    assert tracker.unsaved_days == {date(2026, 1, 5), date(2026, 1, 6)}


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_of_a_clock_change_have_their_length(day: date, hours: int) -> None:
    tracker = SessionTracker(zone=ROME)
    start = datetime(day.year, day.month, day.day, tzinfo=ROME).astimezone(UTC) - timedelta(hours=1)
    run(tracker, start, 27 * 3600, EnergyReading(), step=300)
    assert tracker.days[day].on_s == hours * 3600


def test_week_and_month_add_up_days() -> None:
    tracker = SessionTracker(zone=ROME)
    tracker.days = {date(2026, 1, day): Usage(day, day / 10, None) for day in range(1, 15)}
    tracker.days[date(2025, 12, 31)] = Usage(1000, 1000, None)
    now = datetime(2026, 1, 7, 12, tzinfo=UTC)  # a Wednesday
    assert tracker.today(now).on_s == 7
    assert tracker.week(now).on_s == 5 + 6 + 7
    assert tracker.month(now).on_s == sum(range(1, 8))
    assert tracker.month(now).energy_kwh == pytest.approx(2.8)
    assert tracker.month(now).cost is None


def test_what_was_before_is_added() -> None:
    earlier, tracker = SessionTracker(), SessionTracker()
    run(earlier, NOW, 300, EnergyReading(power_w=1000))
    run(tracker, NOW + timedelta(hours=1), 60, EnergyReading(power_w=1000))
    tracker.add_earlier(earlier)
    assert tracker.total.on_s == 360
    assert tracker.days[date(2026, 1, 5)].on_s == 360
    assert [(s.duration_s, s.estimated) for s in tracker.unsaved] == [(300, True)]
    assert tracker.running is not None


def test_a_period_without_use_is_zero() -> None:
    assert SessionTracker().week(NOW) == Usage(0, None, None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([True, False, None, "lost"]), st.floats(0.5, 4000), st.floats(0, 20_000), st.floats(0, 1)
        ),
        max_size=40,
    )
)
def test_sessions_days_and_total_always_agree(steps: list[tuple[object, float, float, float]]) -> None:
    tracker, now = SessionTracker(zone=ROME), NOW
    for heating, wait, power, price in steps:
        now += timedelta(seconds=wait)
        if heating == "lost":
            tracker.end_offline()
        else:
            assert heating is None or isinstance(heating, bool)
            tracker.report(heating, now, EnergyReading(power_w=power, price=price))
    sessions = [*tracker.unsaved, *([tracker.running] if tracker.running else [])]
    by_session = sum(s.duration_s for s in sessions)
    assert sum(day.on_s for day in tracker.days.values()) == pytest.approx(by_session, abs=1e-3)
    assert tracker.total.on_s == pytest.approx(by_session, abs=1e-3)
    assert sum(s.energy_kwh or 0 for s in sessions) == pytest.approx(tracker.total.energy_kwh or 0)
    assert sum(day.cost or 0 for day in tracker.days.values()) == pytest.approx(tracker.total.cost or 0)
    for earlier, later in itertools.pairwise(sessions):
        assert earlier.end is not None
        assert earlier.end <= later.start
