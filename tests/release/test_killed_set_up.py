"""kill -9 of a real Home Assistant in the middle of the first set-up of each integration."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
import json
import os
from pathlib import Path
import sys
from typing import Any

import pytest

from scripts.tooling import release
from scripts.tooling.demo import folder as config_folder
from scripts.tooling.demo.client import HomeAssistant
from scripts.tooling.ports import free_port

from .homes import Flows

DOMAINS = ("iot_heating", "smart_outlet", "ecoflow", "edge_telemetry", "ota", "proof_of_heat")
CONFIGURATION = """homeassistant:
  time_zone: Europe/Helsinki
api:
config:
recorder:
logger:
  default: error
"""


class KilledHome:
    """A folder in which Home Assistant is killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.token = ""
        components = folder / "custom_components"
        components.mkdir(parents=True)
        for domain in DOMAINS:
            (components / domain).symlink_to(release.COMPONENTS / domain)
        (folder / "configuration.yaml").write_text(CONFIGURATION)
        (folder / ".storage").mkdir()
        stored = {"stable": config_folder.http_settings(self.port), "pending": None, "yaml_migration_done": True}
        text = json.dumps({"version": 2, "minor_version": 2, "key": "http", "data": stored})
        (folder / ".storage" / "http").write_text(text)

    @property
    def log(self) -> str:
        """What Home Assistant printed."""
        return (self.folder / "stderr.log").read_text("utf-8")

    @asynccontextmanager
    async def until_killed(self) -> AsyncGenerator[HomeAssistant]:
        """Run Home Assistant; at the end of the context it is killed, without a chance to write anything."""
        command = [sys.executable, "-m", "homeassistant", "--config", str(self.folder), "--skip-pip"]
        with (self.folder / "stderr.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": config_folder.python_path()},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )
        try:
            async with HomeAssistant.connect(f"http://127.0.0.1:{self.port}") as client:
                await client.wait_until_up()
                if not (self.folder / ".storage" / "auth").exists() or not self.token:
                    await client.onboard("User", "user", "password")
                    self.token = await client.long_lived_token("test")
                    await asyncio.sleep(3)  # the user is stored
                client.token = self.token
                await client.wait_until_running()
                yield client
                with suppress(ProcessLookupError):
                    process.kill()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def entries_of(client: HomeAssistant, domain: str) -> list[dict[str, Any]]:
    """Return the entries of an integration once they are loaded."""
    async with asyncio.timeout(60):
        while True:
            entries = [entry for entry in await client.get("config/config_entries/entry") if entry["domain"] == domain]
            if all(entry["state"] == "loaded" for entry in entries):
                return entries
            await asyncio.sleep(0.2)


async def is_there_or_added(client: HomeAssistant, domain: str, flows: Flows) -> list[str]:
    """Add the integration unless its entry outlived the kill; return it as often as there are entries of it."""
    entries = await entries_of(client, domain)
    if not entries:
        await client.add_entry(domain, *flows[domain], {})
    (entry,) = await entries_of(client, domain)
    await asyncio.sleep(1.5)  # the new entry is stored
    entities = [item for item in await client.entity_keys() if item["config_entry_id"] == entry["entry_id"]]
    assert entities or domain == "edge_telemetry", domain
    assert len({item["unique_id"] for item in entities}) == len(entities)
    return [domain for _ in entries]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("after_s", [0.0, 1.5])
async def test_a_set_up_that_is_killed_is_there_or_can_be_done_again(
    tmp_path: Path, flows: Flows, after_s: float
) -> None:
    """Home Assistant writes new entries about a second later, and registries ten seconds later.

    The start after a kill shows what is left of the integration, and adds the next one, which is killed in turn.
    """
    home = KilledHome(tmp_path / "config")
    async with home.until_killed() as client:
        await client.add_entry("mqtt", *flows["mqtt"])
        await asyncio.sleep(3)
    kept: list[str] = []
    before = ""
    for domain in DOMAINS:
        async with home.until_killed() as client:
            if before:
                kept += await is_there_or_added(client, before, flows)
            await client.add_entry(domain, *flows[domain], {})
            await asyncio.sleep(after_s)
        before = domain
    async with home.until_killed() as client:
        kept += await is_there_or_added(client, before, flows)
    async with home.until_killed() as client:
        for domain in DOMAINS:
            assert len(await entries_of(client, domain)) == 1, domain
        states = {state["entity_id"]: state for state in await client.get("states")}
        registry = [item for item in await client.entity_keys() if item["disabled_by"] is None]
        ours = [item for item in registry if item["platform"] in DOMAINS]
        missing = [item["entity_id"] for item in ours if item["entity_id"] not in states]
        restored = [item["entity_id"] for item in ours if states[item["entity_id"]]["attributes"].get("restored")]
        assert (missing, restored) == ([], [])
    if after_s > 1:
        assert kept == list(DOMAINS), "what was written is there"
    assert [line for line in home.log.splitlines() if "custom_components" in line] == []
