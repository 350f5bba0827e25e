"""A source is not started for the last watts of a plan; what runs delivers what is planned."""

from collections.abc import Sequence
from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine import (
    ComfortBand,
    ControlMode,
    Engine,
    EngineConfig,
    SensorReading,
    Snapshot,
    SourceConfig,
    SourceSnapshot,
    Steering,
    ZoneSnapshot,
    near_plan,
)
from custom_components.proof_of_heat.engine.allocation import Allocation, DispatchRequest
from custom_components.proof_of_heat.engine.dispatch import dispatch
from custom_components.proof_of_heat.engine.input_validation import InputValidator
from custom_components.proof_of_heat.engine.messages import MessageCode
from custom_components.proof_of_heat.engine.model.history import History
from custom_components.proof_of_heat.engine.operating_points import SourceOption
from custom_components.proof_of_heat.engine.short_cycle import RunLocks
from custom_components.proof_of_heat.engine.source_selection import Selection, SourceSelector

from .homes import PUMP, Home, lived_history, pump_config, snapshot

UNIT = SourceConfig(source_id="unit", kind=SourceKind.HEAT_PUMP, nominal_heat_w=2600.0, nominal_power_w=720.0)
MODULATING = replace(UNIT, steering=Steering.LEVEL, min_modulation=0.3)
MINER = SourceConfig(
    source_id="more",
    kind=SourceKind.MINER,
    nominal_heat_w=800.0,
    nominal_power_w=800.0,
    efficiency=1.0,
    efficiency_j_th=(21.3,),
)
MINER_STEPS = replace(MINER, steering=Steering.STEPS, steps_w=(500.0, 800.0), efficiency_j_th=(20.0, 21.3))
ROD = SourceConfig(
    source_id="more", kind=SourceKind.DIRECT_ELECTRIC, nominal_heat_w=2000.0, nominal_power_w=2000.0, min_on_s=0.0
)
BURNER = SourceConfig(source_id="more", kind=SourceKind.BOILER, nominal_heat_w=9000.0, fuel_kwh_price=0.11)
MORE = [MINER, MINER_STEPS, ROD, BURNER]
BOTH = {"unit", "more"}


def selected(
    sources: tuple[SourceConfig, ...],
    heat_w: float,
    planned: set[str] | None,
    locks: dict[str, RunLocks] | None = None,
    *,
    available: bool = True,
    **changes: object,
) -> Selection:
    """The sources that carry out a plan of this heat."""
    off = [SourceSnapshot(source_id=source.source_id, on=False) for source in sources]
    off[0] = replace(off[0], available=available)
    values: dict[str, object] = {
        "now_s": 1.7e9,
        "local_s": 0.0,
        "zones": (ZoneSnapshot(zone_id="home", room=SensorReading(20.0), target_c=20.0),),
        "outdoor": SensorReading(0.0),
        "band": ComfortBand(np.full(192, 19.0), np.full(192, 23.0)),
        "price_kwh": 0.25,
        "hashprice_ph_day": 45.0,
        "sources": tuple(off),
        **changes,
    }
    now, config = Snapshot(**values), EngineConfig(sources=sources)  # type: ignore[arg-type]
    inputs = InputValidator(config.safety).validate(now)
    selector = SourceSelector(config)
    return selector.choose(now, inputs, heat_w, learned=None, state=None, locks=locks or {}, planned=planned)


def running(selection: Selection) -> set[str]:
    return {part.source_id for part in selection.parts if part.level > 0}


@pytest.mark.parametrize("more", MORE, ids=lambda more: f"{more.kind} {more.steering}")
@pytest.mark.parametrize("missing_w", [1.0, 42.0, 120.0, 280.0])
def test_no_other_source_is_started_for_a_little_heat(more: SourceConfig, missing_w: float) -> None:
    selection = selected((UNIT, more), 2600.0 + missing_w, {"unit"})
    assert running(selection) == {"unit"}
    assert not selection.limits, "nothing is too small"


@pytest.mark.parametrize("more", MORE, ids=lambda more: f"{more.kind} {more.steering}")
def test_what_is_planned_of_both_runs(more: SourceConfig) -> None:
    """Also where its heat is a small share."""
    large = replace(UNIT, nominal_heat_w=26_000.0, nominal_power_w=8000.0)
    for unit in (UNIT, large):
        heat_w = (unit.nominal_heat_w or 0.0) + 0.97 * (more.nominal_heat_w or 0.0)
        assert running(selected((unit, more), heat_w, BOTH)) == BOTH


def test_another_source_steps_in_where_those_of_the_plan_are_not_enough() -> None:
    """It has stopped by itself and has to rest, or it does not answer."""
    resting = {"unit": RunLocks(must_rest=True)}
    assert running(selected((UNIT, ROD), 2600.0, {"unit"}, resting)) == {"more"}
    assert running(selected((UNIT, ROD), 2600.0, {"unit"}, available=False)) == {"more"}
    assert running(selected((UNIT, ROD), 4600.0, {"unit"})) == BOTH, "more heat than planned: frost protection"


@pytest.mark.parametrize(
    ("planned", "heat_w", "runs"),
    [
        ({"unit"}, 2600.0, {"unit"}),
        ({"unit"}, 4600.0, BOTH),
        (BOTH, 4600.0, BOTH),
        (BOTH, 9000.0, BOTH),
        (set(), 2600.0, {"unit"}),
        (None, 4600.0, BOTH),
    ],
)
def test_heat_is_dispatched_once(
    monkeypatch: pytest.MonkeyPatch, planned: set[str] | None, heat_w: float, runs: set[str]
) -> None:
    """A plan whose sources cannot be enough is not tried first, and nothing is tried twice."""
    requests: list[float] = []

    def counted(options: Sequence[SourceOption], request: DispatchRequest) -> Allocation:
        requests.append(request.heat_w)
        return dispatch(options, request)

    monkeypatch.setattr(near_plan, "dispatch", counted)
    assert running(selected((UNIT, ROD), heat_w, planned)) == runs
    assert requests == [heat_w]


def test_source_that_has_to_run_continues_although_the_plan_does_not_use_it() -> None:
    assert running(selected((UNIT, ROD), 2600.0, {"unit"}, {"more": RunLocks(must_run=True)})) >= {"more"}


def test_heat_that_costs_nothing_is_not_held_back() -> None:
    """Surplus or revenue that came after the plan."""
    assert running(selected((UNIT, ROD), 2600.0, {"unit"}, surplus_w=4000.0)) >= {"unit"}
    profitable = selected((UNIT, MINER), 2700.0, {"unit"}, hashprice_ph_day=200.0)
    assert running(profitable) == BOTH
    assert running(selected((UNIT, MINER), 0.0, set(), hashprice_ph_day=200.0)) == {"more"}
    assert running(selected((UNIT, MINER), 0.0, set())) == set()


@pytest.mark.parametrize("price_kwh", [0.001, 0.02, 0.25, 1.2])
def test_modulating_source_delivers_what_is_planned(price_kwh: float) -> None:
    """A tenth less is cheaper, but not what was planned."""
    burner = replace(BURNER, source_id="unit", steering=Steering.LEVEL, min_modulation=0.1)
    for source in (MODULATING, replace(MODULATING, priority=-0.5), burner):
        for sources in ((source,), (source, MINER)):
            selection = selected(sources, 1700.0, {"unit"}, price_kwh=price_kwh)
            heat_w = sum(part.heat_w for part in selection.parts if part.source_id == "unit")
            assert heat_w == pytest.approx(1700.0, abs=1.0) or "more" in running(selection), sources


def test_sources_that_are_too_small_are_still_named() -> None:
    selection = selected((UNIT,), 3500.0, {"unit"})
    (short,) = [limit for limit in selection.limits if limit.code is MessageCode.SOURCES_SHORT]
    assert short.values["missing_kw"] == pytest.approx(0.9)


def test_plan_is_carried_out_by_its_sources_although_the_weather_differs_a_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plan counts with the mean of its quarter of an hour: the unit's heat is some percent off at each moment."""
    unit = replace(pump_config(), steering=Steering.SWITCH)
    rows = [replace(row, level=0.0) for row in lived_history(3, levels=(1.0, 0.0, 0.0, 1.0, 0.0))]
    engine = Engine(EngineConfig(sources=(unit, MINER), commission=False))
    engine.safety.started_s = 0.0
    engine.adopt_history(History(rows))
    home = Home(time_s=rows[-1].time_s, air_c=18.0, wall_c=18.0)
    now = snapshot(home)
    engine.observe(now)
    while (job := engine.job(now)) is not None:
        engine.adopt(job())
    assert engine.predicting
    assert engine.plan is not None
    assert engine.learned is not None
    assert engine.learned.pump is not None
    monkeypatch.setattr(engine.savings, "peak_w", lambda _: 2000.0)
    assert math.isinf(engine._power_cap_w()), "a source that is on or off cannot be limited"
    assert MessageCode.POWER_CAP not in {part.code for part in engine.plan.messages}
    engine.plan = replace(engine.plan, heat_w=9000.0)
    now_w = engine.decide(now).record.mix[0].heat_w
    for share in (0.93, 1.0, 1.02, 1.05, 1.09):
        engine.plan = replace(engine.plan, heat_w=share * now_w, levels={PUMP: 1.0, "more": 0.0})
        decision = engine.decide(now)
        assert decision.record.control_mode is ControlMode.PLAN
        assert [part.source_id for part in decision.record.mix if part.heat_w > 0] == [PUMP], share
