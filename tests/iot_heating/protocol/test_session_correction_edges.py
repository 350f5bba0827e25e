"""Corrections of sessions: what each source of energy reports at its limits, and where none reports anything."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.iot_heating.protocol.session_correction import (
    EnergySource,
    SessionCorrection,
    apply_corrections,
    correct_days,
    correct_session,
    integrated_kwh,
    kwh_of_hours,
    metered_kwh,
    session_hours,
)
from custom_components.iot_heating.protocol.session_tracker import Session, SessionTracker, Usage

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
DAY = date(2026, 1, 5)


def session(kwh: float | None, *, hours: float = 1.0, cost: float | None = None, start: datetime = NOON) -> Session:
    end = start + timedelta(hours=hours)
    return Session(start=start, seen=end, end=end, energy_kwh=kwh, cost=cost, id=7)


def rounded(usage: Usage) -> Usage:
    return Usage(usage.on_s, round(usage.energy_kwh or 0.0, 6), round(usage.cost or 0.0, 6))


def test_a_session_without_energy_is_not_contradicted() -> None:
    assert correct_session(session(None), {EnergySource.METER: 1.0}, 2.0) is None


def test_without_a_source_only_the_maximum_contradicts_and_the_energy_is_unknown() -> None:
    nothing: dict[EnergySource, float | None] = {EnergySource.METER: None, EnergySource.POWER: None}
    assert correct_session(session(2.0), nothing, 2.0) is None
    spoiled = session(240.0, cost=72.0)
    correction = correct_session(spoiled, nothing, 2.0)
    assert correction == SessionCorrection(spoiled, None, None, None)
    assert (correction.added_kwh, correction.added_cost) == (-240.0, -72.0)
    shown = correction.as_dict()
    assert (shown["energy_kwh"], shown["cost"]) == (240.0, 72.0)
    assert (shown["corrected_energy_kwh"], shown["corrected_cost"], shown["taken_from"]) == (None, None, None)


@pytest.mark.parametrize(
    ("source", "most"), [(EnergySource.METER, 1.15), (EnergySource.POWER, 1.25), (EnergySource.RATED_POWER, 3.05)]
)
def test_each_source_has_its_tolerance(source: EnergySource, most: float) -> None:
    assert correct_session(session(most - 0.001), {source: 1.0}, 100.0) is None
    correction = correct_session(session(most + 0.001), {source: 1.0}, 100.0)
    assert correction is not None
    assert (correction.energy_kwh, correction.source) == (1.0, source)


def test_the_best_source_that_knows_the_energy_is_taken_at_the_same_price() -> None:
    energies = {EnergySource.METER: None, EnergySource.POWER: 1.5, EnergySource.RATED_POWER: 9.0}
    correction = correct_session(session(240.0, cost=72.0), energies, 100.0)
    assert correction is not None
    assert correction.source is EnergySource.POWER
    assert correction.energy_kwh == 1.5
    assert correction.cost == pytest.approx(0.45)
    assert correction.as_dict()["taken_from"] == "power"


@pytest.mark.parametrize("wrong", [session(240.0), session(-3.0, cost=-0.9)])
def test_without_a_price_at_which_it_was_counted_there_is_no_cost(wrong: Session) -> None:
    correction = correct_session(wrong, {EnergySource.METER: 1.0}, 100.0)
    assert correction is not None
    assert (correction.energy_kwh, correction.cost) == (1.0, None)


def test_the_meter_is_linear_between_its_readings_and_constant_after_the_last() -> None:
    readings = [(0.0, 100.0), (1200.0, 101.0), (2400.0, 103.0)]
    assert metered_kwh(readings, 600.0, 1800.0, 10.0) == pytest.approx(1.5)
    assert metered_kwh(readings, 1800.0, 9000.0, 10.0) == pytest.approx(1.0)


def test_a_wrong_reading_of_the_meter_is_not_counted() -> None:
    readings = [(0.0, 240.0), (600.0, 240.5), (660.0, 0.0), (1200.0, 241.0)]
    assert metered_kwh(readings, 0.0, 1200.0, 10.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "readings",
    [[], [(700.0, 1.0), (800.0, 2.0)], [(0.0, 1.0), (500.0, 2.0)], [(0.0, float("nan")), (900.0, 2.0)]],
    ids=["none", "begins later", "ended before", "not a number before"],
)
def test_a_meter_that_does_not_reach_back_gives_nothing(readings: list[tuple[float, float]]) -> None:
    assert metered_kwh(readings, 600.0, 900.0, 10.0) is None


def test_power_holds_until_it_changes() -> None:
    powers = [(0.0, 1000.0), (1800.0, 3000.0), (3600.0, 0.0), (9000.0, 5000.0)]
    assert integrated_kwh(powers, 900.0, 5400.0) == pytest.approx(0.25 + 1.5)
    assert integrated_kwh([(0.0, 2000.0)], 0.0, 3600.0) == pytest.approx(2.0)


@pytest.mark.parametrize(("powers", "end"), [([], 200.0), ([(150.0, 1000.0)], 200.0), ([(0.0, 1000.0)], 100.0)])
def test_power_that_is_not_known_at_the_start_gives_nothing(powers: list[tuple[float, float]], end: float) -> None:
    assert integrated_kwh(powers, 100.0, end) is None


def test_the_mean_power_of_hours() -> None:
    hours = {0.0: 1000.0, 3600.0: 2000.0}
    assert kwh_of_hours(hours, 1800.0, 5400.0) == pytest.approx(0.5 + 1.0)
    assert kwh_of_hours(hours, 0.0, 7200.0 + 600.0) == pytest.approx(3.0 * 7800 / 7200), "a short gap is filled"
    assert kwh_of_hours(hours, 0.0, 10_800.0) is None, "too much is missing"
    assert kwh_of_hours({}, 0.0, 3600.0) is None
    assert kwh_of_hours(hours, 1800.0, 1800.0) is None, "no time at all"


def test_the_days_of_a_session_that_took_no_time_are_not_changed() -> None:
    empty = SessionCorrection(session(240.0, hours=0.0), 0.0, None, EnergySource.METER)
    assert correct_days(empty, {DAY: Usage(0.0, 240.0)}, UTC) == {}


def test_energy_is_taken_from_the_day_that_is_contradicted() -> None:
    """From 22:00 to 02:00 in Rome: the jump was counted after midnight."""
    start = datetime(2026, 1, 5, 21, tzinfo=UTC)
    night = SessionCorrection(session(248.0, hours=4, cost=74.4, start=start), 8.0, 2.4, EnergySource.POWER)
    days = {DAY: Usage(7200.0, 4.0, 1.2), date(2026, 1, 6): Usage(7200.0, 244.0, 73.2)}
    added = correct_days(night, days, ROME)
    assert {day: rounded(usage) for day, usage in added.items()} == {date(2026, 1, 6): Usage(0.0, -240.0, -72.0)}


def test_where_no_day_is_contradicted_energy_is_taken_by_time() -> None:
    start = datetime(2026, 1, 5, 22, tzinfo=UTC)
    night = SessionCorrection(session(40.0, hours=4, start=start), None, None, None)
    added = correct_days(night, {}, ROME)
    assert {day: rounded(usage) for day, usage in added.items()} == {
        DAY: Usage(0.0, -10.0, 0.0),
        date(2026, 1, 6): Usage(0.0, -30.0, 0.0),
    }


def test_the_power_of_the_hours_of_corrected_sessions() -> None:
    first = SessionCorrection(
        session(240.0, hours=1, start=NOON + timedelta(minutes=30)), 2.0, None, EnergySource.POWER
    )
    second = SessionCorrection(session(99.0, hours=0.25, start=NOON), 0.5, None, EnergySource.POWER)
    unknown = SessionCorrection(session(99.0, hours=0.25, start=NOON + timedelta(hours=5)), None, None, None)
    noon = NOON.timestamp()
    assert session_hours([first, second, unknown]) == {
        noon: (pytest.approx(1500.0), pytest.approx(2500.0)),
        noon + 3600: (pytest.approx(1000.0), pytest.approx(2000.0)),
        noon + 5 * 3600: (0.0, 0.0),
    }


def test_a_session_that_is_still_running_is_corrected_in_memory() -> None:
    running = session(240.0, cost=72.0)
    stored = session(239.0, cost=71.7)
    running.end = None
    tracker = SessionTracker(running=running, total=Usage(3600.0, 250.0, 75.0), days={DAY: Usage(3600.0, 240.0, 72.0)})
    correction = SessionCorrection(stored, 1.0, 0.3, EnergySource.METER)
    older = DAY - timedelta(days=90)
    apply_corrections(tracker, [correction], {DAY: Usage(0.0, -238.0, -71.4), older: Usage(0.0, -1.0, -0.3)})
    assert running.energy_kwh == pytest.approx(2.0), "what flowed since it was stored is kept"
    assert running.cost == pytest.approx(0.6)
    assert running.estimated
    assert rounded(tracker.total) == Usage(3600.0, 11.0, 3.3)
    assert {day: rounded(usage) for day, usage in tracker.days.items()} == {DAY: Usage(3600.0, 2.0, 0.6)}


def test_a_running_session_loses_a_cost_that_is_not_known() -> None:
    running = session(240.0, cost=72.0)
    tracker = SessionTracker(running=running)
    apply_corrections(tracker, [SessionCorrection(session(240.0, cost=72.0), 1.0, None, EnergySource.POWER)], {})
    assert (running.energy_kwh, running.cost) == (1.0, None)


def test_another_session_that_runs_is_left_alone() -> None:
    running = Session(start=NOON, seen=NOON + timedelta(hours=1), energy_kwh=2.0, cost=0.6, id=8)
    for tracker in (SessionTracker(running=running), SessionTracker()):
        apply_corrections(tracker, [SessionCorrection(session(240.0), 1.0, None, EnergySource.POWER)], {})
    assert (running.energy_kwh, running.cost, running.estimated) == (2.0, 0.6, False)
