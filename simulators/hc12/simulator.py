"""An HC-12 module on a pseudo-terminal, with outlets (PIC16F88) on its radio channel.

The radio is half-duplex and slow. Two frames on the air at the same time are both lost, as HC-12 modules do not listen
before they send. With the faults, frames are lost, repeated or corrupted, and there is noise between them. Bytes that
arrive during the fault ``set_low`` are AT commands to the module itself, which it understands at its own baud rate.
Frames are not garbled at another one.
"""

import argparse
import asyncio
from collections import defaultdict
import contextlib
from dataclasses import dataclass
import os
from pathlib import Path
import termios
import tty
from typing import Any, ClassVar, override

from simulators.framework import Simulator

from .codec import Splitter
from .module import BAUDS, Module
from .outlet import Outlet

_BITS_PER_BYTE = 10
_CONTROLLER = "module"


@dataclass(eq=False)
class Transmission:
    """A frame on the air; it collides with any other one at the same time."""

    has_collided: bool = False


class Hc12(Simulator):
    """One channel: the controller's module on the pseudo-terminal, and the outlets."""

    NAME = "hc12"
    FAULTS: ClassVar[dict[str, str]] = {
        "loss": "share of lost frames, 0 to 1, in each direction (default 0.2)",
        "duplicate": "share of frames that arrive twice (default 0.05)",
        "corrupt": "share of frames with a flipped bit (default 0.05)",
        "noise": "share of frames with a burst of random bytes before them (default 0.2)",
        "late": "share of frames that arrive a second time long after (default 0.05)",
        "dead": "comma-separated IDs of outlets without power",
        "set_low": "the SET pin is low: bytes are AT commands",
        "mute_module": "the module does not answer AT commands",
        "unplugged": "the serial port is disconnected",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.module = Module(self.rng)
        self.module.channel, self.module.mode = f"{args.channel:03}", args.mode.removeprefix("FU")
        self.module.baud = self.module.active_baud = str(args.baud)
        self.module.is_confused = args.confused
        self.outlets = {name.upper(): Outlet(int(name, 16), self.rng) for name in args.outlets.split(",") if name}
        for outlet in self.outlets.values():
            outlet.loads = [int(load) for load in args.loads.split(",")]
            outlet.threshold = args.threshold
        self.port = ""
        self.frames = {"sent": 0, "lost": 0, "repeated": 0, "corrupted": 0, "late": 0, "collided": 0}
        self._splitter = Splitter()
        self._master: int | None = None
        self._slave: int | None = None
        self._is_command_mode = False
        # A module sends its frames one after the other; two modules can collide.
        self._senders: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._air: list[Transmission] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--link", type=Path, help="keep a symbolic link to the pseudo-terminal here")
        parser.add_argument("--outlets", default="FE,FD", help="IDs of the outlets (FE,FD)")
        parser.add_argument("--loads", default="1200,300", help="currents of sockets A and B in mA when on")
        parser.add_argument("--threshold", type=int, default=0, help="mA at which the outlets trip; 0: never")
        parser.add_argument("--channel", type=int, default=1, help="channel of the module, 1 to 127 (1)")
        parser.add_argument("--mode", default="FU3", help="mode of the module (FU3)")
        parser.add_argument("--baud", type=int, default=9600, help="baud rate of the module (9600)")
        parser.add_argument("--confused", action="store_true", help="the module accepts AT+DEFAULT only")
        parser.add_argument("--delay", type=float, default=0.0155, help="transfer delay of the radio, s (0.0155)")

    @override
    async def start(self) -> dict[str, Any]:
        self._plug()
        self._spawn(self._monitor())
        return {"port": str(self.args.link or self.port)}

    @override
    async def stop(self) -> None:
        self._unplug()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.args.link:
            self.args.link.unlink(missing_ok=True)

    @override
    def state(self) -> dict[str, Any]:
        return {
            "frames": self.frames,
            "module": {name: value for name, value in vars(self.module).items() if not name.startswith("_")}
            | {"_line": None},
            "outlets": {
                name: {
                    "relay_a": outlet.relays[0],
                    "relay_b": outlet.relays[1],
                    "current_a": outlet.currents()[0],
                    "current_b": outlet.currents()[1],
                    "threshold": outlet.threshold,
                    "executed": outlet.executed,
                    "repeated": outlet.repeated,
                    "refused": outlet.refused,
                }
                for name, outlet in self.outlets.items()
            },
        }

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """``load`` {outlet, a, b}: the connected loads; ``reboot`` {outlet}: a power outage of the outlet."""
        if name not in ("load", "reboot"):
            return await super().do(name, arguments)
        outlet = self.outlets[arguments["outlet"]]
        if name == "reboot":
            outlet.boot()
        else:
            outlet.loads = [int(arguments.get("a", outlet.loads[0])), int(arguments.get("b", outlet.loads[1]))]
        return self.state()["outlets"][arguments["outlet"]]

    # The serial port

    def _plug(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        if self.args.link:
            self.args.link.unlink(missing_ok=True)
            self.args.link.symlink_to(self.port)
        asyncio.get_running_loop().add_reader(self._master, self._on_serial)

    def _unplug(self) -> None:
        if self._master is None or self._slave is None:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = None
        if self.args.link:
            self.args.link.unlink(missing_ok=True)

    async def _monitor(self) -> None:
        """Apply ``unplugged``, and let the outlets check their loads."""
        while True:
            if "unplugged" in self.faults:
                self._unplug()
            elif self._master is None:
                self._plug()
            if "set_low" not in self.faults:
                self._leave_command_mode()
            for name, outlet in self.outlets.items():
                event = outlet.trip_on_overload()
                if event and not self._is_unpowered(name):
                    self._spawn(self._to_controller(event, name))
            await self.clock.sleep(0.05)

    def _on_serial(self) -> None:
        assert self._master is not None
        try:
            data = os.read(self._master, 4096)
        except OSError:
            return
        if "set_low" in self.faults:
            self._is_command_mode = True
            if "mute_module" not in self.faults:
                self._write(self.module.push(data, self._host_baud()))
            return
        self._leave_command_mode()
        for is_frame, piece in self._splitter.push(data):
            self._spawn(self._to_outlets(piece, is_frame))

    def _leave_command_mode(self) -> None:
        if self._is_command_mode:
            self._is_command_mode = False
            self.module.leave()

    def _host_baud(self) -> int | None:
        """Return the baud rate that the host has set; None if the module does not have it."""
        if self._slave is None:
            return None
        speed = termios.tcgetattr(self._slave)[5]
        return next((int(baud) for baud in BAUDS if getattr(termios, f"B{baud}") == speed), None)

    def _write(self, data: bytes) -> None:
        if self._master is not None:
            with contextlib.suppress(OSError):
                os.write(self._master, data)

    # The air

    def _is_unpowered(self, name: str) -> bool:
        return name in str(self.faults.active.get("dead", "")).upper().split(",")

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _to_outlets(self, piece: bytes, is_frame: bool) -> None:
        for data in await self._transmit(piece, _CONTROLLER, is_frame=is_frame):
            for name, outlet in self.outlets.items():
                if self._is_unpowered(name):
                    continue
                for answer in outlet.receive(data):
                    self._spawn(self._to_controller(answer, name))
                outlet.pause()

    async def _to_controller(self, frame: bytes, name: str) -> None:
        for data in await self._transmit(frame, name, is_frame=True):
            self._write(data)

    async def _transmit(self, piece: bytes, sender: str, *, is_frame: bool) -> list[bytes]:
        """Send over the air; returns the bytes that arrive."""
        async with self._senders[sender]:
            transmission = Transmission()
            for other in self._air:
                other.has_collided = transmission.has_collided = True
            self._air.append(transmission)
            try:
                await self.clock.sleep(self.args.delay + len(piece) * _BITS_PER_BYTE / int(self.module.active_baud))
            finally:
                self._air.remove(transmission)
        if transmission.has_collided:
            self.frames["collided"] += 1
            return []
        if not is_frame:
            return [piece]
        self.frames["sent"] += 1
        if self._happens("loss", 0.2):
            self.frames["lost"] += 1
            return []
        arrived = [self._corrupt(piece)]
        if self._happens("duplicate", 0.05):
            self.frames["repeated"] += 1
            arrived.append(piece)
        if self._happens("late", 0.05):
            self._spawn(self._repeat_later(piece))
        return arrived

    async def _repeat_later(self, piece: bytes) -> None:
        """Deliver the same frame again much later."""
        await self.clock.sleep(self.rng.uniform(0.05, 1.0))
        self.frames["late"] += 1
        for name, outlet in self.outlets.items():
            if not self._is_unpowered(name):
                for answer in outlet.receive(piece):
                    self._write(answer)
        self._write(piece)

    def _happens(self, fault: str, default: float) -> bool:
        return fault in self.faults and self.rng.random() < self.faults.number(fault, default)

    def _corrupt(self, piece: bytes) -> bytes:
        if self._happens("corrupt", 0.05):
            self.frames["corrupted"] += 1
            bit = self.rng.randrange(8 * len(piece))
            corrupted = bytearray(piece)
            corrupted[bit // 8] ^= 1 << bit % 8
            piece = bytes(corrupted)
        if self._happens("noise", 0.2):
            piece = self.rng.randbytes(self.rng.randrange(1, 12)) + piece
        return piece
