"""Measures edge_telemetry against Home Assistant's discovered JSON sensors on the same broker, and the archive.

scripts/benchmark telemetry [--json FILE] [--part cpu|flow|latency|archive …] [--seconds 8] [--rounds 3]

Home Assistant has the first core for itself; broker, generator and database server run on the second.
"""

import argparse
import asyncio
from collections.abc import Iterator
import json
import os
from pathlib import Path
import tempfile
from typing import Any

from tests.mosquitto import Mosquitto
from tests.postgresql import UnavailableError, postgres_server

from .archive_rates import measure
from .cells import measure_cpu, measure_flow, measure_latency

_ROWS = 86_400


PARTS = {"cpu": measure_cpu, "flow": measure_flow, "latency": measure_latency}


async def run_cells(args: argparse.Namespace, temp: Path) -> dict[str, Any]:
    """The parts that need a broker."""
    broker = Mosquitto(temp)
    await broker.start()
    results: dict[str, Any] = {}
    for name, part in PARTS.items():
        if name in args.part:
            results |= await part(args, broker.port, temp)
    await broker.stop()
    return results


def run_archive(temp: Path, rows: int) -> dict[str, Any]:
    """The archive alone: the writing process has the first core, the server the second."""
    results: dict[str, Any] = {"sqlite": _on_first_core(f"sqlite:///{temp}/rates.db", rows)}
    try:
        with postgres_server() as server:
            results["postgresql"] = _on_first_core(server.url, rows)
    except UnavailableError as err:
        results["postgresql"] = {"skipped": str(err)}
    return results


def _on_first_core(url: str, rows: int) -> dict[str, float]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {0})
    try:
        return measure(url, rows)
    finally:
        os.sched_setaffinity(0, before)


type Line = tuple[str, str, str]


def _cpu_lines(found: dict[str, Any]) -> Iterator[Line]:
    def cpu(name: str) -> str:
        return f"{found[f'{name}_us']:.0f} us = {found[f'{name}_ratio']:.2f}x"

    yield "discovered JSON sensors, CPU per message", f"{found['discovery_us']:.0f} us", "reference"
    yield "edge_telemetry, CPU per message", cpu("edge"), "<= 0.5x"
    yield "  with SQLite archive", cpu("edge_archive"), ""
    yield "  with a dead database", cpu("edge_dead_database"), f"no archive: {found['edge_us']:.0f} us"


def _flow_lines(found: dict[str, Any]) -> Iterator[Line]:
    threads = ", ".join(f"{name} {share:.0%}" for name, share in found["flow_threads"].items())
    lag = f"{found['flow_lag_p99_ms']:.0f} / {found['flow_lag_max_ms']:.0f} ms"
    yield "3,000 messages/s, recorder and archive: taken", f"{found['flow_share']:.1%}", "100 %"
    yield "  of one core", f"{found['flow_cpu_share']:.0%}", threads
    yield "  states written per s, rows dropped", f"{found['flow_writes_per_s']:.0f}, {found['flow_dropped']}", ""
    yield "  event-loop lag p99 / max", lag, f"longest garbage collection {found['flow_longest_gc_ms']:.0f} ms"


def _latency_lines(found: dict[str, Any]) -> Iterator[Line]:
    times = " / ".join(f"{found[f'latency_{name}_ms']:.1f}" for name in ("p50", "p99", "max"))
    yield (
        "publish -> state at 1,000/s, p50 / p99 / max",
        f"{times} ms ({found['latency_count']} values)",
        "p99 < 50 ms",
    )
    yield (
        "  of one core, states written per s, lag p99",
        f"{found['latency_cpu_share']:.0%}, {found['latency_writes_per_s']:.0f}, {found['latency_lag_p99_ms']:.0f} ms",
        f"longest garbage collection {found['latency_longest_gc_ms']:.0f} ms",
    )


def _archive_lines(found: dict[str, Any]) -> Iterator[Line]:
    for name, goal in (("sqlite", ">= 5,000"), ("postgresql", ">= 10,000")):
        if "skipped" in found[name]:
            yield f"archive, {name}", found[name]["skipped"], goal
            continue
        cpu = f"{found[name]['cpu_us_per_row']:.0f} us CPU a row"
        yield f"archive, {name}", f"{found[name]['rows_per_s']:,.0f} rows/s, {cpu}", goal
        yield "  a day by hour", f"{found[name]['day_by_hour_ms']:.0f} ms", "< 200 ms"


LINES = {
    "cpu": _cpu_lines,
    "flow": _flow_lines,
    "latency": _latency_lines,
    "archive": _archive_lines,
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the results there, too")
    parser.add_argument("--part", nargs="+", choices=LINES, default=list(LINES), help="what to measure")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each cell")
    parser.add_argument("--rounds", type=int, default=3, help="of each CPU cell; the median counts")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    args = parser.parse_args()
    if args.smoke:
        args.part, args.seconds, args.rounds = ["flow", "archive"], 1.0, 1
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(prefix="bench-telemetry-") as temp:
        results = asyncio.run(run_cells(args, Path(temp)))
        if "archive" in args.part:
            results |= run_archive(Path(temp), _ROWS // 20 if args.smoke else _ROWS)
    for part in args.part:
        for what, value, goal in LINES[part](results):
            print(f"{what:<52}{value:<36}{goal}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
