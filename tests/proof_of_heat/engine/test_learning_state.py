"""What earlier learnings found survives a restart: sizes of sources, errors and heat losses."""

from dataclasses import replace
import json
import math
from typing import Any

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import Engine, EngineConfig, engine as engine_module
from custom_components.proof_of_heat.engine.jobs import Job, JobResult
from custom_components.proof_of_heat.engine.learning import LearnedModel, learn
from custom_components.proof_of_heat.engine.learning_state import LearningState
from custom_components.proof_of_heat.engine.model import history as history_module
from custom_components.proof_of_heat.engine.model.history import History, Row
from custom_components.proof_of_heat.engine.model.performance_map import KEPT_SIZE, PerformanceMap

from .homes import Home, lived_history, new_engine, pump_config, snapshot

SECOND = "second"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """A heat pump of unknown size: no level is reported."""
    return [replace(row, level=0.0) for row in lived_history(3)]


def engine_with(rows: list[Row], saved: dict[str, Any] | None = None) -> Engine:
    """An engine with this history, and what was stored otherwise."""
    engine = Engine(EngineConfig(sources=(pump_config(), replace(pump_config(), source_id=SECOND))))
    if saved is not None:
        engine.restore({**json.loads(json.dumps(saved)), "history": History(rows).dump()})
    else:
        engine.adopt_history(History(rows))
    return engine


def learned_by(engine: Engine, rows: list[Row]) -> LearnedModel:
    """Let the engine learn."""
    home = Home(time_s=rows[-1].time_s)
    home.run(0.0, 900)
    now = snapshot(home)
    engine.observe(now)
    job = engine.job(now)
    assert job is not None
    engine.adopt(job())
    assert engine.learned is not None
    return engine.learned


def throttled(rows: list[Row], *, later_s: float = 0.0) -> list[Row]:
    """Weeks below a power limit."""
    return [
        replace(
            row,
            time_s=row.time_s + later_s,
            power_w=0.7 * row.power_w,
            heat_w=0.7 * row.heat_w,
            pump_heat_w=0.7 * row.pump_heat_w,
        )
        for row in rows
    ]


def test_size_of_a_source_survives_a_restart_after_weeks_below_a_power_limit(rows: list[Row]) -> None:
    engine = engine_with(rows)
    first = learned_by(engine, rows)
    assert first.pump is not None
    size_w = first.pump.largest_w
    later = throttled(rows, later_s=30 * 86400.0)
    again = learned_by(engine_with(later, engine.dump()), later)
    assert again.pump is not None
    assert again.pump.largest_w == pytest.approx(KEPT_SIZE * size_w)
    forgotten = learned_by(engine_with(later, {**engine.dump(), "learned": None}), later)
    assert forgotten.pump is not None
    assert forgotten.pump.largest_w == pytest.approx(0.7 * size_w, rel=0.01), "stored by an earlier version"


def test_restarts_of_one_day_change_nothing(rows: list[Row]) -> None:
    engine = engine_with(rows)
    learned = first = learned_by(engine, rows)
    for _ in range(3):
        saved = engine.dump()
        assert engine_with(rows, saved).dump()["learned"] == saved["learned"], "a crash before it has learned again"
        engine = engine_with(rows, saved)
        learned = learned_by(engine, rows)
    assert first.pump is not None
    assert learned.pump is not None
    assert learned.pump.largest_w == pytest.approx(first.pump.largest_w, rel=1e-6)
    assert learned.errors_k == pytest.approx(first.errors_k, abs=0.02)
    assert learned.losses_w_k == pytest.approx(first.losses_w_k, rel=0.02)


def test_drift_and_errors_are_those_of_days_over_restarts(rows: list[Row]) -> None:
    engine = engine_with(rows)
    first = learned_by(engine, rows)
    later = [replace(row, time_s=row.time_s + 86400.0 * 2, heat_w=1.3 * row.heat_w) for row in rows]
    again = learned_by(engine_with(later, engine.dump()), later)
    assert again.losses_w_k[0] == pytest.approx(first.losses_w_k[0], rel=1e-4)
    assert len(again.losses_w_k) == len(again.errors_k) == 2
    assert again.drift is not None


def test_maps_belong_to_their_sources(rows: list[Row]) -> None:
    """The first source was removed, and another one is the first now."""
    unit = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    pump, second = PerformanceMap(9000 * unit, 3000 * unit, 50, 0.02, 2800.0), PerformanceMap(4000 * unit, unit, 9, 0.1)
    kept = LearningState(pump=pump, others={SECOND: second}, errors_k=(0.3, math.inf), trusted=True, at_s=9.0)
    stored = json.loads(json.dumps(kept.dump("pump")))
    again = LearningState.restored(stored, "pump")
    assert again.pump is not None
    assert (again.pump.largest_w, again.pump.samples, again.pump.error) == (2800.0, 50, 0.02)
    assert again.pump.heat.tolist() == pump.heat.tolist()
    assert math.isinf(again.others[SECOND].largest_w)
    assert (again.errors_k, again.trusted, again.at_s) == ((0.3, math.inf), True, 9.0)
    moved = LearningState.restored(stored, SECOND)
    assert moved.pump is not None
    assert moved.pump.heat[3] == 4000.0
    assert LearningState.restored(stored, None).pump is None


GOOD = {"heat": [1.0] * 6, "power": [1.0] * 6, "samples": 9, "error": 0.1, "largest_w": 2000.0}


@pytest.mark.parametrize(
    "damage",
    [
        {"heat": [1.0] * 5},
        {"heat": [1.0, None, 1.0, 1.0, 1.0, 1.0]},
        {"power": "none"},
        {"power": [1.0, math.nan, 1.0, 1.0, 1.0, 1.0]},
        {"samples": 1.5},
        {"samples": -1},
        {"error": None},
        {"largest_w": 0.0},
        {"largest_w": math.inf},
        {"largest_w": 1e9},
        {"largest_w": True},
    ],
    ids=str,
)
def test_invalid_maps_are_left_out(damage: dict[str, Any]) -> None:
    found = LearningState.restored({"maps": {"pump": {**GOOD, **damage}, SECOND: GOOD}}, "pump")
    assert found.pump is None
    assert found.others[SECOND].largest_w == 2000.0


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"maps": [], "errors_k": {}, "losses_w_k": "many", "trusted": "yes", "at_s": None},
        {"maps": {"pump": None}, "errors_k": [True], "losses_w_k": [None, -3.0, 0.0], "trusted": 1, "at_s": math.nan},
    ],
)
def test_invalid_learnings_are_none(stored: dict[str, Any]) -> None:
    assert LearningState.restored(stored, "pump") == LearningState()


def test_house_is_not_learned_before_heat_was_measured(rows: list[Row]) -> None:
    """A source without a meter: the model of a house that needs no heat would pass the backtest."""
    unknown = [replace(row, heat_w=0.0, pump_heat_w=0.0, power_w=0.0, water_c=math.nan) for row in rows]
    engine, home = engine_with(unknown), Home(time_s=rows[-1].time_s)
    home.run(0.0, 900)
    now = snapshot(home)
    engine.observe(now)
    assert engine.job(now) is None
    assert not engine.predicting
    engine = engine_with([*unknown[:-8], *(replace(row, heat_w=2000.0) for row in unknown[-8:])])
    engine.observe(now)
    assert engine.job(now) is not None
    learned = engine_with(rows)
    assert learned_by(learned, rows).trusted
    learned.history = History(unknown)
    learned._learn_at_h = 0.0
    assert learned.job(now) is not None, "in summer"


def test_learning_continues_when_the_history_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two months are kept: the house is learned each day from then on, too."""
    learnings: list[float] = []
    rows = lived_history(4)
    model = learn(History(rows[:192]).series(), None, 5.0)

    def spy(history: History, *_: object) -> Job:
        learnings.append(history.recorded_h)
        return lambda: JobResult(learned=model)

    monkeypatch.setattr(history_module, "KEEP_DAYS", 2)
    monkeypatch.setattr(engine_module, "learning", spy)
    engine, now = new_engine(), snapshot(Home(time_s=rows[191].time_s))
    engine.observe(now)
    engine.adopt_history(History(rows[:192]))
    for row in (None, *rows[192:]):
        if row is not None:
            engine.history.add(row)
        assert engine.history.hours == 48
        if (job := engine.job(now)) is not None:
            engine.adopt(job())
    assert learnings == [48.0, 72.0, 96.0]
