"""Measure the device-sync API.

    scripts/benchmark iot_heating [--quick] [--part ratios|memory|fleet] [--json FILE]

Server on CPU 0, load on CPU 1. Ratios are of CPU time per request in one run (median of rounds): requests a second
depend on the machine, these hardly. Goals: 0.85 of a bare view unchanged, 0.70 with five changed entities, recorder
on 0.8 of off, 1,000 controllers at 30 s within 10 % of a core above idle with p99 < 25 ms, loop lag < 50 ms.
"""

import argparse
import asyncio
import json
import os
from pathlib import Path
from statistics import median
import tempfile
from typing import Any

from . import load
from .house import House, running

_CLIENTS = 50
_KINDS = ("bare", "path", "same", "changing", "toggling")


async def settle(house: House) -> None:
    """Wait until the recorder and the telemetry log have written what they have."""
    async with asyncio.timeout(120):
        while True:
            before = house.cpu_s()
            await asyncio.sleep(1)
            if house.cpu_s() - before < 0.05:
                return


async def cells(house: House, rounds: int, seconds: float, devices: int) -> dict[str, float]:
    """CPU microseconds per request of each kind, interleaved."""
    found: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    lags: list[float] = []
    for number in range(rounds + 1):
        for kind in _KINDS:
            await settle(house)
            await house.lag()
            before = house.cpu_s()
            outcome = await load.closed(house.port, kind, _CLIENTS, seconds, devices)
            cpu = house.cpu_s() - before
            if outcome.errors or not outcome.requests:
                raise RuntimeError(f"{kind}: {outcome.errors} errors in {outcome.requests} requests")
            if number == 0:
                continue  # the first round fills caches and the allowance of the telemetry log
            found[kind].append(cpu / outcome.requests * 1e6)
            if kind not in ("bare", "path"):
                lags.append((await house.lag())["max_ms"])
    return {kind: median(values) for kind, values in found.items()} | {"lag_max_ms": max(lags)}


async def at_pace(house: House, seconds: float, devices: int) -> dict[str, float]:
    """The fleet at 30 s: share of a core above idle, latency, lag."""
    before = house.cpu_s()
    await asyncio.sleep(10)
    idle = (house.cpu_s() - before) / 10
    await house.lag()
    before = house.cpu_s()
    outcome = await load.fleet(house.port, devices, 30, seconds)
    busy = (house.cpu_s() - before) / outcome.seconds
    lag = await house.lag()
    return {
        "requests": outcome.requests,
        "errors": outcome.errors,
        "idle_percent": idle * 100,
        "above_idle_percent": (busy - idle) * 100,
        "p50_ms": outcome.percentile_ms(0.5),
        "p99_ms": outcome.percentile_ms(0.99),
        "lag_p99_ms": lag["p99_ms"],
        "lag_max_ms": lag["max_ms"],
    }


async def ratios(temp: Path, *, quick: bool) -> dict[str, Any]:
    """CPU per request beside the bare view, recorder off and on."""
    rounds, seconds = (3, 2.0) if quick else (5, 3.0)
    answer: dict[str, Any] = {}
    for recorder in (False, True):
        name = "recorder_on" if recorder else "recorder_off"
        async with running(temp / name, 500, recorder=recorder) as house:
            answer[name] = await cells(house, rounds, seconds, 500)
    off, on = answer["recorder_off"], answer["recorder_on"]
    answer["ratios"] = {
        "same_to_bare": off["bare"] / off["same"],
        "same_to_path": off["path"] / off["same"],
        "changing_to_bare": off["bare"] / off["changing"],
        "changing_to_path": off["path"] / off["changing"],
        "toggling_to_bare": off["bare"] / off["toggling"],
        "recorder_on_to_off": off["changing"] / on["changing"],
    }
    return answer


async def memory(temp: Path, *, quick: bool) -> dict[str, Any]:
    """What controllers and their entities take."""
    async with running(temp / "empty", 0, recorder=False) as house:
        empty_mb = house.pss_mb()
    async with running(temp / "full", 500, recorder=False) as house:
        full_mb = house.pss_mb() - empty_mb
    entities = 500 * ENTITIES
    return {
        "memory": {"empty_mb": empty_mb, "mb_500_controllers": full_mb, "mb_per_100_entities": full_mb / entities * 100}
    }


async def fleet(temp: Path, *, quick: bool) -> dict[str, Any]:
    """A thousand controllers at their pace."""
    async with running(temp / "fleet", 1000, recorder=True) as house:
        return {"fleet_1000": await at_pace(house, 30.0 if quick else 90.0, 1000)}


PARTS = {"ratios": ratios, "memory": memory, "fleet": fleet}
ENTITIES = 19
"""Of a controller without energy, those that are on by default."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--part", choices=PARTS, action="append", help="measure this only (may be repeated)")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    args = parser.parse_args()
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    answer: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temp:
        for part in args.part or PARTS:
            answer |= asyncio.run(PARTS[part](Path(temp), quick=args.quick))
    for part, figures in answer.items():
        print(part)
        for name, value in figures.items():
            print(f"  {name:<26}{value:>10.2f}")
    if args.json:
        args.json.write_text(json.dumps(answer, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
