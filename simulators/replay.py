"""Serve a folder of captured miner replies on the miner's real ports.

python -m simulators.replay FOLDER [--host 127.0.0.9]

One file is one reply, named after its command (`summary.json`, `get_miner_conf.json`, `system_info.json`
…). The family is detected from names and contents. Writes are rejected.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import struct
import sys
from typing import Any, Final

from aiohttp import web

from .asic import cgminer_exchange, read_json
from .framework import Faults
from .net import Digest, TcpServer, serve_http

_REST: Final = {
    "miner_details": "/miner/details",
    "miner_stats": "/miner/stats",
    "miner_hw_hashboards": "/miner/hw/hashboards",
    "miner_errors": "/miner/errors",
    "cooling_state": "/cooling/state",
    "configuration_miner": "/configuration/miner",
    "performance_tuner_state": "/performance/tuner-state",
    "pools": "/pools",
    "network": "/network",
    "version": "/version/",
}
_AURADINE_PORT: Final = 8080
_V3_PARAMS: Final = ("summary", "edevs", "pools")


class NotACaptureError(ValueError):
    """The folder does not contain replies of a known miner family."""


def load(folder: Path) -> dict[str, Any]:
    """Return command -> reply; raise NotACaptureError."""
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not files:
        raise NotACaptureError(f"{folder}: no *.json files")
    replies = {}
    for file in files:
        try:
            replies[file.stem] = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as err:
            raise NotACaptureError(f"{file.name}: not JSON ({err})") from err
    return replies


def family_of(replies: dict[str, Any]) -> str:
    """Return the miner family of the replies."""
    text = json.dumps(replies)
    if any("ASICModel" in reply for reply in replies.values() if isinstance(reply, dict)):
        return "bitaxe"
    if "miner_details" in replies or "gql_system" in replies:
        return "braiins"
    if "get_device_info" in replies:
        return "whatsminer_v3"
    if "get_version" in replies:
        return "whatsminer_v2"
    if "Antminer" in text:
        return "antminer"
    if "GCMiner" in text or "FluxOS" in text:
        return "auradine"
    if any(str(reply.get("minertype", "")).startswith("DG") for reply in replies.values() if isinstance(reply, dict)):
        return "elphapex"
    if "Avalon" in text:
        return "avalon"
    raise NotACaptureError("the files are not replies of a known miner family")


class Replay:
    """A miner that answers with captured replies."""

    def __init__(self, folder: Path, state: str = "") -> None:
        """Initialize; files named `<command>_<state>` take precedence (`sleep` of an Antminer)."""
        self.replies = load(folder)
        self.family = family_of(self.replies)
        self._state = state
        self.http_port = 80
        self._servers: list[TcpServer] = []
        self._runners: list[web.AppRunner] = []

    def reply(self, name: str) -> Any:
        """Return the reply to a command, or None."""
        return self.replies.get(f"{name}_{self._state}") or self.replies.get(name)

    async def start(self, host: str, http_port: int = 80) -> None:
        """Listen on the ports of the family."""
        faults = Faults({})
        match self.family:
            case "antminer":
                await self._tcp(TcpServer(faults, self._cgminer), host, 4028)
                await self._http(self._cgi_app("antMiner Configuration"), host, http_port)
            case "auradine":
                await self._tcp(TcpServer(faults, self._cgminer), host, 4028)
                await self._http(self._auradine_app(), host, _AURADINE_PORT)
            case "elphapex":
                await self._http(self._cgi_app("Daoge Configuration"), host, http_port)
            case "avalon":
                await self._tcp(TcpServer(faults, self._cgminer), host, 4028)
            case "whatsminer_v2":
                await self._tcp(TcpServer(faults, self._whatsminer), host, 4028)
            case "whatsminer_v3":
                await self._tcp(TcpServer(faults, self._whatsminer_v3), host, 4433)
            case "braiins":
                await self._tcp(TcpServer(faults, self._cgminer), host, 4028)
                await self._http(self._braiins_app(), host, http_port)
            case "bitaxe":
                await self._http(self._bitaxe_app(), host, http_port)

    async def stop(self) -> None:
        """Stop listening."""
        for server in self._servers:
            await server.stop()
        for runner in self._runners:
            await runner.cleanup()

    async def _tcp(self, server: TcpServer, host: str, port: int) -> None:
        self._servers.append(server)
        await server.start(host, port)

    async def _http(self, app: web.Application, host: str, port: int) -> None:
        try:
            runner, self.http_port = await serve_http(app, host, port)
        except PermissionError:  # only root may listen on port 80
            runner, self.http_port = await serve_http(app, host, 0)
        self._runners.append(runner)

    async def _cgminer(self, reader: asyncio.StreamReader) -> bytes:
        def command(name: str, _: dict[str, Any]) -> dict[str, Any] | None:
            found = self.reply(name)
            return found if isinstance(found, dict) and isinstance(found.get("STATUS"), list) else None

        return await cgminer_exchange(reader, command, "cgminer 1.0.0")

    async def _whatsminer(self, reader: asyncio.StreamReader) -> bytes:
        request = await read_json(reader) or {}
        name = str(request.get("command") or request.get("cmd") or "")
        unknown = {"STATUS": "E", "When": 0, "Code": 14, "Msg": "invalid cmd", "Description": ""}
        if "+" in name:
            joined = {part: [self.reply(part) or unknown] for part in name.split("+")}
            return json.dumps({**joined, "id": 1}).encode() + b"\0"
        return json.dumps(self.reply(name) or unknown).encode() + b"\0"

    async def _whatsminer_v3(self, reader: asyncio.StreamReader) -> bytes:
        (length,) = struct.unpack("<I", await asyncio.wait_for(reader.readexactly(4), 10))
        request = json.loads(await reader.readexactly(length))
        name, param = str(request.get("cmd", "")).replace(".", "_"), request.get("param")
        found = self.reply(f"{name}_{param}" if param in _V3_PARAMS else name)
        body = json.dumps(found or {"code": -2, "when": 0, "msg": "invalid command", "desc": name}).encode()
        return struct.pack("<I", len(body)) + body

    def _auradine_app(self) -> web.Application:
        """Serve commands as paths; all of them require a token."""

        async def token(_: web.Request) -> web.Response:
            return web.json_response({"STATUS": [{"STATUS": "S", "Code": 700}], "Token": [{"Token": "replay"}]})

        async def command(request: web.Request) -> web.Response:
            found = self.reply(request.match_info["name"])
            if found is None or request.headers.get("Token") != "replay":
                return web.json_response({"STATUS": [{"STATUS": "E", "Code": 14, "Msg": "invalid command"}]})
            return web.json_response(found)

        app = web.Application()
        app.add_routes([web.post("/token", token), web.get("/{name}", command)])
        return app

    def _cgi_app(self, realm: str) -> web.Application:
        digest = Digest(realm, "root", "root")

        async def page(request: web.Request) -> web.Response:
            if not digest.allows(request):
                return digest.challenge()
            name = request.match_info.get("name", "")
            found = self.reply(name) or self.reply(name.removeprefix("get_"))
            if found is None and name == "get_miner_conf":  # not in every capture; the statistics contain the mode
                found = {"pools": [{"url": "x"}], "bitmain-work-mode": "0"}
            return web.Response(status=404) if found is None else web.json_response(found)

        app = web.Application()
        app.add_routes([web.get("/", page), web.get("/cgi-bin/{name}.cgi", page)])
        return app

    def _braiins_app(self) -> web.Application:
        async def page(_: web.Request) -> web.Response:
            return web.Response(text="<html><title>Braiins OS</title></html>", content_type="text/html")

        async def graphql(_: web.Request) -> web.Response:
            if "gql_system" not in self.replies:
                return web.json_response({"error": "not found"}, status=404)
            merged: dict[str, Any] = {}
            for name in ("gql_system", "gql_boards", "gql_tuning", "gql_pools"):
                merged = _merged(merged, self.replies.get(name, {}))
            return web.json_response(merged)

        async def rest(request: web.Request) -> web.Response:
            if request.path.endswith("/auth/login"):
                return web.json_response({"token": "replay", "timeout_s": 3600})
            path = request.path.removeprefix("/api/v1")
            name = next((name for name, there in _REST.items() if there == path), "")
            found = self.replies.get(name)
            return web.Response(status=404) if found is None else web.json_response(found)

        app = web.Application()
        app.add_routes([web.get("/", page), web.post("/graphql", graphql)])
        if "miner_details" in self.replies:
            app.add_routes([web.route("*", "/api/v1/{tail:.*}", rest)])
        return app

    def _bitaxe_app(self) -> web.Application:
        async def info(_: web.Request) -> web.Response:
            found = next((r for r in self.replies.values() if "hashRate" in r and "power" in r), None)
            return web.json_response(found or next(iter(self.replies.values())))

        app = web.Application()
        app.add_routes([web.get("/api/system/info", info)])
        return app


def _merged(one: Any, two: Any) -> Any:
    """Merge the replies to two parts of one query."""
    if isinstance(one, dict) and isinstance(two, dict):
        return {key: _merged(one.get(key), two.get(key)) for key in one | two}
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        return [_merged(a, b) for a, b in zip(one, two, strict=True)]
    return two if one is None else one


@asynccontextmanager
async def replaying(folder: Path, host: str, state: str = "", http_port: int = 80) -> AsyncGenerator[Replay]:
    """Serve a folder while the context is open."""
    replay = Replay(folder, state)
    try:
        await replay.start(host, http_port)
        yield replay
    finally:
        await replay.stop()


async def _main() -> None:
    folder = Path(sys.argv[1])
    host = sys.argv[3] if len(sys.argv) > 3 else "127.0.0.9"
    async with replaying(folder, host) as replay:
        print(json.dumps({"ready": "replay", "family": replay.family, "host": host}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
