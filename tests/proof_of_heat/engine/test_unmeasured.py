"""Heat that is not known is a gap in the history: nothing is learned from it, and the reason is shown."""

from dataclasses import replace
import math

import pytest

from custom_components.proof_of_heat.engine import EngineConfig, SourceConfig, SourceKind, SourceSnapshot, Steering
from custom_components.proof_of_heat.engine.decision_record import ControlMode
from custom_components.proof_of_heat.engine.engine import Engine
from custom_components.proof_of_heat.engine.messages import MessageCode
from custom_components.proof_of_heat.engine.sources import (
    delivered_heat_w,
    heat_output_w,
    is_heat_known,
    known_heat_w,
    unmeasured,
)

from .homes import PUMP, Home, live, new_engine, pump_config, snapshot

HEAT_PUMP = pump_config()
RADIATOR = SourceConfig(
    source_id="radiator", kind=SourceKind.DIRECT_ELECTRIC, steering=Steering.SWITCH, nominal_power_w=800.0
)
BOILER = SourceConfig(source_id="boiler", kind=SourceKind.BOILER, nominal_heat_w=12_000.0, fuel_kwh_price=0.1)
STEPS = SourceConfig(source_id="miner", kind=SourceKind.MINER, steering=Steering.STEPS, steps_w=(1000.0, 2000.0))
OFFLINE = {"available": False}


@pytest.mark.parametrize(
    ("config", "reading", "heat_w"),
    [
        (HEAT_PUMP, {"heat_w": 5000.0}, 5000.0),
        (HEAT_PUMP, {"power_w": 30.0}, 0.0),
        (HEAT_PUMP, {"on": False}, 0.0),
        (HEAT_PUMP, {"on": True, "running": False}, 0.0),
        (HEAT_PUMP, {}, None),
        (HEAT_PUMP, {"on": True}, None),
        (HEAT_PUMP, {"on": True, "running": True}, None),
        (HEAT_PUMP, {"on": True, "counts": True}, 0.0),
        (HEAT_PUMP, {"on": True, "counts": True, "counted_w": 90.0}, 0.0),
        (HEAT_PUMP, {"running": True, "counts": True}, None),
        (HEAT_PUMP, {"running": True, "counts": True, "counted_heat_w": 4200.0}, 4200.0),
        (
            HEAT_PUMP,
            {"running": True, "counted_w": 900.0, "counted_enough": True, "counted_heat_w": 5e3},
            known_heat_w(
                {PUMP: HEAT_PUMP},
                replace(snapshot(Home()), sources=(SourceSnapshot(source_id=PUMP, power_w=900.0),)),
                5.0,
            ),
        ),
        (HEAT_PUMP, {"on": True, "counted_heat_w": 4200.0, "counted_heat_enough": True}, 4200.0),
        (HEAT_PUMP, {"running": False, "counted_heat_w": 4200.0, "counted_heat_enough": True}, 0.0),
        (RADIATOR, {"counts": True, "counted_w": 600.0, "counted_enough": True}, 600.0),
        (BOILER, {"level": 0.25, "counts": True, "counted_w": 60.0, "counted_enough": True}, 3000.0),
        (HEAT_PUMP, OFFLINE | {"counts": True, "counted_w": 900.0, "counted_enough": True}, None),
        (HEAT_PUMP, OFFLINE, None),
        (HEAT_PUMP, OFFLINE | {"on": False}, None),
        (HEAT_PUMP, OFFLINE | {"on": False, "heat_w": 0.0}, None),
        (HEAT_PUMP, OFFLINE | {"power_w": 20.0}, 0.0),
        (HEAT_PUMP, OFFLINE | {"steerable": False, "heat_w": 4000.0}, 4000.0),
        (RADIATOR, {"power_w": 750.0}, 750.0),
        (RADIATOR, {"on": True}, 800.0),
        (RADIATOR, {"on": False}, 0.0),
        (RADIATOR, {}, None),
        (RADIATOR, OFFLINE | {"on": True}, None),
        (RADIATOR, OFFLINE | {"power_w": 790.0}, 790.0),
        (replace(RADIATOR, size_assumed=True), {"on": True}, None),
        (STEPS, {"on": True}, None),
        (STEPS, {"power_w": 2000.0}, 1800.0),
        (BOILER, {"level": 0.5}, 6000.0),
        (BOILER, {"on": True}, 12_000.0),
        (BOILER, {"on": False}, 0.0),
        (BOILER, {}, None),
        (BOILER, {"power_w": 60.0}, None),
        (BOILER, OFFLINE | {"level": 0.5}, None),
    ],
)
def test_heat_is_known_or_unknown_never_zero_by_default(
    config: SourceConfig, reading: dict[str, float], heat_w: float | None
) -> None:
    seen = SourceSnapshot(source_id=config.source_id, **reading)  # type: ignore[arg-type]
    now = replace(snapshot(Home()), sources=(seen, SourceSnapshot(source_id="removed")))
    configs = {config.source_id: config}
    assert is_heat_known(config, seen) == (heat_w is not None)
    assert unmeasured(configs, now) == ("" if heat_w is not None else config.source_id)
    assert known_heat_w(configs, now, 5.0) == (0.0 if heat_w is None else pytest.approx(heat_w))


@pytest.mark.parametrize(
    ("config", "reading", "heat_w"),
    [
        (HEAT_PUMP, {"counts": True, "counted_heat_w": 4200.0, "counted_heat_enough": True}, 4200.0),
        (HEAT_PUMP, {"running": True, "counts": True}, None),
        (HEAT_PUMP, {"running": False, "counts": True}, 0.0),
        (HEAT_PUMP, OFFLINE | {"counts": True, "counted_w": 900.0, "counted_enough": True}, None),
        (HEAT_PUMP, {"power_w": 900.0, "counts": True}, "output"),
        (HEAT_PUMP, {"power_w": 900.0}, "output"),
        (HEAT_PUMP, {"running": True}, "output"),
        (BOILER, {"on": True}, 12_000.0),
        (BOILER, {}, "output"),
    ],
)
def test_what_control_takes_as_delivered(
    config: SourceConfig, reading: dict[str, float], heat_w: float | str | None
) -> None:
    """Without counters, it is what is measured or follows from the input."""
    seen = SourceSnapshot(source_id=config.source_id, **reading)  # type: ignore[arg-type]
    now = replace(snapshot(Home()), sources=(seen, SourceSnapshot(source_id="removed")))
    expected = heat_output_w(config, seen, 5.0) if heat_w == "output" else math.nan if heat_w is None else heat_w
    assert delivered_heat_w({config.source_id: config}, now, 5.0) == pytest.approx(expected, nan_ok=True)


def observe(engine: Engine, home: Home, hours: float, *others: SourceSnapshot, **changes: object) -> None:
    """The home heats by itself, also when the engine sees nothing of it."""
    for _ in range(round(hours * 4)):
        home.run(0.6, 900)
        now = snapshot(home)
        (pump,) = now.sources
        engine.observe(replace(now, sources=(replace(pump, **changes), *others)))  # type: ignore[arg-type]


def test_outage_is_a_gap() -> None:
    engine, home = new_engine(), Home()
    observe(engine, home, 6)
    before = engine.history.hours
    assert before == pytest.approx(6, abs=0.5)
    observe(engine, home, 3, available=False, power_w=math.nan, heat_w=math.nan)
    assert engine.history.hours == before
    observe(engine, home, 3, available=False, heat_w=math.nan)
    assert engine.history.hours > before + 2.5, "the linked meter measures on"
    assert all(row.heat_w > 1000 for row in engine.history.all_rows)


def test_short_loss_is_not_a_gap() -> None:
    engine, home = new_engine(), Home()
    for minute in range(120):
        home.run(0.6, 60)
        now = snapshot(home)
        (pump,) = now.sources
        lost = {"power_w": math.nan, "heat_w": math.nan, "available": False} if minute % 15 == 7 else {}
        engine.observe(replace(now, sources=(replace(pump, **lost),)))  # type: ignore[arg-type]
    assert engine.history.hours == pytest.approx(2, abs=0.3)


def test_one_unmeasured_source_next_to_a_measured_one_is_named() -> None:
    engine, home = Engine(EngineConfig(sources=(pump_config(), STEPS))), Home()
    observe(engine, home, 1, SourceSnapshot(source_id="miner", on=True))
    assert not engine.is_unmeasured
    observe(engine, home, 2, SourceSnapshot(source_id="miner", on=True))
    assert (engine.history.hours, engine.is_unmeasured) == (0.0, True)
    notes = engine.decide(snapshot(home)).record.notes
    assert [(note.code, note.values["source"]) for note in notes] == [(MessageCode.HEAT_UNKNOWN, "miner")]
    observe(engine, home, 1, SourceSnapshot(source_id="miner", on=True, power_w=2000.0))
    assert not engine.is_unmeasured
    assert engine.decide(snapshot(home)).record.notes == ()
    assert engine.history.all_rows[-1].heat_w > 1800


def test_measuring_at_levels_ends_where_nothing_is_measured() -> None:
    engine, home = new_engine(commission=True), Home(air_c=15.0, wall_c=15.0, floor_c=15.0)
    live(engine, home, 0.05)
    assert engine.decide(snapshot(home)).record.control_mode is ControlMode.COMMISSIONING
    blind = SourceSnapshot(source_id=PUMP, on=True)
    for _ in range(12):
        home.run(0.2, 900)
        engine.observe(snapshot(home, sources=(blind,)))
    assert engine.decide(snapshot(home, sources=(blind,))).record.control_mode is not ControlMode.COMMISSIONING
