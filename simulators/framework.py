"""The common base of all simulators: command line, faults, control port, start and stop.

A simulator is one device or one cloud:

    python -m simulators.NAME --help

It prints one JSON line when it is ready, logs to standard error, and stops on SIGTERM or Ctrl-C. Faults are
switched on with ``--fault NAME[=VALUE]`` or, while it runs, through the control port (loopback, HTTP):

    GET /state               what the simulated device itself knows: the reference that a test compares with
    GET /faults              all faults and the active ones
    PUT /faults/NAME         body: a JSON value ({} or empty: on)
    DELETE /faults/NAME      off
    POST /do/NAME            an action of the simulator, e.g. a button press; body: JSON arguments

Tests in one process use ``async with running(SimulatorClass, ["--port", "0"]) as simulator``.
"""

from abc import ABC, abstractmethod
import argparse
import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
import json
import logging
import random
import signal
import sys
from typing import Any, ClassVar

from aiohttp import web

from .world.clock import WorldClock

_LOGGER = logging.getLogger(__name__)


class Faults:
    """The faults of one simulator: the known ones, and the active ones with their values."""

    def __init__(self, table: dict[str, str]) -> None:
        """Initialize from ``table``: fault -> description."""
        self.table = table
        self.active: dict[str, Any] = {}

    def set(self, name: str, value: Any = True) -> None:
        """Switch a fault on; KeyError if it is unknown."""
        if name not in self.table:
            raise KeyError(f"unknown fault {name}; known faults: {', '.join(sorted(self.table))}")
        self.active[name] = value

    def clear(self, name: str) -> None:
        """Switch a fault off."""
        self.active.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self.active

    def number(self, name: str, default: float = 0.0) -> float:
        """Return the value of a fault with a number; ``default`` if it is off or has no value."""
        value = self.active.get(name, default)
        return default if value is True or value is None else float(value)


class Simulator(ABC):
    """One simulated device.

    Attributes:
        NAME: Module name, as in ``python -m simulators.NAME``.
        FAULTS: Fault -> description.
        args: The parsed command line.
        clock: Time of the simulated world; runs ``--speed`` times faster than real time.
        rng: Source of all randomness, seeded by ``--seed``.
    """

    NAME: ClassVar[str]
    FAULTS: ClassVar[dict[str, str]] = {}
    DEFAULT_PORT: ClassVar[int | None] = None
    """Default port of the device, 0 for any; None for a simulator that only makes outgoing connections."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.clock = WorldClock(args.speed, args.world_start)
        self.rng = random.Random(args.seed)
        self.faults = Faults(self.FAULTS)
        for text in args.fault:
            name, _, value = text.partition("=")
            self.faults.set(name, _json_or_text(value) if value else True)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Add the simulator's own options; none by default."""
        return

    @abstractmethod
    async def start(self) -> dict[str, Any]:
        """Start; return the content of the ready line in addition to the name, e.g. ``{"host": …, "port": …}``."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop and release all resources."""

    def state(self) -> dict[str, Any]:
        """Return the internal state of the device."""
        return {}

    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """Run an action of the simulator; KeyError if it is unknown."""
        raise KeyError(f"unknown action {name} ({arguments})")


async def end_task(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and wait for its end; None: it was never started."""
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _time(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def parser_of(simulator: type[Simulator]) -> argparse.ArgumentParser:
    """Return the argument parser of a simulator."""
    faults = "\n".join(f"  {name:<22}{text}" for name, text in sorted(simulator.FAULTS.items()))
    parser = argparse.ArgumentParser(
        prog=f"python -m simulators.{simulator.NAME}",
        description=sys.modules[simulator.__module__].__doc__,
        epilog=f"faults:\n{faults}" if faults else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback)")
    if simulator.DEFAULT_PORT is not None:
        parser.add_argument("--port", type=int, default=simulator.DEFAULT_PORT, help="0: any free port")
    parser.add_argument("--control-port", type=int, default=0, help="HTTP port for faults and state; 0: any free port")
    parser.add_argument("--speed", type=float, default=1.0, help="run the simulated world this many times faster")
    parser.add_argument("--world-start", type=_time, help="time of the simulated world at the start (default: now)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all randomness")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[=VALUE]", help="see below")
    parser.add_argument("--verbose", action="store_true", help="log events to standard error")
    simulator.add_arguments(parser)
    return parser


@asynccontextmanager
async def running[S: Simulator](simulator: type[S], argv: Sequence[str] = ()) -> AsyncGenerator[S]:
    """A started simulator, for tests in one process (without a control port)."""
    device = simulator(parser_of(simulator).parse_args(argv))
    await device.start()
    try:
        yield device
    finally:
        await device.stop()


def main(simulator: type[Simulator], argv: Sequence[str] | None = None) -> None:
    """Run one simulator until it receives SIGTERM or SIGINT."""
    args = parser_of(simulator).parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.WARNING,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    asyncio.run(_serve(simulator, args))


async def _serve(simulator: type[Simulator], args: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    device = simulator(args)
    runner = web.AppRunner(control_app(device), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", args.control_port)
        await site.start()
        control = {"host": "127.0.0.1", "port": runner.addresses[0][1]}
        ready = await device.start()
        print(json.dumps({"ready": simulator.NAME, **ready, "control": control}), flush=True)
        await stopping.wait()
        await device.stop()
    finally:
        await runner.cleanup()


def control_app(device: Simulator) -> web.Application:
    """The control port's routes."""

    async def state(_: web.Request) -> web.Response:
        return web.json_response(device.state())

    async def faults(_: web.Request) -> web.Response:
        return web.json_response({"there_are": device.faults.table, "active": device.faults.active})

    async def set_fault(request: web.Request) -> web.Response:
        text = await request.text()
        value = json.loads(text) if text.strip() else {}
        try:
            device.faults.set(request.match_info["name"], True if value == {} else value)
        except KeyError as err:
            return web.json_response({"error": err.args[0]}, status=404)
        return web.json_response(device.faults.active)

    async def clear_fault(request: web.Request) -> web.Response:
        device.faults.clear(request.match_info["name"])
        return web.json_response(device.faults.active)

    async def do(request: web.Request) -> web.Response:
        text = await request.text()
        try:
            result = await device.do(request.match_info["name"], json.loads(text) if text.strip() else {})
        except KeyError as err:
            return web.json_response({"error": str(err.args[0])}, status=404)
        return web.json_response({"result": result})

    app = web.Application()
    app.add_routes(
        [
            web.get("/state", state),
            web.get("/faults", faults),
            web.put("/faults/{name}", set_fault),
            web.delete("/faults/{name}", clear_fault),
            web.post("/do/{name}", do),
        ]
    )
    return app
