"""The demo's house, whose Home Assistant and broker can be killed, halted and started again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
import json
import os
from pathlib import Path
import signal
import sqlite3
import sys
from typing import Any, Self

import aiohttp

from scripts.tooling.demo.client import HomeAssistant
from scripts.tooling.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
_BROKERS = ("mosquitto", "amqtt")
_START_S = 240


class Process:
    """A process of the demo, with what is needed to start it again."""

    def __init__(self, pid: int) -> None:
        home = Path("/proc", str(pid))
        self.pid = pid
        self.command = [part.decode() for part in (home / "cmdline").read_bytes().split(b"\0") if part]
        pairs = (pair.decode().partition("=") for pair in (home / "environ").read_bytes().split(b"\0") if pair)
        self._environ = {name: value for name, _, value in pairs}
        self._cwd = (home / "cwd").readlink()
        self._own: asyncio.subprocess.Process | None = None

    def send(self, number: int) -> None:
        """Send a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def start(self, log: Path) -> None:
        """Start it again after it was killed."""
        with log.open("ab") as file:
            self._own = await asyncio.create_subprocess_exec(
                *self.command, cwd=self._cwd, env=self._environ, stdout=file, stderr=file
            )
        self.pid = self._own.pid

    async def stop(self) -> None:
        """Kill it and wait for its end."""
        self.send(signal.SIGKILL)
        if self._own is not None:
            await self._own.wait()
        # A child of the demo stays a zombie while the demo is halted: its files are closed then.
        while _is_alive(self.pid):  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        status = Path("/proc", str(pid), "stat").read_text("utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


class House:
    """A running demo."""

    def __init__(self, info: dict[str, Any], folder: Path) -> None:
        self.info = info
        self.folder = folder
        self.server = Process(info["pids"][0])
        others = [Process(pid) for pid in info["pids"][1:]]
        self.broker = next(child for child in others if any(name in " ".join(child.command) for name in _BROKERS))
        self.port = int(info["url"].rpartition(":")[2])

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[HomeAssistant]:
        """Open a client with the token of the administrator."""
        async with HomeAssistant.connect(self.info["url"], self.info["token"]) as client:
            yield client

    async def kill_server(self) -> None:
        """End Home Assistant as a power outage does."""
        await self.server.stop()

    async def start_server(self) -> None:
        """Start Home Assistant and wait until it runs."""
        await self.server.start(self.folder / "logs" / "home-assistant.log")
        async with self.client() as client:
            await client.wait_until_up()
            await client.wait_until_running()

    async def kill_broker(self) -> None:
        """End the broker."""
        await self.broker.stop()

    async def start_broker(self) -> None:
        """Start the broker again."""
        await self.broker.start(self.folder / "logs" / "broker.log")

    def databases(self) -> list[Path]:
        """Return the database files of the suite."""
        recorder = "home-assistant_v2.db"
        return [path for path in self.folder.rglob("*.db") if path.name != recorder]

    async def lock_databases(self, seconds: float) -> int:
        """Let no one write to the suite's databases for a time; return how many there are."""
        connections = []
        for path in self.databases():
            connection = sqlite3.connect(path, timeout=1.0, isolation_level=None)
            with suppress(sqlite3.OperationalError):
                connection.execute("BEGIN IMMEDIATE")
                connections.append(connection)
        try:
            await asyncio.sleep(seconds)
        finally:
            for connection in connections:
                connection.rollback()
                connection.close()
        return len(connections)

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path, *more: str) -> AsyncGenerator[Self]:
        """Start the demo (``more``: its options); halt its supervision, so that it does not end with Home Assistant."""
        options = ("--headless", "--json", "--port", str(free_port()), "--config", str(folder), *more)
        errors = folder.with_suffix(".log")
        with errors.open("wb") as file:
            demo = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "scripts.tooling.demo",
                *options,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
                limit=2**22,
            )
        assert demo.stdout is not None
        house: House | None = None
        try:
            async with asyncio.timeout(_START_S):
                line = await demo.stdout.readline()
            if not line:
                raise RuntimeError(f"the demo did not start:\n{errors.read_text('utf-8', 'replace')[-3000:]}")
            house = cls(json.loads(line), folder)
            demo.send_signal(signal.SIGSTOP)
            yield house
        finally:
            for child in (house.server, house.broker) if house is not None else ():
                child.send(signal.SIGCONT)
                await child.stop()
            # The simulators end with the demo.
            with suppress(ProcessLookupError):
                demo.kill()
            await demo.wait()


async def flood(house: House, seconds: float, per_second: int = 100) -> int:
    """Call every device interface with made-up devices and keys; return how many calls were answered."""
    paths = ("/api/iot/device/{}/sync/", "/api/ccu/{}/status/", "/api/ota/{}/check/")
    answered = 0
    connector = aiohttp.TCPConnector(limit=50)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10)) as session:

        async def call(number: int) -> None:
            nonlocal answered
            path = paths[number % len(paths)].format(f"made-up-{number}")
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.post(
                    house.info["url"] + path, json={"state": "on"}, headers={"X-Device-Key": f"guess-{number}"}
                ) as reply:
                    await reply.read()
                    answered += 1

        async with asyncio.TaskGroup() as group:
            for number in range(int(seconds * per_second)):
                group.create_task(call(number))
                await asyncio.sleep(1 / per_second)
    return answered


@asynccontextmanager
async def half_open(house: House, count: int = 50) -> AsyncGenerator[None]:
    """Hold connections whose requests never end."""
    writers = []
    head = b"POST /api/iot/device/made-up/sync/ HTTP/1.1\r\nHost: house\r\nContent-Length: 4000\r\n\r\n{"
    for _ in range(count):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", house.port)
            writer.write(head)
            writers.append(writer)
    try:
        yield
    finally:
        for writer in writers:
            writer.close()
