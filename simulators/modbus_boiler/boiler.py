"""A heat generator with Modbus TCP, and RTU over a pseudo-terminal.

Register maps of real devices: `lambda` (Lambda EU), `idm` (iDM Navigator 2.0, floats with the low word first), `daikin`
(Daikin Home Hub, registers counted from 1 in its manual), `froeling` (Lambdatronic 3200: what it does not have is -1)
and `gtw08` (boilers of BDR Thermea behind their gateway).
"""

import argparse
import asyncio
import contextlib
import os
from pathlib import Path
import pty
import struct
import tty
from typing import Any, ClassVar, override

from simulators.framework import Simulator
from simulators.modbus_wire import DEVICE_BUSY, DEVICE_FAILURE, ILLEGAL_ADDRESS, Registers, serve_rtu, serve_tcp
from simulators.net import NET_FAULTS, TcpServer
from simulators.world.weather import in_heating_season, weather_at

OWN_SETPOINT_C = 35.0
HOT_WATER_C = 56.0
FROELING_OPEN_SENSOR = 256
"""128 °C."""
REQUEST_LIFE_S = 600.0
"""iDM: a requested temperature that is not written again is forgotten."""
_HEATS = {"lambda": (1, 2, 3), "idm": (1, 5), "daikin": (1,), "froeling": (1, 2, 5), "gtw08": (0, 1)}
"""The modes in which a device heats."""


class ModbusBoiler(Simulator):
    """The device."""

    NAME = "modbus_boiler"
    DEFAULT_PORT = 0
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "busy": "answers every request with an exception (device failure)",
        "noise": "RTU: a share of the answers (default 0.5) has a flipped bit",
        "deaf": "acknowledges writes and does nothing",
        "sensor_broken": "the outdoor sensor has the device's value for a missing sensor",
        "exception": "answers every request with this exception code (default 4)",
        "failed_register": "answers a read that includes this address with an exception (device failure)",
        "wrong_transaction": "TCP: answers with the transaction ID of another request",
        "reset_once": "resets the connection instead of so many answers (default 1)",
        "busy_once": "answers so many requests (default 1) with an exception (busy)",
        "no_readings": "answers reads of the registers 1000 to 1099 with an exception (illegal address)",
        "no_sensor": "temperatures have the extreme value of a missing sensor, selections -1 (default 0x8000)",
        "low_word_first": "Lambda: counters have the low word first, as some firmware does",
        "hot_water": "heats domestic hot water: the supply has 56 °C, the heating circuit cools",
        "error": "the device reports this error number (default 30)",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self._offset = in_heating_season(self.clock.now()) - self.clock.now()
        self.setpoint_c = OWN_SETPOINT_C
        self.level_k = 0.0
        self.room_setpoint_c = 21.0
        self._asked_at: float | None = None
        self.mode = {"lambda": 2, "idm": 1, "daikin": 1, "froeling": 1, "gtw08": 0}[args.device]
        self.circuit_c = self.flow_c = 32.0
        self.electricity_wh = 4_200_000.0
        self.heat_wh = 15_100_000.0
        self.writes: list[tuple[int, list[int]]] = []
        self.registers = Registers(self._written)
        self._last = self.clock.elapsed()
        self._server = TcpServer(self.faults, self._exchange, keep_open=True)
        self._rtu: asyncio.Task[None] | None = None
        self._descriptors: list[int] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._port = 0
        self._around: dict[str, float] | None = None
        self.device_path: str | None = None

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--device", choices=tuple(_HEATS), default="lambda")
        parser.add_argument("--unit-id", type=int, default=1)
        parser.add_argument(
            "--rtu", action="store_true", help="also on a pseudo-terminal, its path is in the ready line"
        )
        parser.add_argument(
            "--rtu-link", type=Path, help="a link to the serial port that stays when the port is replugged"
        )

    @override
    async def start(self) -> dict[str, Any]:
        self._refresh()
        self._port = await self._server.start(self.args.host, self.args.port)
        ready: dict[str, Any] = {"host": self.args.host, "port": self._port}
        if self.args.rtu:
            self.plug()
            ready["device"] = self.device_path
        return ready

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @override
    async def stop(self) -> None:
        await self._server.stop()
        await self.unplug()

    @override
    def state(self) -> dict[str, Any]:
        self._refresh()
        return {
            "mode": self.mode,
            "setpoint_c": self.setpoint_c,
            "level_k": self.level_k,
            "room_setpoint_c": self.room_setpoint_c,
            "heating": self.heating,
            "power_w": round(self.power_w),
            "heat_w": round(self.heat_w),
            "outdoor_c": self.outdoor_c,
            "writes": len(self.writes),
        }

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """`house`: heat the water of a house with these temperatures (outdoor_c, flow_c)."""
        if name != "house":
            return await super().do(name, arguments)
        self._refresh()
        self._around = {key: float(arguments[key]) for key in ("outdoor_c", "flow_c")}
        return {"heat_w": self.heat_w, "power_w": self.power_w}

    # --- the machine --------------------------------------------------------------------------------------

    @property
    def outdoor_c(self) -> float:
        """The weather's."""
        if self._around is not None:
            return self._around["outdoor_c"]
        return weather_at(self.clock.now() + self._offset).outdoor_c

    @property
    def heating(self) -> bool:
        """Whether its mode lets it heat."""
        return self.mode in _HEATS[self.args.device]

    @property
    def heat_w(self) -> float:
        """Output: what a house takes at this flow temperature."""
        if self._around is not None:
            missing_k = self.setpoint_c + self.level_k - self._around["flow_c"]
            return min(15_000.0, max(0.0, missing_k * 1500)) if self.heating else 0.0
        return max(0.0, (self.setpoint_c + self.level_k - 21) * 280) if self.heating else 0.0

    @property
    def power_w(self) -> float:
        """Input."""
        cop = max(1.5, 0.45 * (self.flow_c + 276) / max(8.0, self.flow_c + 8 - self.outdoor_c))
        return self.heat_w / cop if self.heating else 0.0

    def _refresh(self) -> None:
        now = self.clock.elapsed()
        if self._asked_at is not None and now - self._asked_at > REQUEST_LIFE_S:
            self._asked_at, self.setpoint_c = None, OWN_SETPOINT_C
        seconds, self._last = now - self._last, now
        self.electricity_wh += self.power_w * seconds / 3600
        self.heat_wh += self.heat_w * seconds / 3600
        target = self.setpoint_c + self.level_k if self.heating else 22.0
        self.circuit_c += ((24.0 if self.hot_water else target) - self.circuit_c) * min(1.0, seconds / 300)
        self.flow_c = HOT_WATER_C if self.hot_water else self.circuit_c
        getattr(self, f"_fill_{self.args.device}")()

    @property
    def hot_water(self) -> bool:
        """Whether it heats domestic hot water now."""
        return "hot_water" in self.faults

    @property
    def _error(self) -> int:
        return int(self.faults.number("error", 30)) if "error" in self.faults else 0

    def _fill_lambda(self) -> None:
        outdoor = -32768 if "sensor_broken" in self.faults else round(self.outdoor_c * 10)
        words = {0: 0, 1: 1, 2: outdoor, 3: outdoor, 4: outdoor}
        words |= {1000: 0, 1001: self._error, 1002: 7 if self.heating else 2, 1003: 2 if self.hot_water else 1}
        words |= {
            1004: round(self.flow_c * 100),
            1005: round((self.flow_c - 5) * 100),
            1006: 1100,
            1007: max(-32768, outdoor * 10),
        }
        words |= {
            1008: max(-32768, outdoor * 10 - 300),
            1009: 0,
            1010: 5500 if self.heating else 0,
            1011: round(self.heat_w / 100),
        }
        words |= {1012: round(self.power_w), 1013: round(100 * self.heat_w / self.power_w) if self.power_w else 0}
        order = -1 if "low_word_first" in self.faults else 1
        words |= dict(zip((1020, 1021), _int32(self.electricity_wh)[::order], strict=True))
        words |= dict(zip((1022, 1023), _int32(self.heat_wh)[::order], strict=True))
        words |= {2000: 0, 2001: 0, 2002: 485, 2003: 450, 5000: 0, 5001: 0, 5002: round(self.circuit_c * 10)}
        words |= {5003: round((self.circuit_c - 5) * 10), 5004: 212, 5005: round(self.setpoint_c * 10), 5006: self.mode}
        if "no_sensor" in self.faults:
            extreme = int(self.faults.number("no_sensor", 0x8000))
            words |= dict.fromkeys((2, 1004, 1005, 1007, 2002, 5002, 5004), extreme)
            words[5006] = -1
        words |= {5050: round(self.level_k * 10), 5051: round(self.room_setpoint_c * 10), 5052: 240}
        self.registers.holding = {address: value & 0xFFFF for address, value in words.items()}

    def _fill_idm(self) -> None:
        outdoor = -999.0 if "sensor_broken" in self.faults else self.outdoor_c
        values = {1000: outdoor, 1002: outdoor, 1008: self.flow_c, 1010: 28.0, 1012: 44.0, 1014: 49.0}
        values |= {1050: self.flow_c, 1052: self.flow_c - 5, 1054: self.flow_c, 1350: self.circuit_c - 0.5}
        values |= {1748: self.heat_wh / 1000, 1750: self.heat_wh / 1000, 1790: self.heat_w / 1000}
        values |= {4122: self.power_w / 1000, 1696: self.setpoint_c if self._asked_at is not None else 0.0}
        words: dict[int, int] = {}
        for address, value in values.items():
            words[address + 1], words[address] = struct.unpack(">HH", struct.pack(">f", value))
        words |= {1004: self._error, 1005: self.mode, 1090: 4 if self.hot_water else int(self.heating)}
        words[1099] = int(self._error > 0)
        self.registers.holding, self.registers.input = words, words

    def _fill_daikin(self) -> None:
        outdoor = 32767 if "sensor_broken" in self.faults else round(self.outdoor_c * 100)
        inputs = dict.fromkeys(range(20, 60), 32767)
        inputs |= {39: round(self.flow_c * 100), 40: round(self.flow_c * 100), 41: round((self.flow_c - 5) * 100)}
        inputs |= {42: 4850, 43: outdoor, 48: 1830, 49: 2120, 50: round(self.power_w / 10), 20: int(self._error > 0)}
        inputs[36] = int(self.hot_water)
        self.registers.input = {address: value & 0xFFFF for address, value in inputs.items()}
        words = dict.fromkeys(range(14), 0) | {0: round(self.setpoint_c), 2: 1, 3: self.mode, 9: 48}
        self.registers.holding = words

    def _fill_froeling(self) -> None:
        outdoor = -32768 if "sensor_broken" in self.faults else round(self.outdoor_c * 2)
        inputs = dict.fromkeys((*range(2625), *range(3000, 3020)), -1)
        flow = round(self.flow_c * 2)
        inputs |= {0: 2 * 75, 1: 140, 3: 85, 9: flow - 10, 14: 60 if self.heating else 0, 20: 4321}
        inputs |= {1000: outdoor, 1030: flow, 1031: round(self.setpoint_c * 2), 1630: 2 * 51, 2000: 2 * 68, 2006: 74}
        inputs |= {4000: 2, 4001: 41 if self._error else 3 if self.heating else 19}
        if self._error:
            inputs[3000] = self._error
        if "no_sensor" in self.faults:
            inputs |= dict.fromkeys((0, 9, 1030, 1630, 2000), FROELING_OPEN_SENSOR)
        self.registers.input = {address: value & 0xFFFF for address, value in inputs.items()}
        self.registers.holding = {8046: self.mode, **dict.fromkeys((8000, 8018, 8028), 0)}

    def _fill_gtw08(self) -> None:
        outdoor = -32768 if "sensor_broken" in self.faults else round(self.outdoor_c * 100)
        flow = round(self.flow_c * 100)
        words = {277: self._error or 0xFFFF, 384: outdoor, 400: flow, 401: flow - 500, 409: 16}
        words |= {
            411: 4 if self.hot_water else 3 if self.heating else 0,
            649: self.mode,
            664: round(self.room_setpoint_c * 10),
            1104: 208,
        }
        self.registers.holding = {address: value & 0xFFFF for address, value in words.items()}

    def _written(self, start: int, words: list[int]) -> None:
        self.writes.append((start, words))
        if "deaf" in self.faults:
            return
        signed = words[0] - 65536 if words[0] > 32767 else words[0]
        match self.args.device, start:
            case "lambda", 5006:
                self.mode = signed
            case "lambda", 5050:
                self.level_k = signed / 10
            case "lambda", 5051:
                self.room_setpoint_c = signed / 10
            case "idm", 1005:
                self.mode = signed
            case "idm", 1696:
                (asked,) = struct.unpack(">f", struct.pack(">HH", words[1], words[0]))
                self._asked_at = self.clock.elapsed() if asked else None
                self.setpoint_c = asked or OWN_SETPOINT_C
            case "daikin", 0:
                self.setpoint_c = float(signed)
            case ("daikin", 3) | ("froeling", 8046) | ("gtw08", 649):
                self.mode = signed
        self._refresh()

    # --- the wire -----------------------------------------------------------------------------------------

    def _answer(self, unit: int, pdu: bytes) -> bytes | None:
        if unit != self.args.unit_id:
            return None
        if "busy" in self.faults:
            return bytes([pdu[0] | 0x80, DEVICE_FAILURE])
        if "exception" in self.faults:
            return bytes([pdu[0] | 0x80, int(self.faults.number("exception", DEVICE_FAILURE))])
        if "busy_once" in self.faults:
            left = int(self.faults.number("busy_once", 1)) - 1
            self.faults.set("busy_once", left) if left else self.faults.clear("busy_once")
            return bytes([pdu[0] | 0x80, DEVICE_BUSY])
        self._refresh()
        if "no_readings" in self.faults and pdu[0] in {3, 4}:
            start, count = struct.unpack(">HH", pdu[1:5])
            if start < 1100 and start + count > 1000:
                return bytes([pdu[0] | 0x80, ILLEGAL_ADDRESS])
        if "failed_register" in self.faults and pdu[0] in {3, 4}:
            start, count = struct.unpack(">HH", pdu[1:5])
            if start <= self.faults.number("failed_register", 0) < start + count:
                return bytes([pdu[0] | 0x80, DEVICE_FAILURE])
        return self.registers.answer(pdu)

    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        answer = await serve_tcp(reader, self._answer)
        if "reset_once" in self.faults:
            left = int(self.faults.number("reset_once", 1)) - 1
            self.faults.set("reset_once", left) if left else self.faults.clear("reset_once")
            raise ConnectionResetError
        if answer and "wrong_transaction" in self.faults:
            return bytes([answer[0] ^ 0x5A]) + answer[1:]
        return answer

    # --- the serial line ----------------------------------------------------------------------------------

    def plug(self) -> None:
        """A serial adapter appears: a pseudo-terminal, under a name that stays the same if one was asked for."""
        ours, theirs = pty.openpty()
        tty.setraw(ours)
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._descriptors = [ours, theirs]
        self.device_path = os.ttyname(theirs)
        if (link := self.args.rtu_link) is not None:
            link.unlink(missing_ok=True)
            link.symlink_to(self.device_path)
            self.device_path = str(link)
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(ours, lambda: queue.put_nowait(os.read(ours, 256)))
        self._rtu = asyncio.create_task(serve_rtu(queue.get, lambda data: self._send(ours, data), self._answer))

    async def unplug(self) -> None:
        """The adapter is pulled out."""
        for timer in self._timers:
            timer.cancel()
        if self._rtu is not None:
            self._rtu.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._rtu
            self._rtu = None
        loop = asyncio.get_running_loop()
        for descriptor in self._descriptors:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        self._descriptors = []
        if self.args.rtu_link is not None:
            self.args.rtu_link.unlink(missing_ok=True)

    def _send(self, line: int, data: bytes) -> None:
        if "silent" in self.faults or "refused" in self.faults:
            return
        if "garbage" in self.faults:
            data = bytes(self.rng.randrange(256) for _ in data)
        if "noise" in self.faults and self.rng.random() < self.faults.number("noise", 0.5):
            data = bytes([data[0] ^ 0x10]) + data[1:]
        if "cut" in self.faults:
            data = data[: len(data) // 2]
        if "slow" in self.faults:
            later = self.faults.number("slow", 5.0)
            self._later(later, line, data)
            return
        # A real line brings a frame in pieces.
        self._put(line, data[:3])
        self._later(0.004, line, data[3:])

    def _later(self, seconds: float, line: int, data: bytes) -> None:
        self._timers = [timer for timer in self._timers if not timer.cancelled() and timer.when() > self._time()]
        self._timers.append(asyncio.get_running_loop().call_later(seconds, self._put, line, data))

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()

    def _put(self, line: int, data: bytes) -> None:
        if line in self._descriptors:
            os.write(line, data)


def _int32(value: float) -> tuple[int, int]:
    high, low = struct.unpack(">HH", struct.pack(">i", round(value)))
    return high, low
