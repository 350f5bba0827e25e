"""Learning from two months while an event loop runs: duration, delay of the loop, memory, threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
import math
from pathlib import Path
import time
import tracemalloc
from typing import Any

import numpy as np

DAYS = (2, 10, 28, 60)
TICK_S = 0.001
IDLE_S = 3.0


def _history(days: int) -> Any:
    """Return an artificial history of a heat pump that is on or off: for measuring speed only."""
    from custom_components.proof_of_heat.engine.model.history import History, Row

    rng = np.random.default_rng(3)
    noise = rng.normal(0.0, 0.05, days * 96)
    rows, emitter, room, on = [], 26.0, 20.5, False
    for step in range(days * 96):
        hour = step / 4
        outdoor = 3 + 4 * math.sin(hour / 24 * 2 * math.pi) + 3 * math.sin(hour / 77)
        on = room < 20.6 if not on else room < 21.2
        heat = 8000.0 if on else 0.0
        emitter += 900 * (heat - 900 * (emitter - room)) / 14e6
        room += 900 * (900 * (emitter - room) - 190 * (room - outdoor)) / 3e7
        flow = emitter + heat / 1500 + 1.5 if on else math.nan
        seen = room + float(noise[step])
        rows.append(Row(900.0 * step, seen, outdoor, 0.0, 0.0, heat, heat / 3.2, float(on), flow - 2, flow, heat))
    return History(rows)


def _rss_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    return math.nan


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


async def _lags(until: Any) -> list[float]:
    """Return by how much the loop was late at each tick until something is done."""
    found = []
    while not until():
        began = time.perf_counter()
        await asyncio.sleep(TICK_S)
        found.append(time.perf_counter() - began - TICK_S)
    return found


async def _learn(job: Any) -> tuple[list[float], list[float], float, float]:
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + IDLE_S
    idle = await _lags(lambda: time.perf_counter() > end)
    with ThreadPoolExecutor(1) as pool:
        began, cpu = time.perf_counter(), time.process_time()
        future = loop.run_in_executor(pool, job)
        busy = await _lags(future.done)
        await future
        return idle, busy, time.perf_counter() - began, time.process_time() - cpu


def _quantile_ms(lags: list[float], share: float) -> float:
    return round(1000 * float(np.quantile(lags, share)), 2)


def measure() -> dict[str, Any]:
    """Return the measurements by the days of the history."""
    from custom_components.proof_of_heat.engine.jobs import learning
    from custom_components.proof_of_heat.engine.thread_yield import ThreadYield

    found: dict[str, Any] = {}
    for days in DAYS:
        history = _history(days)
        pace = ThreadYield(clock=time.thread_time)  # its own time: that of others on a busy machine does not count
        learning(history, None, 0.8, {}, pace)()
        idle, busy, seconds, cpu = asyncio.run(_learn(learning(history, None, 0.8, {})))
        before = _rss_mb()
        tracemalloc.start()
        learning(history, None, 0.8, {})()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        found[str(days)] = {
            "seconds": round(seconds, 2),
            "cpu_s": round(cpu, 2),
            "slices": pace.slices,
            "longest_slice_ms": round(1000 * pace.longest_s, 2),
            "lag_p99_ms": _quantile_ms(busy, 0.99),
            "lag_max_ms": _quantile_ms(busy, 1.0),
            "idle_lag_p99_ms": _quantile_ms(idle, 0.99),
            "idle_lag_max_ms": _quantile_ms(idle, 1.0),
            "memory_mb": round(peak / 1e6, 1),
            "rss_growth_mb": round(max(0.0, _rss_mb() - before), 1),
            "threads": _threads(),
        }
    return found


def table(found: dict[str, Any]) -> str:
    """Return the measurements as a Markdown table."""
    lines = [
        "| Learning from | seconds (CPU) | slices, longest | event loop late, 99 %: learning, idle | worst | memory |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for days, one in found.items():
        lines.append(
            f"| {days} days | {one['seconds']} ({one['cpu_s']}) | {one['slices']}, {one['longest_slice_ms']} ms"
            f" | {one['lag_p99_ms']}, {one['idle_lag_p99_ms']} ms"
            f" | {one['lag_max_ms']}, {one['idle_lag_max_ms']} ms | {one['memory_mb']} MB |"
        )
    lines.append("")
    lines.append("Goals: 60 days in less than 60 s of one core, 5 ms at a stretch, less than 60 MB, no further thread.")
    return "\n".join(lines)
