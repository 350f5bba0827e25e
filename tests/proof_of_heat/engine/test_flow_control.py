"""The flow temperature setpoint of a plan follows what the source delivers, within its power limit."""

from dataclasses import replace
import math

import pytest

from custom_components.proof_of_heat.engine import Engine, EngineConfig, Snapshot
from custom_components.proof_of_heat.engine.flow_control import FlowControl, Response, response
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.model.history import History, Row
from custom_components.proof_of_heat.engine.planning.commitment import PlanResult

from .homes import PUMP, Home, lived_history, pump_config, snapshot

ASKED_W = 8000.0


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return lived_history(9)


@pytest.fixture(scope="module")
def learned(rows: list[Row]) -> LearnedModel:
    return learn(History(rows).series(), None, 0.8)


@pytest.fixture(scope="module")
def plan(rows: list[Row]) -> PlanResult:
    engine = Engine(EngineConfig(sources=(pump_config(),), commission=False))
    engine.adopt_history(History(rows))
    now = snapshot(Home(time_s=rows[-1].time_s, air_c=18.0, wall_c=18.0))
    engine.observe(now)
    while (job := engine.job(now)) is not None:
        engine.adopt(job())
    assert engine.plan is not None
    return replace(engine.plan, levels={PUMP: 1.0}, cap_w=3000.0)


def corrected(
    learned: LearnedModel, minutes: int, *, behind_k: float, heat_w: float, spare_w: float = math.inf
) -> float:
    """Return the correction after some minutes with a source ``behind_k`` below its setpoint."""
    control = FlowControl()
    for _ in range(minutes):
        setpoint_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
        control.update(learned, Response(heat_w, setpoint_c - behind_k, spare_w), 60.0)
    return control.correction_k


def test_too_little_heat_of_a_source_that_follows_is_corrected_soon(learned: LearnedModel) -> None:
    """After a long pause, the emitters are colder than estimated: the setpoint was lowered at once."""
    control = FlowControl(correction_k=-3.0)
    stiffness_w_k = 1.0 / learned.flow_rise_k(1.0)
    first_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
    for _ in range(30):
        setpoint_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
        heat_w = ASKED_W - 2000.0 + (setpoint_c - first_c) * stiffness_w_k
        control.update(learned, Response(heat_w, setpoint_c), 60.0)
    assert heat_w == pytest.approx(ASKED_W, abs=150.0)


def test_setpoint_is_not_raised_while_the_source_does_not_reach_it(learned: LearnedModel) -> None:
    """It starts, or it is at its maximum: it would deliver too much later."""
    assert corrected(learned, 60, behind_k=3.0, heat_w=5000.0) == 0.0
    assert corrected(learned, 10, behind_k=0.5, heat_w=5000.0) > 1.0
    assert corrected(learned, 10, behind_k=3.0, heat_w=9000.0) < 0.0, "too much heat is corrected in any case"


def test_setpoint_is_raised_only_as_far_as_the_power_limit_allows(learned: LearnedModel) -> None:
    assert corrected(learned, 30, behind_k=0.0, heat_w=7000.0, spare_w=0.0) == 0.0
    little = corrected(learned, 5, behind_k=0.0, heat_w=7000.0, spare_w=200.0)
    assert 0.0 < little < 0.3 * corrected(learned, 5, behind_k=0.0, heat_w=7000.0)


def test_setpoint_returns_below_the_power_limit_at_the_next_reading(learned: LearnedModel) -> None:
    """The heat is less than planned, but it takes more power than the plan expected."""
    control = FlowControl()
    first_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
    control.update(learned, Response(7500.0, first_c, -400.0), 300.0)
    assert control.flow_c(learned, learned.state, ASKED_W, since_s=0.0) <= first_c - learned.flow_rise_k(400.0) + 1e-9


def test_setpoint_does_not_rise_above_what_the_power_limit_leaves(learned: LearnedModel) -> None:
    """Emitters that become warmer would raise the setpoint for the same heat: with less efficiency, by more power."""
    control = FlowControl()
    first_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
    control.update(learned, Response(ASKED_W, first_c, 100.0), 300.0)
    warmer = replace(learned.state, emitter_c=learned.state.emitter_c + 2.0)
    assert control.flow_c(learned, warmer, ASKED_W, since_s=0.0) == pytest.approx(first_c + learned.flow_rise_k(100.0))
    control.update(learned, Response(0.0), 300.0)
    assert control.flow_c(learned, warmer, ASKED_W, since_s=0.0) > first_c + 1.0, "the limit is that of a run"


def test_all_heat_that_the_power_limit_allows_is_used_while_rooms_would_be_too_cold(learned: LearnedModel) -> None:
    """The map expects more power for this heat than the source takes."""
    control = FlowControl()
    first_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
    for _ in range(10):
        setpoint_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
        delivered_w = ASKED_W + (setpoint_c - first_c) / learned.flow_rise_k(1.0)
        spare_w = 1.08 * ASKED_W - delivered_w
        control.update(learned, Response(delivered_w, setpoint_c, spare_w, wants_all=True), 300.0)
    assert delivered_w == pytest.approx(1.08 * ASKED_W, rel=0.005)


def test_a_source_that_still_warms_up_does_not_limit_its_setpoint(learned: LearnedModel) -> None:
    control = FlowControl()
    first_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
    control.update(learned, Response(2000.0, first_c - 4.0, 100.0), 300.0)
    warmer = replace(learned.state, emitter_c=learned.state.emitter_c + 2.0)
    assert control.flow_c(learned, warmer, ASKED_W, since_s=0.0) > first_c + 1.0


def test_a_source_at_its_lowest_heat_is_not_stopped_by_the_power_limit(learned: LearnedModel) -> None:
    low_w = 0.3 * learned.full_heat_w
    control = FlowControl()
    first_c = control.flow_c(learned, learned.state, low_w, since_s=0.0)
    for _ in range(10):
        control.update(learned, Response(low_w, first_c, -500.0), 300.0)
        assert control.flow_c(learned, learned.state, low_w, since_s=0.0) == first_c


def test_response_is_that_of_the_sources_of_the_plan(rows: list[Row], plan: PlanResult) -> None:
    now = snapshot(Home(time_s=rows[-1].time_s))

    def seen(plan: PlanResult | None = plan, **changes: float) -> Response:
        return response(_with_source(now, **changes), 8000.0, plan)

    assert seen(power_w=2500.0, flow_c=33.0) == Response(8000.0, 33.0, pytest.approx(1600.0))
    assert seen(power_w=3100.0).spare_w == 0.0, "at its full level: the limit does not throttle it"
    throttled = replace(plan, levels={PUMP: 0.8})
    assert seen(throttled, power_w=3200.0).spare_w == pytest.approx(-500.0)
    assert not seen(throttled, power_w=3200.0).wants_all
    assert seen(replace(throttled, is_limited=True), power_w=3200.0).wants_all
    assert not seen(replace(plan, is_limited=True), power_w=3200.0).wants_all, "it is not throttled"
    assert seen(power_w=math.nan).spare_w == math.inf, "not measured"
    assert seen(power_w=0.0).spare_w == math.inf, "a burner"
    assert math.isnan(seen(flow_c=math.nan).flow_c)
    unused = seen(replace(plan, levels={PUMP: 0.0}))
    assert math.isnan(unused.flow_c)
    assert unused.spare_w == math.inf
    assert seen(None).spare_w == math.inf


def _with_source(now: Snapshot, **changes: float) -> Snapshot:
    (source,) = now.sources
    return replace(now, sources=(replace(source, **changes),))


def test_more_heat_than_planned_ends_with_the_run(learned: LearnedModel) -> None:
    """What the power limit allowed on top of the plan does not make the next start too warm."""
    control = FlowControl()
    first_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
    for _ in range(12):
        setpoint_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
        delivered_w = ASKED_W + (setpoint_c - first_c) / learned.flow_rise_k(1.0)
        control.update(learned, Response(delivered_w, setpoint_c, 1.2 * ASKED_W - delivered_w, wants_all=True), 300.0)
    assert setpoint_c > first_c + 1.0
    control.update(learned, Response(0.0), 300.0)
    assert control.flow_c(learned, learned.state, ASKED_W, since_s=0.0) == pytest.approx(first_c)


def test_what_a_source_misses_of_the_plan_is_remembered_at_the_power_limit_too(learned: LearnedModel) -> None:
    control = FlowControl()
    first_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
    for _ in range(12):
        setpoint_c = control.flow_c(learned, learned.state, ASKED_W, since_s=0.0)
        delivered_w = ASKED_W - 1000.0 + (setpoint_c - first_c) / learned.flow_rise_k(1.0)
        control.update(learned, Response(delivered_w, setpoint_c, 1.2 * ASKED_W - delivered_w, wants_all=True), 300.0)
    assert delivered_w == pytest.approx(1.2 * ASKED_W, rel=0.005)
    missed_k = learned.flow_rise_k(1000.0)
    assert 0.3 * missed_k < control.correction_k <= 1.01 * missed_k
    before_k, extra_k = control.correction_k, control.extra_k
    control.update(learned, Response(ASKED_W + 500.0, setpoint_c, 500.0), 300.0)
    assert control.extra_k < extra_k, "too much heat takes back what was added for this run"
    assert control.correction_k == before_k
