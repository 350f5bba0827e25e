"""A source that follows a flow temperature starts, even when little heat is planned."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine import ComfortBand, SensorReading, Snapshot, SourceConfig, Steering
from custom_components.proof_of_heat.engine.delivery import ZERO, Amount, Delivery, SourceDelivery
from custom_components.proof_of_heat.engine.flow_control import FlowControl
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.model.history import History
from custom_components.proof_of_heat.engine.snapshot import SourceSnapshot
from custom_components.proof_of_heat.engine.source_starts import (
    KNOWN_K,
    REST_S,
    START_K,
    STEP_K,
    STEPS,
    WAIT_S,
    SourceStarts,
    StartRise,
)

from .homes import lived_history

BOILER = SourceConfig(source_id="boiler", kind=SourceKind.BOILER, steering=Steering.LEVEL, fuel_kwh_price=0.1)
CYCLE_S = 300.0
WATER_C = 26.0
HEAT_C = 27.0
"""The setpoint of a small heat."""
READING = SourceSnapshot(source_id="boiler", on=True, flow_c=WATER_C)


def _cycle(
    starts: SourceStarts,
    *,
    heats: bool = False,
    reading: SourceSnapshot = READING,
    config: SourceConfig = BOILER,
    used: frozenset[str] = frozenset({"boiler"}),
    heat_c: float = HEAT_C,
) -> float:
    """Let a cycle pass with the reading at its end; return the setpoint of the next one."""
    now = Snapshot(
        now_s=0.0,
        local_s=0.0,
        zones=(),
        outdoor=SensorReading(0.0),
        band=ComfortBand(np.full(192, 20.0), np.full(192, 24.0)),
        sources=(reading,),
    )
    heat = Amount(3000.0, estimated=False) if heats else ZERO
    delivery = Delivery((SourceDelivery("boiler", ZERO, heat, heats),))
    starts.update({"boiler": config}, now, delivery, CYCLE_S)
    return starts.flow_c(used, heat_c)


def test_a_source_that_starts_soon_keeps_its_setpoint() -> None:
    starts = SourceStarts()
    for heats in (False, False, True, True, False, True):
        assert _cycle(starts, heats=heats) == HEAT_C


def _start(starts: SourceStarts, *, hysteresis_k: float) -> tuple[float, float]:
    """Let a source with a control of its own start; return how long it took (s), and its last setpoint above water."""
    rise_k = _cycle(starts) - WATER_C
    waited_s = CYCLE_S
    while rise_k < hysteresis_k:
        rise_k = _cycle(starts) - WATER_C
        waited_s += CYCLE_S
    _cycle(starts, heats=True)
    return waited_s, rise_k


def _rest(starts: SourceStarts) -> None:
    for _ in range(int(REST_S / CYCLE_S)):
        _cycle(starts, used=frozenset())


def test_a_source_that_does_not_start_gets_a_setpoint_that_rises_until_it_does() -> None:
    starts = SourceStarts()
    assert [_cycle(starts) for _ in range(2)] == [HEAT_C] * 2, "it may still ignite"
    cycles_per_step = int(WAIT_S / CYCLE_S)
    rising = [_cycle(starts) - WATER_C for _ in range(4 * cycles_per_step)]
    assert rising[0] == (START_K + HEAT_C - WATER_C) / 2 + STEP_K
    assert rising[0] == rising[cycles_per_step - 1] < rising[cycles_per_step], "each is waited for"
    assert rising == sorted(rising)
    assert rising[-1] == START_K + STEPS * STEP_K, "no further"
    assert _cycle(starts, heats=True) == HEAT_C, "it heats"


@pytest.mark.parametrize("hysteresis_k", [1.5, 2.0, 3.0, 4.0, 4.8])
def test_the_hysteresis_of_a_source_is_learned_from_its_starts(hysteresis_k: float) -> None:
    starts = SourceStarts()
    for _ in range(12):
        _start(starts, hysteresis_k=hysteresis_k)
        _rest(starts)
    waited_s, rise_k = _start(starts, hysteresis_k=hysteresis_k)
    assert waited_s == CYCLE_S, "it starts at once"
    assert hysteresis_k <= rise_k <= hysteresis_k + 2 * KNOWN_K, "and not at full power"


def test_a_source_with_a_large_hysteresis_starts_as_well() -> None:
    starts = SourceStarts()
    for _ in range(4):
        _start(starts, hysteresis_k=7.0)
        _rest(starts)
    waited_s, rise_k = _start(starts, hysteresis_k=7.0)
    assert (waited_s, rise_k) == (WAIT_S + CYCLE_S, START_K + STEP_K)


def test_a_rise_that_is_no_longer_enough_is_raised() -> None:
    rise = StartRise()
    rise.has_started(3.0)
    assert rise.next_k == -math.inf, "it needed no higher setpoint"
    rise.has_waited(1.0)
    rise.has_started(1.4)
    assert rise.next_k == 1.4
    rise.has_waited(1.4)
    assert rise.next_k == 1.4 + KNOWN_K
    rise.has_waited(9.0)
    assert rise.next_k == START_K, "at most"


def test_a_source_that_rests_after_a_stop_does_not_hesitate() -> None:
    starts = SourceStarts()
    _cycle(starts, heats=True)
    rests = int((REST_S + WAIT_S) / CYCLE_S) - 1
    assert [_cycle(starts) for _ in range(rests)] == [HEAT_C] * rests
    assert _cycle(starts) > HEAT_C


def test_at_its_next_start_the_setpoint_is_high_enough_at_once() -> None:
    starts = SourceStarts()
    for _ in range(3):
        _cycle(starts)
    _cycle(starts, heats=True)
    assert _cycle(starts, used=frozenset()) == HEAT_C, "it is not needed"
    assert _cycle(starts) == (HEAT_C + WATER_C + START_K) / 2, "between what was too little and what was enough"


@pytest.mark.parametrize(
    ("reading", "config"),
    [
        (replace(READING, hot_water=True), BOILER),
        (replace(READING, available=False), BOILER),
        (replace(READING, flow_c=math.nan), BOILER),
        (READING, replace(BOILER, steering=Steering.SWITCH)),
        (replace(READING, source_id="unknown"), BOILER),
    ],
    ids=["hot water", "unavailable", "no flow temperature", "on or off", "not configured"],
)
def test_other_reasons_to_make_no_heat_change_nothing(reading: SourceSnapshot, config: SourceConfig) -> None:
    starts = SourceStarts()
    for _ in range(6):
        assert _cycle(starts, reading=reading, config=config) == HEAT_C


def test_a_source_that_is_not_asked_for_heat_does_not_wait() -> None:
    starts = SourceStarts()
    for _ in range(6):
        assert _cycle(starts, used=frozenset({"miner"})) == HEAT_C
    assert _cycle(starts) == HEAT_C


@pytest.fixture(scope="module")
def learned() -> LearnedModel:
    return learn(History(lived_history(9)).series(), None, 0.8)


def test_the_setpoint_of_a_plan_is_that_of_its_heat_or_of_a_start(learned: LearnedModel) -> None:
    control, little_w = FlowControl(), 500.0
    settled_c = control.flow_c(learned, learned.state, little_w, since_s=0.0, used={"boiler"})
    water_c = settled_c - 1.0
    for _ in range(3):
        _cycle(control.starts, reading=replace(READING, flow_c=water_c), heat_c=settled_c)
    start_c = pytest.approx(water_c + (1.0 + START_K) / 2 + STEP_K)
    assert control.flow_c(learned, learned.state, little_w, since_s=0.0, used={"boiler"}) == start_c
    assert control.flow_c(learned, learned.state, little_w, since_s=0.0, used={"miner"}) == settled_c
