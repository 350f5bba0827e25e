"""HTTP for devices, on a plain aiohttp server: keys, limits, bodies, and the shape of refusals."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
import gzip
from types import ModuleType
from typing import Any
import zlib

from aiohttp import set_zlib_backend, web
from aiohttp.compression_utils import ZLibBackend
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from aiohttp_fast_zlib import best_zlib
from homeassistant.helpers.http import KEY_AUTHENTICATED, HomeAssistantView
from hypothesis import given, strategies as st
import orjson
import pytest

from lib import device_http
from lib.device_http import (
    BODY_LIMIT,
    ApiError,
    DeviceGuard,
    RateLimiter,
    answers_errors,
    bad_value,
    conflict,
    forbidden,
    missing,
    not_found,
    parse_object,
    presented_key,
    read_body,
    read_object,
    require_control,
    require_user,
    too_many,
)
from lib.device_keys import KeyMatch, KeyRing

NOW = datetime(2026, 1, 5, tzinfo=UTC)


class Echo(HomeAssistantView):
    """Answers with the JSON object it got."""

    @answers_errors({"success": False})
    async def post(self, request: web.Request) -> web.Response:
        return self.json(await read_object(request, limit=100))

    @answers_errors({"success": False})
    async def put(self, request: web.Request) -> web.Response:
        raise OSError("disk full")

    @answers_errors()
    async def patch(self, request: web.Request) -> web.Response:
        return self.json({})

    @answers_errors()
    async def delete(self, request: web.Request) -> web.Response:
        raise web.HTTPNotFound


@pytest.fixture
async def client(socket_enabled: None) -> AsyncGenerator[TestClient]:
    app = web.Application()
    app.router.add_post("/", Echo().post)
    app.router.add_put("/", Echo().put)
    app.router.add_patch("/", Echo().patch)
    app.router.add_delete("/", Echo().delete)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_an_object_is_read(client: TestClient) -> None:
    reply = await client.post("/", data=b'{"a": 1}')
    assert (reply.status, await reply.json()) == (200, {"a": 1})


async def test_a_failure_that_nothing_handles_is_answered_as_json_and_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await client.put("/")
    assert (reply.status, reply.content_type) == (500, "application/json")
    answer = await reply.json()
    assert (answer["success"], answer["error"], answer["field"]) == (False, "unexpected", None)
    assert "disk full" in caplog.text
    assert (await client.delete("/")).status == 404, "an answer of aiohttp's own stays"


async def test_a_refusal_has_one_shape_with_the_routes_own_fields_first(client: TestClient) -> None:
    reply = await client.post("/", data=b"[]")
    assert reply.status == 400
    assert await reply.text() == (
        '{"success":false,"error":"bad_json","message":"the body must be a JSON object","field":null}'
    )


async def chunks(*parts: bytes) -> AsyncGenerator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(0)


@pytest.mark.parametrize("declared", [True, False], ids=["by its length", "by counting"])
async def test_a_long_body_is_refused(client: TestClient, declared: bool) -> None:
    body = b'{"a":"' + b"x" * 93 + b'"}'
    reply = await client.post("/", data=body if declared else chunks(body[:50], body[50:]))
    assert reply.status == 413
    assert (await reply.json())["error"] == "too_large"
    exact = body.replace(b"xx", b"x", 1)
    assert len(exact) == 100
    assert (await client.post("/", data=exact if declared else chunks(exact[:50], exact[50:]))).status == 200


@pytest.fixture(params=[best_zlib, zlib], ids=["of home assistant", "of python"])
def decoder(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """What decodes bodies: once its http is set up, Home Assistant's choice does, for the whole process."""
    before = ZLibBackend._zlib_backend
    set_zlib_backend(request.param)
    yield request.param
    set_zlib_backend(before)


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b'{"a": 1, "b": 2}'),
        ("gzip", b"\x1f\x8b\x08\x00" + b"x" * 30),
        ("deflate", b"\x78\x9c" + b"x" * 30),
    ],
    ids=["not compressed", "broken gzip", "broken deflate"],
)
@pytest.mark.parametrize("method", ["post", "patch"], ids=["read", "not read"])
async def test_a_body_that_cannot_be_decoded_is_one_line_in_the_log(
    client: TestClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    body: bytes,
    method: str,
) -> None:
    monkeypatch.setattr(device_http, "_broken_bodies", RateLimiter(rate=1 / 600, burst=1))
    headers = {"Content-Encoding": encoding}
    for _ in range(3):
        reply = await client.request(method, "/", data=body, headers=headers)
        answer = await reply.json()
        expected = (400, "bad_json") if method == "post" else (200, None)
        assert (reply.status, answer.get("error")) == expected
    assert await (await client.post("/", data=b'{"a": 1}')).json() == {"a": 1}
    lines = [(each.levelname, each.exc_info) for each in caplog.records if each.levelname in ("WARNING", "ERROR")]
    assert lines == [("WARNING", None)]
    assert "sent a request body that cannot be decoded" in caplog.text


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("body", [b'{"a": 1}', gzip.compress(b'{"a": 1}')[:12]], ids=["not compressed", "cut"])
async def test_a_body_that_is_shorter_than_any_gzip_is_refused(client: TestClient, body: bytes) -> None:
    reply = await client.post("/", data=body, headers={"Content-Encoding": "gzip"})
    assert (reply.status, (await reply.json())["error"]) == (400, "bad_json")
    whole = gzip.compress(b'{"a": 1}')
    assert await (await client.post("/", data=whole, headers={"Content-Encoding": "gzip"})).json() == {"a": 1}


async def test_a_body_that_never_arrives_is_given_up(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_http, "BODY_TIMEOUT_S", 0.05)

    async def stall() -> AsyncGenerator[bytes]:
        yield b'{"a":'
        await asyncio.sleep(60)
        yield b"1}"

    reply = await client.post("/", data=stall())
    assert reply.status == 400
    assert (await reply.json())["message"] == "the body did not arrive in time"


async def test_a_connection_that_breaks_is_bad_json() -> None:
    class Broken:
        def is_eof(self) -> bool:
            return False

        async def readany(self) -> bytes:
            raise ConnectionResetError

    request = make_mocked_request("POST", "/", payload=Broken())
    with pytest.raises(ApiError) as caught:
        await read_body(request)
    assert caught.value.code == "bad_json"


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"{", b"[]", b'"a"', b"null", b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": "\xff"}', b'{"a": 01}'],
)
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        parse_object(body)
    assert (caught.value.status, caught.value.code, caught.value.name) == (400, "bad_json", None)


@pytest.mark.parametrize(("depth", "fine"), [(1, True), (16, True), (17, False), (400, False)])
@pytest.mark.parametrize("shape", [(b'{"a":', b"}"), (b"[", b"]")], ids=["objects", "lists"])
def test_sixteen_levels_are_read(shape: tuple[bytes, bytes], depth: int, fine: bool) -> None:
    opening, closing = shape
    body = b'{"a":' + opening * (depth - 1) + b"1" + closing * (depth - 1) + b"}"
    if fine:
        assert parse_object(body)
    else:
        with pytest.raises(ApiError):
            parse_object(body)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert parse_object(b'{"a":[' + b",".join([b"[]"] * 100) + b"]}")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(ApiError):
        assert isinstance(parse_object(body), dict)


@given(st.dictionaries(st.text(), st.integers(-(2**53), 2**53) | st.text() | st.booleans()))
def test_any_flat_object_comes_through(value: dict[str, Any]) -> None:
    assert parse_object(orjson.dumps(value)) == value


@pytest.mark.parametrize(
    ("headers", "path", "allow_query", "key"),
    [
        ({}, "/", True, None),
        ({"X-Device-Key": "k"}, "/", True, "k"),
        ({"x-device-key": " k "}, "/", True, "k"),
        ({"X-Device-Key": ""}, "/?api_key=q", True, None),
        ({"X-Device-Key": "k", "Authorization": "Bearer b"}, "/?api_key=q", True, "k"),
        ({"Authorization": "Bearer b"}, "/?api_key=q", True, "b"),
        ({"Authorization": "BEARER  b"}, "/", True, "b"),
        ({"Authorization": "Basic b"}, "/", True, None),
        ({"Authorization": "Bearer"}, "/?api_key=q", True, "q"),
        ({}, "/?api_key=q", True, "q"),
        ({}, "/?api_key=", True, None),
        ({}, "/?api_key=q", False, None),
        ({}, "/?API_KEY=q", True, None),
    ],
)
def test_where_a_key_is_looked_for(headers: dict[str, str], path: str, allow_query: bool, key: str | None) -> None:
    assert presented_key(make_mocked_request("GET", path, headers), allow_query=allow_query) == key


@pytest.mark.parametrize(
    ("error", "status", "code", "name"),
    [
        (bad_value("x", "a"), 400, "bad_value", "a"),
        (missing("a"), 400, "missing", "a"),
        (forbidden(), 403, "forbidden", None),
        (not_found("x"), 404, "not_found", None),
        (conflict("x", "revision"), 409, "conflict", "revision"),
        (too_many(2.1), 429, "too_many", None),
    ],
)
def test_codes_and_status_belong_together(error: ApiError, status: int, code: str, name: str | None) -> None:
    reply = error.response()
    assert reply.status == status
    assert isinstance(reply.body, bytes)
    body = orjson.loads(reply.body)
    assert list(body) == ["error", "message", "field"]
    assert (body["error"], body["field"]) == (code, name)
    assert body["message"]
    assert reply.headers.get("Retry-After") == ("3" if status == 429 else None)


class Clock:
    """Seconds that pass only in the test's steps."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_is_let_through_then_the_rate_counts(clock: Clock) -> None:
    limiter = RateLimiter(rate=2, burst=3, clock=clock)
    assert [limiter.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 0.5
    assert [limiter.take("a") for _ in range(2)] == [0, 0.5]
    assert limiter.take("b") == 0, "everyone has a bucket"
    clock.now += 3600
    assert [limiter.take("a") for _ in range(4)][-1] == 0.5, "a bucket is never fuller than its burst"


def test_only_so_many_names_are_remembered(clock: Clock) -> None:
    limiter = RateLimiter(rate=1, burst=1, names=2, clock=clock)
    for name in ("b", "a", "c"):
        clock.now += 0.1
        limiter.take(name)
    assert limiter.take("a") > 0, "whose bucket is emptier is remembered"
    assert limiter.take("c") > 0
    assert limiter.take("b") == 0, "whose bucket is fullest was forgotten"


@given(st.lists(st.floats(0, 5), max_size=50))
def test_never_more_than_burst_and_rate_allow(pauses: list[float]) -> None:
    clock = Clock()
    limiter = RateLimiter(rate=2, burst=5, clock=clock)
    passed = 0
    for pause in pauses:
        clock.now += pause
        passed += limiter.take("a") == 0
    assert passed <= 5 + 2 * clock.now + 1e-6


def guard(clock: Callable[[], float]) -> DeviceGuard:
    return DeviceGuard(
        devices=RateLimiter(rate=1, burst=3, clock=clock), refusals=RateLimiter(rate=1, burst=2, clock=clock)
    )


def call(guard: DeviceGuard, ring: KeyRing | None, key: str | None, device: str = "a") -> KeyMatch | str:
    request = make_mocked_request("GET", "/", {"X-Device-Key": key} if key else {})
    try:
        return guard.authenticate(request, device, ring, NOW, allow_query=True)
    except ApiError as err:
        return err.code


def test_a_device_is_let_in_with_its_key_only(clock: Clock) -> None:
    door = guard(clock)
    assert call(door, KeyRing.of("k"), "k") is KeyMatch.CURRENT
    assert call(door, KeyRing.of("k"), "x") == "unauthorized"
    assert call(door, None, "k") == "unauthorized"


def test_refusals_of_an_address_do_not_lock_out_a_good_key_behind_it(clock: Clock) -> None:
    door, ring = guard(clock), KeyRing.of("k")
    assert [call(door, ring, "x") for _ in range(3)] == ["unauthorized", "unauthorized", "too_many"]
    assert call(door, ring, "k") is KeyMatch.CURRENT


def test_one_devices_flood_does_not_slow_another(clock: Clock) -> None:
    door, ring = guard(clock), KeyRing.of("k")
    assert [call(door, ring, "k") for _ in range(4)][-1] == "too_many"
    assert call(door, ring, "k", "b") is KeyMatch.CURRENT


def test_an_unknown_client_cannot_use_up_a_devices_allowance(clock: Clock) -> None:
    door, ring = guard(clock), KeyRing.of("k")
    for _ in range(20):
        call(door, ring, "x")
    assert [call(door, ring, "k") for _ in range(3)] == [KeyMatch.CURRENT] * 3


class User:
    """As much of a user as a permission check needs."""

    class permissions:  # noqa: N801
        """Of the user."""

        @staticmethod
        def check_entity(entity_id: str, policy: str) -> bool:
            return policy == "control" and entity_id == "number.allowed"


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        ({}, "unauthorized"),
        ({"hass_user": User(), KEY_AUTHENTICATED: False}, "unauthorized"),
        ({KEY_AUTHENTICATED: True}, "unauthorized"),
        ({"hass_user": User(), KEY_AUTHENTICATED: True}, None),
    ],
)
def test_a_user_is_who_home_assistant_has_authenticated(entries: dict[str, Any], error: str | None) -> None:
    request = make_mocked_request("GET", "/")
    for name, value in entries.items():
        request[name] = value
    if error is None:
        assert require_user(request) is entries["hass_user"]
    else:
        with pytest.raises(ApiError) as caught:
            require_user(request)
        assert (caught.value.status, caught.value.code) == (401, error)


def test_changing_needs_control_of_the_entity() -> None:
    user: Any = User()
    require_control(user, "number.allowed")
    with pytest.raises(ApiError) as caught:
        require_control(user, "number.other")
    assert caught.value.code == "forbidden"


def test_the_limit_is_64_kib() -> None:
    assert BODY_LIMIT == 65536
