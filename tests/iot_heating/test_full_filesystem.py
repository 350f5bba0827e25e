"""A real Home Assistant on a file system without any free space: every call is answered, and nothing is lost later."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import shutil
import sqlite3
import subprocess
import sys
from typing import Any, override

import aiohttp
import pytest

from scripts.tooling.demo.client import HomeAssistant

from .test_kill import House, act, device_of, keys_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.enable_socket]

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
MOUNT = 'mount -t tmpfs -o size=24m tmpfs "$1" && cp -a "$1.template/." "$1" && shift && cd "$1" && shift && exec "$@"'


def can_mount() -> bool:
    """Whether a process without rights may mount a file system of its own, as containers do."""
    if shutil.which("unshare") is None:
        return False
    command = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class SmallHouse(House):
    """A Home Assistant whose configuration folder is a small file system."""

    process: asyncio.subprocess.Process

    @asynccontextmanager
    @override
    async def running(self, *, kill: bool = True) -> AsyncGenerator[HomeAssistant]:
        await asyncio.to_thread(shutil.copytree, self.folder, f"{self.folder}.template", symlinks=True)
        self.process = await asyncio.create_subprocess_exec(
            *NAMESPACE, "sh", "-c", MOUNT, "sh", str(self.folder), str(self.folder),
            sys.executable, "-m", "homeassistant", "--config", str(self.folder), "--skip-pip",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with HomeAssistant.connect(self.url, self.token) as ha:
                await ha.wait_until_up()
                yield ha
                self.process.kill()
        finally:
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()

    @property
    def inside(self) -> Path:
        """The configuration folder as the process sees it."""
        return Path(f"/proc/{self.process.pid}/root{self.folder}")

    def fill(self) -> None:
        """Use the space that is left, to the last byte."""
        with (self.inside / "filling").open("wb", buffering=0) as file:
            for size in (1_000_000, 4096, 1):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Give the space back."""
        (self.inside / "filling").unlink()


async def report(house: House, keys: dict[str, str], device_id: str, **body: Any) -> dict[str, Any]:
    """A controller calls, and gets its configuration."""
    status, answer = await house.sync(device_id, keys[device_id], body)
    assert (status, answer.get("config", {}).get("device_id")) == (200, device_id), answer
    found: dict[str, Any] = answer
    return found


async def issues(ha: HomeAssistant) -> list[str]:
    """The repair issues of the integration."""
    found = (await ha.call("repairs/list_issues"))["issues"]
    return [issue["issue_id"] for issue in found if issue["domain"] == "iot_heating"]


@pytest.mark.skipif(not can_mount(), reason="unprivileged mounts are not allowed here")
async def test_every_call_is_answered_without_any_space(tmp_path: Path, socket_enabled: None) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    house = SmallHouse(folder)
    async with house.running() as ha:
        await ha.onboard("Full", "full", "full")
        house.token = await ha.long_lived_token("full")
        await ha.wait_until_running()
        await ha.call("http/config/promote")
        keys = await keys_of(ha)
        for device_id in keys:
            await report(house, keys, device_id, state="off", protocol_version=2)
        first, second = [await device_of(ha, f"Controller {number}") for number in (1, 2)]
        await act(ha, "send_command", device_id=first, command="force_on")
        keys["ESP32-2"] = (await act(ha, "rotate_key", device_id=second))["key"]
        await asyncio.sleep(2)

        house.fill()
        for number in range(20):
            state = "on" if number % 2 else "off"
            answer = await report(house, keys, "ESP32-1", state=state, protocol_version=2, number=number)
            assert answer["config"]["force"] == "on"
            await report(house, keys, "ESP32-2", state=state, number=number)
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {house.token}"}
            url = f"{house.url}/api/iot/buildings/1/settings/"
            async with session.patch(url, json={"curve_value": 1}, headers=headers) as reply:
                assert (reply.status, (await reply.json())["error"]) == (500, "storage_failed")
        assert await issues(ha) == ["storage_failed"]

        house.free()
        async with asyncio.timeout(120):  # everything is tried again after at most 60 s
            while await issues(ha):  # noqa: ASYNC110 - over the WebSocket API
                await asyncio.sleep(1)
        copy = tmp_path / "copy"
        shutil.copytree(house.inside, copy, symlinks=True)
    with sqlite3.connect(copy / "iot_heating_sessions.db") as database:
        rows = database.execute("SELECT device, count(*), sum(end IS NULL) FROM sessions GROUP BY device").fetchall()
    assert rows == [(1, 10, 1), (2, 10, 1)], "ten sessions of each; the last one is running"
    with sqlite3.connect(copy / "iot_heating_telemetry.db") as database:
        rows = database.execute("SELECT count(*) FROM iot_telemetry").fetchall()
    assert rows == [(42,)], "no report is lost"
