"""Learning with what real homes have: sizes unknown, missing hours, sources that are on or off."""

from collections.abc import Callable
from dataclasses import replace
import math
from typing import Any

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import (
    Engine,
    EngineConfig,
    SourceConfig,
    SourceKind,
    SourceSnapshot,
    Steering,
)
from custom_components.proof_of_heat.engine.flow_control import LIMIT_K, FlowControl, Response
from custom_components.proof_of_heat.engine.jobs import JobResult
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.model.backtest import backtest
from custom_components.proof_of_heat.engine.model.history import History, Row
from custom_components.proof_of_heat.engine.model.house_fit import fit_house
from custom_components.proof_of_heat.engine.model.meter_check import (
    IdleCheck,
    MeterProblem,
    MeterProblemType,
    heat_problem,
)
from custom_components.proof_of_heat.engine.model.observer import Observer, first_state
from custom_components.proof_of_heat.engine.model.performance_map import Operation, learn as learn_map, learn_from
from custom_components.proof_of_heat.engine.power_excess import PowerExcess

from .homes import PUMP, Home, lived_history, pump_config, snapshot


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return lived_history(9)


@pytest.fixture(scope="module")
def learned(rows: list[Row]) -> LearnedModel:
    return learn(History(rows).series(), None, 0.8)


def _unknown_size(rows: list[Row]) -> list[Row]:
    """The same history of a source without a nominal power: its level is unknown."""
    return [replace(row, level=0.0) for row in rows]


def test_a_map_is_learned_without_nominal_power(rows: list[Row]) -> None:
    found = learn_map(History(_unknown_size(rows)).series())
    assert found is not None
    assert found.full_power_w == pytest.approx(2750.0, rel=0.1)
    heat, power = found.at(np.array(1.0), np.array(35.0), np.array(2.0))
    assert float(heat) == pytest.approx(9500.0, rel=0.1)
    assert float(power) == pytest.approx(2842.0, rel=0.1)


def test_a_map_is_learned_without_a_flow_sensor(rows: list[Row]) -> None:
    blind = [replace(row, flow_c=math.nan, water_c=math.nan) for row in _unknown_size(rows)]
    found = learn_map(History(blind).series())
    assert found is not None
    assert found.full_power_w == pytest.approx(2750.0, rel=0.15)


def test_a_single_spike_of_the_meter_is_not_the_size(rows: list[Row]) -> None:
    spiky = _unknown_size(rows)
    spiky[300] = replace(spiky[300], power_w=25_000.0, heat_w=9000.0, pump_heat_w=9000.0)
    found = learn_map(History(spiky).series())
    assert found is not None
    assert found.full_power_w < 4500.0


@pytest.mark.parametrize(("outdoor_c", "flow_c", "least"), [(10.0, 25.0, 0.3), (10.0, 25.0, 0.8), (0.0, 27.0, 0.3)])
def test_the_full_input_of_an_unknown_size_is_at_most_what_was_seen(
    outdoor_c: float, flow_c: float, least: float
) -> None:
    level = np.tile(np.linspace(least, 1.0, 30), 2)
    flow, outdoor = flow_c + 5.0 * level, outdoor_c + np.linspace(-2.0, 2.0, 60)
    power = 1645.0 + 5.6 * (flow - 30) + 2.7 * (outdoor - 3)
    power += level * (1923.0 + 27.7 * (flow - 30) + 25.0 * (outdoor - 3))
    found = learn_from(Operation(np.zeros(60), flow, outdoor, 3.3 * power, power))
    assert found is not None
    assert 0.95 * power.max() < found.full_power_w <= power.max()


def test_a_power_limit_does_not_become_the_size() -> None:
    level = np.linspace(0.3, 1.0, 60)
    before = learn_from(_worked(level))
    assert before is not None
    later = learn_from(_worked(0.6 * level), before)
    assert later is not None
    assert later.full_power_w == pytest.approx(before.full_power_w, rel=0.01)
    alone = learn_from(_worked(0.6 * level))
    assert alone is not None
    assert alone.full_power_w < 0.9 * before.full_power_w
    larger = learn_from(_worked(1.3 * level), before)
    assert larger is not None
    assert larger.full_power_w > 1.15 * before.full_power_w, "a colder day shows more"


def _worked(level: np.ndarray) -> Operation:
    """The operation of a heat pump of unknown size."""
    flow, outdoor = 28.0 + 5.0 * level, 5.0 + 3.0 * np.sin(np.arange(len(level)))
    power = 1600.0 + 2000.0 * level
    return Operation(np.zeros(len(level)), flow, outdoor, 13_000.0 * level, power)


def test_thermostat_with_a_source_of_unknown_size_requests_shares_of_its_heat() -> None:
    found = learn_from(_worked(np.linspace(0.25, 1.0, 60)))
    assert found is not None
    flow, outdoor, share = np.full(3, 32.0), np.full(3, 5.0), np.array([0.25, 0.5, 1.0])
    heat, power = found.at(found.level_of(share, flow, outdoor), flow, outdoor)
    assert heat == pytest.approx(13_000.0 * share, abs=800)
    assert power == pytest.approx(1600.0 + 2000.0 * share, rel=0.12), "half of the input makes no heat"
    known = replace(found, largest_w=math.inf)
    assert known.level_of(share, flow, outdoor) is share


def test_what_a_source_draws_above_the_limit_of_its_plans_is_subtracted() -> None:
    excess, row = PowerExcess(), lived_history(1)[0]

    def worked(day: int, power_w: float, cap_w: float = 3000.0, late_s: float = 0.0) -> float:
        end_s = day * 86400.0 + 3600.0
        excess.add(replace(row, time_s=end_s, power_w=power_w), end_s - 900.0 + late_s, cap_w)
        return excess.factor

    assert worked(0, 3000.0) == 1.0
    assert worked(1, 3150.0) == pytest.approx(1.05)
    assert worked(1, 2950.0) == pytest.approx(1.05), "the largest of the day"
    assert worked(2, 2800.0) == pytest.approx(1.05), "of the last days"
    assert worked(2, 1500.0, late_s=600.0) == pytest.approx(1.05), "another plan"
    assert worked(3, 4000.0, math.inf) == pytest.approx(1.05), "no limit"
    assert worked(3, 4000.0) == 1.1
    for day in range(4, 10):
        assert worked(day, 2990.0) == 1.1
    assert worked(10, 2990.0) == 1.0


@pytest.mark.slow
def test_savings_are_proved_without_nominal_power() -> None:
    engine, home = Engine(EngineConfig(sources=(pump_config(),), commission=False)), Home()
    for row in _unknown_size(lived_history(3)):
        engine.history.add(row)
    home.time_s = 3 * 86400.0
    engine._learn_at_h = 0.0
    for _ in range(3 * 96 + 4):
        level = 0.6 if home.air_c < 20.8 else 0.0
        home.run(level, 900)
        seen = snapshot(home)
        engine.observe(replace(seen, sources=(replace(seen.sources[0], level=math.nan),)))
        if (job := engine.job(seen)) is not None:
            engine.adopt(job())
        engine.decide(seen)
    report = engine.savings_report()
    assert report is not None
    assert report.reference_cost > 0


@pytest.mark.slow
def test_missing_hours_do_not_discard_what_was_measured_before(rows: list[Row]) -> None:
    gap = [row for row in rows if not 5.2 <= row.time_s / 86400 < 5.6]
    series = History(gap).series()
    assert len(series) == len(gap)
    whole, broken = fit_house(History(rows).series()), fit_house(series)
    assert broken.parameters.total_loss_w_k == pytest.approx(whole.parameters.total_loss_w_k, rel=0.1)
    assert backtest(series).error_k < 0.6


def test_the_backtest_never_predicts_across_a_gap(rows: list[Row]) -> None:
    cold = [replace(row, room_c=row.room_c - 6.0) if row.time_s / 86400 > 8.6 else row for row in rows]
    gap = [row for row in cold if not 8.4 <= row.time_s / 86400 < 8.6]
    assert backtest(History(gap).series()).error_k < 1.5, "the jump happened while nothing was measured"


def test_the_observer_starts_again_after_a_gap(rows: list[Row], learned: LearnedModel) -> None:
    parameters = learned.fitted.parameters
    observer = Observer(parameters, first_state(parameters, 21.0, math.nan))
    for row in rows[:40]:
        observer.update(row)
    later = replace(rows[60], time_s=rows[39].time_s + 12 * 3600, room_c=15.0, water_c=math.nan, heat_w=0.0)
    assert observer.update(later).room_c == pytest.approx(15.0, abs=0.3)


def test_a_heat_pump_that_is_on_or_off_is_measured_and_planned() -> None:
    rows = [
        replace(row, level=0.0) for row in lived_history(4, levels=(1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0))
    ]
    config = SourceConfig(source_id=PUMP, kind=SourceKind.HEAT_PUMP, steering=Steering.SWITCH, size_assumed=True)
    engine, home = Engine(EngineConfig(sources=(config,))), Home(time_s=4 * 86400.0)
    for row in rows:
        engine.history.add(row)
    engine._learn_at_h = 0.0
    home.run(0.0, 900)
    seen = snapshot(home)
    engine.observe(seen)
    while (job := engine.job(seen)) is not None:
        engine.adopt(job())
    assert engine.learned is not None
    assert engine.learned.pump is not None
    heat, power = engine.source_selector._full_load(config, engine.learned)
    assert (heat, power) == (pytest.approx(9500.0, rel=0.15), pytest.approx(2800.0, rel=0.15))
    home.run(0.0, 900)
    engine.observe(snapshot(home))
    command = engine.decide(snapshot(home)).command(PUMP)
    assert command.level in (0.0, 1.0)


def test_flow_setpoint_follows_the_heat_that_is_delivered(learned: LearnedModel) -> None:
    control, state = FlowControl(), learned.state
    first = control.flow_c(learned, state, 6000.0, since_s=0.0)
    for minute in range(60):
        control.update(learned, Response(5000.0), 60.0)
        last = control.flow_c(learned, state, 6000.0, since_s=0.0)
        assert last - first <= LIMIT_K, minute
    assert last > first, "too little heat: the flow is raised"
    for _ in range(20):
        control.update(learned, Response(8000.0), 60.0)
        control.flow_c(learned, state, 6000.0, since_s=0.0)
    assert control.correction_k < last - first, "too much heat: it is lowered again"


def test_state_between_two_rows_is_that_of_the_moment(rows: list[Row], learned: LearnedModel) -> None:
    observer = learned.observer([])
    known, last = observer.state, rows[-1]
    assert observer.at(last) == known, "nothing has happened since"
    later = replace(last, time_s=last.time_s + 600.0, room_c=last.room_c - 0.4, heat_w=0.0, water_c=math.nan)
    then = observer.at(later)
    assert then.room_c == pytest.approx(later.room_c, abs=0.12)
    assert observer.state == known, "the row is not complete"
    hour = replace(last, time_s=last.time_s + 3600.0, heat_w=0.0, water_c=math.nan, room_c=last.room_c)
    assert observer.at(hour).emitter_c < known.emitter_c
    days = replace(last, time_s=last.time_s + 2 * 86400.0, room_c=15.0, heat_w=0.0, water_c=math.nan)
    assert observer.at(days).room_c == pytest.approx(15.0, abs=0.3)
    assert observer.at(days).emitter_c == pytest.approx(15.0, abs=1.5), "cold after two days without heat"


def test_rows_missing_after_a_history_count(rows: list[Row], learned: LearnedModel) -> None:
    """The import ends at the full hour; the first row of its own may come 45 minutes later."""
    off = {"heat_w": 0.0, "water_c": math.nan, "flow_c": math.nan, "room_c": math.nan}
    steps = [replace(rows[-1], time_s=rows[-1].time_s + 900.0 * (1 + step), **off) for step in range(3)]
    whole = learned.observer(steps).state
    late = learned.observer(steps[-1:]).state
    assert late.emitter_c == pytest.approx(whole.emitter_c, abs=0.05)
    assert late.room_c == pytest.approx(whole.room_c, abs=0.05)


def test_first_plan_begins_with_the_room_as_it_is(rows: list[Row]) -> None:
    """The imported history ended 40 minutes ago; meanwhile a window was open."""
    home = Home(time_s=rows[-1].time_s + 2400.0, air_c=rows[-1].room_c - 0.7, floor_c=rows[-1].room_c + 1.0)
    engine = Engine(EngineConfig(sources=(pump_config(),), commission=False))
    engine.adopt_history(History(rows))
    now = snapshot(home)
    engine.observe(now)
    while (job := engine.job(now)) is not None:
        engine.adopt(job())
    assert engine.plan is not None
    assert engine.plan.plan.room_c[0] == pytest.approx(home.air_c, abs=0.3)


def test_shown_plan_begins_with_what_is_carried_out(learned: LearnedModel) -> None:
    """A compressor is on or off: the cheapest plan uses it for a part of the first quarter of an hour only."""
    engine, home, differing = Engine(EngineConfig(sources=(pump_config(),), commission=False)), Home(), 0
    engine.adopt(JobResult(learned=learned))
    home.time_s, home.air_c = learned.at_rows + 900.0, 20.9
    for _ in range(24):
        now = snapshot(home)
        engine.observe(now)
        while (job := engine.job(now)) is not None:
            engine.adopt(job())
        plan = engine.plan
        assert plan is not None
        assert plan.plan.heat_w[0] == pytest.approx(plan.heat_w, abs=5.0)
        power_w = sum(
            float(use[0] * part.power_w[0]) for use, part in zip(plan.plan.use, plan.plan.segments, strict=True)
        )
        assert plan.plan.power_w[0] == pytest.approx(power_w, abs=5.0)
        differing += plan.heat_w > 0
        command = engine.decide(now).command(PUMP)
        home.run(command.level if command.on and not command.hold else 0.0, 900)
    assert 0 < differing < 24


def test_flow_setpoint_is_not_corrected_while_the_source_starts(learned: LearnedModel) -> None:
    control = FlowControl()
    for _ in range(10):
        control.flow_c(learned, learned.state, 6000.0, since_s=0.0)
        control.update(learned, Response(1000.0), 60.0)
    assert control.correction_k == 0.0
    control.update(learned, Response(0.0), 60.0)
    assert control.correction_k == 0.0


def test_flow_setpoint_is_lowered_at_the_first_reading_with_too_much_heat(learned: LearnedModel) -> None:
    control = FlowControl()
    first = control.flow_c(learned, learned.state, 6000.0, since_s=0.0)
    control.update(learned, Response(8000.0), 300.0)
    then = control.flow_c(learned, learned.state, 6000.0, since_s=0.0)
    assert first - then == pytest.approx(learned.flow_rise_k(2000.0)), "emitters colder than estimated"


def test_flow_setpoint_is_not_lowered_for_a_source_at_its_minimum(learned: LearnedModel) -> None:
    """It would stop then, and be too cold for hours when more heat is needed again."""
    control = FlowControl()
    for _ in range(12):
        control.flow_c(learned, learned.state, 0.25 * learned.full_heat_w, since_s=0.0)
        control.update(learned, Response(0.4 * learned.full_heat_w), 300.0)
    assert control.correction_k == 0.0
    control.flow_c(learned, learned.state, 0.25 * learned.full_heat_w, since_s=0.0)
    control.update(learned, Response(0.15 * learned.full_heat_w), 300.0)
    assert control.correction_k > 0.0, "too little is corrected at any output"


def test_flow_setpoint_rises_while_the_emitters_warm_up(learned: LearnedModel) -> None:
    control, state = FlowControl(), replace(learned.state, emitter_c=22.0, room_c=20.0)
    early = control.flow_c(learned, state, 8000.0, since_s=0.0)
    late = control.flow_c(learned, state, 8000.0, since_s=900.0)
    assert early < late == pytest.approx(learned.flow_for(state, 8000.0))


@pytest.mark.parametrize("factor", [0.2, 4.0])
def test_a_meter_of_something_else_gives_no_map(rows: list[Row], factor: float) -> None:
    wrong = [replace(row, power_w=row.power_w * factor) for row in rows]
    engine = Engine(EngineConfig(sources=(pump_config(),)))
    engine.adopt_history(History(wrong))
    home = Home(time_s=9 * 86400.0)
    home.run(0.0, 900)
    engine.observe(snapshot(home))
    job = engine.job(snapshot(home))
    assert job is not None, "the imported history is learned at once"
    engine.adopt(job())
    assert engine.learned is not None
    assert engine.learned.pump is None
    assert engine.learned.meter_problem is not None
    assert engine.learned.meter_problem.type is MeterProblemType.COP
    assert not 1.3 <= engine.learned.meter_problem.value <= 8.0


def test_imported_history_comes_before_the_own_one(rows: list[Row]) -> None:
    engine = Engine(EngineConfig(sources=(pump_config(),)))
    for row in rows[600:]:
        engine.history.add(row)
    engine.adopt_history(History(replace(row, room_c=1.0) if place >= 600 else row for place, row in enumerate(rows)))
    assert [row.room_c for row in engine.history.all_rows] == pytest.approx([row.room_c for row in rows], abs=1e-4)


DAYS_OF_METERS = 14


def _measured(power: str) -> list[Row]:
    """Two weeks of a home without a meter of heat, whose linked meter measures something else."""
    rows = lived_history(DAYS_OF_METERS)
    found = []
    for row in rows:
        hour = row.time_s % 86400.0 / 3600
        lift_k = row.room_c - row.outdoor_c
        watts = {
            "heat pump": row.power_w,
            "half of it": row.power_w / 2,
            "refrigerator": 60.0 * (hour % 1 < 0.5),
            "kilowatts taken for watts": row.power_w / 1000,
            "watts taken for kilowatts": row.power_w * 1000,
            "solar panels": max(0.0, 10_000.0 - 350.0 * lift_k) * (9 < hour < 16) + 200.0,
        }[power]
        heat_w = watts * 3.2
        found.append(replace(row, power_w=watts, heat_w=heat_w, pump_heat_w=heat_w, level=0.0))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("power", "problem"),
    [
        ("heat pump", None),
        ("half of it", None),
        ("refrigerator", MeterProblemType.LOSS),
        ("kilowatts taken for watts", MeterProblemType.LOSS),
        ("watts taken for kilowatts", MeterProblemType.LOSS),
        ("solar panels", MeterProblemType.WEATHER),
    ],
)
def test_a_meter_of_something_else_is_found_without_a_heat_meter(power: str, problem: MeterProblemType | None) -> None:
    found = learn(History(_measured(power)).series(), None, 50.0)
    assert (found.meter_problem.type if found.meter_problem else None) == problem
    assert found.trusted is (problem is None), "no plan by a wrong meter"


@pytest.mark.parametrize(
    ("own_w", "other_w", "has_problem"),
    [(1.0, 0.0, False), (1.0, 400.0, False), (0.5, 0.0, False), (0.0, 400.0, True), (0.01, 600.0, True)],
)
def test_loads_that_do_not_follow_the_weather_are_not_heat(own_w: float, other_w: float, has_problem: bool) -> None:
    """Four weeks whose weather changes; the daily heat scatters by a third, with the sun and habits."""
    rows, two_weeks = [], lived_history(DAYS_OF_METERS)
    later = [replace(row, time_s=row.time_s + DAYS_OF_METERS * 86400.0) for row in two_weeks]
    for row in two_weeks + later:
        day = row.time_s // 86400
        outdoor_c = row.outdoor_c + 6.0 * math.sin(0.8 * day)
        scatter = 1.0 + 0.33 * math.sin(2.9 * day)
        heat_w = 3.2 * (own_w * scatter * 55.0 * (18.0 - outdoor_c) + other_w * (1.0 + 0.15 * math.sin(1.3 * day)))
        rows.append(replace(row, outdoor_c=outdoor_c, heat_w=heat_w))
    found = heat_problem(History(rows).series())
    assert heat_problem(History(rows[: 20 * 96]).series()) is None, "too few days to judge"
    assert (found is not None) is has_problem
    assert found is None or found.type is MeterProblemType.WEATHER


def _idle_check(watts: dict[bool, Callable[[float], float]], **reading: Any) -> IdleCheck:
    """Four hours on and eight off, by the minute."""
    check = IdleCheck()
    for minute in range(12 * 60):
        on = minute % 180 < 60
        power_w = watts[on](minute)
        shown = {"on": on, "power_w": power_w, **reading}
        check.add(SourceSnapshot(source_id=PUMP, **shown), 60.0)
    return check


@pytest.mark.parametrize(
    ("off", "on", "reading", "found"),
    [
        pytest.param(lambda t: 300.0 + 200.0 * (t % 60 < 20), lambda t: 2400.0, {}, True, id="whole home"),
        pytest.param(lambda t: 170.0, lambda t: 900.0, {}, True, id="small home"),
        pytest.param(lambda t: 95.0, lambda t: 2000.0, {}, False, id="large standby"),
        pytest.param(lambda t: 2200.0 * (t % 720 < 60), lambda t: 2000.0, {}, False, id="hot water by itself"),
        pytest.param(lambda t: 1900.0, lambda t: 2000.0, {}, False, id="runs although it reports off"),
        pytest.param(lambda t: 400.0, lambda t: 2000.0, {"power_estimated": True}, False, id="no meter"),
        pytest.param(lambda t: 400.0, lambda t: 2000.0, {"hot_water": True}, False, id="hot water"),
        pytest.param(lambda t: 400.0, lambda t: 2000.0, {"power_w": math.nan}, False, id="no power"),
        pytest.param(lambda t: 400.0, lambda t: 2000.0, {"on": None}, False, id="unknown"),
        pytest.param(lambda t: 400.0, lambda t: 2000.0, {"running": True}, False, id="its compressor runs"),
    ],
)
def test_a_meter_of_the_whole_home_does_not_rest_with_the_source(
    off: Callable[[float], float], on: Callable[[float], float], reading: dict[str, Any], found: bool
) -> None:
    problem = _idle_check({False: off, True: on}, **reading).problem
    assert (problem is not None) is found
    if problem is not None:
        assert problem.type is MeterProblemType.IDLE
        assert problem.value == pytest.approx(float(np.mean([off(t) for t in range(720) if t % 180 >= 60])), rel=0.05)


def test_a_few_days_or_warm_ones_show_no_problem() -> None:
    rows = _measured("refrigerator")
    assert heat_problem(History(rows[: 7 * 96]).series()) is None
    assert heat_problem(History(replace(row, outdoor_c=row.room_c - 2) for row in rows).series()) is None
    assert heat_problem(History(replace(row, outdoor_c=row.room_c - 7, heat_w=0.0) for row in rows).series()) is None
    nothing = heat_problem(History(replace(row, heat_w=0.0) for row in rows).series())
    assert nothing == MeterProblem(MeterProblemType.LOSS, 0.0), "a home stays warm without heat"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (MeterProblem(MeterProblemType.COP, 11.24), "COP 11.2"),
        (MeterProblem(MeterProblemType.LOSS, 4.04), "4.04 W/K"),
        (MeterProblem(MeterProblemType.LOSS, 180_000.0), "180000 W/K"),
        (MeterProblem(MeterProblemType.WEATHER, -0.31), "r = -0.31"),
        (MeterProblem(MeterProblemType.IDLE, 412.4), "412 W"),
    ],
)
def test_the_impossible_value_is_shown(found: MeterProblem, text: str) -> None:
    assert str(found) == text


@pytest.mark.slow
def test_drift_of_the_heat_loss_is_that_against_the_earlier_learnings(rows: list[Row]) -> None:
    """Insulation, a window that stays open, a wrong sensor: the learned house changes."""
    first = learn(History(rows).series(), None, 0.8)
    assert first.drift is None
    again = learn(History(replace(row, heat_w=row.heat_w * 1.3) for row in rows).series(), first, 0.8)
    assert again.losses_w_k[0] == first.losses_w_k[0]
    assert again.drift == pytest.approx(again.losses_w_k[1] / again.losses_w_k[0] - 1)
    assert again.drift == pytest.approx(0.3, abs=0.15)
