"""Network faults and digest authentication for simulators that are polled over HTTP or TCP."""

from abc import abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
import hashlib
import secrets
from typing import Any, Final, override

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .framework import Faults, Simulator

NET_FAULTS: Final = {
    "refused": "resets every connection",
    "silent": "accepts requests and never answers (half-open)",
    "slow": "answers after this many seconds (default 5)",
    "garbage": "answers with random bytes",
    "cut": "closes the connection halfway through the answer",
}
_FOREVER_S: Final = 3600.0
_GARBAGE: Final = b"\x00\xfe<html>\xff{]garbage"


def http_faults(faults: Faults) -> Middleware:
    """Return a middleware that applies the active network faults to an HTTP server."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if "refused" in faults:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if "silent" in faults:
            await asyncio.sleep(_FOREVER_S)
        if "slow" in faults:
            await asyncio.sleep(faults.number("slow", 5.0))
        if "garbage" in faults:
            return web.Response(body=_GARBAGE, content_type="application/json")
        response = await handler(request)
        if "cut" in faults and isinstance(response, web.Response) and isinstance(response.body, bytes):
            half = web.StreamResponse(status=response.status)
            half.content_length = len(response.body)
            half.content_type = "application/json"
            await half.prepare(request)
            await half.write(response.body[: len(response.body) // 2])
            if request.transport is not None:
                request.transport.close()
            return half
        return response

    return middleware


async def serve_http(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Start serving; return the port."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner, runner.addresses[0][1]


class HttpSimulator(Simulator):
    """A device that is an HTTP server."""

    DEFAULT_PORT = 0
    _runner: web.AppRunner | None = None

    @abstractmethod
    def application(self) -> web.Application:
        """Return what it serves."""

    @property
    def port(self) -> int:
        """Port on which it listens."""
        assert self._runner is not None
        port: int = self._runner.addresses[0][1]
        return port

    @override
    async def start(self) -> dict[str, Any]:
        self._runner, port = await serve_http(self.application(), self.args.host, self.args.port)
        return {"host": self.args.host, "port": port}

    @override
    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


type Exchange = Callable[[asyncio.StreamReader], Awaitable[bytes]]
"""Read one request and return the bytes of the answer; empty bytes close the connection."""


class TcpServer:
    """A TCP server with one request and one answer per connection (or several), with faults."""

    def __init__(self, faults: Faults, exchange: Exchange, *, keep_open: bool = False) -> None:
        self._faults = faults
        self._exchange = exchange
        self._keep_open = keep_open
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Start listening; return the port."""
        self._server = await asyncio.start_server(self._accepted, host, port)
        address: tuple[str, int] = self._server.sockets[0].getsockname()
        return address[1]

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._once(reader, writer) and self._keep_open:
                pass
        except ConnectionError, asyncio.IncompleteReadError, TimeoutError:
            pass
        finally:
            writer.close()

    async def _once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if "refused" in self._faults:
            writer.transport.abort()
            return False
        answer = await self._exchange(reader)
        if "silent" in self._faults:
            await asyncio.sleep(_FOREVER_S)
        if "slow" in self._faults:
            await asyncio.sleep(self._faults.number("slow", 5.0))
        if "garbage" in self._faults:
            answer = _GARBAGE
        if not answer:
            return False
        writer.write(answer[: len(answer) // 2] if "cut" in self._faults else answer)
        await writer.drain()
        return "cut" not in self._faults and "garbage" not in self._faults


class Digest:
    """HTTP digest authentication, the server's side (RFC 7616, qop auth)."""

    def __init__(self, realm: str, user: str, password: str, algorithm: str = "MD5") -> None:
        self.realm = realm
        self.user = user
        self.password = password
        self.algorithm = algorithm
        self._nonces: set[str] = set()

    def _hash(self, text: str) -> str:
        function = hashlib.sha256 if self.algorithm == "SHA-256" else hashlib.md5
        return function(text.encode()).hexdigest()

    def allows(self, request: web.Request) -> bool:
        """Return whether the request answers one of the challenges correctly."""
        header = request.headers.get("Authorization", "")
        if not header.startswith("Digest "):
            return False
        fields = dict(_pairs(header.removeprefix("Digest ")))
        if fields.get("username") != self.user or fields.get("nonce") not in self._nonces:
            return False
        one = self._hash(f"{self.user}:{self.realm}:{self.password}")
        two = self._hash(f"{request.method}:{fields.get('uri', '')}")
        if "qop" in fields:
            middle = f"{fields['nonce']}:{fields.get('nc', '')}:{fields.get('cnonce', '')}:{fields['qop']}"
        else:
            middle = fields["nonce"]
        return secrets.compare_digest(fields.get("response", ""), self._hash(f"{one}:{middle}:{two}"))

    def challenge(self) -> web.Response:
        """Return a 401 with a new nonce."""
        nonce = secrets.token_hex(16)
        self._nonces.add(nonce)
        value = f'Digest realm="{self.realm}", nonce="{nonce}", qop="auth", algorithm={self.algorithm}'
        return web.Response(status=401, headers={"WWW-Authenticate": value}, text="401 - Unauthorized")


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs, quoted, start = [], False, 0
    for index, letter in enumerate([*text, ","]):
        if letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            name, _, value = text[start:index].strip().partition("=")
            pairs.append((name, value.strip('"')))
            start = index + 1
    return pairs
