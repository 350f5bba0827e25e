"""The compiled controllers as a running device: firmware slots in a folder, a clock that jumps, states on its output.

The device is started again when its program ends, as a real one restarts.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
import os
from pathlib import Path
import shutil

import psutil


class HostProgram:
    """A device that runs a compiled program.

    Attributes:
        states: Last values of its entities, as it printed them.
        output: Its last log lines.
        starts: Number of starts.
        turns: How often it has read its sensors; between two of them it acts on what it read.
        is_out_of_bootloader: Whether the image of its last start runs: it has read its sensors.
        folder: Folder with flash, slots and sensors.
        environment: Environment of its next start.
    """

    def __init__(self, program: Path, folder: Path, **environment: str) -> None:
        """Initialize the device with a program in slot 0; ``environment`` contains its address, IDs and key."""
        self.states: dict[str, str] = {}
        self.output: list[str] = []
        self.starts = 0
        self.turns = 0
        self.is_out_of_bootloader = False
        self.folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._program = program
        self._clock_ms = 0
        for name in ("flash", "slots", "sensors"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copy2(program, folder / "slots/slot0")
        self.environment = {
            **os.environ,
            "ESPHOME_PREFDIR": str(folder / "flash"),
            "SUITE_SLOTS": str(folder / "slots"),
            "SUITE_SENSORS": str(folder / "sensors"),
            "SUITE_CLOCK": str(folder / "clock"),
            **environment,
        }
        self.environment.pop("SUITE_RUNNING_SLOT", None)

    def set_sensor(self, name: str, value: float | None) -> None:
        """Set a reading; None: the sensor has none."""
        path = self.folder / "sensors" / name
        if value is None:
            path.unlink(missing_ok=True)
            return
        part = path.with_suffix(".part")
        part.write_text(str(value))
        part.rename(path)

    def pass_time(self, seconds: float) -> None:
        """Let the clock of the device jump ahead."""
        self._clock_ms += round(seconds * 1000)
        part = self.folder / "clock.part"
        part.write_text(str(self._clock_ms))
        part.rename(self.folder / "clock")

    async def start(self) -> None:
        """Power the device on."""
        self.is_out_of_bootloader = False
        self._process = await asyncio.create_subprocess_exec(
            self._program,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.environment,
            cwd=self.folder,
        )
        self.starts += 1

    def api_port(self) -> int | None:
        """Return the port of its native API, None until it listens."""
        assert self._process is not None
        try:
            sockets = psutil.Process(self._process.pid).net_connections("tcp")
        except psutil.Error:
            return None
        return next((found.laddr.port for found in sockets if found.status == psutil.CONN_LISTEN), None)

    async def settle(self, turns: int = 5) -> None:
        """Wait until the device has noticed its sensors, its clock and its last reply, however busy the machine is."""
        enough = self.turns + turns
        await self.until(lambda: self.turns >= enough, "the device does not run")

    async def cut_power(self) -> None:
        """Kill the program, as a power outage does; ``run`` starts it again.

        The power stays on while the bootloader runs: an outage in it is another case, in which nothing is on record.
        """
        await self.until(lambda: self.is_out_of_bootloader, "the image does not run")
        await self._kill()
        self.is_out_of_bootloader = False

    async def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def run(self) -> None:
        """Run the device until this is cancelled."""
        try:
            while True:
                await self.start()
                await self._read()
                await asyncio.sleep(0.05)
        finally:
            await asyncio.shield(self._kill())

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while raw := await self._process.stdout.readline():
            line = raw.decode(errors="replace").rstrip()
            if line == "TURN":  # the bootloader prints lines too, and no turns
                self.is_out_of_bootloader = True
                self.turns += 1
                continue
            self.output = [*self.output[-199:], line]
            if line.startswith("STATE "):
                _, name, value = line.split(" ", 2)
                self.states[name] = value
        await self._process.wait()

    async def until(self, condition: Callable[[], object], what: str, timeout_s: float = 150.0) -> None:
        """Wait until a condition holds.

        Raises:
            AssertionError: It did not hold in time; with the last log lines of the device.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not condition():  # noqa: ASYNC110  # another process is observed
                    await asyncio.sleep(0.02)
        assert condition(), f"{what} after {timeout_s:g} s; {self.states}\n" + "\n".join(self.output[-25:])


@asynccontextmanager
async def powered(device: HostProgram) -> AsyncGenerator[HostProgram]:
    """Run a device."""
    running = asyncio.create_task(device.run())
    try:
        yield device
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
