"""Looking through a range of addresses for miners: bounded in width, in connections at once, and in time.

First a knock (a TCP connection, nothing said) at the ports that miners have; only who opens is asked who it is.
Nothing is written and no password is sent. Cancelling the task that scans closes every connection.
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
"""The longest that a scan takes, whatever the network does."""
_KNOCK_S: Final = 1.0
_AT_ONCE: Final = 64
_WEB_PORT: Final = 80


class RangeError(ValueError):
    """A range that cannot be scanned. `key`: "invalid", "backwards", "too_wide" or "not_local"."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What came of a scan. `found` in the order of the addresses."""

    found: tuple[ProbeResult, ...]
    asked: int
    total: int

    @property
    def complete(self) -> bool:
        """Whether every address was looked at before the time was up."""
        return self.asked == self.total


async def scan(
    session: aiohttp.ClientSession,
    range_text: str,
    *,
    seconds: float = SCAN_S,
    http_port: int = _WEB_PORT,
    progress: Callable[[int, int, tuple[ProbeResult, ...]], None] | None = None,
) -> ScanResult:
    """Miners in a range ("192.168.1.0/24", "192.168.1.20-60", several with commas).

    Raises RangeError before anything is sent. When `seconds` are over, what was found until then is the result.
    `progress(asked, total, found)` is called after every address.
    """
    hosts = hosts_of(range_text)
    found: dict[str, ProbeResult] = {}
    asked = 0
    waiting = iter(hosts)

    async def work() -> None:
        nonlocal asked
        for host in waiting:
            with contextlib.suppress(DriverError):
                found[host] = await _look(session, host, http_port)
            asked += 1
            if progress is not None:
                progress(asked, len(hosts), _ordered(hosts, found))

    with contextlib.suppress(TimeoutError):  # what was found until then is the result
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(hosts))):
                group.create_task(work())
    return ScanResult(found=_ordered(hosts, found), asked=asked, total=len(hosts))


def _ordered(hosts: list[str], found: dict[str, ProbeResult]) -> tuple[ProbeResult, ...]:
    return tuple(sorted(found.values(), key=lambda item: hosts.index(item.host))) if found else ()


async def _look(session: aiohttp.ClientSession, host: str, http_port: int) -> ProbeResult:
    doors = await asyncio.gather(*(_opens(host, port) for port in (RPC_PORT, V3_PORT, http_port)))
    if not any(doors):
        raise UnreachableError("no port of a miner's is open")
    return await probe(session, host, http_port)


async def _opens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_KNOCK_S):
            _, writer = await asyncio.open_connection(host, port)
    except OSError, TimeoutError:
        return False
    writer.close()
    return True


def hosts_of(text: str) -> list[str]:
    """Addresses of "192.168.1.20", "192.168.1.0/24" or "192.168.1.20-60", several joined by commas.

    Raises RangeError for anything else, for more than 1,024 addresses, and for addresses of the open Internet.
    """
    spans = [_span(part.strip()) for part in text.split(",")]
    if sum(last - first + 1 for first, last in spans) > MAX_HOSTS:
        raise RangeError("too_wide", f"more than {MAX_HOSTS} addresses")
    numbers = dict.fromkeys(number for first, last in spans for number in range(first, last + 1))
    hosts = [ipaddress.IPv4Address(number) for number in numbers]
    if strangers := [host for host in hosts if host.is_global or host.is_multicast or host.is_unspecified]:
        raise RangeError("not_local", f"{strangers[0]} is not in a local network")
    return [str(host) for host in hosts]


def _span(text: str) -> tuple[int, int]:
    """First and last address; nothing is listed yet, so that a wide range costs nothing."""
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
        raise RangeError("invalid", f"{text}: neither an address nor a range of addresses") from err
    if last < first:
        raise RangeError("backwards", f"{text}: the last address is before the first")
    return int(first), int(last)
