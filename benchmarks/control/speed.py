"""How long the engine takes and how much it holds, measured here and now."""

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
            engine.ZoneSnapshot(zone_id=f"z{i}", room=engine.Reading(room + i / 500), target_c=21.0)
            for i in range(zones)
        ),
        outdoor=engine.Reading(3 + 4 * math.sin(now_s / 86400 * 2 * math.pi)),
        solar=engine.Reading(max(0.0, 300 * math.sin(now_s / 86400 * 2 * math.pi))),
        people=2.0,
        band=engine.Band(lower, np.full(steps, 24.0)),
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
    """An engine that has seen three weeks of a made-up house; only its speed matters here."""
    pump = engine.SourceConfig(source_id="pump", kind=engine.SourceKind.HEAT_PUMP, steering=engine.Steering.LEVEL)
    made = engine.Engine(replace(engine.EngineConfig(sources=(pump,)), prediction_error_limit_k=50.0))
    now_s = 1.7e9
    for _ in range(21 * 96):
        made.observe(_snapshot(now_s, 1))
        now_s += 900.0
    while (job := made.job(_snapshot(now_s, 1))) is not None:
        made.adopt(job())
    return made, now_s


def _median_ms(samples: list[float]) -> float:
    return 1000 * sorted(samples)[len(samples) // 2]


def measure() -> dict[str, float]:
    """Medians in ms: a cycle with 100 zones, a 48-hour plan, learning from two weeks; memory in MB."""
    gc.collect()
    tracemalloc.start()
    made, now_s = _learned_engine()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cycles, plans = [], []
    for _ in range(REPEAT):
        now_s += 30.0
        snapshot = _snapshot(now_s, ZONES)
        began = time.perf_counter()
        made.observe(snapshot)
        made.decide(snapshot)
        cycles.append(time.perf_counter() - began)
    for _ in range(PLANS):
        now_s += 900.0
        snapshot = _snapshot(now_s, ZONES)
        made.observe(snapshot)
        job = made.job(snapshot)
        if job is not None:
            began = time.perf_counter()
            made.adopt(job())
            plans.append(time.perf_counter() - began)
    return {
        "cycle_100_zones_ms": round(_median_ms(cycles), 3),
        "plan_48_h_ms": round(_median_ms(plans), 2),
        "plan_48_h_slowest_ms": round(1000 * max(plans), 2),
        "memory_mb": round(held / 1e6, 2),
        "memory_while_learning_mb": round(peak / 1e6, 2),
    }


def table(numbers: dict[str, float]) -> str:
    """As a Markdown table, with the goals."""
    rows = (
        ("cycle with 100 zones, no planning", "cycle_100_zones_ms", "ms", "< 1"),
        ("plan over 48 h", "plan_48_h_ms", "ms", "< 100"),
        ("slowest plan", "plan_48_h_slowest_ms", "ms", "< 100"),
        ("memory held after three weeks", "memory_mb", "MB", "< 30"),
        ("memory while learning", "memory_while_learning_mb", "MB", "< 30"),
    )
    lines = ["| Speed | measured | goal |", "| --- | --- | --- |"]
    lines += [f"| {name} | {numbers[key]:g} {unit} | {goal} {unit} |" for name, key, unit, goal in rows]
    return "\n".join(lines)
