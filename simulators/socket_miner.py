"""What simulated miners share: the arguments of their machine, and the 4028 socket, alone or next to HTTP."""

from abc import abstractmethod
import argparse
import asyncio
from typing import Any, ClassVar, override

from .asic import MINER_FAULTS, Machine, cgminer_exchange
from .framework import Simulator
from .net import NET_FAULTS, HttpSimulator, TcpServer


def add_boot_argument(parser: argparse.ArgumentParser, boot_s: float) -> None:
    """Add the time that a miner takes to start."""
    parser.add_argument("--boot-s", type=float, default=boot_s, help="seconds from a change until it hashes")


def add_machine_arguments(
    parser: argparse.ArgumentParser, *, mac: str, rated_w: float, ths: float, boot_s: float
) -> None:
    """Add address and machine of a miner."""
    parser.add_argument("--mac", default=mac)
    parser.add_argument("--rated-w", type=float, default=rated_w)
    parser.add_argument("--ths", type=float, default=ths)
    add_boot_argument(parser, boot_s)


class SocketMiner(Simulator):
    """A miner with the socket of the cgminer family; the subclass answers the commands."""

    DEFAULT_PORT = 4028
    FAULTS: ClassVar[dict[str, str]] = {**NET_FAULTS, **MINER_FAULTS}
    DESCRIPTION: ClassVar[str]
    machine: Machine

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.writes: list[str] = []
        self._server = TcpServer(self.faults, self._exchange)

    @override
    async def start(self) -> dict[str, Any]:
        port = await self._server.start(self.args.host, self.args.port)
        return {"host": self.args.host, "port": port}

    @override
    async def stop(self) -> None:
        await self._server.stop()

    @override
    def state(self) -> dict[str, Any]:
        return {**self.machine.truth(), "writes": self.writes}

    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        return await cgminer_exchange(reader, self._command, self.DESCRIPTION)

    @abstractmethod
    def _command(self, name: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a command; None if it is unknown."""


class WebMiner(HttpSimulator):
    """A miner with HTTP, and with the socket of the cgminer family on a second port."""

    DEFAULT_PORT = 80
    DESCRIPTION: ClassVar[str]
    machine: Machine

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self._socket = TcpServer(self.faults, self._exchange)

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--rpc-port", type=int, default=4028)

    @override
    async def start(self) -> dict[str, Any]:
        ready = await super().start()
        return {**ready, "rpc_port": await self._socket.start(self.args.host, self.args.rpc_port)}

    @override
    async def stop(self) -> None:
        await self._socket.stop()
        await super().stop()

    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        return await cgminer_exchange(reader, self._command, self.DESCRIPTION)

    @abstractmethod
    def _command(self, name: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a command of the socket; None if it is unknown."""
