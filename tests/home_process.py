"""A real Home Assistant in a process of its own, which tests kill."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import sys

from scripts.tooling.demo.client import HomeAssistant

ROOT = Path(__file__).parents[1]
_CONFIGURATION = """\
homeassistant:
  name: Kill
  latitude: 45.0
  longitude: 8.0
  time_zone: Europe/Rome
  unit_system: metric
api:
config:
http:
  server_port: {port}
  server_host: 127.0.0.1
"""


def write_configuration(folder: Path, port: int, integration: str) -> None:
    """Write a configuration with an integration of the suite."""
    (folder / "configuration.yaml").write_text(_CONFIGURATION.format(port=port))
    (folder / "custom_components").mkdir()
    (folder / "custom_components" / integration).symlink_to(ROOT / "custom_components" / integration)


@asynccontextmanager
async def home_process(folder: Path, url: str, token: str = "", *, kill: bool = True) -> AsyncGenerator[HomeAssistant]:
    """Run Home Assistant; at the end it is killed with SIGKILL, or stopped."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homeassistant", "--config", str(folder), "--skip-pip",
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with HomeAssistant.connect(url, token) as ha:
            await ha.wait_until_up()
            if token:
                await ha.wait_until_running()
            yield ha
            process.kill() if kill else process.terminate()
    finally:
        if process.returncode is None and kill:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()
