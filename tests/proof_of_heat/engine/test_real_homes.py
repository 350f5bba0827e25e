"""Learning with what real homes have: sizes unknown, missing hours, sources that are on or off."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import Engine, EngineConfig, SourceConfig, SourceKind, Steering
from custom_components.proof_of_heat.engine.flow_control import LIMIT_K, FlowControl
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.model.backtest import backtest
from custom_components.proof_of_heat.engine.model.history import History, Row
from custom_components.proof_of_heat.engine.model.house_fit import fit_house
from custom_components.proof_of_heat.engine.model.meter_check import Doubt, MeterDoubt, doubt_of_heat
from custom_components.proof_of_heat.engine.model.observer import Observer, first_state
from custom_components.proof_of_heat.engine.model.performance_map import learn as learn_map

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
        control.update(learned, 5000.0, 60.0)
        last = control.flow_c(learned, state, 6000.0, since_s=0.0)
        assert last - first <= LIMIT_K, minute
    assert last > first, "too little heat: the flow is raised"
    for _ in range(20):
        control.update(learned, 8000.0, 60.0)
        control.flow_c(learned, state, 6000.0, since_s=0.0)
    assert control.correction_k < last - first, "too much heat: it is lowered again"


def test_flow_setpoint_is_not_corrected_while_the_source_starts(learned: LearnedModel) -> None:
    control = FlowControl()
    for _ in range(10):
        control.flow_c(learned, learned.state, 6000.0, since_s=0.0)
        control.update(learned, 1000.0, 60.0)
    assert control.correction_k == 0.0
    control.update(learned, 0.0, 60.0)
    assert control.correction_k == 0.0


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
    assert engine.learned.suspect_cop is not None
    assert not 1.3 <= engine.learned.suspect_cop <= 8.0


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


@pytest.mark.parametrize(
    ("power", "doubt"),
    [
        ("heat pump", None),
        ("half of it", None),
        ("refrigerator", Doubt.LOSS),
        ("kilowatts taken for watts", Doubt.LOSS),
        ("watts taken for kilowatts", Doubt.LOSS),
        ("solar panels", Doubt.WEATHER),
    ],
)
def test_a_meter_of_something_else_is_found_without_a_meter_of_heat(power: str, doubt: Doubt | None) -> None:
    found = learn(History(_measured(power)).series(), None, 50.0)
    assert (found.doubt.doubt if found.doubt else None) == doubt
    assert found.trusted is (doubt is None), "no plan by a wrong meter"
    assert found.suspect_cop is None


def test_a_few_days_or_warm_ones_raise_no_doubt() -> None:
    rows = _measured("refrigerator")
    assert doubt_of_heat(History(rows[: 7 * 96]).series()) is None
    assert doubt_of_heat(History(replace(row, outdoor_c=row.room_c - 2) for row in rows).series()) is None
    assert doubt_of_heat(History(replace(row, outdoor_c=row.room_c - 7, heat_w=0.0) for row in rows).series()) is None
    nothing = doubt_of_heat(History(replace(row, heat_w=0.0) for row in rows).series())
    assert nothing == MeterDoubt(Doubt.LOSS, 0.0), "a home stays warm without heat"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (MeterDoubt(Doubt.COP, 11.24), "COP 11.2"),
        (MeterDoubt(Doubt.LOSS, 4.04), "4.04 W/K"),
        (MeterDoubt(Doubt.LOSS, 180_000.0), "180000 W/K"),
        (MeterDoubt(Doubt.WEATHER, -0.31), "r = -0.31"),
    ],
)
def test_the_impossible_value_is_shown(found: MeterDoubt, text: str) -> None:
    assert str(found) == text


def test_drift_of_the_heat_loss_is_that_against_the_earlier_learnings(rows: list[Row]) -> None:
    """Insulation, a window that stays open, a wrong sensor: the learned house changes."""
    first = learn(History(rows).series(), None, 0.8)
    assert first.drift is None
    again = learn(History(replace(row, heat_w=row.heat_w * 1.3) for row in rows).series(), first, 0.8)
    assert again.losses_w_k[0] == first.losses_w_k[0]
    assert again.drift == pytest.approx(again.losses_w_k[1] / again.losses_w_k[0] - 1)
    assert again.drift == pytest.approx(0.3, abs=0.15)
