"""kill -9 of a real Home Assistant in every state of an update: what it acknowledged is there after the start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import hashlib
from pathlib import Path
import sys
from typing import Any

import aiohttp
import pytest

from benchmarks.ota.server import key_of
from scripts.tooling.ports import free_port

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def home_assistant(folder: Path, port: int) -> AsyncIterator[str]:
    """A real Home Assistant with six devices, killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.ota.server", str(folder), str(port), "6"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(90):
            while not (line := await process.stdout.readline()).startswith(b'{"ready"'):
                assert line, "Home Assistant ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


class Device:
    """One of the server's devices."""

    def __init__(self, session: aiohttp.ClientSession, base: str, number: int) -> None:
        self.session, self.base = session, base
        self.path = f"{base}/api/ota/v1/devices/d{number}"
        self.headers = {"X-Device-Key": key_of(number)}

    async def post(self, what: str, **body: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.path}/{what}/", json=body, headers=self.headers) as reply:
            assert reply.status == 200, await reply.text()
            answer: dict[str, Any] = await reply.json()
            return answer

    async def offered(self) -> dict[str, Any]:
        """Ask for the update."""
        update: dict[str, Any] = (await self.post("check", version="1.0.0", boot_count=1))["update"]
        return update

    async def bring_to(self, state: str) -> dict[str, Any]:
        """Go up to a state that is acknowledged; returns what was offered."""
        update = await self.offered()
        for step in STATES[1 : STATES.index(state) + 1]:
            if step == "verified":
                await self.runs_new()
            elif state == "failed":
                reply = await self.post("status", job=update["job"], state="failed", reason="bad flash")
                assert reply["state"] == "failed"
                break
            else:
                assert (await self.post("status", job=update["job"], state=step))["state"] == step
        return update

    async def is_in(self, state: str, update: dict[str, Any]) -> None:
        """The job is the same and in that state: a report of an earlier step is answered by it."""
        if state == "verified":
            answer = await self.post("check")
            assert (answer["update"], answer["reason"]) == (None, "up_to_date")
            return
        if state == "failed":
            answer = await self.post("check", version="1.0.0", boot_count=1)
            assert (answer["update"], answer["reason"]) == (None, "failed")
            return
        assert await self.offered() == update
        answer = await self.post("status", job=update["job"], state="downloading")
        assert answer["state"] == ("downloading" if state == "offered" else state)

    async def runs_new(self) -> None:
        answer = await self.post("check", version="2.0.0", boot_count=2)
        assert answer["reason"] == "up_to_date"

    async def fetch(self, update: dict[str, Any], start: int) -> bytes:
        """The image from a byte on."""
        headers = {**self.headers, "Range": f"bytes={start}-", "If-Range": f'"{update["sha256"]}"'}
        async with self.session.get(self.base + update["url"], headers=headers) as reply:
            assert reply.status == 206
            return await reply.read()


STATES = ["offered", "downloading", "installing", "rebooting", "verified", "failed"]


async def begin_rollout(session: aiohttp.ClientSession, base: str) -> None:
    async with session.post(f"{base}/bench/rollout") as reply:
        assert reply.status == 200, await reply.text()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_acknowledged_changes_survive_kill_9_in_any_state(tmp_path: Path, socket_enabled: None) -> None:
    port = free_port()
    updates: dict[str, dict[str, Any]] = {}
    async with home_assistant(tmp_path, port) as base, aiohttp.ClientSession() as session:
        await begin_rollout(session, base)
        for number, state in enumerate(STATES):
            updates[state] = await Device(session, base, number).bring_to(state)
        # Killed at once: nothing had time to be written later.
    async with home_assistant(tmp_path, port) as base, aiohttp.ClientSession() as session:
        for number, state in enumerate(STATES):
            device, update = Device(session, base, number), updates[state]
            await device.is_in(state, update)
            if state not in ("verified", "failed"):
                assert len(await device.fetch(update, 1000)) == update["size"] - 1000
            await device.runs_new()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_download_interrupted_by_the_kill_is_resumed(tmp_path: Path, socket_enabled: None) -> None:
    port = free_port()
    async with home_assistant(tmp_path, port) as base, aiohttp.ClientSession() as session:
        await begin_rollout(session, base)
        device = Device(session, base, 0)
        update = await device.offered()
        async with session.get(base + update["url"], headers=device.headers) as reply:
            got = await reply.content.readexactly(300_000)
    async with home_assistant(tmp_path, port) as base, aiohttp.ClientSession() as session:
        device = Device(session, base, 0)
        got += await device.fetch(update, len(got))
        assert hashlib.sha256(got).hexdigest() == update["sha256"]
        await device.runs_new()
