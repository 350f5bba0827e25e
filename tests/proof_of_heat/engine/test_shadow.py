"""Shadow mode: the simulated control of a home that a thermostat heats, compared with the control of a real one."""

from copy import deepcopy
from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import Engine, SourceKind, SourceSnapshot, Steering
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.engine.decision_record import SourceCommand
from custom_components.proof_of_heat.engine.model.network import HouseParameters
from custom_components.proof_of_heat.engine.model.performance_map import linear_map
from custom_components.proof_of_heat.engine.model.reference_house import MEMBERS
from custom_components.proof_of_heat.engine.shadow.home import ShadowHome
from custom_components.proof_of_heat.engine.shadow.savings import ShadowDay, report, restore
from custom_components.proof_of_heat.engine.shadow.sources import Output, is_shared, output, simulated

from .homes import DAY_S, PUMP, Home, comfort, new_engine, snapshot

STEP_S = 900.0
HOUSE = HouseParameters(900.0, 800.0, 120.0, 60.0, 1e7, 4e6, 4e7, 2.0, 1.0, 0.0, 0.0, 0.0, 80.0, 100.0, 0.1, 4e-4)


class Thermostat:
    """The home's own control: a PI thermostat."""

    def __init__(self) -> None:
        self.integral = 0.0
        self.heat_kwh = 0.0

    def level(self, home: Home) -> float:
        error = comfort(home.time_s + 1) + 0.2 - home.air_c
        wanted = 0.6 * (error + self.integral)
        level = min(1.0, max(0.0, wanted))
        self.integral += STEP_S / 8000 * (error - (wanted - level) / 0.54)
        return level if level > 0.05 else 0.0


def jobs(engine: Engine, now: object) -> None:
    while (job := engine.job(now)) is not None:  # type: ignore[arg-type]
        engine.adopt(job())


def live(engine: Engine, home: Home, shadow: ShadowHome | None, days: float, thermostat: Thermostat) -> float:
    """Let the thermostat heat (with ``shadow``), or the engine (without); return the cost that the engine counts."""
    spent = 0.0
    for _ in range(round(days * DAY_S / STEP_S)):
        now = snapshot(home, active=shadow is None)
        engine.observe(now)
        spent += engine.spent.last
        jobs(engine, now)
        decision = engine.decide(now)
        level = decision.command(PUMP).level
        if shadow is not None:
            if (copy := shadow.observe(now)) is not None:
                jobs(shadow.engine, copy)
                shadow.decide(copy)
            level = thermostat.level(home)
        home.run(level, STEP_S)
        if shadow is not None:
            thermostat.heat_kwh += home.heat_w * STEP_S / 3.6e6
    return spent


@pytest.mark.slow
def test_what_it_promises_is_what_control_then_saves() -> None:
    """The thermostat's days and their simulation, next to the same days in which the engine really controls.

    Heat that is left in the house at the end has its value in both.
    """
    engine, home, thermostat = new_engine(), Home(), Thermostat()
    live(engine, home, shadow := ShadowHome(engine), 2, thermostat)
    controlled, other = deepcopy((engine, home))
    live(controlled, other, None, 1, thermostat)
    live(engine, home, shadow, 1, thermostat)
    more_kwh, thermostat.heat_kwh = stored_kwh(other) - stored_kwh(home), 0.0
    live(engine, home, shadow, 3, thermostat)
    spent = live(controlled, other, None, 3, thermostat)
    promised = shadow.report(3)
    assert promised is not None
    left_kwh = stored_kwh(other) - stored_kwh(home) - more_kwh
    spent -= left_kwh * promised.real_cost / thermostat.heat_kwh
    truth = 100 * (1 - spent / promised.real_cost)
    assert promised.percent_low < truth < promised.percent_high
    assert abs(promised.percent - truth) < 4
    assert promised.below_kh < 0.2 * promised.real_below_kh
    assert promised.is_convincing


def stored_kwh(home: Home) -> float:
    """Return the heat stored in a home."""
    return (home.floor_c * home.floor_j_k + home.air_c * home.air_j_k + home.wall_c * home.wall_j_k) / 3.6e6


def test_a_home_that_is_not_learned_is_not_simulated() -> None:
    engine = new_engine()
    now = snapshot(Home())
    engine.observe(now)
    shadow = ShadowHome(engine)
    assert shadow.observe(now) is None
    assert shadow.report() is None


SOURCES = {
    "heat pump without a map": (SourceConfig(source_id="a", kind=SourceKind.HEAT_PUMP, steering=Steering.LEVEL), None),
    "heat pump": (
        SourceConfig(source_id="a", kind=SourceKind.HEAT_PUMP, steering=Steering.LEVEL),
        linear_map(10_000.0, 4_000.0),
    ),
    "heat pump that is on or off": (
        SourceConfig(source_id="a", kind=SourceKind.HEAT_PUMP, steering=Steering.SWITCH),
        linear_map(9_000.0, 2_500.0),
    ),
    "heat pump that is on or off, without a map": (
        SourceConfig(source_id="a", kind=SourceKind.HEAT_PUMP, steering=Steering.SWITCH),
        None,
    ),
    "miner": (
        SourceConfig(source_id="a", kind=SourceKind.MINER, steering=Steering.STEPS, steps_w=(1000.0, 2000.0)),
        None,
    ),
    "boiler": (
        SourceConfig(source_id="a", kind=SourceKind.BOILER, nominal_heat_w=8000.0, fuel_kwh_price=0.1),
        None,
    ),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_simulated_sources_deliver_what_was_commanded(name: str, level: float) -> None:
    source, pump = SOURCES[name]
    command = SourceCommand("a", level > 0, level, 0.0, 0.0, 35.0, 900.0)
    made = output(source, command, pump, house=HOUSE, emitter_c=25.0, outdoor_c=5.0)
    expected = {
        "heat pump without a map": Output(10_000.0 * level, 10_000.0 / 3 * level),
        "heat pump": Output(10_000.0 * level, 4_000.0 * level),
        "heat pump that is on or off": Output(9_000.0, 2_500.0) if level else Output(),
        "heat pump that is on or off, without a map": Output(10_000.0, 10_000.0 / 3) if level else Output(),
        "miner": Output(0.9 * 2000 * level, 2000 * level),
        "boiler": Output(8000.0, 0.0) if level else Output(),
    }[name]
    assert (made.heat_w, made.power_w) == pytest.approx((expected.heat_w, expected.power_w))
    shown = simulated(SourceSnapshot(source_id="a"), made, level, house=HOUSE, emitter_c=25.0)
    assert (shown.on, shown.level) == (level > 0, level)
    assert shown.flow_c - shown.return_c == pytest.approx(HOUSE.water_k_w * made.heat_w)


@pytest.mark.parametrize(
    ("changes", "shared"), [({}, False), ({"available": False}, True), ({"hot_water": True}, True)]
)
def test_sources_that_cannot_be_commanded_do_the_same_in_both_homes(changes: dict[str, bool], shared: bool) -> None:
    assert is_shared(replace(SourceSnapshot(source_id="a"), **changes)) == shared  # type: ignore[arg-type]


def day(number: int, **changes: object) -> ShadowDay:
    return ShadowDay(number, DAY_S, 5.0, 20.0, 0.0, 4.0, 18.0, 50.0, **changes)  # type: ignore[arg-type]


def test_heat_that_is_left_in_the_house_is_not_a_saving() -> None:
    emptied = day(1, stored_kwh=np.full(MEMBERS, -10.0))
    plain, less = report([day(1)], np.zeros(MEMBERS)), report([emptied], np.zeros(MEMBERS))
    assert plain is not None
    assert less is not None
    assert (plain.saved, less.saved) == pytest.approx((1.0, 0.2))


def test_days_that_are_not_whole_do_not_count() -> None:
    assert report([replace(day(1), seconds=80_000.0)], np.zeros(MEMBERS)) is None
    found = report([replace(day(1), seconds=80_000.0), day(2)], np.zeros(MEMBERS))
    assert found is not None
    assert found.days == 1


def test_free_heating_has_no_percentage() -> None:
    found = report([replace(day(1), real_cost=0.0)], np.zeros(MEMBERS))
    assert found is not None
    assert math.isnan(found.percent)


@pytest.mark.parametrize(
    "broken",
    [None, {}, [None], [{"day": 1, "unknown": 2}], [{"day": 1, "cost": "4"}], [{"day": 1, "stored_kwh": [1.0]}]],
)
def test_broken_stored_days_are_skipped(broken: object) -> None:
    assert restore(broken) == []


@pytest.mark.parametrize("saved", [{}, {"days": [], "offset_k": "x"}, {"offset_k": [[1.0]]}])
def test_broken_stored_state_is_ignored(saved: dict[str, object]) -> None:
    shadow = ShadowHome(new_engine())
    shadow.restore(saved)
    assert shadow.dump()["offset_k"] == np.zeros((MEMBERS, 3)).tolist()
