"""The cells of the benchmark: brokers, instances of Home Assistant, loads."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
import json
from pathlib import Path
from statistics import median
import sys
import time
from typing import Any

from scripts.tooling.ports import free_port

from .instance import ROOT, Instance, entry
from .load import connect, packet, string

DEVICES = 100
EDGE_TOPIC = "bench/sys/d{n}/data"
DISCOVERY_TOPIC = "disc/d{n}/data"
_VALUES = ("temperature_c", "humidity_percent", "pressure_hpa", "battery_mv", "power_w")

SQLITE = {"archive": "sqlite", "archive_url": "edge.db", "archive_table": "measurements"}


def mqtt_entry(port: int, *, discovery: bool) -> dict[str, Any]:
    """Core's mqtt integration on the broker."""
    return entry("mqtt", "broker", {"broker": "127.0.0.1", "port": port, "protocol": "5", "discovery": discovery}, 2)


def edge_entry(archive: dict[str, Any], root: str = "bench") -> dict[str, Any]:
    """Ours, on topics of its own."""
    data = {"patterns": [f"{root}/{{system}}/{{device_id}}/data"], "default_site": "x", **archive}
    return entry("edge_telemetry", "Edge", data)


def announce_discovery(port: int) -> None:
    """Announce five JSON sensors per device, as devices do for core's discovery."""
    link = connect(port)
    for device in range(DEVICES):
        for value in _VALUES:
            config = {
                "name": value,
                "unique_id": f"d{device}_{value}",
                "state_topic": DISCOVERY_TOPIC.format(n=device),
                "value_template": f"{{{{ value_json.metrics.{value} }}}}",
                "unit_of_measurement": "x",
                "device": {"identifiers": [f"d{device}"], "name": f"d{device}"},
            }
            topic = string(f"homeassistant/sensor/d{device}/{value}/config".encode())
            link.sendall(packet(0x31, topic + json.dumps(config).encode()))
    link.sendall(b"\xe0\x00")
    link.close()


@dataclass(frozen=True, slots=True)
class Load:
    """What to publish: see load.py."""

    rate: float
    seconds: float
    topic: str = EDGE_TOPIC
    devices: int = DEVICES
    sent_every_s: float = 0.0

    async def publish(self, port: int) -> int:
        """Publish from another process on the second core; returns how many."""
        options = (port, self.rate, self.seconds, self.devices, self.topic, self.sent_every_s)
        process = await asyncio.create_subprocess_exec(
            *("taskset", "-c", "1", sys.executable, "-m", "benchmarks.telemetry.load"),
            *map(str, options),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return int(out)


async def cpu_per_message(ha: Instance, port: int, load: Load) -> float:
    """CPU microseconds per message, what it uses idle not counted."""
    before = ha.cpu_s()
    await asyncio.sleep(2)
    idle = (ha.cpu_s() - before) / 2
    before, began = ha.cpu_s(), time.monotonic()
    count = await load.publish(port)
    await asyncio.sleep(1.0)
    used = ha.cpu_s() - before - idle * (time.monotonic() - began)
    return used / count * 1e6


def percentile(values: list[float], part: float) -> float:
    """The value below which `part` of all lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


async def measure_cpu(args: argparse.Namespace, port: int, temp: Path) -> dict[str, Any]:
    """CPU per message: discovered sensors, and ours with each kind of archive; no recorder.

    All run at once, each on topics of its own, and take turns: what else the machine does meets them alike.
    """
    announce_discovery(port)
    nobody = f"postgresql://x@127.0.0.1:{free_port()}/x"
    archives = {
        "edge": {"archive": "off"},
        "edge_archive": SQLITE,
        "edge_dead_database": {"archive": "postgresql", "archive_url": nobody, "archive_table": "measurements"},
    }
    made = {"discovery": (DISCOVERY_TOPIC, [mqtt_entry(port, discovery=True)])}
    for name, archive in archives.items():
        made[name] = (f"{name}/sys/d{{n}}/data", [mqtt_entry(port, discovery=False), edge_entry(archive, name)])
    found: dict[str, list[float]] = {name: [] for name in made}
    async with AsyncExitStack() as stack:
        cells: dict[str, tuple[Instance, Load]] = {}
        for name, (topic, entries) in made.items():
            ha = await stack.enter_async_context(Instance(temp / name, free_port(), entries, recorder=False))
            cells[name] = (ha, Load(500, args.seconds, topic))
            await Load(200, 2, topic).publish(port)  # makes the entities
        for _ in range(args.rounds):
            for name, (ha, load) in cells.items():
                found[name].append(await cpu_per_message(ha, port, load))
    results: dict[str, Any] = {f"{name}_us": median(values) for name, values in found.items()}
    for name, values in found.items():
        ratios = [value / reference for value, reference in zip(values, found["discovery"], strict=True)]
        results[f"{name}_ratio"] = median(ratios)
    return results


async def measure_flow(args: argparse.Namespace, port: int, temp: Path) -> dict[str, Any]:
    """3,000 messages/s with recorder and archive: what is taken, what it costs, how late the loop is."""
    seconds = args.seconds * 2
    entries = [mqtt_entry(port, discovery=False), edge_entry(SQLITE)]
    async with Instance(temp / "flow", free_port(), entries, recorder=True) as ha:
        await Load(200, 2).publish(port)
        before = (await ha.result())["edge_telemetry"]["accepted"]
        cpu, threads = ha.cpu_s(), ha.threads_s()
        count = await Load(3000, seconds).publish(port)
        await asyncio.sleep(0.3)
        result, used = await ha.result(), ha.cpu_s() - cpu
        after = ha.threads_s()
    busiest = sorted(((after[name] - threads.get(name, 0.0)) / seconds, name) for name in after)[::-1][:5]
    return {
        "flow_share": (result["edge_telemetry"]["accepted"] - before) / count,
        "flow_dropped": result["edge_telemetry"]["dropped"],
        "flow_cpu_share": used / seconds,
        "flow_threads": {name: round(share, 3) for share, name in busiest},
        "flow_writes_per_s": result["changes"] / seconds,
        "flow_lag_p99_ms": result["lag_s"]["p99"] * 1000,
        "flow_lag_max_ms": result["lag_s"]["max"] * 1000,
        "flow_longest_gc_ms": result["longest_gc_s"] * 1000,
    }


async def measure_latency(_args: argparse.Namespace, port: int, temp: Path) -> dict[str, Any]:
    """1,000 messages/s with recorder and archive: from publishing to the state, of values that are written at once."""
    entries = [mqtt_entry(port, discovery=False), edge_entry(SQLITE)]
    async with Instance(temp / "latency", free_port(), entries, recorder=True) as ha:
        load = Load(1000, 12, devices=500, sent_every_s=10.5)
        await load.publish(port)  # makes the entities
        await asyncio.sleep(12)
        await ha.result()
        cpu = ha.cpu_s()
        await replace(load, seconds=42).publish(port)
        await asyncio.sleep(0.5)
        result = await ha.result()
        used = ha.cpu_s() - cpu
    late = [seconds * 1000 for seconds in result["latencies_s"]]
    return {
        "latency_count": len(late),
        "latency_p50_ms": percentile(late, 0.5),
        "latency_p99_ms": percentile(late, 0.99),
        "latency_max_ms": max(late, default=float("nan")),
        "latency_cpu_share": used / 42,
        "latency_writes_per_s": result["changes"] / 42,
        "latency_lag_p99_ms": result["lag_s"]["p99"] * 1000,
        "latency_longest_gc_ms": result["longest_gc_s"] * 1000,
    }
