"""Servers with replies given by a test, for replies that no simulator sends."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import json
from typing import Any

from aiohttp import web


@asynccontextmanager
async def web_saying(replies: Mapping[str, Any], host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[int]:
    """Path (with its query, or without) -> JSON, bytes, a status, or (status, JSON, headers); the port. Else 404."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        reply = replies.get(request.path_qs, replies.get(request.path, 404))
        match reply:
            case bool() | None | dict() | list() | str() | float():
                return web.json_response(reply)
            case bytes():
                return web.Response(body=reply, content_type="text/plain")
            case int():
                return web.Response(status=reply)
            case (int() as status, value, headers):
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                return web.Response(status=status, body=body, headers=headers, content_type="application/json")
        raise AssertionError(reply)

    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def socket_saying(
    replies: Mapping[str, Any], host: str, port: int = 4028
) -> AsyncGenerator[list[dict[str, Any]]]:
    """Command -> JSON or bytes, as in the cgminer family; any other command is invalid. The requests that came."""
    asked: list[dict[str, Any]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.read(65536) or b"{}")
        asked.append(request)
        name = str(request.get("command") or request.get("cmd") or ("enc" if "enc" in request else ""))
        unknown = {"STATUS": "E", "Code": 14, "Msg": "invalid cmd", "When": 0}
        reply = replies.get(name, unknown)
        writer.write(reply if isinstance(reply, bytes) else json.dumps(reply).encode())
        writer.close()

    server = await asyncio.start_server(answer, host, port)
    try:
        yield asked
    finally:
        server.close()
