"""Images on their way out, when something is wrong with file or client."""

import asyncio
from http import HTTPStatus
from pathlib import Path

from aiohttp import ClientPayloadError, web
from aiohttp.test_utils import TestClient, TestServer
import pytest

from custom_components.ota.rollout.wire.ranges import Slice
from custom_components.ota.views.image_response import ImageResponse, RateLimit


async def serve(path: Path, declared: int) -> TestClient[web.Request, web.Application]:
    """Serve one image with a declared size."""

    async def image(request: web.Request) -> web.StreamResponse:
        part = Slice(HTTPStatus.OK, 0, declared, declared)
        return await ImageResponse(path, part, "etag", headers={}).async_send(request)

    app = web.Application()
    app.router.add_get("/", image)
    client: TestClient[web.Request, web.Application] = TestClient(TestServer(app))
    await client.start_server()
    return client


async def test_an_image_without_a_listener_arrives(socket_enabled: None, tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(bytes(range(256)) * 1000)
    client = await serve(file, 256_000)
    try:
        reply = await client.get("/")
        assert await reply.read() == file.read_bytes()
    finally:
        await client.close()


async def test_an_image_that_ends_early_is_cut_off_and_not_padded(socket_enabled: None, tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(bytes(100_000))
    client = await serve(file, 200_000)
    try:
        reply = await client.get("/")
        with pytest.raises((ClientPayloadError, ConnectionError)):
            await reply.read()
    finally:
        await client.close()


async def test_a_clock_that_was_set_back_does_not_stop_downloads() -> None:
    limit = RateLimit(1000.0)
    loop = asyncio.get_running_loop()
    limit._available_at = loop.time() + 3600
    async with asyncio.timeout(120):
        await limit.async_acquire(1)
