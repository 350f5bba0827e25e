"""The hashprice from JSON at a URL: limited in size and time, kept through outages and restarts."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientError, ClientSession, web
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest

from custom_components.proof_of_heat.prices import json_fetch
from custom_components.proof_of_heat.prices.http_price import (
    HttpPrice,
    HttpPriceError,
    fetch_price,
    parse_price,
    path_steps,
)
from custom_components.proof_of_heat.system_config import HttpPriceConfig

from .ha import system

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncGenerator[str]:
    app = web.Application()
    app.router.add_get("/price", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/price"
    finally:
        await runner.cleanup()


def json_reply(body: Any, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return answer


@pytest.mark.parametrize(
    ("body", "path", "price"),
    [
        (b"47.5", "", 47.5),
        (b'"47.5"', "", 47.5),
        (b'{"hashprice": {"usd": 50}}', "hashprice.usd", 50),
        (b'{"data": [{"v": 1}, {"v": 2}]}', "data[-1].v", 2),
        (b'{"data": [{"v": 1}, {"v": 2}]}', "$.data.0.v", 1),
        (b'{"v": 0}', "v", 0),
    ],
)
def test_number_at_a_path(body: bytes, path: str, price: float) -> None:
    assert parse_price(body, HttpPriceConfig("", path)) == price
    assert parse_price(body, HttpPriceConfig("", path, 1000.0)) == 1000 * price


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", ""),
        (b"<html>", ""),
        (b"{}", "a"),
        (b'{"a": null}', "a"),
        (b"[1]", "3"),
        (b"NaN", ""),
        (b"-3", ""),
        (b"true", ""),
    ],
)
def test_invalid_price_is_rejected(body: bytes, path: str) -> None:
    with pytest.raises(HttpPriceError):
        parse_price(body, HttpPriceConfig("", path))


@given(st.binary(max_size=200), st.text(max_size=30))
def test_arbitrary_bytes_and_paths_raise_only_price_errors(body: bytes, path: str) -> None:
    with suppress(HttpPriceError):
        assert parse_price(body, HttpPriceConfig("", path)) >= 0


def test_deep_nesting_is_rejected() -> None:
    with pytest.raises(HttpPriceError):
        parse_price(b"[" * 200_000, HttpPriceConfig(""))
    assert path_steps("a..b[0]") == ("a", "b", 0)


async def test_fetches_from_the_url(session: ClientSession) -> None:
    async with server(json_reply({"price": 42})) as url:
        assert await fetch_price(session, HttpPriceConfig(url, "price")) == 42


async def test_error_status_oversized_body_and_unreachable_server(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(json_reply({}, 503)) as url:
        with pytest.raises(HttpPriceError, match="503"):
            await fetch_price(session, HttpPriceConfig(url))
    monkeypatch.setattr(json_fetch, "MAX_BYTES", 1000)
    async with server(json_reply("x" * 5000)) as url:
        with pytest.raises(HttpPriceError, match="bytes"):
            await fetch_price(session, HttpPriceConfig(url))
    with pytest.raises(ClientError):
        await fetch_price(session, HttpPriceConfig(url))


async def in_two_parts(request: web.Request) -> web.StreamResponse:
    reply = web.StreamResponse()
    await reply.prepare(request)
    await reply.write(b'{"price": ')
    await asyncio.sleep(0.05)
    await reply.write(b"42}")
    await reply.write_eof()
    return reply


async def test_a_document_that_comes_in_parts_is_read_whole(session: ClientSession) -> None:
    async with server(in_two_parts) as url:
        assert await json_fetch.fetch_json(session, url) == {"price": 42}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"price": ', b"[" * 100_000])
async def test_a_document_that_is_not_json_is_an_error(session: ClientSession, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    async with server(answer) as url:
        with pytest.raises(HttpPriceError, match="invalid JSON"):
            await json_fetch.fetch_json(session, url)
    async with server(json_reply({}, 404)) as url:
        with pytest.raises(HttpPriceError, match="404"):
            await json_fetch.fetch_json(session, url)


async def look(hass: HomeAssistant, price: HttpPrice, now: datetime) -> float | None:
    price.value(now)
    await hass.async_block_till_done(wait_background_tasks=True)
    return price.value(now)


async def test_price_is_kept_for_two_days_of_an_outage(hass: HomeAssistant, socket_enabled: None) -> None:
    now, answers = dt_util.utcnow(), [json_reply({"p": 40.0}), *[json_reply({}, 500)] * 1000]

    async def answer(request: web.Request) -> web.StreamResponse:
        return await answers.pop(0)(request)

    async with server(answer) as url:
        price = HttpPrice(hass, system(), HttpPriceConfig(url, "p"))
        assert await look(hass, price, now) == 40.0
        assert await look(hass, price, now + timedelta(hours=20)) == 40.0
        assert price.failures == 1
        assert await look(hass, price, now + timedelta(hours=49)) is None


async def test_price_survives_a_restart_but_not_a_changed_url(hass: HomeAssistant) -> None:
    now = dt_util.utcnow()
    where = HttpPriceConfig("http://127.0.0.1:9/", "p")
    saved = {"from": [where.url, where.path, where.factor], "value": 41.0, "at": now.isoformat()}
    price = HttpPrice(hass, system(), where)
    assert price.dump() is None
    price.load(saved)
    assert price.dump() == saved
    other = HttpPrice(hass, system(), HttpPriceConfig("http://127.0.0.1:9/", "q"))
    for wrong in (saved, None, "x", {}, {**saved, "from": [where.url, "q", 1.0], "at": "no"}):
        other.load(wrong)
    assert other.dump() is None
