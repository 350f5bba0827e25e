"""Measures Home Assistant under 200 units with two outlets each (600 requests/s) and 1,000 heating controllers.

scripts/benchmark smart_outlet [--json FILE] [--seconds 60] [--units 200] [--controllers 1000] [--wild] [--kept]
scripts/benchmark smart_outlet --day --url URL --key KEY [--token TOKEN] [--cycles 43200]   see day.py

A real Home Assistant with recorder is started on core 0 and set up through its own flows; the devices run in this
process on core 1. CPU is utime + stime of the Home Assistant process, above what it uses idle in the same run.
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

import aiohttp

from scripts.tooling.demo.client import HomeAssistant
from scripts.tooling.ports import free_port

from . import day
from .load import Devices, Tally

ROOT = Path(__file__).resolve().parents[2]
_CALM_WITHIN_S = 240
_TICKS = os.sysconf("SC_CLK_TCK")
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
class Unit:
    """A unit that was set up."""

    ccu_id: str
    key: str
    outlets: list[str]


@dataclass(slots=True)
class Fleet:
    """All that was set up; controllers are id and key."""

    port: int
    units: list[Unit]
    controllers: dict[str, str]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What was written down at an earlier run."""
        data = json.loads(text)
        return cls(data["port"], [Unit(**unit) for unit in data["units"]], data["controllers"])


def _prepare(folder: Path, port: int) -> None:
    (folder / "configuration.yaml").write_text(_CONFIGURATION.format(port=port))
    components = folder / "custom_components"
    components.mkdir()
    for name in ("smart_outlet", "iot_heating"):
        (components / name).symlink_to(ROOT / "custom_components" / name)
    (components / "suite_probe").symlink_to(Path(__file__).parent / "probe")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def _add_units(ha: HomeAssistant, count: int) -> list[Unit]:
    units = []
    for number in range(count):
        ccu_id = f"{number:02X}"
        steps: tuple[dict[str, Any], ...] = (
            {"next_step_id": "ccu"},
            {"name": f"Unit {ccu_id}", "ccu_id": ccu_id, "accept_without_key": False},
            {},
        )
        results = await ha.flow_results("config/config_entries/flow", {"handler": "smart_outlet"}, *steps)
        key = next(r for r in results if r.get("step_id") == "key")["description_placeholders"]["device_key"]
        outlets = [f"{2 * number % 256:02X}", f"{(2 * number + 1) % 256:02X}"]
        for device_id in outlets:
            data = {"name": f"Outlet {ccu_id} {device_id}", "device_id": device_id}
            await ha.add_subentry(results[-1]["result"]["entry_id"], "outlet", data)
        units.append(Unit(ccu_id, key, outlets))
    return units


async def _add_controllers(ha: HomeAssistant, count: int) -> dict[str, str]:
    keys: dict[str, str] = {}
    for building in range(0, count, 100):
        entry = await ha.add_entry("iot_heating", {"name": f"Building {building}"})
        entry_id = entry["result"]["entry_id"]
        for number in range(building, min(count, building + 100)):
            device_id = f"ESP32-{number:04}"
            data = {"name": f"Controller {number}", "device_id": device_id}
            results = await ha.add_subentry(entry_id, "controller", data, {})
            shown = next(r for r in results if r.get("step_id") == "key")
            keys[device_id] = shown["description_placeholders"]["device_key"]
    return keys


async def _probe(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/suite_probe") as reply:
        found: dict[str, Any] = await reply.json()
        return found


async def _watch(pid: int, url: str, seconds: float) -> dict[str, Any]:
    """Let time pass and say what it took."""
    await _probe(url)
    started, before = time.monotonic(), _cpu_s(pid)
    await asyncio.sleep(seconds)
    cpu = (_cpu_s(pid) - before) / (time.monotonic() - started)
    found = await _probe(url)
    return {"cpu": cpu, "lag_s": found["lag_s"], "states_per_s": found["changes"] / seconds}


async def _set_up(args: argparse.Namespace, folder: Path, port: int) -> Fleet:
    """Configure everything through the flows, as users do, and stop again.

    A Home Assistant that was just configured writes its registries for minutes; what is measured is one that runs.
    """
    url = f"http://127.0.0.1:{port}"
    _prepare(folder, port)
    async with _started(folder), HomeAssistant.connect(url) as ha:
        await ha.wait_until_up()
        await ha.onboard("Bench", "bench", "bench")
        await ha.wait_until_running()
        # A port of one's own is taken back after five minutes unless somebody confirms it.
        await ha.call("http/config/promote")
        started = time.monotonic()
        units = await _add_units(ha, args.units)
        keys = await _add_controllers(ha, args.controllers)
        print(f"set up {len(units)} units, {len(keys)} controllers in {time.monotonic() - started:.0f} s", flush=True)
        await asyncio.sleep(3)
    return Fleet(port, units, keys)


@contextlib.asynccontextmanager
async def _started(folder: Path) -> AsyncGenerator[int]:
    """Home Assistant on core 0; its process id."""
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


async def _until_calm(pid: int) -> None:
    """Wait until Home Assistant has made up for the statistics that it missed while it was off, and all else."""
    calm, end = 0, time.monotonic() + _CALM_WITHIN_S
    while calm < 4 and time.monotonic() < end:
        before = _cpu_s(pid)
        await asyncio.sleep(2)
        calm = calm + 1 if _cpu_s(pid) - before < 0.2 else 0


async def _measure(args: argparse.Namespace, fleet: Fleet, pid: int) -> dict[str, Any]:
    url = f"http://127.0.0.1:{fleet.port}"
    async with HomeAssistant.connect(url) as ha:
        await ha.wait_until_up()
    await _until_calm(pid)
    idle = await _watch(pid, url, args.seconds / 2)
    devices = Devices(fleet.port, random.Random(1), wild=args.wild, kept=args.kept)
    tasks = [asyncio.create_task(devices.unit(u.key, u.ccu_id, u.outlets, 2.0)) for u in fleet.units]
    tasks += [asyncio.create_task(devices.controller(key, name, 30.0)) for name, key in fleet.controllers.items()]
    try:
        # The first values of all entities are written at once; what counts is the day after.
        await asyncio.sleep(args.settle)
        devices.tally = Tally()
        load = await _watch(pid, url, args.seconds)
        tally, devices.tally = devices.tally, Tally()
        # The same calls to a view that does nothing: what Home Assistant itself takes for them.
        devices.path = "/api/suite_probe/bare"
        await asyncio.sleep(2)
        bare = await _watch(pid, url, args.seconds / 2)
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
        known = folder / "fleet.json"
        if known.exists():
            fleet = Fleet.from_json(known.read_text())
        else:
            folder.mkdir(parents=True, exist_ok=True)
            fleet = await _set_up(args, folder, free_port())
            known.write_text(json.dumps(asdict(fleet)))
        async with _started(folder) as pid:
            return await _measure(args, fleet, pid)


def _day(args: argparse.Namespace) -> dict[str, Any]:
    lived = day.Unit(args.url, args.key, ccu_id=args.ccu_id, token=args.token).run(args.cycles)
    return lived.figures() | {"statuses": dict(lived.statuses)}


def main() -> int:
    """Command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here too")
    parser.add_argument("--seconds", type=float, default=60, help="of the measurement (60)")
    parser.add_argument("--settle", type=float, default=30, help="seconds before it (30)")
    parser.add_argument("--wild", action="store_true", help="every value of every report changes beyond all thresholds")
    parser.add_argument("--kept", action="store_true", help="devices keep their connections")
    parser.add_argument("--folder", type=Path, help="keep the configuration here and use it again (set-up is slow)")
    parser.add_argument("--day", action="store_true", help="a day's cycles of one unit against a running demo")
    parser.add_argument("--url", default="http://127.0.0.1:8123", help="of that demo")
    parser.add_argument("--key", default="", help="of its unit (scripts/demo --json tells it)")
    parser.add_argument("--ccu-id", default="01")
    parser.add_argument("--token", default="", help="a user's: then sockets are switched, too")
    parser.add_argument("--cycles", type=int, default=day.CYCLES)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--controllers", type=int, default=1000)
    args = parser.parse_args()
    if args.smoke:
        args.units, args.controllers, args.seconds, args.settle = 2, 2, 2.0, 0.0
    result = _day(args) if args.day else asyncio.run(_run(args))
    print(f"{'':<18}{'measured':>12}{'goal':>12}{'ratio':>8}")
    for name, value in result.items():
        if isinstance(value, (int, float)):
            goal = _GOALS.get(name)
            told = f"{goal:>12.2f}{value / goal:>8.2f}" if goal else (f"{0:>12}" if goal == 0 else "")
            print(f"{name:<18}{value:>12.2f}{told}")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    return int(any(result.get(name, 0.0) > goal for name, goal in _GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
