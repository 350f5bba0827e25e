"""Identifies the miner at an address.

Asks a few harmless questions at once; nothing is written and no password is sent.
"""

import asyncio
import contextlib
from dataclasses import dataclass
import json
import struct
from typing import Any, Final

import aiohttp

from ..errors import DriverError, UnreachableError
from ..http import JsonHttp
from ..values import at
from .cgminer_rpc import exchange
from .models import MinerFamily
from .proto import is_proto

V3_PORT: Final = 4433
_ASK_S: Final = 3.0
_MAX_REPLY: Final = 262_144
_OTHER_REALMS: Final = ('realm="blackMiner', 'realm="Daoge')
_OTHER_PAGES: Final = ("Miner Web Dashboard", "用户界面", "cloud-box", "DragonMint", "Miner UI")
"""Of makes that pyasic reads and that may have no socket."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The miner at an address. `variant`: protocol version within the family."""

    host: str
    family: MinerFamily
    variant: str = ""


async def probe(session: aiohttp.ClientSession, host: str, http_port: int = 80) -> ProbeResult:
    """Return the miner at `host`.

    Raises:
        UnreachableError: no miner answers.
    """
    answers = await asyncio.gather(
        _rpc(host, "version"), _rpc(host, "get_version"), _v3(host), _web(session, host, http_port)
    )
    version, wm_version, v3_info, page = answers
    if at(v3_info, "msg", "miner", "type"):
        return ProbeResult(host, MinerFamily.WHATSMINER, "v3")
    if at(wm_version, "Code") == 131:
        return ProbeResult(host, MinerFamily.WHATSMINER, "v2")
    family = _family_of(json.dumps(version).lower() if version else "", page)
    if family is None:
        raise UnreachableError("no miner answers at this address")
    return ProbeResult(host, family)


def _family_of(version: str, page: str) -> MinerFamily | None:
    if page in ("bitaxe", "vnish", "proto"):
        return MinerFamily(page)
    if "boser" in version or "bosminer" in version or page == "braiins":
        return MinerFamily.BRAIINS
    if "luxminer" in version:
        return MinerFamily.LUXOS
    if "avalon" in version:
        return MinerFamily.AVALON
    if "bdminer" in version:
        return MinerFamily.SEALMINER
    if any(word in version for word in ("hiveon", "vnish", "kaonsu")):
        return MinerFamily.OTHER
    if "antminer" in version or page == "antminer":
        return MinerFamily.ANTMINER
    return MinerFamily.OTHER if version or page == "other" else None


async def _rpc(host: str, command: str) -> Any:
    try:
        return await exchange(host, command, timeout_s=_ASK_S)
    except DriverError:
        return None


async def _v3(host: str) -> Any:
    body = b'{"cmd":"get.device.info"}'
    try:
        async with asyncio.timeout(_ASK_S):
            reader, writer = await asyncio.open_connection(host, V3_PORT)
            try:
                writer.write(struct.pack("<I", len(body)) + body)
                (length,) = struct.unpack("<I", await reader.readexactly(4))
                raw = await reader.readexactly(min(length, _MAX_REPLY))
            finally:
                writer.close()
        return json.loads(raw)
    except OSError, TimeoutError, ValueError, EOFError, RecursionError:
        return None


async def _web(session: aiohttp.ClientSession, host: str, port: int) -> str:
    http = JsonHttp(session, f"http://{host}:{port}", _ASK_S)
    bitaxe, vnish, proto, page = await asyncio.gather(
        _json(http, "/api/system/info"), _json(http, "/api/v1/info"), is_proto(http), _first_page(session, http.base)
    )
    if proto:
        return "proto"
    if at(bitaxe, "ASICModel"):
        return "bitaxe"
    return "vnish" if str(at(vnish, "fw_name")).lower() == "vnish" else page


async def _json(http: JsonHttp, path: str) -> Any:
    with contextlib.suppress(DriverError):
        return await http.request("GET", path)
    return None


async def _first_page(session: aiohttp.ClientSession, base: str) -> str:
    try:
        async with session.get(
            f"{base}/", timeout=aiohttp.ClientTimeout(total=_ASK_S), allow_redirects=False
        ) as response:
            realm = response.headers.get("WWW-Authenticate", "")
            text = (await response.content.read(8192)).decode(errors="replace")
    except aiohttp.ClientError, OSError, TimeoutError, ValueError:
        return ""
    if 'realm="antMiner' in realm:
        return "antminer"
    if any(word in realm for word in _OTHER_REALMS) or any(word in text for word in _OTHER_PAGES):
        return "other"
    return "braiins" if "Braiins OS" in text else ""
