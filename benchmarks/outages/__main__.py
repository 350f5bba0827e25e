"""Disturb a whole house for an hour and count every wrong claim about its healthy devices.

The demo's Home Assistant runs all six integrations with simulated devices that work all the time. It is killed and
started again, halted, its broker is killed, its databases are locked, unknown devices call it 100 times a second and
hold open connections, in random order. After each disturbance the house has a minute to recover; then every alert,
failed update, session, repair issue and unavailable entity that was not there before is a wrong claim.

The reference is the same house in the minutes before the first disturbance.
"""

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from pathlib import Path
import random
import signal
import tempfile
import time
from typing import Any, Final

import aiohttp

from scripts.tooling.demo.client import HomeAssistant, HomeAssistantError
from scripts.tooling.demo.domains.ota import upload_release

from .house import House, flood, half_open
from .verdicts import Claims, action, claims

_PRODUCT: Final = "thermostat"

type Disturbance = Callable[[House, random.Random, float], Awaitable[None]]


async def kill_home_assistant(house: House, rng: random.Random, scale: float) -> None:
    """The server loses its power."""
    await house.kill_server()
    await asyncio.sleep(scale * rng.choice((0.0, 0.0, 5.0, 30.0, 90.0)))
    await house.start_server()


async def halt_home_assistant(house: House, rng: random.Random, scale: float) -> None:
    """A virtual machine that is halted, such as for a snapshot."""
    house.server.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(scale * rng.uniform(5.0, 60.0))
    finally:
        house.server.send(signal.SIGCONT)


async def kill_broker(house: House, rng: random.Random, scale: float) -> None:
    """A broker that is away."""
    await house.kill_broker()
    await asyncio.sleep(scale * rng.uniform(1.0, 90.0))
    await house.start_broker()


async def lock_databases(house: House, rng: random.Random, scale: float) -> None:
    """A disk on which nothing can be written."""
    await house.lock_databases(scale * rng.uniform(5.0, 60.0))


async def flood_of_unknown_devices(house: House, rng: random.Random, scale: float) -> None:
    """A hundred calls a second with made-up devices and keys, and connections that are held open."""
    async with half_open(house):
        await flood(house, scale * rng.uniform(10.0, 30.0))


DISTURBANCES: Final[dict[str, Disturbance]] = {
    "Home Assistant killed": kill_home_assistant,
    "Home Assistant halted": halt_home_assistant,
    "broker killed": kill_broker,
    "databases locked": lock_databases,
    "flood of unknown devices": flood_of_unknown_devices,
}


class Caller:
    """A controller that asks for its configuration every second."""

    def __init__(self, house: House) -> None:
        device = next(device for device in house.info["devices"] if device["kind"] == "controller")
        self._url = f"{house.info['url']}/api/iot/device/{device['id']}/sync/"
        self._headers = {"X-Device-Key": device["key"]}
        self.disturbance = "none"
        self.answers: dict[str, Counter[str]] = defaultdict(Counter)
        self.times_ms: dict[str, list[float]] = defaultdict(list)

    async def run(self) -> None:
        """Call until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                name, started = self.disturbance, time.perf_counter()
                try:
                    async with session.get(self._url, headers=self._headers) as reply:
                        await reply.read()
                        answer = str(reply.status)
                        self.times_ms[name].append((time.perf_counter() - started) * 1000)
                except aiohttp.ClientError, TimeoutError:
                    answer = "none"
                self.answers[name][answer] += 1
                await asyncio.sleep(1.0)


@dataclass(frozen=True)
class Sizes:
    """How long to disturb, to wait for everything to be shown first, and to wait for a recovery, in s.

    `scale` shortens the disturbances and the pauses between them; `demo`: options of the demo.
    """

    seconds: float
    settle_s: float = 150.0
    recovery_s: float = 60.0
    scale: float = 1.0
    demo: tuple[str, ...] = ()


@dataclass
class Result:
    """What was counted."""

    disturbances: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    by_disturbance: Counter[str] = field(default_factory=Counter)
    recovery_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


async def _start_rollout(client: HomeAssistant) -> None:
    """A release to all devices at once, which would be rolled back at the first silent one."""
    for rollout in (await action(client, "ota.list_rollouts"))["rollouts"]:
        with suppress(HomeAssistantError):  # it has ended
            await action(client, "ota.abort", rollout=rollout["rollout"])
    await upload_release(client, "1.6.0", 3)
    plan = {
        "product": _PRODUCT,
        "version": ["1.6.0"],
        "name": "Thermostat 1.6",
        "strategy": "all",
        "auto_rollback": True,
        "gate": {"soak_s": 1800},
    }
    await action(client, "ota.create_rollout", **plan)


async def _recovered(house: House, before: Claims, since: datetime, limit_s: float) -> tuple[float, list[str]]:
    """Wait until nothing is wrong; return the time that took, and what is still wrong after the limit."""
    started = time.monotonic()
    while True:
        wrong: list[str] = []
        try:
            async with house.client() as client:
                now = await claims(client, house.info, since)
            wrong = [f"unavailable {entity_id}" for entity_id in sorted(before.available - now.available)]
            wrong += sorted((now.items - before.items).elements())
        except (aiohttp.ClientError, HomeAssistantError, OSError) as err:
            wrong = [f"no answer: {err!r}"]
        elapsed = time.monotonic() - started
        if not wrong or elapsed > limit_s:
            return elapsed, wrong
        await asyncio.sleep(2.0)


async def disturb(folder: Path, sizes: Sizes, rng: random.Random) -> tuple[Result, Caller]:
    """Run the disturbances for a time; each at least once."""
    result = Result()
    async with House.running(folder, *sizes.demo) as house:
        since = datetime.now(UTC)
        async with house.client() as client:
            await _start_rollout(client)
        await asyncio.sleep(sizes.settle_s)
        async with house.client() as client:
            before = await claims(client, house.info, since)
        caller = Caller(house)
        calls = asyncio.create_task(caller.run())
        await asyncio.sleep(sizes.settle_s / 2)
        end, queue = time.monotonic() + sizes.seconds, list(DISTURBANCES)
        while queue or time.monotonic() < end:
            name = queue.pop(0) if queue else rng.choice(list(DISTURBANCES))
            caller.disturbance = name
            result.disturbances[name] += 1
            print(f"{datetime.now(UTC):%H:%M:%S} {name}", flush=True)
            await DISTURBANCES[name](house, rng, sizes.scale)
            caller.disturbance = "none"
            took_s, wrong = await _recovered(house, before, since, sizes.recovery_s)
            result.recovery_s[name].append(took_s)
            for claim in wrong:
                print(f"  wrong after {took_s:.0f} s: {claim}", flush=True)
                result.by_disturbance[name] += 1
            # A claim is counted once, however long it stays.
            result.wrong.update(set(wrong) - set(result.wrong))
            if time.monotonic() < end:
                await asyncio.sleep(sizes.scale * rng.uniform(5.0, 30.0))
        calls.cancel()
        with suppress(asyncio.CancelledError):
            await calls
    return result, caller


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)] if values else 0.0


def table(result: Result, caller: Caller) -> dict[str, Any]:
    """Print the table; return its figures."""
    reference = _p99(caller.times_ms["none"]) or 1.0
    columns = ("times", "wrong", "recovery", "answers", "not 200", "p99", "ratio")
    print(f"\n{'disturbance':<26}" + "".join(f"{name:>10}" for name in columns))
    rows: dict[str, Any] = {}
    for name in ("none", *DISTURBANCES):
        answers, times = caller.answers[name], caller.times_ms[name]
        row = {
            "times": result.disturbances[name],
            "wrong": result.by_disturbance[name],
            "recovery_max_s": round(max(result.recovery_s[name], default=0.0), 1),
            "answers": sum(count for answer, count in answers.items() if answer != "none"),
            "not_200": sum(count for answer, count in answers.items() if answer not in ("200", "none")),
            "p99_ms": round(_p99(times), 1),
            "p99_ratio": round(_p99(times) / reference, 2),
        }
        rows[name] = row
        recovery, p99 = f"{row['recovery_max_s']} s", f"{row['p99_ms']} ms"
        cells = (row["times"], row["wrong"], recovery, row["answers"], row["not_200"], p99, row["p99_ratio"])
        print(f"{name:<26}" + "".join(f"{cell:>10}" for cell in cells))
    print(f"\nwrong claims in all: {len(result.wrong)}")
    for claim in sorted(result.wrong):
        print(f"  {claim}")
    return {"disturbances": rows, "wrong": sorted(result.wrong)}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to disturb (60)")
    parser.add_argument("--seed", type=int, default=22, help="of the order of the disturbances")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--smoke", action="store_true", help="each disturbance once and briefly")
    args = parser.parse_args()
    brief = Sizes(0.0, settle_s=5.0, recovery_s=2.0, scale=0.05, demo=("--no-history",))
    sizes = brief if args.smoke else Sizes(args.minutes * 60)
    with tempfile.TemporaryDirectory() as temp:
        run = disturb(Path(temp) / "house", sizes, random.Random(args.seed))
        figures = table(*asyncio.run(run))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
