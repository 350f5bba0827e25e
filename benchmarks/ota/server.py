"""A real Home Assistant with ota and many devices, in a process of its own.

`python -m benchmarks.ota.server FOLDER PORT N` prints a JSON line when it is ready. `/bench/lag` returns the lag of
the event loop since the last call, `/bench/bare` is the reference: a view that reads and returns JSON.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
import hashlib
import json
import logging
from pathlib import Path
import sys
import time
from types import MappingProxyType
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from homeassistant import bootstrap
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.runner import RuntimeConfig

from custom_components.ota._lib.device_keys import hash_key
from custom_components.ota.releases.importer import SignedManifest
from custom_components.ota.rollout.manifest import sign
from custom_components.ota.rollout.models import HISTORY_LENGTH, DeviceEvent, DeviceEventKind
from custom_components.ota.rollout.state import State

PRIVATE = bytes(range(32))
STEP_S = 0.005


def key_of(number: int) -> str:
    """The device key of the n-th device."""
    return hashlib.sha256(f"bench-{number}".encode()).hexdigest()


def write_config(folder: Path, port: int, devices: int) -> None:
    """A configuration folder that needs no onboarding, with all devices known."""
    (folder / "configuration.yaml").write_text("http:\n")
    (folder / "custom_components").symlink_to(Path(__file__).parents[2] / "custom_components")
    storage = folder / ".storage"
    storage.mkdir()
    now = "2026-01-01T00:00:00+00:00"
    http = {
        "stable": {
            "server_port": port,
            "server_host": ["127.0.0.1"],
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": now,
            "error": None,
            "error_message": None,
        },
        "pending": None,
        "yaml_migration_done": True,
    }
    _put(storage, "http", 2, 2, http)
    _put(storage, "onboarding", 4, 1, {"done": ["user", "core_config", "analytics", "integration"]})
    public = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw().hex()
    subentries = [
        ConfigSubentry(
            data=MappingProxyType({"device_id": f"d{n}", "product": "bench", "chip": "generic"}),
            subentry_type="device",
            title=f"Device {n}",
            unique_id=f"d{n}",
        )
        for n in range(devices)
    ]
    entry = ConfigEntry(
        version=1,
        minor_version=1,
        domain="ota",
        title="OTA",
        data={},
        options={"signing_keys": [public]},
        source="user",
        unique_id=None,
        discovery_keys=MappingProxyType({}),
        subentries_data=[s.as_dict() for s in subentries],
    )
    entries = {"entries": [json.loads(json.dumps(entry.as_dict(), default=str))]}
    _put(storage, "core.config_entries", 1, 5, entries)
    rings = {
        f"d{n}": {"header": {"current": hash_key(key_of(n))}, "url": {"current": hash_key(f"u{n}")}, "confirmed": True}
        for n in range(devices)
    }
    _put(storage, "ota.keys", 1, 1, {"devices": rings, "upload": {}})


def _put(storage: Path, name: str, version: int, minor: int, data: Any) -> None:
    (storage / name).write_text(json.dumps({"version": version, "minor_version": minor, "key": name, "data": data}))


class Lag:
    """How late the loop is: a timer every 5 ms that notes by how much it overshot."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def start(self) -> None:
        """Begin."""
        loop = asyncio.get_running_loop()
        due = loop.time() + STEP_S

        def tick() -> None:
            nonlocal due
            now = loop.time()
            self.values.append(now - due)
            due = now + STEP_S
            loop.call_at(due, tick)

        loop.call_at(due, tick)

    def take(self) -> dict[str, float]:
        """Percentiles in ms since the last call."""
        values, self.values = sorted(self.values), []
        if not values:
            return {"p50": 0.0, "p99": 0.0, "max": 0.0}
        return {
            "p50": values[len(values) // 2] * 1000,
            "p99": values[int(len(values) * 0.99)] * 1000,
            "max": values[-1] * 1000,
        }


class LagView(HomeAssistantView):
    """Loop lag and CPU time."""

    url, name, requires_auth = "/bench/lag", "bench:lag", False

    def __init__(self, lag: Lag) -> None:
        self._lag = lag

    async def get(self, request: web.Request) -> web.Response:
        """Since the last question."""
        return self.json({**self._lag.take(), "cpu_s": time.process_time()})


class RolloutView(HomeAssistantView):
    """Begins a rollout to all devices."""

    url, name, requires_auth = "/bench/rollout", "bench:rollout", False

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    async def post(self, request: web.Request) -> web.Response:
        """As the action does."""
        data = {"product": "bench", "version": ["2.0.0"], "strategy": "all", "max_in_flight": 10_000}
        started = time.perf_counter()
        reply = await self._hass.services.async_call("ota", "create_rollout", data, blocking=True, return_response=True)
        return self.json({"reply": reply, "seconds": time.perf_counter() - started})


class BareView(HomeAssistantView):
    """The least that a device view can do."""

    url, name, requires_auth = "/bench/bare", "bench:bare", False

    async def post(self, request: web.Request) -> web.Response:
        """Read JSON, answer JSON."""
        return self.json({"ok": bool(await request.json())})


async def _chunks(image: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(image), 256 * 1024):
        yield image[at : at + 256 * 1024]


def _fill_logs(state: State) -> None:
    """Every device has been here for long: its log is full."""
    log = tuple(DeviceEvent(float(at), DeviceEventKind.VERSION, "1.0.0", "as it was") for at in range(HISTORY_LENGTH))
    for device in list(state.devices.values()):
        if len(device.history) < HISTORY_LENGTH:
            state.set_device(replace(device, history=log))


async def serve(folder: Path, port: int, devices: int) -> None:
    """Run until killed."""
    if not (folder / ".storage").exists():
        write_config(folder, port, devices)
    started = time.monotonic()
    hass: HomeAssistant | None = await bootstrap.async_setup_hass(
        RuntimeConfig(config_dir=str(folder), skip_pip=True, log_no_color=True, verbose=False)
    )
    assert hass is not None
    await hass.async_start()
    await hass.async_block_till_done()
    boot_s = time.monotonic() - started
    (entry,) = hass.config_entries.async_entries("ota")
    image = bytes(range(256)) * (2 * 1024 * 1024 // 256)
    fields = {
        "product": "bench",
        "chip": "generic",
        "version": "2.0.0",
        "sequence": 1,
        "size": len(image),
        "sha256": hashlib.sha256(image).hexdigest(),
    }
    manifest, signature = sign(fields, PRIVATE)
    if not entry.runtime_data.hub.state.releases:
        await entry.runtime_data.importer.async_import(_chunks(image), SignedManifest(manifest, signature))
    _fill_logs(entry.runtime_data.hub.state)
    lag = Lag()
    hass.http.register_view(LagView(lag))
    hass.http.register_view(BareView())
    hass.http.register_view(RolloutView(hass))
    lag.start()
    print(
        json.dumps({"ready": True, "devices": len(entry.runtime_data.hub.state.devices), "boot_s": boot_s}), flush=True
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
