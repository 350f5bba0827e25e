"""Start a real Home Assistant with every integration of the suite, configured with simulated devices.

    scripts/demo                                    start and open the dashboard in the browser
    scripts/demo --headless --json --port N --config DIR
                                                    without a browser; prints one JSON line when ready

Log in as demo / demo, or as guest / guest (read-only). Ctrl-C or a kill stops every child process.
"""

import argparse
import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
import json
import math
from pathlib import Path
import signal
import sys
import time
from typing import Any
import webbrowser

from ..ports import free_port
from . import broker, folder as config_folder, provision
from .client import HomeAssistant, HomeAssistantError
from .folder import ROOT, ForeignFolderError, InUseError, State
from .plugin import SimulatorSpec, World, place
from .process import Child, ChildFailedError, Children

_PORT_WAIT_S = 3.0
_SIMULATOR = "simulator-"
_RESTART_EXIT_CODE = 100  # homeassistant.const.RESTART_EXIT_CODE: restarted by a user in the UI


class Demo:
    """One run of the demo."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.folder: Path = args.config.resolve()
        self.url = f"http://127.0.0.1:{args.port}"
        self.begun = time.monotonic()
        self.children = Children(self.folder / "logs")
        self.simulators: dict[str, dict[str, Any]] = {}
        self._private_files: list[Path] = []
        self.broker: dict[str, Any] = {}
        self._lock = -1

    def log(self, text: str) -> None:
        """Print a line of progress to standard error."""
        print(f"[{time.monotonic() - self.begun:5.1f} s] {text}", file=sys.stderr, flush=True)

    async def start(self) -> dict[str, Any]:
        """Start everything; return the content of the JSON line."""
        self._lock = config_folder.lock(self.folder)
        await self._wait_for_port()
        state = config_folder.prepare(self.folder, self.url, self.args.port, fresh=self.args.fresh)
        await self._start_broker(state)
        world = World(
            self.url,
            self.args.speed,
            datetime.now(UTC),
            self.broker,
            simulated=not self.args.no_simulators,
            has_past=not self.args.no_history,
        )
        self.log("starting Home Assistant" + ("" if state.complete else " (first start in this folder)"))
        await self._start_server()
        first: dict[str, list[SimulatorSpec]] = {}
        if not state.complete:
            # While Home Assistant starts: these devices are asked, they do not call.
            first = provision.simulators_first(world)
            await self.start_simulators([spec for specs in first.values() for spec in specs])
        async with HomeAssistant.connect(self.url, state.token) as ha:
            await self._up(ha)
            if state.complete:
                await self.start_simulators(state.simulators)
                await ha.wait_until_running()
            else:
                await self._first_start(ha, state, world, first)
            entities = await provision.entities_of(ha, state.devices)
            return self._summary(state, await provision.described(ha, state, entities))

    async def _first_start(
        self, ha: HomeAssistant, state: State, world: World, first: Mapping[str, list[SimulatorSpec]]
    ) -> None:
        self.log("onboarding (user demo / password demo, read-only user guest / guest)")
        state.token, state.readonly_token = await provision.users(ha)
        await ha.wait_until_running()
        if self.broker:
            await provision.mqtt_entry(ha, self.broker, broker.protocol())
        made = {}
        for domain, demo in provision.domains().items():
            self.log(f"configuring {domain}")
            made[domain] = done = await demo.provision(ha, world)
            state.entries[domain] = done.entries
            state.devices += done.devices
            state.simulators += [*first[domain], *done.simulators]
        entities = await provision.entities_of(ha, state.devices)
        await provision.names(ha, state.devices, entities)
        if world.has_past:
            self.log("filling the history")
            count = await provision.history(ha, world, made, entities)
            self.log(f"  {count} states")
        await provision.dashboard(ha, made, entities)
        await provision.energy_dashboard(ha, state.devices, entities)
        for done in made.values():
            await self.start_simulators(done.simulators)
        state.complete = True
        state.save(self.folder)

    async def _wait_for_port(self) -> None:
        """Give a demo that was just stopped a few seconds to release the port."""
        while True:
            try:
                return config_folder.check_port(self.args.port)
            except InUseError:
                if time.monotonic() - self.begun > _PORT_WAIT_S:
                    raise
            await asyncio.sleep(0.25)

    async def _start_broker(self, state: State) -> None:
        port = state.broker_port or free_port()
        state.broker_port = port
        self.log("starting the MQTT broker" + ("" if broker.mosquitto() else " (amqtt: mosquitto is not installed)"))
        self.broker = await broker.start(self.children, self.folder, port, state.password)

    async def _start_server(self) -> Child:
        # Home Assistant adds its configuration folder to the path; the repository must not come first.
        env = {"PYTHONPATH": config_folder.python_path(), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "homeassistant", "--config", str(self.folder), "--skip-pip"]
        return await self.children.start("home-assistant", command, cwd=self.folder, env=env)

    async def _up(self, ha: HomeAssistant) -> None:
        """Wait for the HTTP server, or for a child process that ended."""
        up = asyncio.create_task(ha.wait_until_up())
        end = asyncio.create_task(self.children.first_to_end())
        done, pending = await asyncio.wait({up, end}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if end in done:
            child = end.result()
            raise ChildFailedError(f"{child.name} ended while starting:\n{child.tail()}")
        await up

    async def start_simulators(self, specs: list[SimulatorSpec]) -> None:
        """Start simulators together and wait until they are ready."""
        missing = [spec for spec in specs if spec.name not in self.simulators]
        self._private_files += [Path(name) for spec in missing for name in spec.private_files]
        if self.args.no_simulators or not missing:
            for spec in missing:
                self.simulators[spec.name] = place(spec.address)
            return
        self.log(f"starting {len(missing)} simulator{'s' if len(missing) > 1 else ''}")
        started = [(spec, await self._start_simulator(spec)) for spec in missing]
        for spec, child in started:
            ready = await child.ready_line()
            self.simulators[spec.name] = running(spec, ready, child.pid)

    async def _start_simulator(self, spec: SimulatorSpec) -> Child:
        arguments = [argument.replace("{folder}", str(self.folder)) for argument in spec.arguments]
        command = [sys.executable, "-m", f"simulators.{spec.module}", *arguments]
        command += ["--speed", str(self.args.speed)]
        env = {"PYTHONPATH": str(ROOT)}
        return await self.children.start(f"{_SIMULATOR}{spec.name}", command, cwd=ROOT, env=env, pipe=True)

    def _summary(self, state: State, devices: list[dict[str, Any]]) -> dict[str, Any]:
        for device in devices:
            name = device.pop("simulator_name")
            if name in self.simulators:
                device["simulator"] = self.simulators[name]
        return {
            "url": self.url,
            "token": state.token,
            "readonly_token": state.readonly_token,
            "entries": state.entries,
            "devices": devices,
            "broker": self.broker,
            "simulators": self.simulators,
            # Home Assistant first.
            "pids": [child.pid for child in sorted(self.children.all, key=lambda c: c.name != "home-assistant")],
            "seconds": round(time.monotonic() - self.begun, 1),
        }

    async def stop(self) -> None:
        """Stop every child process and delete the simulators' private files."""
        await self.children.stop()
        for path in self._private_files:
            path.unlink(missing_ok=True)

    async def watch(self) -> int:
        """Wait until Home Assistant or the broker ends; a restart by a user and a killed device do not end the demo."""
        while True:
            child = await self.children.first_to_end()
            if child.name == "home-assistant" and child.process.returncode == _RESTART_EXIT_CODE:
                self.log("Home Assistant is restarting")
                self.children.forget(child)
                await self._start_server()
                continue
            if child.name.startswith(_SIMULATOR):
                self.log(f"{child.name} ended with {child.process.returncode}: its devices are offline now")
                self.children.forget(child)
                continue
            self.log(f"{child.name} ended with {child.process.returncode}:\n{child.tail()}")
            return 1


def running(spec: SimulatorSpec, ready: dict[str, Any], pid: int) -> dict[str, Any]:
    """Return a simulator as in the JSON line; one that only calls others is listed with its control port."""
    if spec.address is not None:
        where = place(spec.address)
    else:
        where = ready["control"] | ({"path": ready["port"]} if "port" in ready else {})
    return {**ready, **where, "pid": pid}


_MAX_SPEED = 1_000_000


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < (port := int(text[:6])) < 65536):
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 65535")
    return port


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < _MAX_SPEED:
        raise argparse.ArgumentTypeError(f"must be a number greater than 0 and less than {_MAX_SPEED}")
    return speed


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--headless", action="store_true", help="do not open a browser")
    parser.add_argument("--port", type=_port, default=8123, help="port of Home Assistant (8123)")
    parser.add_argument("--config", type=Path, default=ROOT / "demo-config", help="configuration folder")
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready")
    parser.add_argument("--fresh", action="store_true", help="start from an empty configuration folder")
    parser.add_argument(
        "--no-simulators", action="store_true", help="start no simulators; the caller provides the devices"
    )
    parser.add_argument(
        "--no-history", action="store_true", help="start in half the time: no past, from which the house is learned"
    )
    parser.add_argument("--speed", type=_speed, default=1.0, help="run the simulated world this many times faster")
    return parser.parse_args(argv)


async def run(args: argparse.Namespace) -> int:
    """Start the demo and keep it running until it is stopped; return the exit status."""
    demo = Demo(args)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    stop = asyncio.create_task(stopping.wait())
    try:
        start = asyncio.create_task(demo.start())
        await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            start.cancel()
            await asyncio.wait({start})
            return 130
        report_ready(demo, start.result())
        watch = asyncio.create_task(demo.watch())
        await asyncio.wait({watch, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not watch.done():
            watch.cancel()
            return 0
        status = watch.result()
    except (ChildFailedError, HomeAssistantError, InUseError, ForeignFolderError, TimeoutError) as err:
        print(f"The demo could not start: {str(err) or 'timed out'}", file=sys.stderr)
        if (logs := demo.folder / "logs").exists():
            print(f"Logs: {logs}", file=sys.stderr)
        status = 1
    except OSError as err:
        reason = f"{err.filename}: {err.strerror}" if err.filename else err
        print(f"The demo could not start: {reason}", file=sys.stderr)
        status = 1
    finally:
        demo.log("stopping")
        await demo.stop()
    return status


def report_ready(demo: Demo, summary: dict[str, Any]) -> None:
    """Print the JSON line and the address of the dashboard."""
    if demo.args.json:
        print(json.dumps(summary), flush=True)
    dashboard = f"{demo.url}/{provision.DASHBOARD}"
    demo.log(f"ready: {dashboard} (log in as demo / demo; Ctrl-C stops)")
    if demo.args.no_simulators:
        for device in summary["devices"]:
            where = device["simulator"]
            facts = [f"key {device['key']}"] if device["key"] else []
            facts += [f"expected at {where['host']}:{where['port']}"] if where["host"] else []
            demo.log(": ".join([f"  {device['kind']} {device['id']}", *([", ".join(facts)] if facts else [])]))
    if not demo.args.headless:
        webbrowser.open(dashboard)


if __name__ == "__main__":
    sys.exit(asyncio.run(run(arguments())))
