"""Finding out what answers at an address, and looking through a range of addresses.

Asks a few harmless questions at once; nothing is written and no password is sent.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
import contextlib
from dataclasses import dataclass
import ipaddress
import json
import struct
from typing import Any, Final

import aiohttp

from ..errors import DriverError, UnreachableError
from ..http import JsonHttp
from ..values import at
from .reading import Family

RPC_PORT: Final = 4028
V3_PORT: Final = 4433
_ASK_S: Final = 3.0
_MAX_REPLY: Final = 262_144
_MAX_HOSTS: Final = 1024
_AT_ONCE: Final = 48


@dataclass(frozen=True, slots=True)
class Found:
    """What answers. `variant`: dialect within the family."""

    host: str
    family: Family
    variant: str = ""


async def probe(session: aiohttp.ClientSession, host: str, http_port: int = 80) -> Found:
    """What answers at `host`; UnreachableError where nothing does that looks like a miner."""
    answers = await asyncio.gather(
        _rpc(host, "version"), _rpc(host, "get_version"), _v3(host), _web(session, host, http_port)
    )
    version, wm_version, v3_info, page = answers
    if at(v3_info, "msg", "miner", "type"):
        return Found(host, Family.WHATSMINER, "v3")
    if at(wm_version, "Code") == 131:
        return Found(host, Family.WHATSMINER, "v2")
    family = _family_of(json.dumps(version).lower() if version else "", page)
    if family is None:
        raise UnreachableError("no miner answers at this address")
    return Found(host, family)


def _family_of(version: str, page: str) -> Family | None:
    if page == "bitaxe":
        return Family.BITAXE
    if "boser" in version or "bosminer" in version or page == "braiins":
        return Family.BRAIINS
    if any(word in version for word in ("luxminer", "hiveon", "vnish", "kaonsu")):
        return Family.OTHER
    if "antminer" in version or page == "antminer":
        return Family.ANTMINER
    return Family.OTHER if version else None


async def discover(session: aiohttp.ClientSession, hosts: Iterable[str]) -> AsyncGenerator[Found]:
    """What answers among `hosts`, as it is found."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(host: str) -> Found | None:
        async with gate:
            try:
                return await probe(session, host)
            except DriverError:
                return None

    tasks = [asyncio.ensure_future(one(host)) for host in hosts]
    try:
        for task in asyncio.as_completed(tasks):
            if (found := await task) is not None:
                yield found
    finally:
        for pending in tasks:
            pending.cancel()


def hosts_of(text: str) -> list[str]:
    """Addresses of "192.168.1.20", "192.168.1.0/24" or "192.168.1.20-60".

    Raises ValueError for anything else, and for more than 1,024 addresses.
    """
    first, dash, last = text.strip().partition("-")
    if "/" in text:
        hosts = [str(host) for host in ipaddress.ip_network(text.strip(), strict=False).hosts()]
    elif dash:
        start = ipaddress.IPv4Address(first.strip())
        end_text = last.strip()
        end = ipaddress.IPv4Address(end_text if "." in end_text else f"{str(start).rpartition('.')[0]}.{end_text}")
        if int(end) - int(start) >= _MAX_HOSTS or end < start:
            raise ValueError(f"{text}: too wide or backwards")
        hosts = [str(ipaddress.IPv4Address(number)) for number in range(int(start), int(end) + 1)]
    else:
        hosts = [str(ipaddress.ip_address(text.strip()))]
    if len(hosts) > _MAX_HOSTS:
        raise ValueError(f"{text}: more than {_MAX_HOSTS} addresses")
    return hosts


async def _exchange(host: str, port: int, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    await writer.drain()
    return reader, writer


async def _rpc(host: str, command: str) -> Any:
    try:
        async with asyncio.timeout(_ASK_S):
            reader, writer = await _exchange(host, RPC_PORT, json.dumps({"command": command}).encode())
            try:
                raw = await reader.read(_MAX_REPLY)
                while not _complete(raw) and len(raw) < _MAX_REPLY and (more := await reader.read(_MAX_REPLY)):
                    raw += more
            finally:
                writer.close()
        return json.loads(raw.rstrip(b"\0\n"))
    except OSError, TimeoutError, ValueError:
        return None


def _complete(raw: bytes) -> bool:
    with contextlib.suppress(ValueError):
        json.loads(raw.rstrip(b"\0\n"))
        return True
    return False


async def _v3(host: str) -> Any:
    body = b'{"cmd":"get.device.info"}'
    try:
        async with asyncio.timeout(_ASK_S):
            reader, writer = await _exchange(host, V3_PORT, struct.pack("<I", len(body)) + body)
            try:
                (length,) = struct.unpack("<I", await reader.readexactly(4))
                raw = await reader.readexactly(min(length, _MAX_REPLY))
            finally:
                writer.close()
        return json.loads(raw)
    except OSError, TimeoutError, ValueError, EOFError:
        return None


async def _web(session: aiohttp.ClientSession, host: str, port: int) -> str:
    http = JsonHttp(session, f"http://{host}:{port}", _ASK_S)
    with contextlib.suppress(DriverError):
        if at(await http.request("GET", "/api/system/info"), "ASICModel"):
            return "bitaxe"
    try:
        async with session.get(
            f"http://{host}:{port}/", timeout=aiohttp.ClientTimeout(total=_ASK_S), allow_redirects=False
        ) as response:
            realm = response.headers.get("WWW-Authenticate", "")
            text = (await response.content.read(8192)).decode(errors="replace")
    except aiohttp.ClientError, OSError, TimeoutError, ValueError:
        return ""
    if 'realm="antMiner' in realm:
        return "antminer"
    return "braiins" if "Braiins OS" in text else ""
