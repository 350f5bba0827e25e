"""kill -9 of a real Home Assistant in every state of an update: what it acknowledged is there after the start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import sys
from typing import Any

import aiohttp
import pytest

from benchmarks.ota.__main__ import free_port
from benchmarks.ota.server import key_of

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def home_assistant(folder: Path, port: int) -> AsyncIterator[str]:
    """A real Home Assistant with three devices, killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.ota.server", str(folder), str(port), "3"),
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


async def post(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> dict[str, Any]:
    async with session.post(url, json=body, headers={"X-Device-Key": key_of(0)}) as reply:
        assert reply.status == 200, await reply.text()
        answer: dict[str, Any] = await reply.json()
        return answer


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_nothing_acknowledged_is_lost(tmp_path: Path, socket_enabled: None) -> None:
    port = free_port()
    device = f"http://127.0.0.1:{port}/api/ota/v1/devices/d0"
    steps = ["offered", "downloading", "rebooting"]
    job = ""
    for number, step in enumerate(steps):
        async with home_assistant(tmp_path, port) as base, aiohttp.ClientSession() as session:
            if step == "offered":
                await post(session, f"{base}/bench/rollout", {})
            else:
                # The state before the kill is there: the same job, and it cannot go back.
                answer = await post(session, f"{device}/status/", {"job": job, "state": "downloading"})
                assert answer["state"] == steps[max(1, number - 1)]
            update = (await post(session, f"{device}/check/", {"version": "1.0.0", "boot_count": 1}))["update"]
            assert update["job"] == (job or update["job"])
            job = update["job"]
            if step != "offered":
                assert (await post(session, f"{device}/status/", {"job": job, "state": step}))["state"] == step
    async with home_assistant(tmp_path, port), aiohttp.ClientSession() as session:
        answer = await post(session, f"{device}/check/", {"version": "2.0.0", "boot_count": 2})
        assert answer["reason"] == "up_to_date"
    async with home_assistant(tmp_path, port), aiohttp.ClientSession() as session:
        assert (await post(session, f"{device}/check/", {}))["reason"] == "up_to_date"
