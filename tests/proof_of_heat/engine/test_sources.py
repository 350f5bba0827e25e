"""Sources side by side: each with its own map, its own steps, one surplus, one breaker."""

from dataclasses import replace
import json
import math

import numpy as np
import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine import (
    ComfortBand,
    ControlMode,
    Decision,
    Engine,
    EngineConfig,
    SensorReading,
    SiteLimits,
    Snapshot,
    SourceConfig,
    SourceSnapshot,
    Steering,
    Weights,
    ZoneSnapshot,
)
from custom_components.proof_of_heat.engine.learning import learn
from custom_components.proof_of_heat.engine.messages import MessageCode, message
from custom_components.proof_of_heat.engine.model.history import History
from custom_components.proof_of_heat.engine.model.operating_history import KEEP, OperatingHistory
from custom_components.proof_of_heat.engine.model.performance_map import Operation, PerformanceMap, linear_map
from custom_components.proof_of_heat.engine.planning.commitment import PlanRequest, make_plan
from custom_components.proof_of_heat.engine.planning.segments import PowerStep, limit_level, lower_hull, step_segments
from custom_components.proof_of_heat.engine.short_cycle import RunLocks
from custom_components.proof_of_heat.engine.source_selection import SourceSelector

from .homes import PUMP, Home, lived_history, pump_config, snapshot
from .test_planner import HOURS, PUMP as MAP, SOURCE, _horizon, _in_hours, _request

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

MINER = SourceConfig(
    source_id="miner",
    kind=SourceKind.MINER,
    steering=Steering.STEPS,
    steps_w=(1000.0, 2000.0, 3400.0),
    efficiency_j_th=(15.0, 18.0, 22.0),
    pool_fee=0.0,
    efficiency=1.0,
    reboot_s=300.0,
)
BURNER = SourceConfig(
    source_id="boiler",
    kind=SourceKind.BOILER,
    steering=Steering.LEVEL,
    nominal_heat_w=12000,
    nominal_power_w=60,
    min_modulation=0.2,
    fuel_kwh_price=0.05,
)


def _heat_of(request: PlanRequest, source_id: str, until_h: float = 48.0) -> float:
    """Planned heat of one source in kWh."""
    plan = make_plan(request).plan
    hours = plan.grid.hours * (plan.grid.end <= until_h * 4)
    used = zip(plan.segments, plan.use, strict=True)
    return sum(float((use * o.heat_w * hours).sum()) for o, use in used if o.source_id == source_id) / 1000


# A miner's steps


def test_the_hull_leaves_out_steps_that_a_mix_of_others_undercuts() -> None:
    assert lower_hull([(0, 0, 0), (1, -3, 1), (2, -3.5, 2), (3, -6, 3)]) == [(0, 0, 0), (1, -3, 1), (3, -6, 3)]
    assert lower_hull([(0, 0, 0), (1, 1, 1), (2, 2, 2)]) == [(0, 0, 0), (2, 2, 2)]


def test_a_step_that_earns_more_per_watt_is_offered_first() -> None:
    price = np.full(3, 0.2)
    first, second = step_segments("m", [PowerStep(1000, 1000, 0.20), PowerStep(3000, 3000, 0.40)], price)
    assert first.power_w[0] == 1000
    assert first.cost_h[0] == pytest.approx(0.0)
    assert second.power_w[0] == 2000
    assert second.cost_h[0] == pytest.approx(0.2)
    assert second.level_from[0] == pytest.approx(1 / 3)


def test_a_limited_level_keeps_its_share_of_an_offer() -> None:
    (segment,) = step_segments("m", [PowerStep(2000, 2000)], np.full(3, 0.2))
    kept = limit_level(segment, np.array([1.0, 0.25, 0.0]))
    assert kept.heat_w.tolist() == [2000, 500, 0]
    assert kept.level_to.tolist() == [1.0, 0.25, 0.0]


def test_a_plan_mines_at_the_step_that_tariff_and_coin_make_best() -> None:
    def heat(price: float) -> float:
        request = _request(_horizon(5.0), sources=(SOURCE, MINER), price_kwh=np.full(192, price), hashprice_ph_day=50.0)
        return _heat_of(replace(request, horizon=replace(request.horizon, upper_c=np.full(192, 60.0))), "miner") / 48

    assert heat(0.30) == pytest.approx(0.0, abs=0.01)
    assert heat(0.13) == pytest.approx(1.0, abs=0.02)
    assert heat(0.05) == pytest.approx(3.4, abs=0.05)


# Own surplus


def test_surplus_is_counted_once_for_all_sources() -> None:
    heater = SourceConfig(source_id="boiler", kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=3000)
    sun = np.where(HOURS < 24, 3000.0, 0.0)
    plan = make_plan(_request(sources=(SOURCE, heater), surplus_w=sun)).plan
    day = plan.grid.end <= 96
    own_kw = np.minimum(plan.power_w, 3000.0)[day] / 1000
    assert plan.surplus_savings_h[day] == pytest.approx(own_kw * 0.25, abs=1e-6)
    heater_w = sum(
        use[day] * segment.power_w[day]
        for use, segment in zip(plan.use, plan.segments, strict=True)
        if segment.source_id == "boiler"
    )
    assert (heater_w <= np.maximum(3000.0 - (plan.power_w[day] - heater_w), 0.0) + 100).all(), (
        "the heater does not run on surplus that the heat pump takes"
    )


def test_surplus_that_sells_well_is_sold() -> None:
    sun = np.where((HOURS >= 9) & (HOURS < 14), 3500.0, 0.0)
    free = make_plan(_request(surplus_w=sun))
    sold = make_plan(_request(surplus_w=sun, surplus_price_kwh=0.25))
    none = make_plan(_request())
    assert _in_hours(sold, 9, 14) == pytest.approx(_in_hours(none, 9, 14), rel=0.02)
    assert _in_hours(free, 9, 14) > 1.2 * _in_hours(sold, 9, 14)


# A burner that modulates


def test_a_burner_modulates_instead_of_pulsing() -> None:
    result = make_plan(_request(_horizon(20.3), sources=(BURNER,), pumps={}))
    assert 0.2 < result.levels["boiler"] < 0.97
    assert result.heat_w == pytest.approx(result.levels["boiler"] * 12000)


def test_a_burner_that_must_run_runs_at_its_least_at_least() -> None:
    result = make_plan(_request(room_c=24.5, sources=(BURNER,), pumps={}, locks={"boiler": RunLocks(must_run=True)}))
    assert result.levels["boiler"] == pytest.approx(0.2)
    resting = make_plan(_request(room_c=18.0, sources=(BURNER,), pumps={}, locks={"boiler": RunLocks(must_rest=True)}))
    assert resting.levels["boiler"] == 0.0


def test_the_cheaper_of_burner_and_heat_pump_heats_hour_by_hour() -> None:
    price = np.where(HOURS < 12, 0.40, 0.12)
    request = _request(_horizon(21.0), sources=(SOURCE, BURNER), price_kwh=price)
    assert _heat_of(request, "boiler", 12) > 5 * _heat_of(request, "pump", 12)
    assert _heat_of(request, "pump") - _heat_of(request, "pump", 12) > 5.0


# Two modulating sources


BETTER = PerformanceMap(MAP.heat * np.array([1, 1, 1, 1.4, 1, 1]), MAP.power, 200, 0.01)


def test_the_better_of_two_heat_pumps_does_most() -> None:
    second = replace(SOURCE, source_id="second")
    request = _request(sources=(SOURCE, second), pumps={"pump": MAP, "second": BETTER})
    request = replace(request, available=frozenset({"pump", "second"}))
    assert _heat_of(request, "second") > 5 * _heat_of(request, "pump")


def test_two_heat_pumps_share_one_power_cap() -> None:
    second = replace(SOURCE, source_id="second")
    request = _request(_horizon(22.0), room_c=19.0, sources=(SOURCE, second), pumps={"pump": MAP, "second": MAP})
    request = replace(request, available=frozenset({"pump", "second"}), power_cap_w=3500.0)
    result = make_plan(request)
    assert result.plan.power_w.max() <= result.cap_w * 1.01


def test_a_phase_bounds_the_sources_on_it() -> None:
    on_phase = replace(SOURCE, phase=0)
    heater = SourceConfig(
        source_id="boiler", kind=SourceKind.DIRECT_ELECTRIC, nominal_heat_w=3000, nominal_power_w=3000, phase=0
    )
    bounded = _request(_horizon(23.0), room_c=18.0, sources=(on_phase, heater), phase_limits_w=(3600.0, 9e3, 9e3))
    assert make_plan(bounded).plan.power_w.max() <= 3600.0 * 1.01
    assert make_plan(replace(bounded, phase_limits_w=(9e3,) * 3)).plan.power_w.max() > 4000.0


def test_each_modulating_source_learns_its_own_map() -> None:
    """A heat pump and a rod that modulates: the rod's map is not a heat pump's."""
    rod = SourceConfig(source_id="rod", kind=SourceKind.DIRECT_ELECTRIC, steering=Steering.LEVEL, nominal_power_w=2500)
    config = EngineConfig(sources=(pump_config(), rod))
    engine, home = Engine(config), Home()
    for step in range(2 * 96):
        level = (0.4, 1.0, 0.7)[step // 3 % 3] if step % 24 < 9 else 0.0
        rod_w = level * 2500.0
        now = snapshot(home)
        reading = SourceSnapshot(
            source_id="rod", on=level > 0, level=level, power_w=rod_w, heat_w=rod_w, flow_c=home.flow_c
        )
        now = replace(now, sources=(*now.sources, reading))
        engine.observe(now)
        home.floor_c += rod_w * 900 / home.floor_j_k
        home.run((0.0, 0.5, 1.0, 0.0)[step // 5 % 4], 900)
    job = engine.job(now)
    assert job is not None
    engine.adopt(job())
    assert engine.learned is not None
    maps = engine.source_selector.maps(engine.learned)
    heat, power = maps["rod"].at(np.array(0.8), np.array(32.0), np.array(3.0))
    assert float(heat) == pytest.approx(2000.0, rel=0.1)
    assert float(power) == pytest.approx(2000.0, rel=0.1)
    heat, power = maps[PUMP].at(np.array(0.8), np.array(32.0), np.array(3.0))
    assert float(heat / power) > 2.5
    again = Engine(config)
    again.restore(json.loads(json.dumps(engine.dump())))
    assert again.dump()["traces"] == engine.dump()["traces"]


def test_a_trace_holds_only_quarters_in_which_the_source_ran_throughout() -> None:
    traces = OperatingHistory(["a"])
    for level in (0.5, 0.5, 0.5, 0.5, 0.0, 0.5):
        traces.add({"a": (level, 30.0, 5.0, level * 1000, level * 300)}, 450.0)
    seen = traces.operations()["a"]
    assert seen.heat_w.tolist() == [500.0, 500.0]
    traces.add({}, 900.0)
    traces.add({"a": (0.5, math.nan, 5.0, 500.0, 150.0)}, 900.0)
    traces.add({"a": (0.5, 30.0, 5.0, 500.0, 150.0)}, 9000.0)
    assert len(traces.operations()["a"].heat_w) == 2
    traces.restore({"a": [[1, 2, 3, 4, 5]] * (KEEP + 5) + [["x"] * 5, [1], 7], "b": [[1, 2, 3, 4, 5]]})
    assert len(traces.operations()["a"].heat_w) == KEEP
    traces.restore({"a": 3})


# The engine's choice of now


def _now(sources: tuple[SourceSnapshot, ...], room_c: float = 20.0, **changes: object) -> Snapshot:
    values: dict[str, object] = {
        "now_s": 1.7e9,
        "local_s": 0.0,
        "zones": (ZoneSnapshot(zone_id="home", room=SensorReading(room_c), target_c=20.0),),
        "outdoor": SensorReading(18.5),
        "band": ComfortBand(np.full(192, 19.0), np.full(192, 23.0)),
        "price_kwh": 0.3,
        "sources": sources,
    }
    return Snapshot(**(values | changes))  # type: ignore[arg-type]


def _decide(config: EngineConfig, now: Snapshot, engine: Engine | None = None) -> Decision:
    engine = engine or Engine(config)
    engine.safety.started_s = 0.0
    engine.observe(now)
    return engine.decide(now)


MINING = EngineConfig(sources=(MINER,))
IDLE = (SourceSnapshot(source_id="miner", on=False, power_w=0.0),)


@pytest.mark.parametrize(("tariff", "watts"), [(0.30, 0.0), (0.12, 1000.0), (0.08, 2000.0), (0.05, 3400.0)])
def test_without_demand_the_miner_runs_at_the_power_that_pays(tariff: float, watts: float) -> None:
    decision = _decide(MINING, _now(IDLE, room_c=21.0, price_kwh=tariff, hashprice_ph_day=50.0))
    assert decision.command("miner").power_w == watts


def test_no_mining_into_a_room_that_is_too_warm() -> None:
    decision = _decide(MINING, _now(IDLE, room_c=22.9, price_kwh=0.02, hashprice_ph_day=50.0))
    assert not decision.command("miner").on


def test_a_miner_that_reboots_keeps_its_power() -> None:
    engine = Engine(MINING)
    first = _decide(MINING, _now(IDLE, room_c=21.0, price_kwh=0.12, hashprice_ph_day=50.0), engine)
    assert first.command("miner").power_w == 1000.0
    busy = (SourceSnapshot(source_id="miner", on=True, power_w=300.0, settled=False),)
    cheap = {"price_kwh": 0.05, "hashprice_ph_day": 50.0, "room_c": 21.0}
    waiting = _decide(MINING, _now(busy, now_s=1.7e9 + 120, **cheap), engine)  # type: ignore[arg-type]
    settled = (SourceSnapshot(source_id="miner", on=True, power_w=1000.0),)
    after = _decide(MINING, _now(settled, now_s=1.7e9 + 400, **cheap), engine)  # type: ignore[arg-type]
    assert waiting.command("miner").power_w == 1000.0
    assert after.command("miner").power_w == 3400.0


def test_a_ramp_is_climbed_step_by_step() -> None:
    config = EngineConfig(sources=(replace(MINER, ramp_w=1500.0, reboot_s=0.0),))
    engine, drawn = Engine(config), []
    for cycle in range(3):
        watts = drawn[-1] if drawn else 0.0
        seen = (SourceSnapshot(source_id="miner", on=watts > 0, power_w=watts),)
        now = _now(seen, room_c=21.0, now_s=1.7e9 + 700 * cycle, price_kwh=0.02, hashprice_ph_day=50.0)
        drawn.append(_decide(config, now, engine).command("miner").power_w)
    assert drawn == [1000.0, 2000.0, 3400.0]


def test_carbon_can_be_given_a_price() -> None:
    """Dirty power: with CO2 weighed the burner heats, without the rod does."""
    rod = SourceConfig(source_id="rod", kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=6000, nominal_heat_w=6000)
    burner = replace(BURNER, fuel_kwh_price=0.20, efficiency=1.0)
    cold = {"room_c": 20.0, "outdoor": SensorReading(8.0), "price_kwh": 0.15, "emission_kg_kwh": 0.6}
    seen = tuple(SourceSnapshot(source_id=name, on=False) for name in ("rod", "boiler"))

    def runs(carbon_price_kg: float) -> dict[str, bool]:
        config = EngineConfig(sources=(rod, burner), weights=Weights(carbon_price_kg=carbon_price_kg))
        decision = _decide(config, _now(seen, **cold))  # type: ignore[arg-type]
        return {command.source_id: command.on for command in decision.commands}

    assert runs(0.0)["rod"]
    assert runs(0.2) == {"rod": False, "boiler": True}


def test_a_preferred_source_goes_before_a_cheaper_one() -> None:
    rods = tuple(
        SourceConfig(source_id=name, kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=3000, priority=priority)
        for name, priority in (("plain", 0.0), ("liked", 0.02))
    )
    seen = tuple(SourceSnapshot(source_id=rod.source_id, on=False) for rod in rods)
    mild = _now(seen, room_c=15.0, outdoor=SensorReading(0.0))
    on = {command.source_id: command.on for command in _decide(EngineConfig(sources=rods), mild).commands}
    assert on == {"plain": False, "liked": True}
    assert _heat_of(_liked(0.2), "boiler") > 5 * _heat_of(_liked(0.0), "boiler")


def _liked(priority: float) -> PlanRequest:
    stove = SourceConfig(source_id="boiler", kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=6000, priority=priority)
    return _request(sources=(SOURCE, stove))


def test_an_open_window_pauses_heat_but_not_frost_protection() -> None:
    rod = SourceConfig(source_id="rod", kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=3000)
    seen = (SourceSnapshot(source_id="rod", on=False),)

    def heats(room_c: float) -> bool:
        zone = ZoneSnapshot(zone_id="home", room=SensorReading(room_c), target_c=20.0, window_open=True)
        now = _now(seen, outdoor=SensorReading(-5.0), zones=(zone,))
        return _decide(EngineConfig(sources=(rod,)), now).command("rod").on

    assert not heats(15.0)
    assert heats(6.0)


def test_a_breaker_on_one_phase_leaves_the_other_phases_alone() -> None:
    rods = tuple(
        SourceConfig(source_id=f"rod{phase}", kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=3000, phase=phase)
        for phase in range(3)
    )
    config = EngineConfig(sources=rods, site=SiteLimits(phase_w=3680.0))
    seen = tuple(SourceSnapshot(source_id=rod.source_id, on=False) for rod in rods)
    cold = _now(seen, room_c=15.0, outdoor=SensorReading(-10.0), other_phase_load_w=(2000.0, 0.0, 0.0))
    on = {command.source_id: command.on for command in _decide(config, cold).commands}
    assert on == {"rod0": False, "rod1": True, "rod2": True}


def test_a_silent_sources_draw_is_taken_off_its_phase() -> None:
    rods = tuple(
        SourceConfig(source_id=name, kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=3000, phase=0) for name in "ab"
    )
    config = EngineConfig(sources=rods, site=SiteLimits(phase_w=4000.0))
    seen = (SourceSnapshot(source_id="a", available=False, power_w=2900.0), SourceSnapshot(source_id="b", on=False))
    assert not _decide(config, _now(seen, room_c=15.0, outdoor=SensorReading(-10.0))).command("b").on


def test_the_last_word_stops_what_no_power_is_left_for() -> None:
    engine = Engine(EngineConfig(sources=(MINER, BURNER), site=SiteLimits(power_w=1500.0)))
    wanted = _decide(engine.config, _now(IDLE, room_c=17.0, outdoor=SensorReading(0.0)), engine).commands
    forced = [replace(c, on=True, level=1.0, power_w=3400.0 if c.source_id == "miner" else 60.0) for c in wanted]
    now = _now(IDLE, now_s=1.7e9 + 9000)
    inputs = engine.validator.validate(now)
    commands, said = engine.safety.apply(forced, now, inputs, engine.source_selector.headroom(now, None))
    assert [command.on for command in commands] == [False, True]
    assert message(MessageCode.NO_POWER, source="miner") in said


def test_own_surplus_is_shared_in_the_record() -> None:
    rods = tuple(SourceConfig(source_id=n, kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=2000) for n in "abcd")
    seen = tuple(SourceSnapshot(source_id=n, on=False) for n in "abcd")
    cold = _now(seen, room_c=15.0, outdoor=SensorReading(-10.0), surplus_w=2000.0, surplus_price_kwh=0.1)
    mix = _decide(EngineConfig(sources=rods), cold).record.mix
    running = [part for part in mix if part.heat_w > 0]
    assert [part.power_w for part in running] == [2000.0, 2000.0]
    assert [part.price_kwh for part in running] == pytest.approx([0.2, 0.2])


def test_with_no_source_that_answers_nothing_is_planned() -> None:
    home = Home()
    engine = Engine(EngineConfig(sources=(pump_config(),)))
    engine.safety.started_s = 0.0  # beyond the read-only first minute
    for _ in range(2 * 96):
        now = snapshot(home)
        engine.observe(now)
        while (job := engine.job(now)) is not None:
            engine.adopt(job())
        home.run(0.6 if home.air_c < 21 else 0.0, 900)
    assert engine.predicting
    gone = replace(snapshot(home), sources=(SourceSnapshot(source_id=PUMP, available=False),))
    engine.observe(gone)
    assert engine.job(gone) is None
    decision = engine.decide(gone)
    assert decision.command(PUMP).hold
    assert decision.record.control_mode in {ControlMode.PLAN, ControlMode.CURVE, ControlMode.IDLE}


def test_the_reference_of_a_home_with_a_boiler_is_its_boiler() -> None:
    source_selector, now = SourceSelector(EngineConfig(sources=(BURNER, MINER))), _now(IDLE, price_kwh=0.3)
    reference = source_selector.reference_map()
    assert reference is not None
    heat, fuel = reference.at(np.array(0.5), np.array(40.0), np.array(0.0))
    assert (float(heat), float(fuel)) == pytest.approx((6000.0, 6000.0 / 0.9))
    assert source_selector.reference_price(now) == 0.05
    assert SourceSelector(EngineConfig(sources=(MINER,))).reference_price(now) == 0.3
    assert SourceSelector(EngineConfig(sources=(SOURCE,))).reference_map() is None, "a heat pump's has to be learned"


def test_what_was_learned_of_a_source_outlasts_days_in_which_it_stood() -> None:
    """Two weeks of heat, then weeks of none: the maps stay; rows that come while it learns are not lost."""
    rows = lived_history(3)
    first = learn(History(rows).series(), None, 0.8, {"second": _worked()})
    assert first.pump is not None
    idle = [replace(row, heat_w=0.0, pump_heat_w=0.0, power_w=0.0, level=0.0) for row in rows]
    again = learn(History(idle).series(), first, 0.8, {"second": _worked(samples=2)})
    assert again.pump is first.pump
    assert again.others["second"] is first.others["second"]
    assert first.observer(rows[-4:]).state != first.observer([]).state


def _worked(samples: int = 50) -> Operation:
    level = np.linspace(0.3, 1.0, samples)
    same = np.ones(samples)
    return Operation(level, 33 * same, 3 * same, 9000 * level, 2500 * level)


def test_while_control_is_off_minimum_times_go_by_what_sources_do() -> None:
    engine = Engine(MINING)
    paying = {"room_c": 21.0, "price_kwh": 0.05, "hashprice_ph_day": 50.0}
    off = _now(IDLE, active=False, **paying)  # type: ignore[arg-type]
    assert _decide(MINING, off, engine).command("miner").on, "the decision shows what it would do"
    assert not engine.short_cycle.cycle("miner").on
    own = (SourceSnapshot(source_id="miner", on=True, power_w=1000.0),)
    _decide(MINING, _now(own, now_s=1.7e9 + 60, active=False, **paying), engine)  # type: ignore[arg-type]
    assert engine.short_cycle.cycle("miner").on


def test_a_linear_map_is_proportional_to_the_level() -> None:
    heat, power = linear_map(6000.0, 6000.0).at(np.array(0.5), np.array(50.0), np.array(-5.0))
    assert (float(heat), float(power)) == (3000.0, 3000.0)
