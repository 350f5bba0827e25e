"""The other loads of the home: a silent meter is the recent maximum, never zero."""

from collections.abc import Sequence
from dataclasses import replace
import json
import math

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.proof_of_heat.engine import (
    ComfortBand,
    Decision,
    Engine,
    EngineConfig,
    SensorReading,
    SiteLimits,
    Snapshot,
    SourceConfig,
    SourceKind,
    SourceSnapshot,
    Steering,
    ZoneSnapshot,
)
from custom_components.proof_of_heat.engine.messages import MessageCode

SITE_W, PHASE_W, NAN = 6000.0, 3500.0, math.nan
MINER = SourceConfig(
    source_id="miner",
    kind=SourceKind.MINER,
    steering=Steering.STEPS,
    steps_w=(1000.0, 2000.0, 3000.0, 4000.0, 5000.0),
    phase=0,
    min_on_s=0.0,
    min_off_s=0.0,
    max_starts_h=1000,
)
COLD = (ZoneSnapshot(zone_id="home", room=SensorReading(12.0), target_c=21.0),)
type Phases = tuple[float, float, float]


def snapshot(now_s: float, load_w: float, phases_w: Phases = (0.0, 0.0, 0.0)) -> Snapshot:
    return Snapshot(
        now_s=now_s,
        local_s=now_s,
        zones=COLD,
        outdoor=SensorReading(-10.0),
        band=ComfortBand(np.full(192, 20.0), np.full(192, 24.0)),
        price_kwh=0.3,
        sources=(SourceSnapshot(source_id="miner", on=False),),
        other_load_w=load_w,
        other_phase_load_w=phases_w,
    )


def new_engine(site: SiteLimits) -> Engine:
    engine = Engine(EngineConfig(sources=(MINER,), site=site))
    engine.safety.started_s = 0.0
    return engine


def decided(engine: Engine, at: Snapshot) -> Decision:
    engine.observe(at)
    return engine.decide(at)


def run(engine: Engine, loads_w: Sequence[float], began_s: float = 1.7e9) -> list[float]:
    """The power that is commanded in each minute."""
    return [
        decided(engine, snapshot(began_s + 60 * minute, load_w)).command("miner").power_w
        for minute, load_w in enumerate(loads_w)
    ]


def test_a_silent_meter_counts_as_the_recent_maximum() -> None:
    engine = new_engine(SiteLimits(power_w=SITE_W))
    assert run(engine, [500.0, 3600.0, 700.0])[-1] == 5000.0
    decision = decided(engine, snapshot(1.7e9 + 300, NAN))
    assert decision.command("miner").power_w == 2000.0
    assert engine.site_load.is_lost
    (limit,) = [item for item in decision.record.limits if item.code is MessageCode.SITE_METER_LOST]
    assert limit.values == {"load_kw": 3.6}
    back = decided(engine, snapshot(1.7e9 + 360, 700.0))
    assert back.command("miner").power_w == 5000.0
    assert not engine.site_load.is_lost


def test_a_load_that_was_never_measured_leaves_no_power() -> None:
    decision = decided(new_engine(SiteLimits(power_w=SITE_W)), snapshot(1.7e9, NAN))
    assert not decision.command("miner").on
    assert MessageCode.SITE_LOAD_UNKNOWN in {item.code for item in decision.record.limits}


def test_a_home_without_a_power_limit_needs_no_meter() -> None:
    engine = new_engine(SiteLimits())
    decision = decided(engine, snapshot(1.7e9, NAN, (NAN, NAN, NAN)))
    assert decision.command("miner").power_w == 5000.0
    assert not engine.site_load.is_lost


@pytest.mark.slow
def test_the_maximum_outlasts_a_long_silence_and_a_restart() -> None:
    engine = new_engine(SiteLimits(power_w=SITE_W))
    run(engine, [3600.0])
    run(engine, [NAN] * 3000, began_s=1.7e9 + 60)  # two days
    again = new_engine(SiteLimits(power_w=SITE_W))
    again.restore(json.loads(json.dumps(engine.dump())))
    assert run(again, [NAN], began_s=1.7e9 + 86400 * 3) == [2000.0]


@pytest.mark.slow
def test_the_maximum_is_that_of_a_day() -> None:
    engine = new_engine(SiteLimits(power_w=SITE_W))
    run(engine, [3600.0, *[900.0] * (24 * 60 + 30), NAN])
    assert decided(engine, snapshot(1.8e9, NAN)).command("miner").power_w == 5000.0


def test_a_phase_whose_load_is_unknown_is_full_as_lately() -> None:
    engine = new_engine(SiteLimits(phase_w=PHASE_W))
    decided(engine, snapshot(1.7e9, 3000.0, (1400.0, 800.0, 800.0)))
    assert decided(engine, snapshot(1.7e9 + 60, 3000.0, (200.0, 1400.0, 1400.0))).command("miner").power_w == 3000.0
    assert decided(engine, snapshot(1.7e9 + 120, 3000.0, (NAN, 1400.0, 1400.0))).command("miner").power_w == 2000.0
    never = new_engine(SiteLimits(phase_w=PHASE_W))
    assert not decided(never, snapshot(1.7e9, 3000.0, (NAN, 0.0, 0.0))).command("miner").on


@pytest.mark.parametrize("load_w", [math.inf, -math.inf, 1e9])
def test_an_impossible_load_is_an_unknown_one(load_w: float) -> None:
    engine = new_engine(SiteLimits(power_w=SITE_W))
    assert run(engine, [3600.0, load_w]) == [2000.0, 2000.0]


def test_stored_loads_that_are_invalid_are_skipped() -> None:
    engine = new_engine(SiteLimits(power_w=SITE_W))
    engine.site_load.restore([[True, "x", None, 1e12, math.inf, math.nan, 3600], None, 5])
    assert run(engine, [NAN]) == [2000.0]


@settings(max_examples=40, deadline=None)
@given(loads=st.lists(st.one_of(st.just(NAN), st.floats(0, 8000)), min_size=1, max_size=12), first=st.floats(0, 8000))
def test_commanded_power_never_exceeds_what_the_highest_load_leaves(loads: list[float], first: float) -> None:
    """At most the limit less the present load, or less the highest one while it is unknown."""
    seen: list[float] = []
    for load_w, power_w in zip(
        [first, *loads], run(new_engine(SiteLimits(power_w=SITE_W)), [first, *loads]), strict=True
    ):
        if math.isfinite(load_w):
            seen.append(load_w)
        assumed_w = load_w if math.isfinite(load_w) else max(seen)
        assert power_w <= max(0.0, SITE_W - assumed_w) + 1.0


def test_planning_uses_the_assumed_load() -> None:
    engine = new_engine(SiteLimits(power_w=SITE_W))
    run(engine, [3600.0])
    at = replace(snapshot(1.7e9 + 60, NAN), other_phase_load_w=(NAN, 1.0, 2.0))
    engine.observe(at)
    seen = engine.site_load.completed(at)
    assert seen.other_load_w == 3600.0
    assert seen.other_phase_load_w == (0.0, 1.0, 2.0)
