"""Sessions: on-time, energy and cost, over midnights, outages, clock changes."""

from datetime import UTC, date, datetime, timedelta
import itertools
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating.protocol.sessions import Ledger, Reading, Usage

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
POLL = timedelta(seconds=30)


def run(ledger: Ledger, start: datetime, seconds: float, reading: Reading, step: float = 30) -> datetime:
    """Reports "on" from ``start`` on, every ``step`` seconds."""
    at = start
    while at <= start + timedelta(seconds=seconds):
        ledger.report(True, at, reading)
        at += timedelta(seconds=step)
    return at - timedelta(seconds=step)


def test_a_session_begins_with_on_and_ends_with_off() -> None:
    ledger = Ledger()
    (begun,) = ledger.report(True, NOW)
    assert (begun.start, begun.end) == (NOW, None)
    assert ledger.report(True, NOW + POLL) == ()
    (ended,) = ledger.report(False, NOW + 2 * POLL)
    assert ended is begun
    assert (ended.end, ended.duration_s, ended.estimated) == (NOW + 2 * POLL, 60, False)
    assert ledger.report(False, NOW + 3 * POLL) == ()
    assert ledger.closed == [ended]


@pytest.mark.parametrize("heating", [False, None])
def test_what_is_not_on_begins_nothing(heating: bool | None) -> None:
    assert Ledger().report(heating, NOW) == ()


def test_energy_by_power_and_cost_by_the_price_of_the_moment() -> None:
    ledger = Ledger()
    ledger.report(True, NOW, Reading(power_w=2000, price=0.30))
    ledger.report(True, NOW + timedelta(minutes=5), Reading(power_w=2000, price=0.30))
    (session,) = ledger.report(False, NOW + timedelta(minutes=10), Reading(power_w=1000, price=0.60))
    assert session.energy_kwh == pytest.approx((2000 + 1000) * 300 / 3.6e6)
    assert session.cost == pytest.approx(2000 * 300 / 3.6e6 * 0.30 + 1000 * 300 / 3.6e6 * 0.60)


@pytest.mark.parametrize(
    ("readings", "energy"),
    [
        ([10.0, 10.5, 11.0], 1.0),
        ([10.0, 0.25, 0.5], 0.5),
        ([10.0, None, 11.0], 1.0 + 0.1 / 12),
        ([None, 10.0, 10.5], 0.5 + 0.1 / 12),
    ],
    ids=["counts up", "was reset", "was away between", "came late"],
)
def test_a_meter_counts_before_the_power(readings: list[float | None], energy: float) -> None:
    ledger = Ledger()
    for i, meter in enumerate(readings):
        ledger.report(True, NOW + i * timedelta(minutes=5), Reading(meter_kwh=meter, power_w=100))
    assert ledger.open is not None
    assert ledger.open.energy_kwh == pytest.approx(energy)


def test_nothing_known_of_energy_is_none_not_zero() -> None:
    ledger = Ledger()
    run(ledger, NOW, 60, Reading(price=0.3))
    assert ledger.open is not None
    assert (ledger.open.energy_kwh, ledger.open.cost) == (None, None)


def test_silence_ends_the_session_when_it_was_last_seen() -> None:
    ledger = Ledger()
    last = run(ledger, NOW, 300, Reading(power_w=1000))
    (session,) = ledger.lost()
    assert (session.end, session.estimated) == (last, True)
    assert ledger.lost() == ()
    assert ledger.total.on_s == 300, "the outage adds nothing"


def test_a_short_break_goes_on_and_is_marked() -> None:
    ledger = Ledger()
    ledger.report(True, NOW)
    assert ledger.report(True, NOW + timedelta(minutes=9)) == ()
    (session,) = ledger.report(False, NOW + timedelta(minutes=9, seconds=30))
    assert (session.duration_s, session.estimated) == (570, True)


def test_a_long_break_makes_two_sessions() -> None:
    ledger = Ledger()
    run(ledger, NOW, 60, Reading())
    ended, begun = ledger.report(True, NOW + timedelta(hours=1))
    assert (ended.end, ended.estimated) == (NOW + timedelta(seconds=60), True)
    assert (begun.start, begun.end) == (NOW + timedelta(hours=1), None)
    assert ledger.total.on_s == 60


def test_a_long_break_and_then_off_is_one_that_ended_unseen() -> None:
    ledger = Ledger()
    run(ledger, NOW, 60, Reading())
    (ended,) = ledger.report(False, NOW + timedelta(hours=1))
    assert (ended.end, ended.estimated) == (NOW + timedelta(seconds=60), True)


def test_no_reading_of_the_state_ends_it_unseen() -> None:
    ledger = Ledger()
    run(ledger, NOW, 60, Reading())
    (ended,) = ledger.report(None, NOW + timedelta(seconds=90))
    assert ended.estimated


def test_a_clock_that_goes_back_counts_nothing_twice() -> None:
    ledger = Ledger()
    run(ledger, NOW, 60, Reading())
    assert ledger.report(True, NOW) == ()
    assert ledger.total.on_s == 60
    (ended,) = ledger.report(False, NOW + timedelta(seconds=30))
    assert (ended.end, ended.estimated) == (NOW + timedelta(seconds=60), True)


def test_a_session_over_midnight_is_on_both_days() -> None:
    ledger = Ledger(zone=ROME)
    start = datetime(2026, 1, 5, 22, 59, tzinfo=UTC)  # 23:59 in Rome
    ledger.report(True, start, Reading(power_w=3600))
    ledger.report(False, start + timedelta(minutes=3), Reading(power_w=3600))
    assert ledger.days[date(2026, 1, 5)].on_s == 60
    assert ledger.days[date(2026, 1, 6)].on_s == 120
    assert ledger.days[date(2026, 1, 6)].energy_kwh == pytest.approx(0.12)
    assert ledger.changed == {date(2026, 1, 5), date(2026, 1, 6)}


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_of_a_clock_change_have_their_length(day: date, hours: int) -> None:
    ledger = Ledger(zone=ROME)
    start = datetime(day.year, day.month, day.day, tzinfo=ROME).astimezone(UTC) - timedelta(hours=1)
    run(ledger, start, 27 * 3600, Reading(), step=300)
    assert ledger.days[day].on_s == hours * 3600


def test_week_and_month_add_up_days() -> None:
    ledger = Ledger(zone=ROME)
    ledger.days = {date(2026, 1, day): Usage(day, day / 10, None) for day in range(1, 15)}
    ledger.days[date(2025, 12, 31)] = Usage(1000, 1000, None)
    now = datetime(2026, 1, 7, 12, tzinfo=UTC)  # a Wednesday
    assert ledger.today(now).on_s == 7
    assert ledger.week(now).on_s == 5 + 6 + 7
    assert ledger.month(now).on_s == sum(range(1, 8))
    assert ledger.month(now).energy_kwh == pytest.approx(2.8)
    assert ledger.month(now).cost is None


def test_what_was_before_is_added() -> None:
    earlier, ledger = Ledger(), Ledger()
    run(earlier, NOW, 300, Reading(power_w=1000))
    run(ledger, NOW + timedelta(hours=1), 60, Reading(power_w=1000))
    ledger.add_earlier(earlier)
    assert ledger.total.on_s == 360
    assert ledger.days[date(2026, 1, 5)].on_s == 360
    assert [(s.duration_s, s.estimated) for s in ledger.closed] == [(300, True)]
    assert ledger.open is not None


def test_a_period_without_use_is_zero() -> None:
    assert Ledger().week(NOW) == Usage(0, None, None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([True, False, None, "lost"]), st.floats(0.5, 4000), st.floats(0, 20_000), st.floats(0, 1)
        ),
        max_size=40,
    )
)
def test_sessions_days_and_total_always_agree(steps: list[tuple[object, float, float, float]]) -> None:
    ledger, now = Ledger(zone=ROME), NOW
    for heating, wait, power, price in steps:
        now += timedelta(seconds=wait)
        if heating == "lost":
            ledger.lost()
        else:
            assert heating is None or isinstance(heating, bool)
            ledger.report(heating, now, Reading(power_w=power, price=price))
    sessions = [*ledger.closed, *([ledger.open] if ledger.open else [])]
    by_session = sum(s.duration_s for s in sessions)
    assert sum(day.on_s for day in ledger.days.values()) == pytest.approx(by_session, abs=1e-3)
    assert ledger.total.on_s == pytest.approx(by_session, abs=1e-3)
    assert sum(s.energy_kwh or 0 for s in sessions) == pytest.approx(ledger.total.energy_kwh or 0)
    assert sum(day.cost or 0 for day in ledger.days.values()) == pytest.approx(ledger.total.cost or 0)
    for earlier, later in itertools.pairwise(sessions):
        assert earlier.end is not None
        assert earlier.end <= later.start
