"""Searches a range of addresses for miners, limited in size, parallel connections and time.

First a TCP connection to the ports of miners is opened, without sending data; only hosts with an open port are
identified. Nothing is written and no password is sent. Canceling the task closes all connections.
"""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import dataclass
import ipaddress
from typing import Final

import aiohttp

from ..errors import DriverError, UnreachableError
from .cgminer_rpc import RPC_PORT
from .probe import V3_PORT, ProbeResult, probe

MAX_HOSTS: Final = 1024
SCAN_S: Final = 60.0
"""Maximum duration of a scan."""
_CONNECT_S: Final = 1.0
_AT_ONCE: Final = 64
_WEB_PORT: Final = 80


class RangeError(ValueError):
    """A range that cannot be scanned. `key`: "invalid", "backwards", "too_wide" or "not_local"."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The result of a scan. `found` is in the order of the addresses."""

    found: tuple[ProbeResult, ...]
    checked: int
    total: int

    @property
    def complete(self) -> bool:
        """Whether all addresses were checked in time."""
        return self.checked == self.total


async def scan(
    session: aiohttp.ClientSession,
    range_text: str,
    *,
    seconds: float = SCAN_S,
    http_port: int = _WEB_PORT,
    progress: Callable[[int, int, tuple[ProbeResult, ...]], None] | None = None,
) -> ScanResult:
    """Return the miners in a range ("192.168.1.0/24", "192.168.1.20-60", several separated by commas).

    After `seconds`, the result is what was found so far. `progress(checked, total, found)` is called after every
    address.

    Raises:
        RangeError: the range is invalid; nothing is sent.
    """
    hosts = parse_hosts(range_text)
    found: dict[str, ProbeResult] = {}
    checked = 0
    waiting = iter(hosts)

    async def work() -> None:
        nonlocal checked
        for host in waiting:
            with contextlib.suppress(DriverError):
                found[host] = await _identify(session, host, http_port)
            checked += 1
            if progress is not None:
                progress(checked, len(hosts), _ordered(hosts, found))

    with contextlib.suppress(TimeoutError):  # the result is what was found so far
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(hosts))):
                group.create_task(work())
    return ScanResult(found=_ordered(hosts, found), checked=checked, total=len(hosts))


def _ordered(hosts: list[str], found: dict[str, ProbeResult]) -> tuple[ProbeResult, ...]:
    return tuple(sorted(found.values(), key=lambda item: hosts.index(item.host))) if found else ()


async def _identify(session: aiohttp.ClientSession, host: str, http_port: int) -> ProbeResult:
    doors = await asyncio.gather(*(_is_open(host, port) for port in (RPC_PORT, V3_PORT, http_port)))
    if not any(doors):
        raise UnreachableError("no port of a miner is open")
    return await probe(session, host, http_port)


async def _is_open(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except OSError, TimeoutError:
        return False
    writer.close()
    return True


def parse_hosts(text: str) -> list[str]:
    """Return the addresses of "192.168.1.20", "192.168.1.0/24" or "192.168.1.20-60", several separated by commas.

    Raises:
        RangeError: it is something else, more than 1,024 addresses, or an address on the public internet.
    """
    spans = [_span(part.strip()) for part in text.split(",")]
    if sum(last - first + 1 for first, last in spans) > MAX_HOSTS:
        raise RangeError("too_wide", f"more than {MAX_HOSTS} addresses")
    numbers = dict.fromkeys(number for first, last in spans for number in range(first, last + 1))
    hosts = [ipaddress.IPv4Address(number) for number in numbers]
    if public := [host for host in hosts if host.is_global or host.is_multicast or host.is_unspecified]:
        raise RangeError("not_local", f"{public[0]} is not in a local network")
    return [str(host) for host in hosts]


def _span(text: str) -> tuple[int, int]:
    """Return the first and last address, without listing those in between: a range may be very large."""
    first_text, dash, last_text = (part.strip() for part in text.partition("-"))
    try:
        if "/" in text:
            network = ipaddress.IPv4Network(text, strict=False)
            inner = 1 if network.prefixlen < 31 else 0
            return int(network.network_address) + inner, int(network.broadcast_address) - inner
        first = ipaddress.IPv4Address(first_text)
        if not dash:
            return int(first), int(first)
        if "." not in last_text:
            last_text = f"{first_text.rpartition('.')[0]}.{last_text}"
        last = ipaddress.IPv4Address(last_text)
    except ValueError as err:
        raise RangeError("invalid", f"{text} is neither an address nor a range of addresses") from err
    if last < first:
        raise RangeError("backwards", f"{text}: the last address is before the first")
    return int(first), int(last)
