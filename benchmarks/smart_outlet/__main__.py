"""Measures Home Assistant with 200 CCUs of two outlets each (600 requests/s) and 1,000 heating controllers.

scripts/benchmark smart_outlet [--smoke] [--json FILE] [--seconds 60] [--units 200] [--controllers 1000]
                               [--wild] [--kept]
scripts/benchmark smart_outlet --day --url URL --key KEY [--token TOKEN] [--cycles 43200]   see day.py

A real Home Assistant with recorder is started on core 0 and set up through its config flows; the devices run in this
process on core 1. CPU is utime + stime of the Home Assistant process, above its idle use in the same run.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator
import contextlib
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import random
import sys
import tempfile
import time
from typing import Any, Self

from benchmarks.measuring import PROBE, PROBE_DOMAIN, process_cpu_s, read_probe
from scripts.tooling.demo.client import HomeAssistant
from scripts.tooling.ports import free_port

from . import day
from .load import Devices, Tally

ROOT = Path(__file__).resolve().parents[2]
_IDLE_WITHIN_S = 240
_CONFIGURATION = """\
homeassistant:
  name: Benchmark
  latitude: 45.0
  longitude: 8.0
  time_zone: Europe/Rome
  unit_system: metric
api:
config:
http:
  server_port: {port}
  server_host: 127.0.0.1
logger:
  default: error
recorder:
suite_probe:
"""
_GOALS = {"cpu_above_idle": 0.25, "p99_ms": 25.0, "lag_max_ms": 50.0, "errors": 0.0}


@dataclass(slots=True)
class CcuSetup:
    """A Central Control Unit that was set up."""

    ccu_id: str
    key: str
    outlets: list[str]


@dataclass(slots=True)
class Fleet:
    """Everything that was set up; controllers are keys by ID."""

    port: int
    ccus: list[CcuSetup]
    controllers: dict[str, str]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the set-up of an earlier run."""
        data = json.loads(text)
        return cls(data["port"], [CcuSetup(**ccu) for ccu in data["ccus"]], data["controllers"])


def _prepare(folder: Path, port: int) -> None:
    (folder / "configuration.yaml").write_text(_CONFIGURATION.format(port=port))
    components = folder / "custom_components"
    components.mkdir()
    for name in ("smart_outlet", "iot_heating"):
        (components / name).symlink_to(ROOT / "custom_components" / name)
    (components / PROBE_DOMAIN).symlink_to(PROBE)


async def _add_ccus(ha: HomeAssistant, count: int) -> list[CcuSetup]:
    ccus = []
    for number in range(count):
        ccu_id = f"{number:02X}"
        steps: tuple[dict[str, Any], ...] = (
            {"next_step_id": "ccu"},
            {"name": f"CCU {ccu_id}", "ccu_id": ccu_id, "accept_without_key": False},
            {},
        )
        results = await ha.flow_results("config/config_entries/flow", {"handler": "smart_outlet"}, *steps)
        key = next(r for r in results if r.get("step_id") == "key")["description_placeholders"]["device_key"]
        outlets = [f"{2 * number % 256:02X}", f"{(2 * number + 1) % 256:02X}"]
        for device_id in outlets:
            data = {"name": f"Outlet {ccu_id} {device_id}", "device_id": device_id}
            await ha.add_subentry(results[-1]["result"]["entry_id"], "outlet", data)
        ccus.append(CcuSetup(ccu_id, key, outlets))
    return ccus


async def _add_controllers(ha: HomeAssistant, count: int) -> dict[str, str]:
    keys: dict[str, str] = {}
    for building in range(0, count, 100):
        entry = await ha.add_entry("iot_heating", {"name": f"Building {building}"})
        entry_id = entry["result"]["entry_id"]
        for number in range(building, min(count, building + 100)):
            device_id = f"ESP32-{number:04}"
            data = {"name": f"Controller {number}", "device_id": device_id}
            results = await ha.add_subentry(entry_id, "controller", data, {})
            key_step = next(r for r in results if r.get("step_id") == "key")
            keys[device_id] = key_step["description_placeholders"]["device_key"]
    return keys


async def _observe(pid: int, url: str, seconds: float) -> dict[str, Any]:
    """Return CPU use, event loop delay and state writes over a time."""
    await read_probe(url)
    started, before = time.monotonic(), process_cpu_s(pid)
    await asyncio.sleep(seconds)
    cpu = (process_cpu_s(pid) - before) / (time.monotonic() - started)
    probe = await read_probe(url)
    return {"cpu": cpu, "lag_s": probe["lag_s"], "states_per_s": probe["changes"] / seconds}


async def _set_up(args: argparse.Namespace, folder: Path, port: int) -> Fleet:
    """Configure everything through the flows, as users do, and stop Home Assistant.

    After the configuration Home Assistant writes its registries for minutes; a restarted one is measured.
    """
    url = f"http://127.0.0.1:{port}"
    _prepare(folder, port)
    async with _started(folder), HomeAssistant.connect(url) as ha:
        await ha.wait_until_up()
        await ha.onboard("Bench", "bench", "bench")
        await ha.wait_until_running()
        # Home Assistant reverts a custom port after five minutes unless it is confirmed.
        await ha.call("http/config/promote")
        started = time.monotonic()
        ccus = await _add_ccus(ha, args.units)
        keys = await _add_controllers(ha, args.controllers)
        print(f"set up {len(ccus)} CCUs, {len(keys)} controllers in {time.monotonic() - started:.0f} s", flush=True)
        await asyncio.sleep(3)
    return Fleet(port, ccus, keys)


@contextlib.asynccontextmanager
async def _started(folder: Path) -> AsyncGenerator[int]:
    """Run Home Assistant on core 0; yields its process ID."""
    command = [sys.executable, "-m", "homeassistant", "--config", str(folder), "--skip-pip"]
    with (folder / "stderr.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            "taskset", "-c", "0", *command, cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=log
        )
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _wait_until_idle(pid: int) -> None:
    """Wait until Home Assistant has compiled missing statistics and finished all other work of its start."""
    idle_checks, end = 0, time.monotonic() + _IDLE_WITHIN_S
    while idle_checks < 4 and time.monotonic() < end:
        before = process_cpu_s(pid)
        await asyncio.sleep(2)
        idle_checks = idle_checks + 1 if process_cpu_s(pid) - before < 0.2 else 0


async def _measure(args: argparse.Namespace, fleet: Fleet, pid: int) -> dict[str, Any]:
    url = f"http://127.0.0.1:{fleet.port}"
    async with HomeAssistant.connect(url) as ha:
        await ha.wait_until_up()
    await _wait_until_idle(pid)
    idle = await _observe(pid, url, args.seconds / 2)
    devices = Devices(fleet.port, random.Random(1), wild=args.wild, kept=args.kept)
    tasks = [asyncio.create_task(devices.ccu(c.key, c.ccu_id, c.outlets, 2.0)) for c in fleet.ccus]
    tasks += [asyncio.create_task(devices.controller(key, name, 30.0)) for name, key in fleet.controllers.items()]
    try:
        # The first values of all entities are written at once and are not measured.
        await asyncio.sleep(args.settle)
        devices.tally = Tally()
        load = await _observe(pid, url, args.seconds)
        tally, devices.tally = devices.tally, Tally()
        # The same requests to a view that does nothing: the cost of Home Assistant itself.
        devices.path = "/api/suite_probe/bare"
        await asyncio.sleep(2)
        bare = await _observe(pid, url, args.seconds / 2)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    wrong = sum(count for status, count in tally.statuses.items() if status != 200) + tally.failed
    return {
        "requests_per_s": len(tally.seconds) / args.seconds,
        "idle_cpu": idle["cpu"],
        "load_cpu": load["cpu"],
        "cpu_above_idle": load["cpu"] - idle["cpu"],
        "bare_above_idle": bare["cpu"] - idle["cpu"],
        "p50_ms": tally.percentile_ms(0.5),
        "p99_ms": tally.percentile_ms(0.99),
        "max_ms": tally.percentile_ms(1.0),
        "lag_p99_ms": 1000 * load["lag_s"]["p99"],
        "lag_max_ms": 1000 * load["lag_s"]["max"],
        "idle_lag_max_ms": 1000 * idle["lag_s"]["max"],
        "states_per_s": load["states_per_s"],
        "machine_load": os.getloadavg()[0],
        "errors": wrong,
        "statuses": {str(status): count for status, count in tally.statuses.items()},
    }


async def _run(args: argparse.Namespace) -> dict[str, Any]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        folder = args.folder or Path(name)
        stored = folder / "fleet.json"
        if stored.exists():
            fleet = Fleet.from_json(stored.read_text())
        else:
            folder.mkdir(parents=True, exist_ok=True)
            fleet = await _set_up(args, folder, free_port())
            stored.write_text(json.dumps(asdict(fleet)))
        async with _started(folder) as pid:
            return await _measure(args, fleet, pid)


def _day(args: argparse.Namespace) -> dict[str, Any]:
    played = day.CcuClient(args.url, args.key, ccu_id=args.ccu_id, token=args.token).run(args.cycles)
    return played.figures() | {"statuses": dict(played.statuses)}


def main() -> int:
    """Run the command line; returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results to this file")
    parser.add_argument("--seconds", type=float, default=60, help="duration of the measurement (60)")
    parser.add_argument("--settle", type=float, default=30, help="seconds before the measurement (30)")
    parser.add_argument("--wild", action="store_true", help="every value of every report changes beyond all thresholds")
    parser.add_argument("--kept", action="store_true", help="devices use persistent connections")
    parser.add_argument("--folder", type=Path, help="keep the configuration here and reuse it (set-up is slow)")
    parser.add_argument("--day", action="store_true", help="play a day of one CCU against a running demo")
    parser.add_argument("--url", default="http://127.0.0.1:8123", help="URL of the demo")
    parser.add_argument("--key", default="", help="key of its CCU (printed by scripts/demo --json)")
    parser.add_argument("--ccu-id", default="01")
    parser.add_argument("--token", default="", help="token of a user who switches sockets")
    parser.add_argument("--cycles", type=int, default=day.CYCLES)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    parser.add_argument("--units", type=int, default=200, help="number of CCUs (200)")
    parser.add_argument("--controllers", type=int, default=1000, help="number of heating controllers (1000)")
    args = parser.parse_args()
    if args.smoke:
        args.units, args.controllers, args.seconds, args.settle = 2, 2, 2.0, 0.0
    result = _day(args) if args.day else asyncio.run(_run(args))
    print(f"{'':<18}{'measured':>12}{'goal':>12}{'ratio':>8}")
    for name, value in result.items():
        if isinstance(value, (int, float)):
            goal = _GOALS.get(name)
            comparison = f"{goal:>12.2f}{value / goal:>8.2f}" if goal else (f"{0:>12}" if goal == 0 else "")
            print(f"{name:<18}{value:>12.2f}{comparison}")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    # Tiny sizes measure nothing: what counts is that nothing failed.
    goals = {"errors": _GOALS["errors"]} if args.smoke else _GOALS
    return int(any(result.get(name, 0.0) > goal for name, goal in goals.items()))


if __name__ == "__main__":
    sys.exit(main())
