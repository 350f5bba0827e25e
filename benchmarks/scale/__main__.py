"""A large house: 12 power stations, 8 heat sources and 40 controllers in one Home Assistant: its start and its running.

scripts/benchmark scale [--stations 12] [--sources 8] [--controllers 40] [--seconds 120] [--profile FILE] [--json FILE]

The demo is started and extended through the flows; Home Assistant is killed and started again, which is measured: CPU
until it is running and in the minute after, delay of the event loop, garbage collections, and the CPU while devices
report. The reference is the demo itself in the same run (--reference), started in the same way.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
import json
from pathlib import Path
import random
import shutil
import sys
import tempfile
import time
from typing import Any, Final

import aiohttp

from benchmarks.measuring import PROBE, PROBE_DOMAIN, process_cpu_s, read_probe
from benchmarks.outages.house import House
from benchmarks.smart_outlet.load import Devices
from scripts.tooling.demo.client import HomeAssistant
from scripts.tooling.demo.plugin import SimulatorSpec
from scripts.tooling.demo.process import running
from scripts.tooling.ports import free_port

_MODELS: Final = ("delta_pro", "delta_2", "delta_pro_3", "delta_3")
_LOOPBACK: Final = "127.0.0.1"
_DEMO_STATIONS, _DEMO_SOURCES, _DEMO_CONTROLLERS = 3, 4, 2


def _memory_mb(pid: int) -> float:
    rows = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmRSS")) / 1024


async def _add_stations(house: House, count: int) -> None:
    """Add power stations to the simulated account; Home Assistant finds them at its start."""
    control = next(device for device in house.info["devices"] if device["domain"] == "ecoflow")["simulator"]["control"]
    async with aiohttp.ClientSession() as session:
        for number in range(count):
            model = _MODELS[number % len(_MODELS)]
            url = f"http://{control['host']}:{control['port']}/do/add"
            async with session.post(url, json={"model": model}) as reply:
                reply.raise_for_status()


def _source(number: int) -> tuple[SimulatorSpec, list[dict[str, Any]]]:
    """Return a heat source's simulator and the steps of its flow."""
    port = free_port()
    address = ["--host", _LOOPBACK, "--port", str(port)]
    if number % 2:
        spec = SimulatorSpec(f"boiler_{number}", "modbus_boiler", [*address, "--device", "froeling"], (_LOOPBACK, port))
        fields = {"template": "froeling_lambdatronic", "address": _LOOPBACK, "port": port, "unit_id": 1}
        return spec, [{"next_step_id": "modbus"}, {**fields, "nominal_heat": 15000, "fuel_price": 0.09}, {}]
    mac = f"02:00:00:D0:01:{number:02X}"
    spec = SimulatorSpec(f"bitaxe_{number}", "bitaxe", [*address, "--mac", mac], (_LOOPBACK, port))
    fields = {"address": _LOOPBACK, "advanced": {"port": port}, "idle_on_release": True}
    return spec, [{"next_step_id": "miner"}, fields]


async def _add_controllers(ha: HomeAssistant, count: int) -> dict[str, str]:
    """Add a building with controllers; return their keys."""
    keys = {}
    entry_id = (await ha.add_entry("iot_heating", {"name": "Large building"}))["result"]["entry_id"]
    for number in range(count):
        device_id = f"ESP32-{number + 100}"
        results = await ha.add_subentry(entry_id, "controller", {"name": device_id, "device_id": device_id}, {})
        step = next(result for result in results if result.get("step_id") == "key")
        keys[device_id] = step["description_placeholders"]["device_key"]
    return keys


def _add_probe(house: House) -> None:
    """Add the probe to the configuration; it runs from the next start on."""
    shutil.copytree(PROBE, house.folder / "custom_components" / PROBE_DOMAIN)
    configuration = house.folder / "configuration.yaml"
    configuration.write_text(f"{configuration.read_text('utf-8')}\n{PROBE_DOMAIN}:\n  stacks: true\n", "utf-8")


async def _restart(house: House, after_s: float) -> dict[str, Any]:
    """Kill Home Assistant, start it again, and return what the start and the time after it cost."""
    await house.kill_server()
    began = time.monotonic()
    await house.start_server()
    pid, until_running = house.server.pid, time.monotonic() - began
    cpu_running = process_cpu_s(pid)
    at_start = await read_probe(house.info["url"])
    await asyncio.sleep(after_s)
    after = await read_probe(house.info["url"], census=True)
    return {
        "seconds_until_running": round(until_running, 1),
        "cpu_s_until_running": round(cpu_running, 1),
        "cpu_s_minute_after": round(process_cpu_s(pid) - cpu_running, 1),
        "lag_ms_until_running": _ms(at_start["lag_s"]),
        "lag_ms_minute_after": _ms(after["lag_s"]),
        "collections": [*at_start["collections"], *after["collections"]],
        "stacks": [*at_start["stacks"], *after["stacks"]],
        "setup_s": await _setup_times(house),
        "census": after["census"],
    }


async def _setup_times(house: House) -> dict[str, float]:
    """Return how long the set-up of each integration took, the longest ones."""
    async with house.client() as ha:
        rows = await ha.call("integration/setup_info")
    found = {row["domain"]: round(row["seconds"], 2) for row in rows if row.get("seconds")}
    return dict(sorted(found.items(), key=lambda item: -item[1])[:12])


def _ms(lags: dict[str, float]) -> dict[str, float]:
    return {name: round(lag * 1000, 1) for name, lag in lags.items()}


async def _run(house: House, seconds: float, profile: Path | None) -> dict[str, Any]:
    """Return what running costs."""
    await read_probe(house.info["url"])
    pid, began = house.server.pid, time.monotonic()
    before = process_cpu_s(pid)
    if profile is not None:
        command = [
            "py-spy",
            "record",
            "-p",
            str(pid),
            "-d",
            str(int(seconds)),
            "-r",
            "50",
            "-f",
            "raw",
            "-o",
            str(profile),
        ]
        child = await asyncio.create_subprocess_exec(*command)
        await child.wait()
    else:
        await asyncio.sleep(seconds)
    cpu = (process_cpu_s(pid) - before) / (time.monotonic() - began)
    probe = await read_probe(house.info["url"])
    return {
        "cpu_percent": round(cpu * 100, 1),
        "lag_ms": _ms(probe["lag_s"]),
        "lags_over_50_ms": probe["lags_over_50_ms"],
        "states_per_s": round(probe["changes"] / seconds, 1),
        "collections": probe["collections"],
        "stacks": probe["stacks"],
        "memory_mb": round(_memory_mb(pid), 1),
    }


@asynccontextmanager
async def _calling(house: House, keys: dict[str, str]) -> AsyncGenerator[Devices]:
    """Let the controllers call every 30 s as long as the context lasts."""
    devices = Devices(house.port, random.Random(1))
    tasks = [asyncio.create_task(devices.controller(key, name, 30.0)) for name, key in keys.items()]
    try:
        yield devices
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = {}
    options = ("--no-history",) if args.smoke else ()
    async with House.running(folder, *options) as house, AsyncExitStack() as stack:
        _add_probe(house)
        if args.reference:
            result["demo"] = {"start": await _restart(house, args.after), "run": await _run(house, args.seconds, None)}
        await _add_stations(house, args.stations - _DEMO_STATIONS)
        async with house.client() as ha:
            system = house.info["entries"]["proof_of_heat"][0]
            for number in range(args.sources - _DEMO_SOURCES):
                spec, steps = _source(number)
                await stack.enter_async_context(running(spec))
                await ha.add_subentry(system, "source", *steps)
            keys = await _add_controllers(ha, args.controllers - _DEMO_CONTROLLERS)
        await asyncio.sleep(15)  # registries are saved ten seconds later
        async with _calling(house, keys) as devices:
            start = await _restart(house, args.after)
            run = await _run(house, args.seconds, args.profile)
            answers = {str(status): count for status, count in devices.tally.statuses.items()}
            calls = {"p99_ms": round(devices.tally.percentile_ms(0.99), 1), "answers": answers}
        async with house.client() as ha:
            states = await ha.get("states")
        result["large"] = {"start": start, "run": run, "calls": calls, "states": len(states)}
    return result


def _print(name: str, result: dict[str, Any]) -> None:
    start, run = result["start"], result["run"]
    print(f"\n{name}")
    for part, key in (
        (start, "seconds_until_running"),
        (start, "cpu_s_until_running"),
        (start, "cpu_s_minute_after"),
        (start, "lag_ms_until_running"),
        (start, "lag_ms_minute_after"),
        (run, "cpu_percent"),
        (run, "lag_ms"),
        (run, "lags_over_50_ms"),
        (run, "states_per_s"),
        (run, "memory_mb"),
    ):
        print(f"  {key:<24}{part[key]}")
    longest = sorted((*start["collections"], *run["collections"]), key=lambda item: -item["took_s"])[:5]
    for item in longest:
        print(
            f"  collection of generation {item['generation']}: {item['took_s'] * 1000:.0f} ms, at {item['at_s']:.0f} s"
        )
    print(f"  {start['census']}")
    print(f"  set-up in s: {start['setup_s']}")
    if "calls" in result:
        print(f"  {result['calls']}, {result['states']} states")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark scale", description=__doc__)
    parser.add_argument("--stations", type=int, default=12)
    parser.add_argument("--sources", type=int, default=8)
    parser.add_argument("--controllers", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--after", type=float, default=60.0, help="seconds after the start that are measured with it")
    parser.add_argument("--no-reference", dest="reference", action="store_false", help="do not measure the demo first")
    parser.add_argument(
        "--profile", type=Path, help="file for py-spy's stacks while it runs (py-spy must be installed)"
    )
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.smoke:
        args.stations, args.sources, args.controllers, args.reference = 4, 5, 3, False
        args.seconds = args.after = 2.0
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        result = asyncio.run(_measure(args, Path(folder) / "config"))
    for name, part in result.items():
        _print(name, part)
    if args.json is not None:
        args.json.write_text(json.dumps(result, indent=2), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
