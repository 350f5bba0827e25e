"""A private mosquitto on loopback, for tests and benchmarks."""

import asyncio
from pathlib import Path
import shutil

from scripts.tooling.ports import free_port

CONFIG = "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nuser root\n"


def program() -> str | None:
    """Return the path of mosquitto, which Debian installs in /usr/sbin."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


# As on a production machine: sessions and retained messages on disk, every message delivered at once.
LASTING = """listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
max_inflight_messages 0
max_queued_messages 0
user root
"""


class Mosquitto:
    """A broker that keeps its port over restarts."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(config.format(port=self.port, folder=folder), "utf-8")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        found = program()
        assert found is not None
        self._process = await asyncio.create_subprocess_exec(
            found, "-c", str(self._config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        for _ in range(6000):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return
        raise TimeoutError("mosquitto did not start")

    async def stop(self, *, politely: bool = False) -> None:
        """Kill the broker as in a crash, or terminate it (`politely`) as a restart of its service does."""
        if self._process is not None:
            (self._process.terminate if politely else self._process.kill)()
            await self._process.wait()
            self._process = None
