"""A condensing gas boiler with Modbus TCP, with the registers of the example template in docs/proof_of_heat/modbus.md.

Holding 0: flow setpoint (degC), 3: switch, 10: heartbeat; input 40: flow (0.1 degC), 41: burner's heat (10 W). With
--watchdog-s, the boiler returns to the settings of its panel if the heartbeat does not change that long, and ignores
commands until it does. The burner modulates to hold the flow setpoint; below its minimum power it cycles on and off. It
heats a simulated house (`heat_into`).
"""

import argparse
import asyncio
from typing import Any, ClassVar, override

from simulators.framework import Simulator
from simulators.modbus_wire import DEVICE_FAILURE, Registers, serve_tcp
from simulators.net import NET_FAULTS, TcpServer
from simulators.world.house import House

EFFICIENCY = 0.92
_LEAST = 0.2
_CATCH_UP_S = 600.0
_START_K, _STOP_K = 3.0, 4.0


class GasBoiler(Simulator):
    """The boiler."""

    NAME = "gas_boiler"
    DEFAULT_PORT = 0
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "busy": "answers every request with an exception (device failure)",
        "deaf": "acknowledges writes and does nothing",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.setpoint_c = 35.0
        self.switch = 0
        self.flow_c = 25.0
        self.heat_w = 0.0
        self.gas_kwh = 0.0
        self.panel = (self.setpoint_c, self.switch)
        """What the user set at the boiler."""
        self._beat = 0
        self._beat_at: float | None = None
        self.fallbacks = 0
        self.writes: list[tuple[int, list[int]]] = []
        self.registers = Registers(self._written)
        self._server = TcpServer(self.faults, self._exchange, keep_open=True)
        self.port = 0

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--unit-id", type=int, default=1)
        parser.add_argument("--rated-w", type=float, default=11_000.0)
        parser.add_argument("--watchdog-s", type=float, default=0.0, help="0: commands do not expire")

    @override
    async def start(self) -> dict[str, Any]:
        self._fill()
        self.port = await self._server.start(self.args.host, self.args.port)
        return {"host": self.args.host, "port": self.port}

    @override
    async def stop(self) -> None:
        await self._server.stop()

    @override
    def state(self) -> dict[str, Any]:
        self._expire()
        return {
            "switch": self.switch,
            "setpoint_c": self.setpoint_c,
            "flow_c": round(self.flow_c, 2),
            "heat_w": round(self.heat_w),
            "gas_kwh": round(self.gas_kwh, 3),
            "writes": len(self.writes),
        }

    def heat_into(self, house: House, seconds: float) -> float:
        """Heat the water of a house for a while; the mean power in W."""
        self.flow_c = house.flow_c
        excess = self.flow_c - self.setpoint_c
        if not self.switch or excess > (_STOP_K if self.heat_w else -_START_K):
            self.heat_w = 0.0
        else:
            taken = house.data.radiator_w_k * max(0.0, self.setpoint_c - house.room_c)
            wanted = taken - excess * house.data.water_j_k / _CATCH_UP_S
            self.heat_w = min(self.args.rated_w, max(_LEAST * self.args.rated_w, wanted))
        self.gas_kwh += self.heat_w / EFFICIENCY * seconds / 3.6e6
        return self.heat_w

    def _fill(self) -> None:
        self.registers.holding = {0: round(self.setpoint_c), 1: 0, 2: 0, 3: self.switch, 10: self._beat}
        self.registers.input = {40: round(self.flow_c * 10), 41: round(self.heat_w / 10)}

    def _written(self, start: int, words: list[int]) -> None:
        self.writes.append((start, words))
        if "deaf" in self.faults:
            return
        if start == 10 and self.args.watchdog_s:
            self._receive_beat(words[0])
        elif self.args.watchdog_s and self._beat_at is None:
            return  # under its own control
        elif start == 0:
            self.setpoint_c = float(words[0])
        elif start == 3:
            self.switch = int(words[0] != 0)

    def _receive_beat(self, beat: int) -> None:
        if beat == self._beat:
            return  # a controller that hangs repeats the same value
        if self._beat_at is None:
            self.panel = (self.setpoint_c, self.switch)
        self._beat, self._beat_at = beat, self.clock.elapsed()

    def _expire(self) -> None:
        if self._beat_at is not None and self.clock.elapsed() - self._beat_at > self.args.watchdog_s:
            self._beat_at = None
            self.setpoint_c, self.switch = self.panel
            self.fallbacks += 1

    def _answer(self, unit: int, pdu: bytes) -> bytes | None:
        if unit != self.args.unit_id:
            return None
        if "busy" in self.faults:
            return bytes([pdu[0] | 0x80, DEVICE_FAILURE])
        self._expire()
        self._fill()
        return self.registers.answer(pdu)

    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        return await serve_tcp(reader, self._answer)
