"""A range of addresses is searched for miners: found on the wire, in bounded time, with bounded effort."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from unittest.mock import patch

import aiohttp
from aiohttp import web
import pytest

from custom_components.proof_of_heat.drivers.errors import UnreachableError
from custom_components.proof_of_heat.drivers.miner.cgminer_rpc import RPC_PORT
from custom_components.proof_of_heat.drivers.miner.models import MinerFamily
from custom_components.proof_of_heat.drivers.miner.probe import ProbeResult, probe
from custom_components.proof_of_heat.drivers.miner.scan import MAX_HOSTS, RangeError, parse_hosts, scan
from simulators.antminer.miner import Antminer
from simulators.bitaxe.miner import Bitaxe
from simulators.braiins.miner import Braiins
from simulators.framework import running
from simulators.net import serve_http
from simulators.whatsminer.miner import Whatsminer
from tests.skipped_waits import skipped_waits


@pytest.fixture
def neighbours(loopback: Callable[[], str]) -> list[str]:
    """Eight addresses one after the other."""
    first = loopback()
    head, _, last = first.rpartition(".")
    start = int(last) if int(last) < 240 else 1
    return [f"{head}.{start + step}" for step in range(8)]


def _range(hosts: list[str]) -> str:
    return f"{hosts[0]}-{hosts[-1].rpartition('.')[2]}"


async def test_every_make_in_the_range_is_identified(
    port_80: None, neighbours: list[str], session: aiohttp.ClientSession
) -> None:
    one, two, three, four = neighbours[0], neighbours[2], neighbours[5], neighbours[7]
    seen: list[tuple[int, int, int]] = []
    async with (
        running(Antminer, ["--host", one]),
        running(Whatsminer, ["--host", two, "--api", "v3"]),
        running(Braiins, ["--host", three]),
        running(Bitaxe, ["--host", four]),
    ):
        result = await scan(
            session, _range(neighbours), progress=lambda asked, total, found: seen.append((asked, total, len(found)))
        )
    assert result.found == (
        ProbeResult(one, MinerFamily.ANTMINER),
        ProbeResult(two, MinerFamily.WHATSMINER, "v3"),
        ProbeResult(three, MinerFamily.BRAIINS),
        ProbeResult(four, MinerFamily.BITAXE),
    )
    assert result.complete
    assert [asked for asked, _, _ in seen] == list(range(1, 9))
    assert seen[-1] == (8, 8, 4)


@asynccontextmanager
async def _mute(host: str) -> AsyncGenerator[set[asyncio.StreamWriter]]:
    """A server that accepts connections at the miners' port and never sends anything; yields its open connections."""
    still_open: set[asyncio.StreamWriter] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        still_open.add(writer)
        try:
            while await reader.read(1024):
                pass
        finally:
            still_open.discard(writer)
            writer.close()

    server = await asyncio.start_server(accept, host, RPC_PORT)
    try:
        yield still_open
    finally:
        server.close()


async def closed(still_open: set[asyncio.StreamWriter]) -> None:
    """The server notices it a moment later."""
    async with asyncio.timeout(120):
        while still_open:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)


async def test_a_scan_ends_when_its_time_is_up_with_what_it_found(
    neighbours: list[str], session: aiohttp.ClientSession
) -> None:
    async def patient(session: aiohttp.ClientSession, host: str, port: int) -> ProbeResult:
        if host == neighbours[1]:
            _, writer = await asyncio.open_connection(host, RPC_PORT)
            try:
                await asyncio.sleep(3600)
            finally:
                writer.close()
        return await probe(session, host, port)

    asked = patch("custom_components.proof_of_heat.drivers.miner.scan.probe", patient)
    async with running(Whatsminer, ["--host", neighbours[0]]), _mute(neighbours[1]) as still_open:
        clock = asyncio.get_running_loop().time
        async with skipped_waits():
            began = clock()
            with asked:
                result = await scan(session, _range(neighbours), seconds=6)
            assert clock() - began < 60
        assert [item.host for item in result.found] == [neighbours[0]]
        assert not result.complete
        assert result.checked == 7
        await closed(still_open)


async def test_a_scan_that_is_cancelled_leaves_no_connection_and_no_task(
    neighbours: list[str], session: aiohttp.ClientSession
) -> None:
    async with _mute(neighbours[0]) as still_open:
        before = asyncio.all_tasks()
        task = asyncio.create_task(scan(session, neighbours[0]))
        async with asyncio.timeout(120):
            while not still_open:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await closed(still_open)
        assert asyncio.all_tasks() == before


async def test_a_wide_scan_keeps_few_connections_open_at_once(session: aiohttp.ClientSession) -> None:
    """256 addresses that swallow every packet: the knocks go out in bounded numbers and the scan ends in seconds."""
    at_once = most = 0

    async def swallow(host: str, port: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            await asyncio.sleep(60)
        finally:
            at_once -= 1

    knock = patch("custom_components.proof_of_heat.drivers.miner.scan._CONNECT_S", 0.2)
    with patch("asyncio.open_connection", swallow), knock:
        result = await scan(session, "10.11.12.0/24")
    assert result.complete
    assert (result.checked, result.found) == (254, ())
    assert 20 < most <= 200


@pytest.mark.parametrize(
    ("text", "first", "count"),
    [
        ("192.168.1.20", "192.168.1.20", 1),
        (" 192.168.1.0/30 ", "192.168.1.1", 2),
        ("192.168.1.6/31", "192.168.1.6", 2),
        ("192.168.1.7/32", "192.168.1.7", 1),
        ("192.168.1.20-22", "192.168.1.20", 3),
        ("192.168.1.20 - 192.168.1.22", "192.168.1.20", 3),
        ("192.168.1.250-192.168.2.2", "192.168.1.250", 9),
        ("192.168.1.20, 192.168.1.18-21", "192.168.1.20", 4),
        ("100.64.0.0/30", "100.64.0.1", 2),
        ("10.0.0.0/22", "10.0.0.1", 1022),
    ],
)
def test_address_ranges(text: str, first: str, count: int) -> None:
    hosts = parse_hosts(text)
    assert (hosts[0], len(hosts)) == (first, count)
    assert len(hosts) <= MAX_HOSTS


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "invalid"),
        ("miner.local", "invalid"),
        ("192.168.1.1-", "invalid"),
        ("192.168.1.1-300", "invalid"),
        ("fe80::/64", "invalid"),
        ("10.0.0.9-5", "backwards"),
        ("0.0.0.0/0", "too_wide"),
        ("10.0.0.0/8", "too_wide"),
        ("10.0.0.1-10.9.0.1", "too_wide"),
        ("10.0.0.0/22, 10.1.0.0/22", "too_wide"),
        ("8.8.8.0/24", "not_local"),
        ("224.0.0.1", "not_local"),
        ("0.0.0.0", "not_local"),
    ],
)
def test_address_ranges_refused(text: str, key: str) -> None:
    with pytest.raises(RangeError) as caught:
        parse_hosts(text)
    assert caught.value.key == key
    assert str(caught.value)


async def test_a_range_that_is_refused_sends_nothing(session: aiohttp.ClientSession) -> None:
    with patch("asyncio.open_connection", side_effect=AssertionError), pytest.raises(RangeError):
        await scan(session, "8.8.8.8")


@pytest.mark.parametrize(
    "reply",
    [b"[" * 100_000, b"{" * 300_000, b'{"STATUS":', b"\xff\xfe\0", b"", b'{"a":1}}' * 2, b"\0"],
    ids=["deep", "long", "cut", "binary", "empty", "torn", "nul"],
)
async def test_other_services_at_the_miners_port_are_not_miners(
    reply: bytes, loopback: Callable[[], str], session: aiohttp.ClientSession
) -> None:
    host = loopback()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(answer, host, RPC_PORT):
        with pytest.raises(UnreachableError):
            await probe(session, host)


@pytest.mark.parametrize(
    ("text", "realm", "family"),
    [
        ("<title>Miner Web Dashboard</title>", "", MinerFamily.OTHER),  # ePIC
        ("<TITLE>用户界面</TITLE>", "", MinerFamily.OTHER),  # IceRiver
        ("", "DaogeMiner", MinerFamily.OTHER),  # Elphapex
        ("", "blackMiner", MinerFamily.OTHER),  # Hammer
        ("<title>Router</title>", "", None),
        ("", "Printer", None),
    ],
)
async def test_makes_without_a_socket_are_found_by_their_page(
    loopback: Callable[[], str], session: aiohttp.ClientSession, text: str, realm: str, family: MinerFamily | None
) -> None:
    async def page(_: web.Request) -> web.Response:
        if realm:
            return web.Response(status=401, headers={"WWW-Authenticate": f'Digest realm="{realm}"'})
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page)])
    host = loopback()
    runner, port = await serve_http(app, host, 0)
    try:
        if family is None:
            with pytest.raises(UnreachableError):
                await probe(session, host, port)
        else:
            assert (await probe(session, host, port)).family is family
    finally:
        await runner.cleanup()
