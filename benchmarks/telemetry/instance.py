"""A Home Assistant of its own, ready-made, with the probe in it."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
import json
from pathlib import Path
import sys
from typing import Any, Self

import aiohttp

from benchmarks.measuring import PROBE, PROBE_DOMAIN, cpu_s, process_cpu_s, read_probe

ROOT = Path(__file__).resolve().parents[2]


def entry(domain: str, title: str, data: dict[str, Any], version: int = 1) -> dict[str, Any]:
    """A config entry as Home Assistant stores it."""
    now = datetime.now(UTC).isoformat()
    return {
        "created_at": now,
        "modified_at": now,
        "data": data,
        "disabled_by": None,
        "discovery_keys": {},
        "domain": domain,
        "entry_id": f"bench_{domain}",
        "minor_version": 1,
        "options": {"max_devices": 5000} if domain == "edge_telemetry" else {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": title,
        "unique_id": None,
        "version": version,
    }


class Instance:
    """A running Home Assistant."""

    def __init__(self, folder: Path, port: int, entries: list[dict[str, Any]], *, recorder: bool) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        storage = folder / ".storage"
        storage.mkdir(parents=True)
        http = {
            "server_port": port,
            "server_host": ["127.0.0.1"],
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": datetime.now(UTC).isoformat(),
            "error": None,
            "error_message": None,
        }
        self._store("onboarding", 4, 1, {"done": ["user", "core_config", "analytics", "integration"]})
        self._store("http", 2, 2, {"stable": http, "pending": None, "yaml_migration_done": True})
        self._store("core.config_entries", 1, 5, {"entries": entries})
        lines = ["api:", f"{PROBE_DOMAIN}:", "logger:", "  default: error"] + (["recorder:"] if recorder else [])
        (folder / "configuration.yaml").write_text("\n".join(lines) + "\n")
        (folder / "custom_components").mkdir()
        for name, source in (
            ("edge_telemetry", ROOT / "custom_components/edge_telemetry"),
            (PROBE_DOMAIN, PROBE),
        ):
            (folder / "custom_components" / name).symlink_to(source)

    def _store(self, key: str, version: int, minor: int, data: dict[str, Any]) -> None:
        text = json.dumps({"version": version, "minor_version": minor, "key": key, "data": data})
        (self._folder / ".storage" / key).write_text(text)

    async def __aenter__(self) -> Self:
        """Start it on the first core, and wait until it answers."""
        self._process = await asyncio.create_subprocess_exec(
            "taskset", "-c", "0", sys.executable, "-m", "homeassistant", "-c", str(self._folder), "--skip-pip",
            cwd=self._folder, stdout=asyncio.subprocess.DEVNULL, stderr=(self._folder / "stderr.log").open("w"),
        )  # fmt: skip
        for _ in range(1200):
            await asyncio.sleep(0.1)
            try:
                await self.result()
            except aiohttp.ClientError, ValueError:
                continue
            await asyncio.sleep(4)  # mqtt subscribes, start-up settles
            return self
        raise TimeoutError((self._folder / "stderr.log").read_text())

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    self._process.terminate()
            await self._process.wait()

    def kill(self) -> None:
        """End it without a chance to do anything."""
        assert self._process is not None
        self._process.kill()

    async def result(self) -> dict[str, Any]:
        """Return what the probe measured since the last result."""
        return await read_probe(self.url)

    def cpu_s(self) -> float:
        """CPU time that it has used, in user and kernel."""
        assert self._process is not None
        return process_cpu_s(self._process.pid)

    def threads_s(self) -> dict[str, float]:
        """CPU time by thread name."""
        assert self._process is not None
        used: dict[str, float] = {}
        for stat in Path(f"/proc/{self._process.pid}/task").glob("*/stat"):
            with suppress(OSError):
                name = stat.with_name("comm").read_text().strip()
                used[name] = used.get(name, 0.0) + cpu_s(stat)
        return used

    def log(self) -> str:
        """What it complained about."""
        log = self._folder / "home-assistant.log"
        return log.read_text() if log.exists() else ""
