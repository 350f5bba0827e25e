"""Demand by curve and trim, believable inputs, minimum times, pulses."""

from dataclasses import replace
import math

from hypothesis import given, strategies as st
import numpy as np
import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine import (
    ComfortBand,
    CurveConfig,
    SafetyLimits,
    SensorReading,
    SourceConfig,
    ZoneSnapshot,
)
from custom_components.proof_of_heat.engine.demand import DemandControl, OutdoorDamping, RoomTrim, preheat_offsets_k
from custom_components.proof_of_heat.engine.duty_cycle import DutyCycle
from custom_components.proof_of_heat.engine.input_validation import (
    InputValidator,
    JumpFilter,
    OutdoorSource,
    is_valid_temperature,
)
from custom_components.proof_of_heat.engine.messages import MessageCode, message
from custom_components.proof_of_heat.engine.short_cycle import RunLocks, ShortCycleProtection

from .homes import Home, snapshot


def _zone(room_c: float = 20.0, target_c: float = 21.0, zone_id: str = "z", **changes: object) -> ZoneSnapshot:
    return ZoneSnapshot(zone_id=zone_id, room=SensorReading(room_c), target_c=target_c, **changes)  # type: ignore[arg-type]


def _control(**changes: object) -> DemandControl:
    return DemandControl(replace(CurveConfig(damping_h=0.0), **changes))  # type: ignore[arg-type]


def test_outdoor_temperature_is_damped_by_its_time_constant() -> None:
    damping = OutdoorDamping(3600.0, 10.0)
    assert damping.update(0.0, 3600.0) == pytest.approx(10 / math.e)
    assert damping.update(math.nan, 3600.0) == pytest.approx(10 / math.e)


def test_damping_does_not_depend_on_the_update_interval() -> None:
    often, once = OutdoorDamping(3600.0, 10.0), OutdoorDamping(3600.0, 10.0)
    for _ in range(60):
        often.update(0.0, 60.0)
    assert often.value_c == pytest.approx(once.update(0.0, 3600.0))


def test_trim_does_not_depend_on_how_often_the_sensor_reports() -> None:
    often, seldom = RoomTrim(4.0, 14400.0, 8.0), RoomTrim(4.0, 14400.0, 8.0)
    for _ in range(120):
        often.update(0.5, 60.0, frozen=False)
    seldom.update(0.5, 7200.0, frozen=False)
    assert often.integral_k == pytest.approx(seldom.integral_k)


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(0, 7200)), max_size=60))
def test_trim_never_leaves_its_limits_and_does_not_wind_up(steps: list[tuple[float, float]]) -> None:
    trim = RoomTrim(4.0, 14400.0, 8.0)
    for error, elapsed in steps:
        assert -8.0 <= trim.update(error, elapsed, frozen=False) <= 8.0
        assert -8.0 <= trim.integral_k <= 8.0


def test_trim_comes_back_at_once_after_a_long_cold_spell() -> None:
    trim = RoomTrim(4.0, 14400.0, 8.0)
    for _ in range(100):
        trim.update(5.0, 3600.0, frozen=False)
    assert trim.update(-2.0, 60.0, frozen=False) < 1.0


def test_open_window_freezes_the_integral_and_pauses_the_zone() -> None:
    control = _control()
    control.update([_zone()], 0.0, 3600.0)
    held = control.trims["z"].integral_k
    demand = control.update([_zone(12.0, window_open=True)], 0.0, 3600.0)
    assert demand.share == 0.0
    assert control.trims["z"].integral_k == held


def test_without_a_room_temperature_the_curve_keeps_the_last_trim() -> None:
    control = _control()
    control.update([_zone(20.0)], 0.0, 3600.0)
    demand = control.update([ZoneSnapshot(zone_id="z", room=SensorReading(), target_c=21.0)], 0.0, 3600.0)
    assert demand.heating
    assert demand.trim_k == pytest.approx(control.trims["z"].integral_k)
    assert demand.reason == message(MessageCode.CURVE_ONLY)


def test_the_hungriest_zone_sets_the_flow() -> None:
    demand = _control().update([_zone(20.9, zone_id="warm"), _zone(19.0, zone_id="cold")], 0.0, 60.0)
    assert demand.zone_id == "cold"


def test_heat_is_asked_for_by_the_zones_weights_while_the_hungriest_sets_the_flow() -> None:
    hungry, idle = _zone(18.0, zone_id="cold", weight=1.0), _zone(21.0, zone_id="off", wants_heat=False, weight=3.0)
    alone = _control().update([_zone(18.0, zone_id="cold")], 0.0, 60.0)
    shared = _control().update([hungry, idle], 0.0, 60.0)
    assert shared.flow_c == alone.flow_c
    assert shared.share == pytest.approx(alone.share / 4)


def test_colder_outside_means_warmer_flow() -> None:
    flows = [_control().update([_zone(21.0)], out, 60.0).flow_c for out in (10.0, 0.0, -10.0)]
    assert flows == sorted(flows)


def test_heating_limit_has_hysteresis() -> None:
    control = _control()
    seen = [control.update([_zone()], out, 60.0).heating for out in (10.0, 18.0, 19.5, 18.0, 16.5)]
    assert seen == [True, True, False, False, True]


def test_no_heat_without_a_demanding_zone() -> None:
    assert _control().update([_zone(wants_heat=False)], 0.0, 60.0).share == 0.0
    assert _control().update([], 0.0, 60.0).share == 0.0


def test_demand_survives_a_restart() -> None:
    control, again = _control(), _control()
    control.update([_zone()], 3.0, 3600.0)
    again.restore(control.dump())
    assert again.trims["z"].integral_k == control.trims["z"].integral_k
    assert again.damping.value_c == 3.0
    again.restore({"damped_c": "x", "trims": {"z": math.nan, "y": 99.0}})
    assert again.trims["y"].integral_k == 8.0


@pytest.mark.parametrize(
    ("value", "good"), [(20.0, True), (85.0, False), (-127.0, False), (math.nan, False), (math.inf, False), (70, False)]
)
def test_fault_values_are_rejected(value: float, good: bool) -> None:
    assert is_valid_temperature(value, -30.0, 60.0) is good


def test_a_jump_is_refused_until_it_stays() -> None:
    jumps = JumpFilter(3.0)
    assert jumps.accept(20.0, 0.0)
    assert not jumps.accept(35.0, 60.0)
    assert jumps.accept(20.5, 120.0)
    assert not jumps.accept(35.0, 180.0)
    assert jumps.accept(35.2, 180.0 + 900.0)


def test_a_slow_change_is_not_a_jump() -> None:
    jumps = JumpFilter(3.0)
    assert jumps.accept(20.0, 0.0)
    assert jumps.accept(28.0, 180.0)


def test_outdoor_falls_back_from_sensor_to_forecast_to_mean_to_season() -> None:
    validator, home = InputValidator(SafetyLimits()), Home()
    good = snapshot(home)
    assert validator.validate(good).outdoor_from is OutdoorSource.SENSOR
    stale = snapshot(home, outdoor=SensorReading(5.0, 8000.0))
    assert validator.validate(stale).outdoor_from is OutdoorSource.FORECAST
    blind = snapshot(home, forecast=False, outdoor=SensorReading())
    mean = validator.validate(blind)
    assert mean.outdoor_from is OutdoorSource.DAY_MEAN
    assert mean.outdoor_c == pytest.approx(home.outdoor_c)
    fresh = InputValidator(SafetyLimits()).validate(blind)
    assert (fresh.outdoor_from, fresh.outdoor_c) == (OutdoorSource.SEASONAL, 0.0)


def test_a_stale_room_is_unknown_and_reported() -> None:
    old = (ZoneSnapshot(zone_id="bath", room=SensorReading(20.0, 3600.0), target_c=21.0),)
    inputs = InputValidator(SafetyLimits()).validate(snapshot(Home(), zones=old))
    assert math.isnan(inputs.room_c)
    assert inputs.notes == (message(MessageCode.ROOM_STALE, zone="bath"),)


PUMP = SourceConfig(source_id="p", kind=SourceKind.HEAT_PUMP, min_on_s=600, min_off_s=600, max_starts_h=3)


def _is_accepted(validator: InputValidator, now_s: float, value: float, age_s: float) -> bool:
    zone = ZoneSnapshot(zone_id="z", room=SensorReading(value, age_s), target_c=21.0)
    return math.isfinite(validator.validate(snapshot(Home(), now_s=now_s, zones=(zone,))).coldest_c)


def test_a_sensor_that_reports_only_changes_is_valid_in_a_steady_room() -> None:
    validator = InputValidator(SafetyLimits())
    assert _is_accepted(validator, 0.0, 20.0, 0.0)
    assert not _is_accepted(validator, 4000.0, 20.0, 4000.0), "it is not known yet to report only changes"
    assert _is_accepted(validator, 4200.0, 20.5, 0.0)
    assert _is_accepted(validator, 8200.0, 20.5, 4000.0), "it was silent so long before"
    assert not _is_accepted(validator, 12_000.0, 20.5, 7800.0)


def test_a_sensor_that_came_back_with_something_else_is_not_waited_for() -> None:
    validator = InputValidator(SafetyLimits())
    assert _is_accepted(validator, 0.0, 20.0, 0.0)
    _is_accepted(validator, 9000.0, 15.0, 0.0)
    assert not _is_accepted(validator, 12_000.0, 15.0, 3000.0)


def test_no_sensor_is_waited_for_longer_than_three_hours() -> None:
    validator = InputValidator(SafetyLimits())
    assert _is_accepted(validator, 0.0, 20.0, 0.0)
    assert _is_accepted(validator, 40_000.0, 20.0, 0.0)
    assert _is_accepted(validator, 50_000.0, 20.0, 10_000.0)
    assert not _is_accepted(validator, 51_000.0, 20.0, 11_000.0)


def test_minimum_times_survive_a_restart() -> None:
    cycling, again = ShortCycleProtection(), ShortCycleProtection()
    cycling.record("p", 1000.0, on=True)
    assert cycling.locks(PUMP, 1100.0) == RunLocks(must_run=True)
    cycling.record("p", 2000.0, on=False)
    again.restore(cycling.dump())
    assert again.locks(PUMP, 2500.0) == RunLocks(must_rest=True)
    assert again.locks(PUMP, 2600.0) == RunLocks()


def test_no_fourth_start_within_an_hour() -> None:
    cycling = ShortCycleProtection()
    for start in (0.0, 1000.0, 2000.0):
        cycling.record("p", start, on=True)
        cycling.record("p", start + 300, on=False)
    assert cycling.locks(PUMP, 3590.0).must_rest
    assert not cycling.locks(PUMP, 3601.0).must_rest


def test_a_clock_set_back_counts_from_now() -> None:
    cycling = ShortCycleProtection()
    cycling.record("p", 1e6, on=True)
    assert cycling.locks(PUMP, 1000.0).must_run
    assert not cycling.locks(PUMP, 1601.0).must_run


def test_broken_saved_cycles_are_left_out() -> None:
    cycling = ShortCycleProtection()
    cycling.restore({"p": {"on": "yes", "changed_s": "x", "starts_s": [None, 5.0]}, "q": 3})
    assert cycling.locks(PUMP, 10_000.0) == RunLocks()


@given(st.floats(100, 9000), st.floats(500, 6000))
def test_the_duty_cycle_delivers_the_demand_on_average(wanted: float, least: float) -> None:
    pulse, delivered, total = DutyCycle(), 0.0, 0.0
    for _ in range(600):
        delivered = pulse.update(wanted, least, delivered, 300.0)
        total += delivered
    assert total / 600 == pytest.approx(wanted, rel=0.05, abs=0.02 * least)


def test_minimum_output_alternates_also_while_the_delivered_heat_is_unknown() -> None:
    known, unknown, requested = DutyCycle(), DutyCycle(), 0.0
    for _ in range(300):
        requested = known.update(1000.0, 3000.0, requested, 300.0)
        assert unknown.update(1000.0, 3000.0, math.nan, 300.0) == requested


def test_coming_comfort_is_anticipated_by_the_houses_rise() -> None:
    lower = np.where(np.arange(96) < 16, 18.0, 22.0)
    band = ComfortBand(lower, lower + 3)
    assert preheat_offsets_k([band], ramp_k_h=1.0) == pytest.approx([0.0])
    assert preheat_offsets_k([band], ramp_k_h=0.5) == pytest.approx([2.0])


def test_each_zone_is_anticipated_by_its_own_band() -> None:
    early, late = (ComfortBand(np.where(np.arange(96) < steps, 18.0, 22.0), np.full(96, 25.0)) for steps in (8, 40))
    assert preheat_offsets_k([early, late, early], ramp_k_h=0.5) == pytest.approx([3.0, 0.0, 3.0])
