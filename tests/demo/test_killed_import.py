"""kill -9 of a real Home Assistant in the middle of the very first import of a home's history."""

import asyncio
from contextlib import suppress
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any

import psutil
import pytest

from benchmarks.outages.house import Process
from scripts.tooling.demo.client import HomeAssistant, HomeAssistantError
from scripts.tooling.ports import free_port

pytestmark = [pytest.mark.demo, pytest.mark.slow, pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]


async def learning(client: HomeAssistant) -> dict[str, Any]:
    """Return the attributes of the learning progress; none while it is not there."""
    with suppress(HomeAssistantError):
        keys = await client.entity_keys()
        found = next(item for item in keys if item["unique_id"].endswith("_learning_progress"))
        state: dict[str, Any] = await client.get(f"states/{found['entity_id']}")
        return {"percent": state["state"], **state["attributes"]}
    return {}


async def until_importing(url: str) -> None:
    """Wait until the import has begun."""
    async with HomeAssistant.connect(url) as client, asyncio.timeout(300):
        while True:
            with suppress(Exception):
                client.token = client.token or await client.log_in("demo", "demo")
                if (await learning(client)).get("status") == "importing":
                    return
            await asyncio.sleep(0.02)


async def slow_until_stored(server: Process, folder: Path) -> None:
    """Let Home Assistant run a tenth of the time until it has stored the new heat source, a second after its flow."""
    stored = folder / ".storage" / "core.config_entries"
    async with asyncio.timeout(60):
        while '"viessmann_' not in stored.read_text("utf-8"):
            server.send(signal.SIGSTOP)
            await asyncio.sleep(0.09)
            server.send(signal.SIGCONT)
            await asyncio.sleep(0.01)


async def test_a_first_import_that_is_killed_is_done_after_the_restart(socket_enabled: None, tmp_path: Path) -> None:
    folder, port = tmp_path / "config", free_port()
    url = f"http://127.0.0.1:{port}"
    options = ("--headless", "--json", "--port", str(port), "--config", str(folder))
    with (tmp_path / "demo.log").open("wb") as log:
        demo = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "scripts.tooling.demo",
            *options,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
        )
    server: Process | None = None
    try:
        await until_importing(url)
        # The demo itself is halted, so that its simulators stay.
        demo.send_signal(signal.SIGSTOP)
        children = psutil.Process(demo.pid).children()
        server = Process(next(child.pid for child in children if "homeassistant" in child.cmdline()))
        await slow_until_stored(server, folder)
        await server.stop()
        stored = [
            json.loads(path.read_text("utf-8")) for path in (folder / ".storage").glob("proof_of_heat.learning.*")
        ]
        assert not [found for found in stored if "done" in found["data"]], "it was killed too late"
        await server.start(folder / "logs" / "again.log")
        async with HomeAssistant.connect(url) as client:
            await client.wait_until_up()
            client.token = await client.log_in("demo", "demo")
            await client.wait_until_running()
            (entry,) = [
                entry for entry in await client.get("config/config_entries/entry") if entry["domain"] == "proof_of_heat"
            ]
            assert entry["state"] == "loaded"
            subentries = await client.call("config_entries/subentries/list", entry_id=entry["entry_id"])
            async with asyncio.timeout(240):
                while (found := await learning(client)).get("status") != "done":
                    assert found.get("status") in (None, "importing", "waiting"), found
                    await asyncio.sleep(0.1)
        assert float(found["days_imported"]) >= 13, "the whole history that the demo has"
        assert {"zone", "source"} <= {item["subentry_type"] for item in subentries}
        log = (folder / "logs" / "again.log").read_text("utf-8")
        assert [line for line in log.splitlines() if " ERROR " in line and "custom_components" in line] == []
    finally:
        if server is not None:
            await server.stop()
        demo.send_signal(signal.SIGCONT)
        demo.terminate()
        await demo.wait()
