"""The simulated thermostat keeps its distance from the real house when a newer model is used."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import ReferenceControl
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.model.history import STEP_S, History, Row
from custom_components.proof_of_heat.engine.model.observer import HouseState
from custom_components.proof_of_heat.engine.model.reference_house import ReferenceHouse

from .homes import lived_history

LOWER_C = 40.0
"""Always above the room: the distance below it shows the temperature."""


@pytest.fixture(scope="module")
def learned() -> LearnedModel:
    return learn(History(lived_history(9)).series(), None, 0.8)


def warmer(state: HouseState, by_k: float) -> HouseState:
    return replace(state, emitter_c=state.emitter_c + by_k, room_c=state.room_c + by_k, mass_c=state.mass_c + by_k)


@pytest.mark.parametrize("by_k", [-0.6, 0.0, 1.0])
def test_temperatures_move_with_the_meaning_that_a_newer_model_gives_them(learned: LearnedModel, by_k: float) -> None:
    def room_c(after: HouseState) -> float:
        house = ReferenceHouse(ReferenceControl(), learned.fitted, learned.pump, learned.state, seed=1)
        row = Row(learned.at_rows, 20.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, math.nan, math.nan)
        house.step(row, 5.0, LOWER_C)
        house.update_model(learned.fitted, learned.pump, after, learned.state)
        step = house.step(replace(row, time_s=row.time_s + STEP_S), 5.0, LOWER_C)
        return LOWER_C - float(np.asarray(step.below_k)[0])

    moved_k = room_c(warmer(learned.state, by_k)) - room_c(learned.state)
    assert moved_k == pytest.approx(by_k, abs=0.05)
