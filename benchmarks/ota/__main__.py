"""Measure ota.

Goals: poll p99 < 25 ms at 50/s; loop lag p99 < 10 ms with 50 downloads at 100 kB/s, < 20 ms at full speed; a plan
for 10,000 devices in < 1 s; gates that stop a failing release before 5 % of 10,000 devices are broken.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

import aiohttp

from custom_components.ota.rollout.engine import Engine
from custom_components.ota.rollout.models import Device
from custom_components.ota.rollout.plan import Rollout, Wave
from custom_components.ota.rollout.simulation import Behavior, Simulation, World, _release
from scripts.tooling.ports import free_port

from .server import key_of

DOWNLOADS = 50
WAVES = (Wave(percent=1), Wave(percent=5), Wave(percent=25), Wave(percent=100))
BAD = {
    "bricks 30 %": Behavior(bricks=0.3),
    "bricks 10 %": Behavior(bricks=0.1),
    "bricks 5 %": Behavior(bricks=0.05),
    "fails 20 %": Behavior(fails=0.2),
    "dies within the hour, 50 %": Behavior(late=0.5),
    "dies within the hour, 10 %": Behavior(late=0.1),
}


def rollout() -> Rollout:
    """Four waves with the default gate."""
    return Rollout(
        rollout_id="r", name="bench", product="bench", versions=("1.0.0",), waves=WAVES, salt="s", created=0.0
    )


def plan_seconds(count: int) -> float:
    """Seconds to plan a rollout for so many devices."""
    engine = Engine()
    engine.state.set_release(_release("bench", "1.0.0", 1, good=False))
    for number in range(count):
        engine.register(Device(uid=f"d{number}", name="d", product="bench", chip="esp32"), 0.0)
    started = time.perf_counter()
    engine.rollouts.create(rollout(), 0.0)
    return time.perf_counter() - started


@asynccontextmanager
async def server(devices: int) -> Any:
    """Home Assistant in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        args = ("-m", "benchmarks.ota.server", folder, str(port), str(devices))
        # What this machine lacks (ffmpeg, turbojpeg) is logged with tracebacks: into a file, shown on failure only.
        log = Path(folder).with_suffix(".log")
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *args, stdout=asyncio.subprocess.PIPE, stderr=errors
            )
        try:
            assert process.stdout is not None
            ready: dict[str, Any] = {}
            async with asyncio.timeout(180):
                while not ready:
                    line = await process.stdout.readline()
                    if not line:
                        raise RuntimeError(f"the server ended:\n{log.read_text('utf-8', 'replace')[-4000:]}")
                    if line.startswith(b'{"ready"'):
                        ready = json.loads(line)
            yield f"http://127.0.0.1:{port}", ready
        finally:
            process.kill()
            await process.wait()
            log.unlink()


def percentiles(values: list[float]) -> dict[str, float]:
    """In ms."""
    values = sorted(values)
    return {
        "p50_ms": values[len(values) // 2] * 1000,
        "p99_ms": values[int(len(values) * 0.99)] * 1000,
        "max_ms": values[-1] * 1000,
    }


async def open_loop(rate: float, seconds: float, call: Callable[[int], Awaitable[int]]) -> dict[str, Any]:
    """Calls at a fixed rate, regardless of the duration of the answers."""
    times: list[float] = []
    statuses: dict[int, int] = {}

    async def one(number: int) -> None:
        started = time.perf_counter()
        status = await call(number)
        times.append(time.perf_counter() - started)
        statuses[status] = statuses.get(status, 0) + 1

    loop, tasks = asyncio.get_running_loop(), []
    start = loop.time()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, start + number / rate - loop.time()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return {**percentiles(times), "statuses": statuses}


class Fleet:
    """The devices' side."""

    def __init__(self, base: str, count: int) -> None:
        self.base, self.count = base, count
        self.downloads_at_once = min(DOWNLOADS, count // 2)

    async def check(self, number: int) -> int:
        """One poll on a connection of its own."""
        return await self._check(number, number * 37 % self.count, "1.0.0", 1)

    async def _check(self, number: int, n: int, version: str, boots: int) -> int:
        async with aiohttp.ClientSession() as session:
            body = {"version": version, "boot_count": boots, "metrics": {"free_heap": 180_000 + number}}
            url, headers = f"{self.base}/api/ota/v1/devices/d{n}/check/", {"X-Device-Key": key_of(n)}
            async with session.post(url, json=body, headers=headers) as reply:
                await reply.read()
                return reply.status

    async def runs_new(self, number: int) -> int:
        """The poll by which an update is verified."""
        n = self.downloads_at_once + number * 37 % (self.count - self.downloads_at_once)  # the others download later
        return await self._check(number, n, "2.0.0", 2)

    async def bare(self, number: int) -> int:
        """The reference."""
        async with aiohttp.ClientSession() as session:
            body = {"version": "1.0.0", "boot_count": 1, "metrics": {"free_heap": number}}
            async with session.post(f"{self.base}/bench/bare", json=body) as reply:
                await reply.read()
                return reply.status

    async def lag(self) -> dict[str, float]:
        """Of the server's loop since the last call."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.base}/bench/lag") as reply:
            found: dict[str, float] = await reply.json()
            return found

    async def download(self, session: aiohttp.ClientSession, n: int, rate: float | None, until: float) -> int:
        """Poll and download, again and again; returns the bytes."""
        headers = {"X-Device-Key": key_of(n)}
        got = 0
        async with session.post(
            f"{self.base}/api/ota/v1/devices/d{n}/check/", json={"version": "1.0.0"}, headers=headers
        ) as reply:
            update = (await reply.json())["update"]
        first = True
        while time.monotonic() < until:
            ask = headers if first else {**headers, "Range": "bytes=1-"}
            first = False
            async with session.get(self.base + update["url"], headers=ask) as reply:
                assert reply.status in (200, 206), reply.status
                started, here = time.monotonic(), 0
                while chunk := await reply.content.read(16 * 1024 if rate else 256 * 1024):
                    got += len(chunk)
                    here += len(chunk)
                    if rate:
                        await asyncio.sleep(max(0.0, started + here / rate - time.monotonic()))
                    if rate and time.monotonic() > until:
                        return got
        return got

    async def downloads(self, clients: int, rate: float | None, seconds: float) -> dict[str, Any]:
        """So many at once; the loop lag meanwhile."""
        await self.lag()
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        started = time.monotonic()
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, read_bufsize=64 * 1024) as session:
            until = time.monotonic() + seconds
            done = await asyncio.gather(*(self.download(session, n, rate, until) for n in range(clients)))
        took = time.monotonic() - started
        return {"lag": await self.lag(), "mb_per_s": sum(done) / took / 1e6}


async def measure(devices: int, seconds: float) -> dict[str, Any]:
    """All that needs a server."""
    async with server(devices) as (base, ready):
        fleet = Fleet(base, devices)
        await open_loop(50, 3, fleet.check)
        await fleet.lag()
        await asyncio.sleep(3)
        results: dict[str, Any] = {"server": ready, "idle_lag": await fleet.lag()}
        results["bare"] = await open_loop(50, seconds, fleet.bare)
        results["poll"] = await open_loop(50, seconds, fleet.check)
        results["poll"]["lag"] = await fleet.lag()
        async with aiohttp.ClientSession() as session, session.post(f"{base}/bench/rollout") as reply:
            results["rollout"] = await reply.json()
        results["offers"] = await open_loop(50, seconds, fleet.check)
        results["offers"]["lag"] = await fleet.lag()
        results["verified"] = await open_loop(50, seconds, fleet.runs_new)
        results["verified"]["lag"] = await fleet.lag()
        results["slow"] = await fleet.downloads(fleet.downloads_at_once, 100_000, seconds)
        results["fast"] = await fleet.downloads(fleet.downloads_at_once, None, seconds)
        return results


def fsync_p99_ms() -> float:
    """What a durable write costs on this disk, as the reference for an offer, which waits for one or two of them."""
    times = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(400):
            started = time.perf_counter()
            file.write(bytes(1_000))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return percentiles(times)["p99_ms"]


def simulations(count: int) -> dict[str, Any]:
    """What becomes of failing releases."""
    found: dict[str, Any] = {}
    for name, behavior in BAD.items():
        started = time.perf_counter()
        result = Simulation(rollout(), behavior, World(devices=count, offline=0.05)).run(72)
        found[name] = {
            "status": result.status.value,
            "broken_percent": round(result.broken_share * 100, 3),
            "harmed_percent": round(result.harmed_share * 100, 3),
            "hours": round(result.hours, 2),
            "seconds": round(time.perf_counter() - started, 2),
        }
    return found


def table(results: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """What was measured, the goal, and whether it was reached."""
    bare, poll = results["bare"], results["poll"]
    ratio = poll["p50_ms"] / bare["p50_ms"]
    rows = [
        ("bare view, 50/s", f"p50 {bare['p50_ms']:.1f} p99 {bare['p99_ms']:.1f} ms", "reference", True),
        ("poll, 50/s", f"p50 {poll['p50_ms']:.1f} p99 {poll['p99_ms']:.1f} ms, p50 {ratio:.2f} x bare", "p99 < 25 ms",
         poll["p99_ms"] < 25),
        ("idle", "lag p99 {p99:.1f} max {max:.1f} ms".format(**results["idle_lag"]), "reference", True),
    ]  # fmt: skip
    for name, label in (("offers", "first offer (on disk), 50/s"), ("verified", "verified (on disk), 50/s")):
        times = results[name]
        text = f"p50 {times['p50_ms']:.1f} p99 {times['p99_ms']:.1f} ms, lag p99 {times['lag']['p99']:.1f} ms"
        rows.append((label, text, "p99 < 25 ms", times["p99_ms"] < 25))
    rows.append(("fsync of 1 kB", f"p99 {results['fsync_p99_ms']:.1f} ms", "reference", True))
    for name, label, goal in (("slow", "50 downloads at 100 kB/s", 10), ("fast", "50 downloads at full speed", 20)):
        lag = results[name]["lag"]
        text = f"lag p99 {lag['p99']:.1f} max {lag['max']:.1f} ms, {results[name]['mb_per_s']:.1f} MB/s"
        rows.append((label, text, f"p99 < {goal} ms", lag["p99"] < goal))
    rows.append(("plan for 10,000", f"{results['plan_s']:.3f} s", "< 1 s", results["plan_s"] < 1))
    for name, found in results["simulations"].items():
        text = f"{found['status']}, broken {found['broken_percent']} %, harmed {found['harmed_percent']} %"
        rows.append((f"10,000, {name}", text, "broken < 5 %", found["broken_percent"] < 5))
    return rows


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    args = parser.parse_args()
    if args.smoke:
        args.devices, args.seconds = 20, 0.5
    planned = 200 if args.smoke else 10_000
    results: dict[str, Any] = {"plan_s": plan_seconds(planned), "simulations": simulations(planned)}
    results["fsync_p99_ms"] = fsync_p99_ms()
    results |= asyncio.run(measure(args.devices, args.seconds))
    for label, text, goal, reached in table(results):
        print(f"{label:<36} {text:<52} {goal:<14} {'ok' if reached else 'MISSED'}")
    print(f"{args.devices} devices: Home Assistant up after {results['server']['boot_s']:.1f} s")
    if args.json:
        args.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
