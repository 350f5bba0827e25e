"""HTTP for field devices: who is calling, how often, how much, and the one shape of every refusal.

Answers to errors are ``{"error": CODE, "message": TEXT, "field": NAME or null}`` (docs/device-sync.md and
docs/ccu-http.md). The views *return* 401: raising ``HTTPUnauthorized`` would make Home Assistant count a
failed login and, with IP bans on, lock the home's own controllers out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
import functools
from http import HTTPStatus
import logging
import math
import time
from typing import Any, Concatenate, NoReturn

from aiohttp import hdrs, web
from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers.http import KEY_AUTHENTICATED, HomeAssistantView
import orjson

from .device_keys import EMPTY_RING, KeyMatch, KeyRing

_LOGGER = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024
"""Bytes that a device may send in one request."""
BODY_TIMEOUT_S = 10
MAX_NESTING = 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
HEADER_DEVICE_KEY = "X-Device-Key"
QUERY_KEY = "api_key"


class ApiError(Exception):
    """An error, with the content of its JSON response."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        name: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """``name`` is the field at fault, e.g. ``schedule[1].slots[0]``."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.name = name
        self.retry_after_s = retry_after_s

    def response(self, extra: dict[str, Any] | None = None) -> web.Response:
        """The answer; ``extra`` comes before the common fields."""
        headers = None
        if self.retry_after_s is not None:
            headers = {hdrs.RETRY_AFTER: str(max(1, math.ceil(self.retry_after_s)))}
        body = {**(extra or {}), "error": self.code, "message": self.message, "field": self.name}
        return HomeAssistantView.json(body, self.status, headers)


def bad_value(message: str, name: str | None) -> ApiError:
    """A known field with a wrong type or out of range."""
    return ApiError(HTTPStatus.BAD_REQUEST, "bad_value", message, name=name)


def missing(name: str) -> ApiError:
    """A required field is absent."""
    return ApiError(HTTPStatus.BAD_REQUEST, "missing", f"{name} is required", name=name)


def bad_json(message: str) -> ApiError:
    """A body that is not a JSON object we read."""
    return ApiError(HTTPStatus.BAD_REQUEST, "bad_json", message)


def unauthorized() -> ApiError:
    """No, empty, wrong or revoked key, or an unknown device: one answer for all of them."""
    return ApiError(HTTPStatus.UNAUTHORIZED, "unauthorized", "no valid key was presented")


def forbidden(message: str = "this needs control permission") -> ApiError:
    """A Home Assistant user without control permission changes something."""
    return ApiError(HTTPStatus.FORBIDDEN, "forbidden", message)


def not_found(message: str) -> ApiError:
    """An authenticated caller names something that is not there."""
    return ApiError(HTTPStatus.NOT_FOUND, "not_found", message)


def conflict(message: str, name: str | None = None) -> ApiError:
    """A revision was given and is stale."""
    return ApiError(HTTPStatus.CONFLICT, "conflict", message, name=name)


def too_many(retry_after_s: float) -> ApiError:
    """A limit per device or per address was passed."""
    return ApiError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many",
        "too many requests, slow down",
        retry_after_s=retry_after_s,
    )


def unexpected(err: Exception) -> ApiError:
    """Log a failure that nothing has handled, and return the error to answer."""
    _LOGGER.error("Unexpected error while answering a request", exc_info=err)
    return ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", "unexpected error, see the log of Home Assistant")


type Handler[V: HomeAssistantView, **P] = Callable[Concatenate[V, web.Request, P], Awaitable[web.Response]]
type Wrapped[V: HomeAssistantView, **P] = Callable[Concatenate[V, web.Request, P], Coroutine[Any, Any, web.Response]]


def answers_errors[V: HomeAssistantView, **P](
    extra: dict[str, Any] | None = None,
) -> Callable[[Handler[V, P]], Wrapped[V, P]]:
    """Decorate a view's handler: an ApiError becomes its JSON answer, with ``extra`` in front, as does any failure."""

    def decorate(handler: Handler[V, P]) -> Wrapped[V, P]:
        @functools.wraps(handler)
        async def handle(view: V, request: web.Request, /, *args: P.args, **kwargs: P.kwargs) -> web.Response:
            try:
                answer = await handler(view, request, *args, **kwargs)
            except ApiError as err:
                answer = err.response(extra)
            except web.HTTPException, Unauthorized:
                raise  # Home Assistant answers them
            except Exception as err:  # noqa: BLE001 - a client waits for its answer, also after an unexpected error
                answer = unexpected(err).response(extra)
            return after_broken_body(request, answer)

        return handle

    return decorate


def body_at_hand(request: web.Request, limit: int = BODY_LIMIT) -> bytes | None:
    """The body where all of it came with the headers, as small ones do; else None: ``read_body`` waits for it.

    Raises:
        ApiError: ``too_large``.
    """
    content = request.content
    if not content.is_eof() or content.exception() is not None:
        return None
    whole: bytes = content.read_nowait()
    if len(whole) > limit:
        raise _too_large(limit)
    return whole


async def read_body(request: web.Request, limit: int = BODY_LIMIT) -> bytes:
    """The body, refused as soon as it is known to be longer than ``limit`` bytes.

    Raises:
        ApiError: ``too_large``, or ``bad_json`` where it does not arrive within 10 s.
    """
    if (whole := body_at_hand(request, limit)) is not None:
        return whole
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError as err:
        raise bad_json("the body did not arrive in time") from err
    except (web.RequestPayloadError, ConnectionError) as err:
        raise bad_json("the body arrived broken") from err
    return bytes(body)


def after_broken_body[R: web.StreamResponse](request: web.Request, answer: R) -> R:
    """Return the answer, which closes the connection if the body could not be decoded, such as broken gzip.

    Otherwise aiohttp would read the rest of the body after the answer, and log the failure with a traceback.
    """
    content = request.content
    if not isinstance(err := content.exception(), web.RequestPayloadError):
        return answer
    if not content.is_eof():
        content.feed_eof()
    answer.force_close()
    address = request.remote or ""
    if not _broken_bodies.take(address):
        reason = " ".join(str(err).split())
        _LOGGER.warning("%s sent a request body that cannot be decoded: %s", address, reason)
    return answer


def _too_large(limit: int) -> ApiError:
    return ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"the body is over {limit} bytes")


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object from bytes; a byte order mark and final NUL characters are skipped.

    Raises:
        ApiError: ``bad_json`` for no JSON, no object, NaN or Infinity, nesting deeper than 16, invalid UTF-8.
    """
    try:
        value = orjson.loads(body.removeprefix(_BYTE_ORDER_MARK).rstrip(b"\0"))
    except orjson.JSONDecodeError as err:
        raise bad_json(f"not valid JSON: {err.msg} at position {err.pos}") from err
    if not isinstance(value, dict):
        raise bad_json("the body must be a JSON object")
    # Cheap first: what has not even sixteen brackets cannot nest deeper than that.
    if body.count(b"{") + body.count(b"[") > MAX_NESTING and _depth(value) > MAX_NESTING:
        raise bad_json(f"nested deeper than {MAX_NESTING} levels")
    return value


def _depth(value: Any) -> int:
    """Nesting of lists and objects; iterative, so that no input exhausts the stack."""
    deepest, todo = 0, [(value, 1)]
    while todo:
        item, level = todo.pop()
        if isinstance(item, dict):
            children = list(item.values())
        elif isinstance(item, list):
            children = item
        else:
            continue
        deepest = max(deepest, level)
        todo += [(child, level + 1) for child in children]
    return deepest


async def read_object(request: web.Request, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """The request's JSON object; see read_body and parse_object for what is refused."""
    return parse_object(await read_body(request, limit))


def presented_key(request: web.Request, *, allow_query: bool = True) -> str | None:
    """The device key of a request: X-Device-Key, then Authorization: Bearer, then ?api_key= where allowed."""
    headers = request.headers
    if (key := headers.get(HEADER_DEVICE_KEY)) is not None:
        return key.strip() or None
    scheme, _, token = headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "bearer" and (token := token.strip()):
        return token
    if allow_query and QUERY_KEY in request.query_string:
        return request.query.get(QUERY_KEY) or None
    return None


@dataclass(slots=True)
class RateLimiter:
    """A token bucket per name. With too many names, those with the fullest buckets are dropped.

    Attributes:
        rate: Sustained requests per second.
        burst: Requests that are allowed at once.
        names: Number of names that are remembered; with more callers the limit is less strict.
    """

    rate: float
    burst: float
    names: int = 4096
    clock: Callable[[], float] = time.monotonic
    # When the bucket of a name is full again.
    _full_at: dict[str, float] = field(default_factory=dict)

    def take(self, name: str) -> float:
        """Take one token: 0 where it was there, else the seconds until there is one."""
        full_at, now = self._full_at, self.clock()
        after = max(now, full_at.get(name, now)) + 1 / self.rate
        # Rounding must not cost the last token of a burst.
        if (wait := after - now - self.burst / self.rate) > _ROUNDING_S:
            return wait
        full_at[name] = after
        if len(full_at) > self.names:
            self._forget()
        return 0.0

    def _forget(self) -> None:
        """Make room for some more names at once: it is not done for each."""
        for name in sorted(self._full_at, key=self._full_at.__getitem__)[: 1 + self.names // 4]:
            del self._full_at[name]


_ROUNDING_S = 1e-6
# A device that sends nothing else does not fill the log.
_broken_bodies = RateLimiter(rate=1 / 600, burst=1, names=64)


@dataclass(slots=True)
class DeviceGuard:
    """Authenticates devices and keeps floods out.

    A valid key is limited per device; a refused one per address. Refusals of one address never lock out
    devices that present a valid key from the same address (a router, a proxy).
    """

    devices: RateLimiter = field(default_factory=lambda: RateLimiter(rate=50, burst=2000))
    refusals: RateLimiter = field(default_factory=lambda: RateLimiter(rate=5, burst=200))

    def authenticate(
        self, request: web.Request, device_id: str, ring: KeyRing | None, now: datetime, *, allow_query: bool
    ) -> KeyMatch:
        """Let a device in.

        Args:
            request: Of the device.
            device_id: What the per-device limit goes by.
            ring: The device's keys; None where the device is unknown.
            now: UTC.
            allow_query: Whether ``?api_key=`` counts.

        Raises:
            ApiError: ``unauthorized``, or ``too_many``.
        """
        match = (ring or EMPTY_RING).match(presented_key(request, allow_query=allow_query), now)
        if match is KeyMatch.NONE:
            self.refuse(request)
        if wait := self.devices.take(device_id):
            raise too_many(wait)
        return match

    def refuse(self, request: web.Request) -> NoReturn:
        """Raise ``unauthorized``, or ``too_many`` for an address that keeps trying."""
        if wait := self.refusals.take(request.remote or ""):
            raise too_many(wait)
        raise unauthorized()


def require_user(request: web.Request) -> User:
    """The Home Assistant user of a request.

    Raises:
        ApiError: ``unauthorized`` where the request carries no valid Home Assistant token.
    """
    user: User | None = request.get("hass_user")
    if user is None or not request.get(KEY_AUTHENTICATED):
        raise ApiError(HTTPStatus.UNAUTHORIZED, "unauthorized", "a Home Assistant access token is needed")
    return user


def require_control(user: User, entity_id: str) -> None:
    """Check that a user may control the entity that represents what is changed.

    Raises:
        ApiError: ``forbidden``.
    """
    if not user.permissions.check_entity(entity_id, POLICY_CONTROL):
        raise forbidden()
