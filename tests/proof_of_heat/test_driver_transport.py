"""Unusual values and HTTP and socket replies: typed errors in limited time."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from custom_components.proof_of_heat._lib.heat_source import (
    Capabilities,
    Control,
    SourceKind,
)
from custom_components.proof_of_heat.drivers.capabilities import capabilities_from_dict, capabilities_to_dict
from custom_components.proof_of_heat.drivers.errors import (
    AuthError,
    BadReplyError,
    LimitedError,
    RefusedError,
    UnreachableError,
)
from custom_components.proof_of_heat.drivers.http import JsonHttp
from custom_components.proof_of_heat.drivers.miner.cgminer_rpc import exchange
from custom_components.proof_of_heat.drivers.values import at, highest, number, rows_at
from tests.proof_of_heat.wire import web_saying

# --- values and stored capabilities -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3.5", 3.5), (True, None), (None, None), ("nan", None), ("inf", None), ("x", None), ([], None), (7, 7.0)],
)
def test_numbers_from_any_value(value: object, expected: float | None) -> None:
    assert number(value) == expected


def test_incomplete_paths() -> None:
    assert at({"a": [{"b": 1}]}, "a", 0, "b") == 1
    assert at({"a": 5}, "a", "b") is None
    assert at([1], 3) is None
    assert rows_at({"a": 5}, "a") == []
    assert highest([None, None]) is None


def test_capabilities_survive_storage_and_a_newer_version() -> None:
    capabilities = Capabilities(
        kind=SourceKind.MINER,
        controls=frozenset({Control.POWER, Control.ON_OFF}),
        power_steps_w=(1000.0, 2000.0),
        modes=("low", "normal"),
        min_power_w=1000.0,
        reads_power=True,
    )
    stored = capabilities_to_dict(capabilities)
    assert capabilities_from_dict(stored) == capabilities
    newer = {**stored, "controls": [*stored["controls"], "teleport"], "of_tomorrow": 5}
    assert capabilities_from_dict(newer) == capabilities


# --- HTTP -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (401, AuthError),
        (403, AuthError),
        (404, RefusedError),
        (302, RefusedError),
        (500, UnreachableError),
        ((200, b"{", {}), BadReplyError),
        ((200, b"[" * 100_000, {}), BadReplyError),
        ((200, b" " * 2_100_000, {}), BadReplyError),
    ],
)
async def test_http_statuses_are_typed(reply: Any, error: type[Exception], session: aiohttp.ClientSession) -> None:
    async with web_saying({"/x": reply}) as port:
        with pytest.raises(error):
            await JsonHttp(session, f"http://127.0.0.1:{port}").request("GET", "/x")


async def test_http_429_contains_the_time_of_the_next_attempt(session: aiohttp.ClientSession) -> None:
    async with web_saying({"/x": (429, {}, {"Retry-After": "30"}), "/y": (429, {}, {"Retry-After": "soon"})}) as port:
        http = JsonHttp(session, f"http://127.0.0.1:{port}")
        with pytest.raises(LimitedError) as caught:
            await http.request("GET", "/x")
        assert caught.value.retry_at is not None
        assert 25 < (caught.value.retry_at - datetime.now(UTC)).total_seconds() <= 30
        with pytest.raises(LimitedError) as caught:
            await http.request("GET", "/y")
        assert caught.value.retry_at is None


async def test_http_empty_and_plain_replies_are_none(session: aiohttp.ClientSession) -> None:
    async with web_saying({"/empty": (200, b"", {}), "/plain": b"done", "/json": {"a": 1}}) as port:
        http = JsonHttp(session, f"http://127.0.0.1:{port}/")
        assert await http.request("POST", "/empty", body=b"{}") is None
        assert await http.request("GET", "/plain") is None
        assert await http.request("GET", "/json") == {"a": 1}


async def test_http_times_out(session: aiohttp.ClientSession) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(120):
            with pytest.raises(UnreachableError, match="GET /: the request timed out"):
                await JsonHttp(session, f"http://127.0.0.1:{port}", 0.3).request("GET", "/")


# --- the miners' socket -----------------------------------------------------------------------------------


async def test_socket_reads_a_reply_whose_connection_stays_open(socket_enabled: None) -> None:
    async def keeps_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        for part in (b'{"a": ', b'"}"', b"}\0"):
            writer.write(part)
            await asyncio.sleep(0.02)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(keeps_open, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(120):
            assert await exchange("127.0.0.1", "x", port=port, timeout_s=20) == {"a": "}"}


@pytest.mark.parametrize(
    ("reply", "error"),
    [(b"", UnreachableError), (b"[1]", BadReplyError), (b"{nonsense}", BadReplyError), (b"{" * 90_000, BadReplyError)],
)
async def test_socket_errors_are_typed(reply: bytes, error: type[Exception], socket_enabled: None) -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        with pytest.raises(error):
            await exchange("127.0.0.1", "x", port=server.sockets[0].getsockname()[1])


@pytest.mark.parametrize(
    "error", [UnicodeError("label empty or too long"), ValueError("embedded null character")], ids=["label", "null"]
)
async def test_an_address_that_no_host_can_have(error: ValueError, monkeypatch: pytest.MonkeyPatch) -> None:
    """`getaddrinfo` encodes the name before it asks a server: "a..b" has no encoding."""

    async def open_connection(*_: object) -> None:
        raise error

    monkeypatch.setattr("asyncio.open_connection", open_connection)
    with pytest.raises(UnreachableError):
        await exchange("a..b", "x")


async def test_socket_unreachable_and_without_a_reply(socket_enabled: None) -> None:
    with pytest.raises(UnreachableError):
        await exchange("127.0.0.1", "x", port=1)

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        with pytest.raises(UnreachableError, match="timed out"):
            await exchange("127.0.0.1", "x", port=server.sockets[0].getsockname()[1], timeout_s=0.2)
