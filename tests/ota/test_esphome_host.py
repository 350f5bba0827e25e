"""ESPHome itself: the documented configuration is valid, and a program that it compiles here talks to us.

Not covered: `update: http_request` refuses ESPHome's host platform, and no registry has the toolchain for a real chip
as a package. So the HTTP client, headers and lengths are ESPHome's; reading the manifest is not.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import re

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState
from firmware.esphome import build

from .conftest import AddDevice, Release, rollout
from .test_clients import becomes

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(build.missing_tool() is not None, reason=f"{build.missing_tool()} is not installed"),
]


def documented() -> str:
    """The example of docs/ota.md."""
    text = (ROOT / "docs/ota.md").read_text()
    found = re.search(r"## Example: ESPHome\n\n```yaml\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_documented_configuration_is_valid(tmp_path: Path) -> None:
    board = "esp32: {board: esp32-c3-devkitm-1, framework: {type: esp-idf}}\nwifi: {ssid: a, password: b12345678}\n"
    file = tmp_path / "cellar.yaml"
    file.write_text(documented() + board)
    shown = build.esphome("config", str(file), data=tmp_path / "data")
    assert "/api/ota/d/SECRET/manifest.json?version=1.4.0" in shown


@asynccontextmanager
async def program(folder: Path, url: str) -> AsyncIterator[asyncio.Queue[str]]:
    """Run the compiled client for a device's secret URL; what it prints."""
    binary = await asyncio.to_thread(build.build)
    process = await asyncio.create_subprocess_exec(
        binary,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "SUITE_OTA_URL": url, "ESPHOME_PREFDIR": str(folder)},
    )
    lines: asyncio.Queue[str] = asyncio.Queue()

    async def read() -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if found := re.search(r"\b(MANIFEST|IMAGE) .*", line.decode(errors="replace")):
                lines.put_nowait(re.sub(r"\x1b\[[0-9;]*m", "", found[0]).rstrip())

    reading = asyncio.create_task(read())
    try:
        yield lines
    finally:
        process.terminate()
        await process.wait()
        await reading


async def wait_for(lines: asyncio.Queue[str], *parts: str) -> str:
    async with asyncio.timeout(120):
        while True:
            line = await lines.get()
            if all(part in line for part in parts):
                return line


def fnv(data: bytes) -> str:
    """FNV-1a, which is small enough for a lambda."""
    value = 2166136261
    for byte in data:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return f"{value:08x}"


async def test_a_compiled_esphome_reads_its_manifest_and_the_image(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
    tmp_path: Path,
    socket_enabled: None,
) -> None:
    device = await add_device(chip="esp32c3")
    image = await release(payload=bytes(range(256)) * 32)
    base = str(device.client.make_url(f"/api/ota/d/{device.issued.url_token}"))
    async with program(tmp_path, base) as lines:
        line = await wait_for(lines, "MANIFEST 200", '"version":"1.0.0"')  # nothing is offered: its own version
        length = re.search(r"length (\d+) (\{.*\})", line)
        assert length is not None
        assert int(length[1]) == len(length[2]), "a length, not chunked: ESPHome reserves so many bytes"
        assert ota.hub.state.devices["dev-1"].installed_version == "1.0.0"
        await wait_for(lines, "IMAGE 404")  # what is not offered is not served
        await rollout(hass)
        await wait_for(lines, "MANIFEST 200", '"version":"2.0.0"', '"chipFamily":"ESP32-C3"')
        got = await wait_for(lines, "IMAGE 200")
    assert f"length {len(image)} fnv {fnv(image)}" in got
    assert await becomes(ota, JobState.INSTALLING)
