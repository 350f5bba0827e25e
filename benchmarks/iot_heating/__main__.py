"""Measure the device-sync API.

    scripts/benchmark iot_heating [--quick] [--part ratios|kept|memory|fleet] [--controllers 50] [--json FILE]

Server on CPU 0, load on CPU 1. Ratios are of CPU time per request in one run (median of rounds): requests a second
depend on the machine, these hardly. Goals: 0.85 of a bare view unchanged, 0.70 with five changed entities, recorder
on 0.8 of off, 1,000 controllers at 30 s within 10 % of a core above idle with p99 < 25 ms, loop lag < 50 ms.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
import json
import os
from pathlib import Path
from statistics import median
import tempfile
from typing import Any

from . import load
from .house import House, running

_CLIENTS = 50
_KINDS = ("same", "changing", "toggling")


async def settle(house: House) -> None:
    """Wait until the recorder and the telemetry log have written what they have."""
    async with asyncio.timeout(120):
        while True:
            before = house.cpu_s()
            await asyncio.sleep(1)
            if house.cpu_s() - before < 0.05:
                return


async def cells(house: House, rounds: int, seconds: float, devices: int, *, kept: bool) -> dict[str, float]:
    """CPU microseconds per request of each kind.

    A kind and the bare views take turns in short cells, so that a machine that changes its speed changes it for
    all; the ratio is the median of the rounds' ratios.
    """
    answer: dict[str, float] = {}
    bare_us: list[float] = []
    lag: dict[str, float] = {}
    for kind in _KINDS:
        turns: dict[str, list[float]] = {"bare": [], "path": [], kind: []}
        # Every controller is in the state that it will report: what is measured begins after the change to it, and
        # after the telemetry log's allowance for a burst is used up.
        await load.closed(house.port, kind, _CLIENTS, seconds * 4, devices, kept=kept)
        await settle(house)
        for _ in range(rounds):
            for name, spent in turns.items():
                await house.lag()
                before = house.cpu_s()
                outcome = await load.closed(house.port, name, _CLIENTS, seconds, devices, kept=kept)
                spent.append((house.cpu_s() - before) / max(1, outcome.requests) * 1e6)
                if outcome.errors or not outcome.requests:
                    raise RuntimeError(f"{name}: {outcome.errors} errors in {outcome.requests} requests")
                now = await house.lag()
                for figure in ("max", "work_max", "gc_max"):
                    key = f"{kind}_lag_{figure}_ms" if name == kind else f"bare_lag_{figure}_ms"
                    lag[key] = max(lag.get(key, 0.0), now[f"{figure}_ms"])
        answer[f"{kind}_us"] = median(turns[kind])
        for name in ("bare", "path"):
            answer[f"{kind}_to_{name}"] = median(b / own for b, own in zip(turns[name], turns[kind], strict=True))
        bare_us += turns["bare"]
    return answer | lag | {"bare_us": median(bare_us)}


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


async def ratios(temp: Path, *, quick: bool, controllers: int, kept: bool = False) -> dict[str, Any]:
    """CPU per request compared with the bare view, recorder off and on; each on its own connection, like controllers.

    500 controllers are set up; 50 clients call for ``controllers`` of them in turn. The more, the less of what a call
    needs is still in a cache of the CPU.
    """
    rounds, seconds = (5, 1.0) if quick else (10, 1.0)
    answer: dict[str, Any] = {}
    for recorder in (False, True):
        name = "recorder_on" if recorder else "recorder_off"
        async with running(temp / f"{name}{'_kept' if kept else ''}", 500, recorder=recorder) as house:
            answer[name] = await cells(house, rounds, seconds, controllers, kept=kept)
    off, on = answer["recorder_off"], answer["recorder_on"]
    # Both compared with the bare view of the same run.
    answer["recorder"] = {"changing_on_to_off": on["changing_to_bare"] / off["changing_to_bare"]}
    return answer


async def kept(temp: Path, *, quick: bool, controllers: int) -> dict[str, Any]:
    """The same over connections that stay open: less of it is the connection's, more the view's."""
    found = await ratios(temp, quick=quick, controllers=controllers, kept=True)
    return {f"{name}_kept": figures for name, figures in found.items()}


async def memory(temp: Path, **_: Any) -> dict[str, Any]:
    """What controllers and their entities take."""
    async with running(temp / "empty", 0, recorder=False) as house:
        empty_mb = house.pss_mb()
    async with running(temp / "full", 500, recorder=False) as house:
        full_mb = house.pss_mb() - empty_mb
    entities = 500 * ENTITIES
    return {
        "memory": {"empty_mb": empty_mb, "mb_500_controllers": full_mb, "mb_per_100_entities": full_mb / entities * 100}
    }


async def fleet(temp: Path, *, quick: bool, **_: Any) -> dict[str, Any]:
    """A thousand controllers at their pace."""
    async with running(temp / "fleet", 1000, recorder=True) as house:
        return {"fleet_1000": await at_pace(house, 30.0 if quick else 90.0, 1000)}


async def smoke(temp: Path, **_: Any) -> dict[str, Any]:
    """Every kind of request for a moment, to a few controllers."""
    async with running(temp / "smoke", 50, recorder=True) as house:
        return {"smoke": await cells(house, 1, 0.2, 50, kept=False)}


PARTS: dict[str, Callable[..., Coroutine[Any, Any, dict[str, Any]]]] = {
    "ratios": ratios,
    "kept": kept,
    "memory": memory,
    "fleet": fleet,
    "smoke": smoke,
}
MEASURED = ("ratios", "kept", "memory", "fleet")
ENTITIES = 19
"""Of a controller without energy, those that are on by default."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--controllers", type=int, default=_CLIENTS, help="that call in the ratios (50, at most 500)")
    parser.add_argument("--part", choices=MEASURED, action="append", help="measure this only (may be repeated)")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    args = parser.parse_args()
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    answer: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temp:
        for part in ["smoke"] if args.smoke else args.part or MEASURED:
            answer |= asyncio.run(PARTS[part](Path(temp), quick=args.quick, controllers=min(500, args.controllers)))
    for part, figures in answer.items():
        print(part)
        for name, value in figures.items():
            print(f"  {name:<26}{value:>10.2f}")
    if args.json:
        args.json.write_text(json.dumps(answer, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
