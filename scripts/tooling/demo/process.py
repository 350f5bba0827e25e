"""Child processes of the demo: each has a log, and all stop with the demo however it ends."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
import contextlib
import ctypes
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any

from .folder import ROOT
from .plugin import SimulatorSpec

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class ChildFailedError(Exception):
    """A child process ended, or did not become ready."""


def _die_with_parent() -> None:
    """Let the kernel end this child process when the demo is killed. Runs in the child."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A child process."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """Process ID."""
        return self.process.pid

    def tail(self, lines: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    async def ready_line(self, timeout_s: float = 90) -> dict[str, Any]:
        """Wait for the JSON line that a simulator prints when it is ready."""
        assert self.process.stdout is not None
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), timeout_s)
            answer: dict[str, Any] = json.loads(line)
        except (TimeoutError, ValueError) as err:
            raise ChildFailedError(f"{self.name} did not become ready:\n{self.tail()}") from err
        return answer

    async def stop(self, grace_s: float = 20) -> None:
        """Terminate the process; kill it if it does not end."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), grace_s)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


class Children:
    """All child processes. Home Assistant is stopped first, then its devices."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self.all: list[Child] = []

    async def start(
        self, name: str, command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, pipe: bool = False
    ) -> Child:
        """Start a program; with ``pipe`` its standard output can be read, otherwise it is written to the log."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if pipe else file,
                stderr=file,
                preexec_fn=_die_with_parent,
            )
        child = Child(name, process, log)
        self.all.append(child)
        return child

    def forget(self, child: Child) -> None:
        """Remove a child that ended and is replaced."""
        self.all.remove(child)

    async def first_to_end(self) -> Child:
        """Wait until any child process ends."""
        waits = {asyncio.create_task(child.process.wait()): child for child in self.all}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return waits[done.pop()]
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self) -> None:
        """Stop Home Assistant, then all others at the same time."""
        servers = [child for child in self.all if child.name == "home-assistant"]
        others = [child for child in self.all if child not in servers]
        for child in servers:
            await child.stop(grace_s=30)
        await asyncio.gather(*(child.stop(grace_s=5) for child in others))


@contextlib.asynccontextmanager
async def running(spec: SimulatorSpec) -> AsyncGenerator[None]:
    """Run a simulator as long as the context lasts."""
    command = [sys.executable, "-m", f"simulators.{spec.module}", *spec.arguments]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    await child.stdout.readline()
    try:
        yield
    finally:
        child.terminate()
        await child.wait()


@contextlib.asynccontextmanager
async def reachable(spec: SimulatorSpec) -> AsyncGenerator[None]:
    """Have a device online during its config flow, also if the caller of the demo runs the simulators."""
    assert spec.address is not None
    try:
        _, writer = await asyncio.open_connection(*spec.address)
    except OSError:
        async with running(spec):
            yield
    else:
        writer.close()
        yield
