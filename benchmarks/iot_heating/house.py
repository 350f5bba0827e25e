"""A Home Assistant to be measured: a configuration folder with controllers, the process, what it uses."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
import hashlib
import json
import os
from pathlib import Path
import shutil
import sys
from typing import Any, Final

import aiohttp

from benchmarks.measuring import process_cpu_s
from scripts.tooling.ports import free_port

ROOT: Final = Path(__file__).resolve().parents[2]
NOW: Final = datetime(2026, 1, 5, 12, tzinfo=UTC).isoformat()


def key_of(number: int) -> str:
    """The key of a controller."""
    return f"benchmark-key-of-controller-{number:05}"


def device_of(number: int) -> str:
    """The id of a controller."""
    return f"ESP32-{number:05}"


def _store(folder: Path, name: str, version: tuple[int, int], data: dict[str, Any]) -> None:
    text = {"version": version[0], "minor_version": version[1], "key": name, "data": data}
    (folder / name).write_text(json.dumps(text), "utf-8")


def make_config(folder: Path, port: int, controllers: int, *, recorder: bool) -> None:
    """Write a configuration that starts without onboarding, with one building and its controllers."""
    storage = folder / ".storage"
    storage.mkdir(parents=True)
    components = folder / "custom_components"
    components.mkdir()
    shutil.copytree(ROOT / "custom_components/iot_heating", components / "iot_heating")
    shutil.copytree(Path(__file__).with_name("reference"), components / "bench_reference")
    lines = ["api:", "http:", "bench_reference:", *(["recorder:"] if recorder else [])]
    (folder / "configuration.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    done = ["user", "core_config", "analytics", "integration"]
    _store(storage, "onboarding", (4, 1), {"done": done})
    http = {
        "server_port": port,
        "server_host": ["127.0.0.1"],
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": NOW,
        "error": None,
        "error_message": None,
    }
    _store(storage, "http", (2, 2), {"stable": http, "pending": None, "yaml_migration_done": True})
    numbers = range(1, controllers + 1)
    _store(storage, "core.config_entries", (1, 5), {"entries": [_entry(numbers)]})
    _store(storage, "iot_heating", (1, 1), _registry(numbers))


def _entry(numbers: range) -> dict[str, Any]:
    return {
        "created_at": NOW,
        "modified_at": NOW,
        "data": {"name": "House"},
        "disabled_by": None,
        "discovery_keys": {},
        "domain": "iot_heating",
        "entry_id": "bench",
        "version": 1,
        "minor_version": 1,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "title": "House",
        "unique_id": None,
        "subentries": [
            {
                "data": {"device_id": device_of(n)},
                "subentry_id": f"s{n:05}",
                "subentry_type": "controller",
                "title": device_of(n),
                "unique_id": device_of(n),
            }
            for n in numbers
        ],
    }


def _registry(numbers: range) -> dict[str, Any]:
    profile = {
        "curve_value": 60,
        "min_external_temp": 8,
        "schedule": [{"day": "Mon-Fri", "slots": ["06:30-09:30", "18:00-23:00"], "target": "22C", "mode": "Auto"}],
        "iot_enabled": True,
        "updated_at": NOW,
        "revision": 1,
    }
    return {
        "next_building": 2,
        "next_device": len(numbers) + 1,
        "buildings": {"bench": {"building_id": 1, "profile": profile}},
        "devices": {
            device_of(n): {
                "entry_id": "bench",
                "number": n,
                "name": device_of(n),
                "keys": {"current": hashlib.sha256(key_of(n).encode()).hexdigest()},
                "created": NOW,
                "confirmed": True,
                "last_seen": None,
            }
            for n in numbers
        },
    }


@dataclass(slots=True)
class House:
    """A running Home Assistant."""

    port: int
    pid: int
    session: aiohttp.ClientSession

    def cpu_s(self) -> float:
        """CPU time of the process so far."""
        return process_cpu_s(self.pid)

    def pss_mb(self) -> float:
        """Memory that is its own, in MB."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text("utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
        raise OSError("no Pss")

    async def lag(self) -> dict[str, float]:
        """The event loop's lag since the last question."""
        async with self.session.get(f"http://127.0.0.1:{self.port}/api/bench/lag") as reply:
            answer: dict[str, float] = await reply.json()
            return answer


@asynccontextmanager
async def running(folder: Path, controllers: int, *, recorder: bool) -> AsyncGenerator[House]:
    """Start Home Assistant on CPU 0, wait until all is set up and calm, stop it at the end."""
    port = free_port()
    make_config(folder, port, controllers, recorder=recorder)
    command = [sys.executable, "-m", "homeassistant", "-c", str(folder), "--skip-pip"]
    log = await asyncio.to_thread((folder / "bench.log").open, "wb")
    process = await asyncio.create_subprocess_exec(
        *("taskset", "-c", "0", *command),
        stdout=log,
        stderr=asyncio.subprocess.STDOUT,
        # Not from the repository: its custom_components would be found before the folder's own.
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    async with aiohttp.ClientSession() as session:
        try:
            house = House(port, process.pid, session)
            await _ready(house, controllers)
            yield house
        finally:
            process.terminate()
            await process.wait()
            log.close()


async def _ready(house: House, controllers: int) -> None:
    url = f"http://127.0.0.1:{house.port}/api/iot/device/{device_of(max(1, controllers))}/sync"
    wanted = 200 if controllers else 401
    async with asyncio.timeout(180):
        while True:
            try:
                headers = {"X-Device-Key": key_of(max(1, controllers))}
                async with house.session.get(url, headers=headers) as reply:
                    if reply.status == wanted:
                        break
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.5)
        # Entities are added and their first states recorded: wait until that is over.
        calm = 0
        while calm < 3:
            before = house.cpu_s()
            await asyncio.sleep(2)
            calm = calm + 1 if house.cpu_s() - before < 0.2 else 0
