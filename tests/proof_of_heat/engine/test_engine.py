"""The engine as a whole, in a home it does not know."""

from copy import deepcopy
from dataclasses import replace
import json
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import (
    ControlMode,
    Engine,
    EngineConfig,
    PeakPolicy,
    SensorReading,
    SiteLimits,
    Snapshot,
    SourceConfig,
    SourceKind,
    SourceSnapshot,
    Steering,
    Weights,
    ZoneSnapshot,
)
from custom_components.proof_of_heat.engine.messages import MessageCode, message

from .homes import DAY_S, PUMP, Home, band, comfort, live, new_engine, pump_config, snapshot, tariff

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


@pytest.fixture(scope="module")
def lived() -> tuple[Engine, Home]:
    """An engine that has lived for six days."""
    engine, home = new_engine(), Home()
    live(engine, home, 6)
    return engine, home


@pytest.fixture
def going_on(lived: tuple[Engine, Home]) -> tuple[Engine, Home]:
    """The same after its six days, for tests that let it live on."""
    return deepcopy(lived)


def test_it_learns_and_then_plans(lived: tuple[Engine, Home]) -> None:
    engine, home = lived
    assert engine.predicting
    decision = engine.decide(snapshot(home))
    assert decision.record.control_mode is ControlMode.PLAN
    assert "kWh of heat" in decision.record.text


def test_it_is_warm_at_the_time_and_not_before(going_on: tuple[Engine, Home]) -> None:
    engine, home = going_on
    seen = live(engine, home, 4)
    below = [max(0.0, comfort(time_s - 1) - room) for time_s, room in seen]
    assert sum(below) / 4 < 1.5
    night = [room for time_s, room in seen if 0 < time_s / 3600 % 24 < 3]
    assert np.mean(night) < 21.0


def test_it_costs_less_than_holding_comfort_all_day(going_on: tuple[Engine, Home]) -> None:
    engine, home = going_on
    began = home.energy_kwh
    live(engine, home, 3)
    ours = home.energy_kwh - began
    constant = Home(time_s=home.time_s - 3 * DAY_S, floor_c=home.floor_c, air_c=21.0, wall_c=21.0)
    for _ in range(3 * 96):
        constant.run(float(np.clip(0.4 + 1.2 * (21.1 - constant.air_c), 0.0, 1.0)), 900)
    assert ours < 0.93 * constant.energy_kwh


def test_it_works_without_any_forecast() -> None:
    engine, home = new_engine(), Home()
    live(engine, home, 5, forecast=False)
    seen = live(engine, home, 3, forecast=False)
    below = [max(0.0, comfort(time_s - 1) - room) / 4 for time_s, room in seen]
    assert engine.decide(snapshot(home, forecast=False)).record.control_mode is ControlMode.PLAN
    assert sum(below) < 4.0


def test_the_dear_evening_takes_less_than_the_hours_before_it() -> None:
    engine, home = new_engine(weights=Weights(peak=PeakPolicy.NONE)), Home()
    live(engine, home, 5)
    taken = {True: 0.0, False: 0.0}
    for _ in range(3 * 96):
        dear = tariff(home.time_s) > 0.3
        before = home.energy_kwh
        live(engine, home, 1 / 96)
        taken[dear] += home.energy_kwh - before
    dear_share = taken[True] / (taken[True] + taken[False])
    assert dear_share < 5 / 24


def test_before_it_has_learned_it_heats_by_curve_and_varies_the_level() -> None:
    engine, home = new_engine(), Home(air_c=18.0, wall_c=18.0)
    ways, levels = set(), set()
    for _ in range(32):
        live(engine, home, 1 / 96)
        record = engine.decide(snapshot(home)).record
        ways.add(record.control_mode)
        levels.add(round(home.level, 1))
    assert ControlMode.COMMISSIONING in ways
    assert len(levels - {0.0}) >= 3


def test_a_bad_back_test_sends_it_back_to_the_curve() -> None:
    engine, home = new_engine(prediction_error_limit_k=0.0001), Home()
    live(engine, home, 3)
    assert not engine.predicting
    assert engine.decide(snapshot(home)).record.control_mode in {ControlMode.CURVE, ControlMode.IDLE}


def test_no_room_temperature_means_curve_only(lived: tuple[Engine, Home]) -> None:
    engine, home = lived
    gone = (ZoneSnapshot(zone_id="home", room=SensorReading(), target_c=21.0),)
    later = snapshot(home, zones=gone, now_s=1.75e9 + home.time_s + 4000)
    engine.observe(later)
    decision = engine.decide(later)
    assert decision.record.control_mode is ControlMode.CURVE
    assert message(MessageCode.ROOM_IMPLAUSIBLE, zone="home") in decision.record.notes


def test_an_open_window_pauses_heat(lived: tuple[Engine, Home]) -> None:
    engine, home = lived
    open_ = (ZoneSnapshot(zone_id="home", room=SensorReading(home.air_c), target_c=21.0, window_open=True),)
    assert engine.decide(snapshot(home, zones=open_)).record.demand_w == 0.0


def test_a_source_that_becomes_available_is_planned_with_at_once(going_on: tuple[Engine, Home]) -> None:
    engine, home = going_on
    now = snapshot(home)
    unread = replace(now, sources=(replace(now.sources[0], available=False),))
    for seen, is_planned in ((now, True), (now, False), (unread, False), (now, True), (now, False)):
        engine.observe(seen)
        job = engine.job(seen)
        assert (job is not None) is is_planned
        if job is not None:
            engine.adopt(job())


def test_a_setpoint_that_a_user_changes_is_planned_with_at_once(going_on: tuple[Engine, Home]) -> None:
    engine, home = going_on
    now = snapshot(home)
    warmer = _warmer(now)
    closed = replace(warmer, zones=(replace(warmer.zones[0], wants_heat=False),))
    for seen, is_planned in ((now, True), (now, False), (warmer, True), (warmer, False), (closed, True), (now, True)):
        engine.observe(seen)
        job = engine.job(seen)
        assert (job is not None) is is_planned
        if job is not None:
            engine.adopt(job())


def test_a_plan_for_another_setpoint_is_not_followed_when_planning_fails(going_on: tuple[Engine, Home]) -> None:
    engine, home = going_on
    now = snapshot(home)
    for seen, control_mode in ((now, ControlMode.PLAN), (_warmer(now), ControlMode.CURVE)):
        engine.observe(seen)
        assert engine.job(seen) is not None
        engine.job_failed()
        assert engine.decide(seen).record.control_mode is control_mode
        engine.observe(seen)
        assert engine.job(seen) is not None, "it is retried, not with the next row of the history"
        engine.job_failed()


def _warmer(now: Snapshot) -> Snapshot:
    return replace(now, zones=(replace(now.zones[0], target_c=now.zones[0].target_c + 4),))


def test_state_survives_a_restart_as_json(lived: tuple[Engine, Home]) -> None:
    engine, home = lived
    saved = json.loads(json.dumps(engine.dump()))
    again = new_engine()
    again.restore(saved)
    now = snapshot(home)
    again.observe(now)
    job = again.job(now)
    assert job is not None
    again.adopt(job())
    assert again.predicting
    assert again.learned is not None
    assert engine.learned is not None
    assert again.learned.fitted.parameters.total_loss_w_k == pytest.approx(
        engine.learned.fitted.parameters.total_loss_w_k, rel=0.15
    )
    assert again.short_cycle.dump() == engine.short_cycle.dump()
    assert again.savings_report() == engine.savings_report()


@pytest.mark.parametrize("saved", [{}, {"version": 99}, {"version": 1, "history": [[1]], "savings": [3], "cycling": 2}])
def test_a_state_that_cannot_be_used_is_left_out(saved: dict[str, object]) -> None:
    engine = new_engine()
    engine.restore(saved)
    assert len(engine.history) == 0


def test_a_job_that_fails_is_tried_again_later() -> None:
    engine, home = new_engine(), Home()
    for _ in range(45):
        now = snapshot(home)
        engine.observe(now)
        home.run(0.5, 900)
    now = snapshot(home)
    engine.observe(now)
    assert engine.job(now) is not None
    assert engine.job(now) is None
    engine.job_failed()
    assert engine.job(now) is None
    for _ in range(30):
        home.run(0.5, 900)
        now = snapshot(home)
        engine.observe(now)
    assert engine.job(now) is not None


def test_it_takes_cycles_of_any_length() -> None:
    for seconds in (60, 300, 900, 3600):
        engine, home = new_engine(), Home()
        for _ in range(6 * 3600 // seconds):
            now = snapshot(home, forecast=False)
            engine.observe(now)
            engine.decide(now)
            home.run(0.5, seconds)
        assert engine.history.hours == pytest.approx(6.0, abs=1.8), seconds


def test_savings_are_proved_with_an_interval(lived: tuple[Engine, Home]) -> None:
    proof = lived[0].savings_report()
    assert proof is not None
    assert proof.saved_low < proof.saved < proof.saved_high
    assert proof.reference_cost > 0
    assert proof.saved == pytest.approx(proof.reference_cost - proof.cost)
    assert proof.days >= 3


def test_savings_proof_predicts_what_the_reference_really_costs(going_on: tuple[Engine, Home]) -> None:
    """The reference simulation is right: a home under that thermostat costs the same within a few percent."""
    engine, home = going_on
    live(engine, home, 1)
    proof = engine.savings_report(4)
    assert proof is not None
    real, integral = Home(), 0.0
    ref, cost = engine.config.reference, 0.0
    for _ in range(7 * 288):
        lower, people = comfort(real.time_s), real.people
        away = people <= 0 and lower < 21.0
        target = 21.0 - ref.setback_k if away else max(lower, 21.0 if people > 0 else lower) + ref.over_comfort_k
        error = target - real.air_c
        wanted = ref.gain_per_k * (error + integral)
        level = float(np.clip(wanted, 0, 1))
        integral += 300 / ref.integral_time_s * (error - (wanted - level) / (ref.gain_per_k * ref.anti_windup))
        price, counts = tariff(real.time_s), real.time_s >= 3 * DAY_S
        real.run(level, 300)
        cost += real.power_w * 300 / 3.6e6 * price if counts else 0.0
    assert proof.reference_cost / proof.days == pytest.approx(cost / 4, rel=0.08)


def test_power_is_kept_below_what_the_reference_would_draw(going_on: tuple[Engine, Home]) -> None:
    engine, home = going_on
    cap = engine.savings.peak_w(7)
    peak = 0.0
    for _ in range(3 * 96):
        live(engine, home, 1 / 96)
        peak = max(peak, home.power_w)
    assert math.isfinite(cap)
    assert engine.learned is not None
    assert engine.learned.pump is not None
    floor = engine.config.weights.peak_floor * engine.learned.pump.full_power_w
    assert peak <= 1.05 * max(engine.savings.peak_w(7), floor)
    assert floor < 0.85 * engine.learned.pump.full_power_w


def test_next_days_consumption_has_a_band(going_on: tuple[Engine, Home]) -> None:
    engine, home = going_on
    forecast = engine.consumption_forecast()
    assert forecast is not None
    assert forecast.low_kwh < forecast.energy_kwh < forecast.high_kwh
    began = home.energy_kwh
    live(engine, Home(**vars(home)), 0.0)
    again = Home(**vars(home))
    live(engine, again, 1.0)
    taken = again.energy_kwh - began
    assert forecast.low_kwh * 0.7 <= taken <= forecast.high_kwh * 1.3


def test_it_suggests_a_heating_curve(lived: tuple[Engine, Home]) -> None:
    suggestion = lived[0].suggest_curve(21.0)
    assert suggestion is not None
    assert 0.1 < suggestion.slope < 1.0
    assert new_engine().suggest_curve(21.0) is None


def test_two_sources_share_by_price_in_a_plan() -> None:
    miner = SourceConfig(
        source_id="miner",
        kind=SourceKind.MINER,
        steering=Steering.STEPS,
        steps_w=(800.0, 1600.0),
        efficiency_j_th=(15.0, 18.0),
    )
    config = EngineConfig(sources=(pump_config(), miner), site=SiteLimits(power_w=4000.0))
    engine, home = Engine(config), Home()
    mined = 0.0
    for _ in range(3 * 96):
        now = snapshot(home)
        readings = (*now.sources, SourceSnapshot(source_id="miner", on=mined > 0, power_w=mined, heat_w=mined))
        now = replace(now, sources=readings, hashprice_ph_day=80.0)
        engine.observe(now)
        while (job := engine.job(now)) is not None:
            engine.adopt(job())
        decision = engine.decide(now)
        pump, mine = decision.command(PUMP), decision.command("miner")
        mined = mine.power_w if mine.on else 0.0
        home.floor_c += mined * 900 / home.floor_j_k
        home.run(pump.level if pump.on else 0.0, 900)
        assert pump.power_w + mine.power_w <= 4000.0 + 1e-6
    assert engine.predicting
    assert decision.record.control_mode is ControlMode.PLAN


def test_the_record_names_the_price_of_each_heat(lived: tuple[Engine, Home]) -> None:
    engine, home = lived
    cold = Home(**vars(home))
    cold.air_c = cold.wall_c = 17.0
    now = snapshot(cold, now_s=1.75e9 + cold.time_s + 20_000, band=band(6 * 3600))
    engine.observe(now)
    record = engine.decide(now).record
    for part in record.mix:
        if part.heat_w > 0:
            assert part.price_kwh == pytest.approx(part.power_w / part.heat_w * now.price_kwh)
            assert part.source_id in record.text
    with pytest.raises(KeyError):
        engine.decide(now).command("stove")
