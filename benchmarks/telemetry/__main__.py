"""Measures edge_telemetry against Home Assistant's discovered JSON sensors on the same broker, and the archive.

scripts/benchmark telemetry [--json FILE] [--seconds 8] [--rounds 3]
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
import json
from pathlib import Path
import socket
from statistics import median
import sys
import tempfile
import time
from typing import Any

from tests.mosquitto import Mosquitto
from tests.postgresql import UnavailableError, postgres_server

from .archive_rates import measure
from .instance import ROOT, Instance, entry
from .load import connect, packet, string

DEVICES = 100
EDGE_TOPIC = "bench/sys/d{n}/data"
DISCOVERY_TOPIC = "disc/d{n}/data"
_VALUES = ("temperature_c", "humidity_percent", "pressure_hpa", "battery_mv", "power_w")


SQLITE = {"archive": "sqlite", "archive_url": "edge.db", "archive_table": "measurements"}
_ROWS = 86_400


def free_port() -> int:
    """A free port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
    """Throughput and latency with recorder and archive."""
    entries = [mqtt_entry(port, discovery=False), edge_entry(SQLITE)]
    async with Instance(temp / "recorder", free_port(), entries, recorder=True) as ha:
        await Load(200, 2).publish(port)
        before = (await ha.result())["hub"]["accepted"]
        await ha.reset()
        cpu = ha.cpu_s()
        count = await Load(3000, args.seconds * 2).publish(port)
        await asyncio.sleep(0.3)
        result = await ha.result()
        results = {
            "sustained_share": (result["hub"]["accepted"] - before) / count,
            "sustained_cpu_share": (ha.cpu_s() - cpu) / (args.seconds * 2),
            "sustained_lag_p99_ms": percentile(result["lags"], 0.99) * 1000,
            "sustained_lag_max_ms": max(result["lags"]) * 1000,
        }
        slow = Load(1000, 12, devices=500, sent_every_s=10.5)
        await slow.publish(port)  # makes the entities
        await asyncio.sleep(12)
        await ha.reset()
        await replace(slow, seconds=22).publish(port)
        await asyncio.sleep(0.5)
        late = [seconds * 1000 for seconds in (await ha.result())["latencies"]]
    return results | {
        "latency_count": len(late),
        "latency_p50_ms": percentile(late, 0.5),
        "latency_p99_ms": percentile(late, 0.99),
    }


async def run(args: argparse.Namespace, temp: Path) -> dict[str, Any]:
    """All of it."""
    broker = Mosquitto(temp)
    await broker.start()
    results = await measure_cpu(args, broker.port, temp) | await measure_flow(args, broker.port, temp)
    await broker.stop()
    results["sqlite"] = await asyncio.to_thread(measure, f"sqlite:///{temp}/rates.db", _ROWS)
    try:
        with postgres_server() as server:
            results["postgresql"] = await asyncio.to_thread(measure, server.url, _ROWS)
    except UnavailableError as err:
        results["postgresql"] = {"skipped": str(err)}
    return results


def table(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What was measured, its value, its goal."""
    reference, edge = found["discovery_us"], found["edge_us"]
    lag = f"{found['sustained_lag_p99_ms']:.0f} / {found['sustained_lag_max_ms']:.0f} ms"
    latency = f"{found['latency_p50_ms']:.1f} / {found['latency_p99_ms']:.1f} ms ({found['latency_count']})"

    def cpu(name: str) -> str:
        return f"{found[f'{name}_us']:.0f} us = {found[f'{name}_ratio']:.2f}x"

    rows = [
        ("discovered JSON sensors, CPU per message", f"{reference:.0f} us", "reference"),
        ("edge_telemetry, CPU per message", cpu("edge"), "<= 0.5x"),
        ("  with SQLite archive", cpu("edge_archive"), ""),
        ("  with a dead database", cpu("edge_dead_database"), f"no archive: {edge:.0f} us"),
        ("3,000 messages/s, recorder and archive: taken", f"{found['sustained_share']:.1%}", "100 %"),
        ("  of one core", f"{found['sustained_cpu_share']:.0%}", ""),
        ("  event-loop lag p99 / max", lag, ""),
        ("publish -> state at 1,000/s, p50 / p99", latency, "p99 < 50 ms"),
    ]
    for name, goal in (("sqlite", ">= 5,000"), ("postgresql", ">= 10,000")):
        if "skipped" not in found[name]:
            rows.append((f"archive, {name}", f"{found[name]['rows_per_s']:,.0f} rows/s", goal))
            rows.append(("  a day by hour", f"{found[name]['day_by_hour_ms']:.0f} ms", "< 200 ms"))
    return rows


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the results there, too")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each cell")
    parser.add_argument("--rounds", type=int, default=3, help="of each CPU cell; the median counts")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-telemetry-") as temp:
        results = asyncio.run(run(args, Path(temp)))
    for what, value, goal in table(results):
        print(f"{what:<52}{value:<36}{goal}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
