"""A home whose heat sources, meters or thermometers change: what was recorded, and what was learned of it."""

from collections.abc import Sequence
from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import Engine, EngineConfig
from custom_components.proof_of_heat.engine.home_change import ChangedHome, adopt_changed_home
from custom_components.proof_of_heat.engine.jobs import JobResult
from custom_components.proof_of_heat.engine.learning import learn
from custom_components.proof_of_heat.engine.learning_state import LearningState
from custom_components.proof_of_heat.engine.model.history import COLUMNS, ENOUGH_ROWS, STEP_S, History, Row
from custom_components.proof_of_heat.engine.model.performance_map import PerformanceMap
from custom_components.proof_of_heat.engine.shadow.home import DAY_S, ShadowHome
from custom_components.proof_of_heat.engine.shadow.savings import WHOLE_S, ShadowDay

from .homes import PUMP, Home, lived_history, pump_config, snapshot

BOILER = "boiler"
DAY_STEPS = 96
OWN = Row(0.0, 20.0, 5.0, 10.0, 2.0, 1000.0, 300.0, 0.5, 30.0, 32.0, 900.0)
READ = Row(0.0, 22.0, 7.0, 90.0, 0.0, 4000.0, 1200.0, 1.0, 40.0, 42.0, 3000.0)


def engine_with(rows: Sequence[Row]) -> Engine:
    """An engine of a heat pump and another one, with what it recorded itself."""
    engine = Engine(EngineConfig(sources=(pump_config(), replace(pump_config(), source_id=BOILER))))
    for row in rows:
        engine.history.add(row)
    return engine


def steps(row: Row, first: int, last: int, late_s: float = 0.0) -> list[Row]:
    return [replace(row, time_s=step * STEP_S + late_s) for step in range(first, last)]


def values(engine: Engine, name: str) -> list[float]:
    return [getattr(row, name) for row in engine.history.all_rows]


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({"room": True}, {"room_c"}),
        ({"outdoor": True}, {"outdoor_c"}),
        ({"heat": True, "source_ids": frozenset({BOILER})}, {"heat_w"}),
        (
            {"heat": True, "source_ids": frozenset({PUMP})},
            {"heat_w", "power_w", "level", "water_c", "flow_c", "pump_heat_w"},
        ),
        (
            {"heat": True, "was_source_removed": True},
            {"heat_w", "power_w", "level", "water_c", "flow_c", "pump_heat_w"},
        ),
    ],
    ids=["room", "outdoor", "second source", "meter of the heat pump", "a source less"],
)
def test_own_rows_keep_all_but_what_was_measured_otherwise(change: dict[str, object], columns: set[str]) -> None:
    """The times of its own rows are not those of the clock: each has the nearest quarter of an hour."""
    engine = engine_with(steps(OWN, 100, 300, late_s=400.0))
    imported = History(steps(READ, 0, 400))
    adopt_changed_home(engine, imported, ChangedHome(since_s=301 * STEP_S, **change))  # type: ignore[arg-type]
    rows = engine.history.all_rows
    assert len(rows) == 400
    for name in COLUMNS[1:]:
        found = {getattr(row, name) for row in rows[100:300]}
        assert found == {getattr(READ if name in columns else OWN, name)}, name
    assert {row.room_c for row in rows[:100] + rows[300:]} == {READ.room_c}, "before and after: as it was read"
    times = [row.time_s for row in rows]
    assert times == sorted(times)
    assert rows[150].time_s == 150 * STEP_S + 400.0


def test_rows_since_the_change_are_its_own() -> None:
    """An import that a fault has delayed reads days that were recorded with the new meter."""
    engine = engine_with(steps(OWN, 100, 300))
    adopt_changed_home(engine, History(steps(READ, 0, 290)), ChangedHome(since_s=200 * STEP_S, heat=True, room=True))
    assert values(engine, "heat_w") == [4000.0] * 201 + [1000.0] * 99
    assert values(engine, "room_c") == [22.0] * 201 + [20.0] * 99


def test_gaps_of_the_own_history_are_filled() -> None:
    """Nothing was recorded while the heat was not known; now there is a meter, and its history."""
    engine = engine_with([*steps(OWN, 0, 50), *steps(OWN, 200, 250)])
    adopt_changed_home(engine, History(steps(READ, 0, 250)), ChangedHome(since_s=260 * STEP_S, heat=True))
    assert values(engine, "time_s") == [step * STEP_S for step in range(250)]
    assert values(engine, "room_c") == [20.0] * 50 + [22.0] * 150 + [20.0] * 50


def test_days_of_which_the_new_meter_has_nothing_are_dropped() -> None:
    """Two days with it are better than two weeks of two meters."""
    engine, end = engine_with(steps(OWN, 0, 20 * DAY_STEPS)), 20 * DAY_STEPS
    imported = History(steps(READ, end - ENOUGH_ROWS, end))
    assert not adopt_changed_home(engine, imported, ChangedHome(since_s=end * STEP_S, heat=True))
    assert values(engine, "heat_w") == [4000.0] * ENOUGH_ROWS


@pytest.mark.parametrize(
    ("pump", "watts"), [(frozenset({PUMP}), [0.0, 0.0, 0.0]), (frozenset({BOILER}), [300.0, 0.5, 900.0])]
)
def test_history_before_is_used_until_there_are_two_days_since(pump: frozenset[str], watts: list[float]) -> None:
    """Of a meter that was just bought, the recorder has nothing."""
    engine, end = engine_with(steps(OWN, 0, 20 * DAY_STEPS)), 20 * DAY_STEPS
    imported = History(steps(READ, end - ENOUGH_ROWS + 1, end))
    change = ChangedHome(since_s=(end - 1) * STEP_S, heat=True, source_ids=pump)
    assert adopt_changed_home(engine, imported, change)
    assert values(engine, "heat_w") == [1000.0] * end, "as it was recorded"
    assert [values(engine, name)[0] for name in ("power_w", "level", "pump_heat_w")] == watts
    assert values(engine, "water_c") == [30.0] * end, "of the house"
    newer = steps(replace(READ, heat_w=2000.0), end, end + ENOUGH_ROWS)
    for row in newer[:-1]:
        engine.history.add(row)
    assert len(engine.history) == end + ENOUGH_ROWS - 1
    recorded_h = engine.history.recorded_h
    engine.history.add(newer[-1])
    assert values(engine, "heat_w") == [2000.0] * ENOUGH_ROWS
    assert engine.history.recorded_h == recorded_h + STEP_S / 3600, "learned again within a day"
    engine.history.add(replace(READ, time_s=newer[-1].time_s + STEP_S))
    assert len(engine.history) == ENOUGH_ROWS + 1


def test_button_in_between_keeps_which_rows_are_old() -> None:
    engine = engine_with(steps(OWN, 100, 200))
    assert adopt_changed_home(engine, History(), ChangedHome(since_s=199 * STEP_S, room=True))
    engine.adopt_history(History(steps(READ, 50, 150)))
    assert len(engine.history) == 150
    for row in steps(OWN, 200, 200 + ENOUGH_ROWS):
        engine.history.add(row)
    assert len(engine.history) == ENOUGH_ROWS


@pytest.mark.slow
@pytest.mark.parametrize("known_days", [2, 4, 7])
def test_heat_loss_is_right_as_soon_as_another_meter_is_linked(known_days: int) -> None:
    """The meter before showed half of the heat. With days of both, the heat loss was up to five times too high."""
    rows = lived_history(14)
    half = [
        replace(row, heat_w=row.heat_w / 2, pump_heat_w=row.pump_heat_w / 2, power_w=row.power_w / 2) for row in rows
    ]
    engine = engine_with(half)
    imported = History(rows[-known_days * DAY_STEPS :])
    change = ChangedHome(since_s=rows[-1].time_s, heat=True, source_ids=frozenset({PUMP}))
    assert not adopt_changed_home(engine, imported, change)
    learned = learn(engine.history.series(), engine.memory.last, 0.8)
    assert learned.fitted.parameters.total_loss_w_k == pytest.approx(180.0, rel=0.06)
    assert learned.errors_k[-1] < 0.3


def a_map() -> PerformanceMap:
    return PerformanceMap(np.full(6, 1.0), np.full(6, 2.0), 100, 0.1, 3000.0)


def test_maps_of_unchanged_sources_are_all_that_remains_of_what_was_learned() -> None:
    engine = engine_with(steps(OWN, 0, 100))

    def change(**what: object) -> LearningState:
        engine.memory.last = LearningState(
            a_map(), {BOILER: a_map(), "stove": a_map()}, (0.3,), (200.0,), trusted=True, at_s=1.0
        )
        adopt_changed_home(engine, History(), ChangedHome(since_s=0.0, **what))  # type: ignore[arg-type]
        assert engine.memory.last.errors_k == engine.memory.last.losses_w_k == ()
        assert (engine.memory.last.trusted, engine.memory.last.at_s) == (False, -math.inf)
        return engine.memory.last

    for trace in engine.operating_history._operating_history.values():
        trace.rows.append((1.0, 2.0, 3.0, 4.0, 5.0))
    kept = change(room=True)
    assert (kept.pump is not None, set(kept.others)) == (True, {BOILER, "stove"})
    assert len(engine.operating_history.operations()[BOILER].level) == 1
    kept = change(heat=True, source_ids=frozenset({BOILER}))
    assert (kept.pump is not None, set(kept.others)) == (True, {"stove"})
    assert len(engine.operating_history.operations()[BOILER].level) == 0
    kept = change(heat=True, source_ids=frozenset({PUMP}))
    assert (kept.pump, set(kept.others)) == (None, {BOILER, "stove"})


@pytest.mark.parametrize("fails", [False, True], ids=["learned", "failed"])
def test_house_that_was_being_learned_from_the_history_before_is_not_adopted(fails: bool) -> None:
    """The import ends while the first job after the start still learns from what was stored."""
    home, rows = Home(), lived_history(2)
    engine = engine_with(rows)
    home.time_s = rows[-1].time_s
    engine.adopt_history(History())
    now = snapshot(home)
    engine.observe(now)
    job = engine.job(now)
    assert job is not None
    colder = [replace(row, room_c=row.room_c - 3.0) for row in rows]
    adopt_changed_home(engine, History(colder), ChangedHome(since_s=rows[-1].time_s, room=True))
    if fails:
        engine.job_failed()
    else:
        engine.adopt(job())
    assert engine.learned is None, "of the thermometer before"
    again = engine.job(now)
    assert again is not None
    result = again()
    engine.adopt(result)
    assert engine.learned is not None
    assert engine.learned.state.room_c == pytest.approx(colder[-1].room_c, abs=0.3)
    engine.adopt(JobResult())
    assert engine.job(now) is not None, "a plan"


def whole(number: int, cost: float) -> ShadowDay:
    return ShadowDay(number, WHOLE_S, real_cost=10.0, cost=cost, heat_kwh=50.0)


@pytest.mark.parametrize(("hour", "days", "saved"), [(0.1, 2, 16.0), (0.3, 1, 8.0), (15.0, 1, 8.0)])
def test_simulated_days_of_another_home_are_not_in_the_report(hour: float, days: int, saved: float) -> None:
    """The change was made on day 101; a quarter of an hour of another home does not count."""
    home = ShadowHome(Engine(EngineConfig(sources=(pump_config(),))))
    home.days = [whole(100, 9.0), whole(101, 2.0), whole(102, 2.0)]
    before = home.report()
    assert before is not None
    assert (before.days, before.saved) == (3, pytest.approx(17.0))
    home.begin_at(101 * DAY_S + hour * 3600)
    after = home.report(7)
    assert after is not None
    assert (after.days, after.saved) == (days, pytest.approx(saved))
    home.days = home.days[:2]
    assert (home.report() is None) == (days == 1)


def test_first_day_after_a_change_is_the_next_whole_one() -> None:
    home = ShadowHome(Engine(EngineConfig(sources=(pump_config(),))))
    home._last_s = 0.0
    home.days = [ShadowDay(101, 8 * 3600.0)]
    at_eight = 101 * DAY_S + 8 * 3600.0
    whole_today = home.first_day(at_eight)
    assert whole_today is not None
    assert (whole_today.done_s, whole_today.left_s) == (8 * 3600.0, 16 * 3600.0)
    home.begin_at(at_eight)
    tomorrow = home.first_day(at_eight)
    assert tomorrow is not None
    assert (tomorrow.done_s, tomorrow.left_s) == (0.0, 40 * 3600.0)
