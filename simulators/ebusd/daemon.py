"""The command port of ebusd with a Vaillant system: a controller, and a boiler (bai) or a heat pump (hmu).

A command is a line of text; a reply ends with an empty line. As on a real bus, some messages are never answered, one
collides now and then, a value that the daemon has read before is old, and fields have more than one part.
"""

import argparse
import asyncio
from typing import Any, ClassVar, override

from simulators.framework import Simulator
from simulators.net import NET_FAULTS, TcpServer

NOT_FOUND = "ERR: element not found"
MODES = ("off", "auto", "day", "night")
_READ_ONLY = (
    "Status01",
    "Status02",
    "DisplayedOutsideTemp",
    "Hc1FlowTemp",
    "Hc1ActualFlowTempDesired",
    "WaterPressure",
)


class Ebusd(Simulator):
    """The daemon."""

    NAME = "ebusd"
    DEFAULT_PORT = 8888
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "no_signal": "the adapter has no connection to the bus",
        "not_scanned": "the daemon has just started and knows no device",
        "collisions": "every second message is lost on the bus",
        "broken_sensor": "the flow and the outdoor sensor are interrupted",
        "read_only": "the user of the port may not write",
        "deaf": "confirms writes that the controller ignores",
        "http": "the port is the HTTP port",
        "hot_water": "heats hot water",
        "no_counter": "the definitions of the heat pump have no counter of its electricity",
        "error": "the device reports the fault 28",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.circuit = args.controller
        self.mode, self.room_c = "auto", 20.5
        self.commands: list[str] = []
        self._known: dict[str, str] = {}
        self._count = 0
        self._server = TcpServer(self.faults, self._exchange, keep_open=True)
        self.port = 0

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--device", choices=("bai", "hmu"), default="hmu")
        parser.add_argument("--controller", default="ctlv2", help="circuit of the controller; empty: none")

    @override
    async def start(self) -> dict[str, Any]:
        self.port = await self._server.start(self.args.host, self.args.port)
        return {"host": self.args.host, "port": self.port}

    @override
    async def stop(self) -> None:
        await self._server.stop()

    @override
    def state(self) -> dict[str, Any]:
        return {"mode": self.mode, "room_c": self.room_c, "commands": len(self.commands)}

    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        line = (await reader.readline()).decode().strip()
        if not line:
            return b""
        self.commands.append(line)
        if "http" in self.faults:
            return b"HTTP/1.0 400 Bad Request\r\n\r\n\n\n"
        return f"{self._answer(line.split())}\n\n".encode()

    def _answer(self, words: list[str]) -> str:
        if words[0] == "find":
            return self._find("-w" in words)
        if "no_signal" in self.faults:
            return "ERR: no signal"
        match words:
            case ["read", "-m", age_s, "-c", circuit, name]:
                return self._read(circuit, name, int(age_s))
            case ["write", "-c", circuit, name, value]:
                return self._write(circuit, name, value)
        return "usage: see help"

    def _values(self) -> dict[tuple[str, str], str]:
        is_broken, hot = "broken_sensor" in self.faults, "hot_water" in self.faults
        outdoor = "-" if is_broken else "-3.562"
        device = self.args.device
        values = {
            (device, "Status01"): f"{'-' if is_broken else '36.5'};31.0;{outdoor};-;47.5;{'hwc' if hot else 'on'}",
            (device, "Status02"): "auto;60;75.0;70;65.0",
            (device, "currenterror"): "28;-;-;-;-" if "error" in self.faults else "-;-;-;-;-",
            ("broadcast", "outsidetemp"): outdoor,
        }
        if device == "bai":
            values |= {
                ("bai", "FlowTemp"): "-;cutoff" if is_broken else "36.38;ok",
                ("bai", "ReturnTemp"): "31.06;64473;ok",
                ("bai", "WaterPressure"): "1.472;ok",
                ("bai", "ModulationTempDesired"): "34.5",
                ("bai", "Flame"): "on",
            }
        else:
            values |= {
                ("hmu", "State"): f"118;on;{'heating_water' if hot else 'heating'}",
                ("hmu", "CurrentYieldPower"): "4.1",
                ("hmu", "CurrentConsumedPower"): "1.6",
                ("hmu", "CurrentCompressorUtil"): "48.0",
                ("hmu", "WaterThroughput"): "1040",
            }
            if "no_counter" not in self.faults:
                values["hmu", "ConsumptionTotal"] = "8123"
        if self.circuit:
            values |= {
                (self.circuit, "DisplayedOutsideTemp"): outdoor,
                (self.circuit, "Hc1FlowTemp"): "35.8125",
                (self.circuit, "Hc1ActualFlowTempDesired"): "36.2",
                (self.circuit, "z1RoomTemp"): "20.9375",
                (self.circuit, "HwcStorageTemp"): "47.5",
                (self.circuit, "HwcTempDesired"): "50",
                (self.circuit, "WaterPressure"): "1.5",
                (self.circuit, "z1OpMode"): self.mode,
                (self.circuit, "z1DayTemp"): f"{self.room_c:g}",
            }
        return values

    def _find(self, writable: bool) -> str:
        if "not_scanned" in self.faults:
            return NOT_FOUND
        names = ["z1OpMode", "z1DayTemp", "HwcTempDesired"] if self.circuit else []
        rows = [(self.circuit, name) for name in names] if writable else list(self._values())
        rows += [("scan.08", "id"), ("memory", "eeprom")]
        return "\n".join(f"{circuit},{name}" for circuit, name in rows) or NOT_FOUND

    def _read(self, circuit: str, name: str, age_s: int) -> str:
        value = self._values().get((circuit, name))
        if value is None:
            return NOT_FOUND
        self._count += 1
        if "collisions" in self.faults and self._count % 2:
            return "ERR: arbitration lost"
        if name == "WaterThroughput":
            return "ERR: read timeout"  # not every heat pump has it
        if age_s and name in ("z1OpMode", "z1DayTemp"):
            return self._known.setdefault(name, value)
        self._known[name] = value
        return value

    def _write(self, circuit: str, name: str, value: str) -> str:
        if "read_only" in self.faults:
            return "ERR: not authorized"
        if circuit != self.circuit or name in _READ_ONLY:
            return NOT_FOUND
        if "deaf" in self.faults:
            return "done"
        match name:
            case "z1OpMode" if value in MODES:
                self.mode = value
            case "z1DayTemp" if 5 <= float(value) <= 30:
                self.room_c = float(value)
            case _:
                return "ERR: argument value out of valid range"
        return "done"
