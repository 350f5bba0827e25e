"""A thermometer that reports steps: the plan keeps half a step more away from the bounds."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import ComfortBand, Engine, EngineConfig, SensorReading, Snapshot, Weights
from custom_components.proof_of_heat.engine.jobs import JobResult
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.model.history import History
from custom_components.proof_of_heat.engine.sensor_resolution import CHANGES, SensorResolution

from .homes import Home, lived_history, pump_config, snapshot

ROOM_C = 20.5 + np.cumsum(np.random.default_rng(5).normal(0.0, 0.12, 400))


def doubt_k(values: object) -> float:
    resolution = SensorResolution()
    for value in np.asarray(values, dtype=float):
        resolution.add(float(value))
    return resolution.doubt_k


@pytest.mark.parametrize(("step_k", "expected_k"), [(0.1, 0.05), (0.2, 0.1), (0.5, 0.1), (1.0, 0.1), (0.05, 0.025)])
def test_half_a_step_is_doubted_of_a_sensor_with_steps(step_k: float, expected_k: float) -> None:
    assert doubt_k(np.round(ROOM_C / step_k) * step_k) == pytest.approx(expected_k, abs=1e-6)


@pytest.mark.parametrize("values", [ROOM_C, ROOM_C.round(2), np.full(100, 20.5), (1.8 * ROOM_C).round(1) / 1.8 * 0.37])
def test_a_fine_sensor_has_no_doubt(values: object) -> None:
    assert doubt_k(values) <= 0.011


def test_steps_are_known_after_some_changes() -> None:
    values = 20.0 + 0.1 * np.arange(CHANGES + 1)
    assert doubt_k(values) == pytest.approx(0.05)
    assert doubt_k(values[:-1]) == 0.0
    assert doubt_k(np.repeat(values[:-1], 20)) == 0.0, "the same reading again does not count"


def test_larger_changes_between_two_cycles_are_multiples_of_the_steps() -> None:
    assert doubt_k([20.0, 20.3, 20.1, 20.5, 20.2, 20.0, 20.3, 20.5, 20.9]) == pytest.approx(0.05)


@pytest.fixture(scope="module")
def learned() -> LearnedModel:
    return learn(History(lived_history(9)).series(), None, 0.8)


@pytest.mark.parametrize("step_k", [0.1, 0.5])
def test_plan_keeps_more_from_the_bound_for_the_steps(learned: LearnedModel, step_k: float) -> None:
    """Rooms at 20.96 degC are shown as 21.0 degC. The error of the model is independent of that of the thermometer."""
    now = snapshot(
        Home(time_s=learned.at_rows + 900.0, air_c=21.5), band=ComfortBand(np.full(192, 21.0), np.full(192, 25.0))
    )
    least_k = []
    for reported in ((), (21.5, 21.5 + step_k) * CHANGES):
        engine = Engine(EngineConfig(sources=(pump_config(),), commission=False))
        engine.adopt(JobResult(learned=learned))
        for value in reported:
            engine.observe(_at(now, value))
        engine.observe(now)
        while (job := engine.job(now)) is not None:
            engine.adopt(job())
        assert engine.plan is not None
        least_k.append(float((engine.plan.plan.room_c - 21.0)[20:40].min()))
    fine_k, coarse_k = least_k
    margin_k = Weights().margin_k
    assert coarse_k - fine_k == pytest.approx(math.hypot(margin_k, min(0.1, step_k / 2)) - margin_k, abs=0.005)


def _at(now: Snapshot, room_c: float) -> Snapshot:
    return replace(now, zones=tuple(replace(zone, room=SensorReading(room_c)) for zone in now.zones))
