"""Speed and memory of the engine, measured on this machine."""

from collections.abc import Callable
from dataclasses import replace
import gc
import math
import time
import tracemalloc
from typing import Any

import numpy as np

from .twin_controller import engine

ZONES = 100
REPEAT = 200
PLANS = 20


def _snapshot(now_s: float, zones: int) -> Any:
    room = 20.5 + 0.5 * math.sin(now_s / 20000)
    steps = 192
    hours = np.arange(steps) / 4 + now_s / 3600
    lower = np.where((hours % 24 >= 6) & (hours % 24 < 22), 21.0, 18.0)
    return engine.Snapshot(
        now_s=now_s,
        local_s=now_s,
        zones=tuple(
            engine.ZoneSnapshot(zone_id=f"z{i}", room=engine.SensorReading(room + i / 500), target_c=21.0)
            for i in range(zones)
        ),
        outdoor=engine.SensorReading(3 + 4 * math.sin(now_s / 86400 * 2 * math.pi)),
        solar=engine.SensorReading(max(0.0, 300 * math.sin(now_s / 86400 * 2 * math.pi))),
        people=2.0,
        band=engine.ComfortBand(lower, np.full(steps, 24.0)),
        price_kwh=0.25,
        sources=(
            engine.SourceSnapshot(
                source_id="pump", on=True, level=0.5, power_w=2000.0, heat_w=6000.0, flow_c=33.0, return_c=29.0
            ),
        ),
        forecast=engine.Forecast(
            step_s=900,
            outdoor_c=3 + 4 * np.sin(hours / 24 * 2 * np.pi),
            solar_w_m2=np.maximum(0, 300 * np.sin(hours / 24 * 2 * np.pi)),
            price_kwh=0.25 + 0.1 * np.sin(hours / 12 * 2 * np.pi),
        ),
    )


def _learned_engine() -> tuple[Any, float]:
    """Return an engine with three weeks of artificial history, for measuring its speed only."""
    pump = engine.SourceConfig(source_id="pump", kind=engine.SourceKind.HEAT_PUMP, steering=engine.Steering.LEVEL)
    made = engine.Engine(replace(engine.EngineConfig(sources=(pump,)), prediction_error_limit_k=50.0))
    return made, _lived(made, 21, lambda now_s: _snapshot(now_s, 1))


def _four_sources() -> Any:
    """Return an engine with two heat pumps, a miner and a burner, with limited phases."""
    kind, steering = engine.SourceKind, engine.Steering
    config = engine.EngineConfig(
        sources=(
            engine.SourceConfig(source_id="pump", kind=kind.HEAT_PUMP, steering=steering.LEVEL, phase=0),
            engine.SourceConfig(source_id="second", kind=kind.HEAT_PUMP, steering=steering.LEVEL, phase=1),
            engine.SourceConfig(
                source_id="miner",
                kind=kind.MINER,
                steering=steering.STEPS,
                steps_w=(1000.0, 2000.0, 3400.0),
                efficiency_j_th=(15.0, 18.0, 22.0),
                phase=2,
            ),
            engine.SourceConfig(
                source_id="burner",
                kind=kind.BOILER,
                steering=steering.LEVEL,
                nominal_heat_w=12000.0,
                fuel_kwh_price=0.1,
            ),
        ),
        site=engine.SiteLimits(power_w=9000.0, phase_w=4000.0),
        prediction_error_limit_k=50.0,
    )
    return engine.Engine(config)


def _busy_snapshot(now_s: float) -> Any:
    """Return a snapshot of four sources with forecast PV surplus."""
    plain = _snapshot(now_s, 4)
    level = 0.3 + 0.2 * (now_s // 3600 % 4)
    pump = replace(plain.sources[0], level=level, power_w=3500.0 * level, heat_w=11000.0 * level)
    hours = np.arange(192) / 4 + now_s / 3600
    return replace(
        plain,
        sources=(
            pump,
            replace(pump, source_id="second"),
            engine.SourceSnapshot(source_id="miner", on=False, power_w=0.0),
            engine.SourceSnapshot(source_id="burner", on=False, heat_w=0.0),
        ),
        forecast=replace(plain.forecast, surplus_w=np.maximum(0, 4000 * np.sin(hours / 24 * 2 * np.pi))),
        hashprice_ph_day=45.0,
    )


def _plans(made: Any, now_s: float, seen: Callable[[float], Any]) -> list[float]:
    """Return the duration of plans every 15 minutes, in seconds."""
    found = []
    for _ in range(PLANS):
        now_s += 900.0
        snapshot = seen(now_s)
        made.observe(snapshot)
        job = made.job(snapshot)
        if job is not None:
            began = time.perf_counter()
            made.adopt(job())
            found.append(time.perf_counter() - began)
    return found


def _lived(made: Any, days: int, seen: Callable[[float], Any]) -> float:
    """Run an engine for some days and let it learn; return the time after them."""
    now_s = 1.7e9
    for _ in range(days * 96):
        made.observe(seen(now_s))
        now_s += 900.0
    while (job := made.job(seen(now_s))) is not None:
        made.adopt(job())
    return now_s


def _median_ms(samples: list[float]) -> float:
    return 1000 * sorted(samples)[len(samples) // 2]


def measure(repeat: int = REPEAT) -> dict[str, float]:
    """Return medians in ms of a cycle with 100 zones and of plans over 48 hours, and memory in MB."""
    gc.collect()
    tracemalloc.start()
    made, now_s = _learned_engine()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cycles = []
    for _ in range(repeat):
        now_s += 30.0
        snapshot = _snapshot(now_s, ZONES)
        began = time.perf_counter()
        made.observe(snapshot)
        made.decide(snapshot)
        cycles.append(time.perf_counter() - began)
    plans = _plans(made, now_s, lambda time_s: _snapshot(time_s, ZONES))
    busy = _four_sources()
    four = _plans(busy, _lived(busy, 4, _busy_snapshot), _busy_snapshot)
    return {
        "cycle_100_zones_ms": round(_median_ms(cycles), 3),
        "plan_48_h_ms": round(_median_ms(plans), 2),
        "plan_48_h_slowest_ms": round(1000 * max(plans), 2),
        "plan_four_sources_ms": round(_median_ms(four), 2),
        "plan_four_sources_slowest_ms": round(1000 * max(four), 2),
        "memory_mb": round(held / 1e6, 2),
        "memory_while_learning_mb": round(peak / 1e6, 2),
    }


def table(numbers: dict[str, float]) -> str:
    """Return the results as a Markdown table with the goals."""
    rows = (
        ("cycle with 100 zones, no planning", "cycle_100_zones_ms", "ms", "< 1"),
        ("plan over 48 h", "plan_48_h_ms", "ms", "< 100"),
        ("slowest plan", "plan_48_h_slowest_ms", "ms", "< 100"),
        ("plan over 48 h, four sources", "plan_four_sources_ms", "ms", "< 100"),
        ("slowest plan, four sources", "plan_four_sources_slowest_ms", "ms", "< 100"),
        ("memory held after three weeks", "memory_mb", "MB", "< 30"),
        ("memory while learning", "memory_while_learning_mb", "MB", "< 30"),
    )
    lines = ["| Speed | measured | goal |", "| --- | --- | --- |"]
    lines += [f"| {name} | {numbers[key]:g} {unit} | {goal} {unit} |" for name, key, unit, goal in rows]
    return "\n".join(lines)
