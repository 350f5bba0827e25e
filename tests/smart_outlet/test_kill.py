"""A real Home Assistant that is killed with SIGKILL: acknowledged changes are on disk."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from scripts.tooling.ports import free_port
from tests.home_process import home_process, write_configuration
from tests.storage_files import written

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.enable_socket]


async def call(url: str, key: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Send a request of a CCU."""
    method = "GET" if body is None else "POST"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{url}/api/{path}/", json=body, headers={"X-Device-Key": key}) as reply,
    ):
        return reply.status, await reply.json()


def report(device_id: str, *, on: bool) -> dict[str, Any]:
    return {
        "device_id": device_id,
        "current_a": 100,
        "current_b": 0,
        "relay_a": on,
        "relay_b": False,
        "is_overload": False,
    }


async def test_acknowledged_changes_survive_sigkill(tmp_path: Path, socket_enabled: None) -> None:
    port = free_port()
    write_configuration(tmp_path, port, "smart_outlet")
    url = f"http://127.0.0.1:{port}"

    async with home_process(tmp_path, url) as ha:
        await ha.onboard("Kill", "kill", "kill")
        token = await ha.long_lived_token("kill")
        await ha.wait_until_running()
        await ha.call("http/config/promote")
        steps: tuple[dict[str, Any], ...] = (
            {"next_step_id": "ccu"},
            {"name": "House", "ccu_id": "01", "accept_without_key": False},
            {},
        )
        results = await ha.flow_results("config/config_entries/flow", {"handler": "smart_outlet"}, *steps)
        key = results[2]["description_placeholders"]["device_key"]
        entry_id = results[-1]["result"]["entry_id"]
        for device_id in ("FE", "FD"):
            await ha.add_subentry(entry_id, "outlet", {"name": f"Outlet {device_id}", "device_id": device_id})
        # Home Assistant writes config entries a second later.
        await written(tmp_path, "Outlet FE", "Outlet FD")
        for device_id in ("FE", "FD"):
            assert (await call(url, key, "data", report(device_id, on=True)))[0] == 200
        await ha.post("commands/FE/set_threshold/", {"value": 4321})

    async with home_process(tmp_path, url, token) as ha:
        status, answer = await call(url, key, "commands/FE")
        assert (status, [command["value"] for command in answer["commands"]]) == (200, [4321])
        assert (await ha.get("outlet-status/FE"))["threshold"] == 4321
        assert (await ha.get("outlet-status/FE"))["relay_a"] is None
        await call(url, key, "data", report("FE", on=True))
        await call(url, key, "data", report("FD", on=True))
        power_off = await ha.call("smart_outlet/switch_everything_off", entry_id=entry_id)
        assert power_off["hubs"][0]["pending"] == ["FE/a", "FE/b", "FD/a", "FD/b"]
        # One outlet is switched off before the crash, the other after the restart.
        await call(url, key, "commands/FE")
        await call(url, key, "data", report("FE", on=False))
        # The key of a new CCU is valid from the time it was shown, even if its entry was not written.
        steps = ({"next_step_id": "ccu"}, {"name": "Barn", "ccu_id": "02", "accept_without_key": False}, {})
        results = await ha.flow_results("config/config_entries/flow", {"handler": "smart_outlet"}, *steps)
        barn = results[2]["description_placeholders"]["device_key"]

    async with home_process(tmp_path, url, token) as ha:
        assert (await call(url, barn, "devices"))[0] == 200
        _, answer = await call(url, key, "commands/FD")
        assert [command["command"] for command in answer["commands"]] == ["relay_off", "relay_off"]
        await call(url, key, "data", report("FD", on=False))
        await call(url, key, "commands/FE")
        await call(url, key, "data", report("FE", on=False))
        states = {state["entity_id"]: state for state in await ha.get("states")}
        assert states["sensor.house_emergency_power_off"]["state"] == "complete"
