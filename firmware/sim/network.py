"""The network between a device and Home Assistant: it can be down, and its replies can be replaced."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

_PIECE = 65536


class Network:
    """Forwards connections to a port of this machine.

    Attributes:
        reply: Body that replaces those of all replies, None: replies are forwarded.
        connections: Number of connections so far.
        exchanges: Number of those that have ended.
    """

    def __init__(self, target_port: int) -> None:
        """Initialize the network to a server."""
        self.reply: bytes | None = None
        self.connections = 0
        self.exchanges = 0
        self.port = 0
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Return the address of Home Assistant for the device."""
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        """Connect the device."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Disconnect the device; connections are refused."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for writer in tuple(self._writers):
            writer.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 5.0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            if self.reply is not None:
                await self._answer(reader, writer, self.reply)
            else:
                await self._forward(reader, writer)
        except OSError, asyncio.IncompleteReadError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            self.exchanges += 1

    @staticmethod
    async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers.add(far_writer)
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            self._writers.discard(far_writer)
            far_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    with suppress(OSError):
        writer.close()


@asynccontextmanager
async def network(target_port: int) -> AsyncGenerator[Network]:
    """Connect a device with a server."""
    connected = Network(target_port)
    await connected.up()
    try:
        yield connected
    finally:
        await connected.down()
