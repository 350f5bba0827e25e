"""A real Home Assistant, killed with SIGKILL: what was acknowledged is there afterwards. And stopped: nothing waits."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
import sqlite3
from typing import Any

import aiohttp
import pytest

from scripts.tooling.demo.client import HomeAssistant
from scripts.tooling.ports import free_port
from tests.home_process import home_process, write_configuration
from tests.storage_files import written

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.enable_socket]


class House:
    """One configuration folder, and what calls the Home Assistant that runs on it."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.token = ""
        write_configuration(folder, port, "iot_heating")

    def running(self, *, kill: bool = True) -> AbstractAsyncContextManager[HomeAssistant]:
        """Run Home Assistant; at the end it is killed, or stopped."""
        return home_process(self.folder, self.url, self.token, kill=kill)

    async def sync(self, device_id: str, key: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """A controller calls."""
        method = "GET" if body is None else "POST"
        url = f"{self.url}/api/iot/device/{device_id}/sync/"
        headers = {"X-Device-Key": key}
        async with aiohttp.ClientSession() as session, session.request(method, url, json=body, headers=headers) as r:
            return r.status, await r.json()

    async def patch(self, session: aiohttp.ClientSession, **fields: Any) -> Any:
        """A user changes the building's settings."""
        url = f"{self.url}/api/iot/buildings/1/settings/"
        async with session.patch(url, json=fields, headers={"Authorization": f"Bearer {self.token}"}) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.json()


async def act(ha: HomeAssistant, action: str, **data: Any) -> Any:
    answer = await ha.call(
        "call_service", domain="iot_heating", service=action, service_data=data, return_response=True
    )
    return answer["response"]


async def device_of(ha: HomeAssistant, name: str) -> str:
    devices = await ha.call("config/device_registry/list")
    return next(device["id"] for device in devices if device["name"] == name)


async def sessions(ha: HomeAssistant, name: str) -> list[dict[str, Any]]:
    span = {"start": "2020-01-01 00:00:00", "end": "2100-01-01 00:00:00"}
    answer = await act(ha, "get_sessions", device_id=await device_of(ha, name), **span)
    found: list[dict[str, Any]] = answer["sessions"]
    return found


async def keys_of(ha: HomeAssistant) -> dict[str, str]:
    """A building with two controllers, added as users do; the keys that were shown."""
    entry = await ha.add_entry("iot_heating", {"name": "House"})
    keys: dict[str, str] = {}
    for number in (1, 2):
        data = {"name": f"Controller {number}", "device_id": f"ESP32-{number}"}
        results = await ha.add_subentry(entry["result"]["entry_id"], "controller", data, {})
        shown = next(result for result in results if result.get("step_id") == "key")
        keys[f"ESP32-{number}"] = shown["description_placeholders"]["device_key"]
    return keys


async def test_nothing_acknowledged_is_lost(tmp_path: Path, socket_enabled: None) -> None:
    house = House(tmp_path)
    async with house.running() as ha:
        await ha.onboard("Kill", "kill", "kill")
        house.token = await ha.long_lived_token("kill")
        await ha.wait_until_running()
        await ha.call("http/config/promote")
        keys = await keys_of(ha)
        await written(tmp_path, *keys)  # Home Assistant's own files are a second late; ours are not
        for state in ("on", "off", "on"):
            assert (await house.sync("ESP32-1", keys["ESP32-1"], {"state": state}))[0] == 200
        # Killed between the answers of this loop and its requests.
        acknowledged = await _patch_until_killed(house, ha)

    # The middle of a session, the middle of changes.
    async with house.running() as ha:
        settings = await ha.get("iot/buildings/1/settings/")
        assert settings["curve_value"] in (acknowledged, acknowledged + 1)
        before = await sessions(ha, "Controller 1")
        assert [session["end"] is None for session in before] == [False, True]
        assert (await house.sync("ESP32-1", keys["ESP32-1"], {"state": "on"}))[0] == 200
        after = await sessions(ha, "Controller 1")
        assert [session["start"] for session in after] == [session["start"] for session in before]
        # A rotation: the new key is shown, then Home Assistant dies.
        old = keys["ESP32-2"]
        assert (await house.sync("ESP32-2", old))[0] == 200
        new = (await act(ha, "rotate_key", device_id=await device_of(ha, "Controller 2")))["key"]

    async with house.running() as ha:
        assert (await house.sync("ESP32-2", old))[0] == 200, "the old key counts until the new one is used"
        assert (await house.sync("ESP32-2", new))[0] == 200

    async with house.running(kill=False) as ha:
        assert (await house.sync("ESP32-2", old))[0] == 401, "the new key was used, and that was acknowledged"
        assert (await house.sync("ESP32-2", new))[0] == 200
        numbers = range(8)
        for number in numbers:
            assert (await house.sync("ESP32-1", keys["ESP32-1"], {"state": "off", "marker": number}))[0] == 200

    # Stopped, not killed: the log's queue was written, although entries are not unloaded then.
    with sqlite3.connect(tmp_path / "iot_heating_telemetry.db") as database:
        rows = database.execute("SELECT json_extract(payload, '$.marker') FROM iot_telemetry ORDER BY ts").fetchall()
    assert [marker for (marker,) in rows if marker is not None] == list(numbers)


async def _patch_until_killed(house: House, ha: HomeAssistant) -> int:
    """Change the settings again and again while the clock runs; what was acknowledged last."""
    acknowledged = 0
    async with aiohttp.ClientSession() as session, asyncio.timeout(120):
        end = asyncio.get_running_loop().time() + 1
        while acknowledged < 90 and asyncio.get_running_loop().time() < end:
            await house.patch(session, curve_value=acknowledged + 1)
            acknowledged += 1
        # One more is on its way when the process dies.
        late = asyncio.ensure_future(house.patch(session, curve_value=acknowledged + 1))
        await asyncio.sleep(0.002)
        late.cancel()
        with suppress(asyncio.CancelledError, aiohttp.ClientError):
            await late
    assert acknowledged > 0
    return acknowledged
