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
from custom_components.proof_of_heat.engine.source_starts import START_K, STEP_K, STEPS, WAIT_S, SourceStarts

from .homes import lived_history

BOILER = SourceConfig(source_id="boiler", kind=SourceKind.BOILER, steering=Steering.LEVEL, fuel_kwh_price=0.1)
CYCLE_S = 300.0
WATER_C = 26.0
READING = SourceSnapshot(source_id="boiler", on=True, flow_c=WATER_C)


def _cycle(
    starts: SourceStarts,
    *,
    heats: bool = False,
    reading: SourceSnapshot = READING,
    config: SourceConfig = BOILER,
    used: frozenset[str] = frozenset({"boiler"}),
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
    return starts.flow_c(used)


def test_a_source_that_starts_soon_keeps_its_setpoint() -> None:
    starts = SourceStarts()
    for heats in (False, False, True, True, False, True):
        assert _cycle(starts, heats=heats) == -math.inf


def test_a_source_that_does_not_start_gets_a_setpoint_that_rises_until_it_does() -> None:
    starts = SourceStarts()
    assert [_cycle(starts) for _ in range(2)] == [-math.inf] * 2, "it may still ignite"
    cycles_per_step = int(WAIT_S / CYCLE_S)
    rising = [_cycle(starts) - WATER_C for _ in range(3 * cycles_per_step)]
    assert rising[0] == START_K + STEP_K
    assert rising == sorted(rising)
    assert rising[-1] == START_K + STEPS * STEP_K, "no further"
    assert _cycle(starts, heats=True) == -math.inf, "it heats"


def test_at_its_next_start_the_setpoint_is_high_enough_at_once() -> None:
    starts = SourceStarts()
    for _ in range(3):
        _cycle(starts)
    _cycle(starts, heats=True)
    assert _cycle(starts, used=frozenset()) == -math.inf, "it is not needed"
    assert _cycle(starts) == WATER_C + START_K


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
        assert _cycle(starts, reading=reading, config=config) == -math.inf


def test_a_source_that_is_not_asked_for_heat_does_not_wait() -> None:
    starts = SourceStarts()
    for _ in range(6):
        assert _cycle(starts, used=frozenset({"miner"})) == -math.inf
    assert _cycle(starts) == -math.inf


@pytest.fixture(scope="module")
def learned() -> LearnedModel:
    return learn(History(lived_history(9)).series(), None, 0.8)


def test_the_setpoint_of_a_plan_is_that_of_its_heat_or_of_a_start(learned: LearnedModel) -> None:
    control, little_w = FlowControl(), 500.0
    settled_c = control.flow_c(learned, learned.state, little_w, since_s=0.0, used={"boiler"})
    water_c = settled_c - 1.0
    for _ in range(3):
        _cycle(control.starts, reading=replace(READING, flow_c=water_c))
    assert control.flow_c(learned, learned.state, little_w, since_s=0.0, used={"boiler"}) >= water_c + START_K
    assert control.flow_c(learned, learned.state, little_w, since_s=0.0, used={"miner"}) == settled_c
