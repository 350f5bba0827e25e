"""The native API of a compiled controller, used by a client of ESPHome's own library in its own process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path

from firmware.esphome.build import VENV

_CLIENT = Path(__file__).with_name("native_api_client.py")
_TIMEOUT_S = 120.0


class NativeApi:
    """A connected client.

    Attributes:
        info: Name, project and version of the device.
        entities: Names and types of its entities by key.
        states: States of the entities by name, in their order; an entity without a state has None.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Initialize the client with its process."""
        self.info: dict[str, str] = {}
        self.entities: dict[int, list[str]] = {}
        self.states: dict[str, list[object]] = {}
        self._process = process

    async def read(self) -> None:
        """Read what the client writes until it ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            found = json.loads(line)
            if "info" in found:
                self.info = found["info"]
            elif "entities" in found:
                self.entities = {int(key): value for key, value in found["entities"].items()}
            else:
                state = None if found["missing"] else found["state"]
                self.states.setdefault(self.entities[found["key"]][0], []).append(state)

    def key(self, name: str) -> int:
        """Return the key of an entity."""
        return next(key for key, (found, _) in self.entities.items() if found == name)

    async def command(self, name: str, **value: bool | float) -> None:
        """Switch a switch or set a number."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"key": self.key(name), **value}).encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def native_api(port: int) -> AsyncGenerator[NativeApi]:
    """Connect a client to the native API on a port of this machine."""
    process = await asyncio.create_subprocess_exec(
        VENV / "bin/python", _CLIENT, str(port), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    client = NativeApi(process)
    reading = asyncio.create_task(client.read())
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            while not client.states and not reading.done():  # noqa: ASYNC110  # another process is observed
                await asyncio.sleep(0.02)
        yield client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading
