"""JSON over HTTP with limits for time and size of a reply; all errors are DriverErrors."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import json
from typing import Any, Final

import aiohttp

from .errors import AuthError, BadReplyError, LimitedError, RefusedError, UnreachableError

_MAX_REPLY: Final = 2_000_000
_SHOWN: Final = 200


class JsonHttp:
    """A server. Paths are appended to `base`; the caller closes `session`."""

    def __init__(self, session: aiohttp.ClientSession, base: str, timeout_s: float = 10.0) -> None:
        self._session = session
        self.base = base.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(5.0, timeout_s))

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        middlewares: tuple[aiohttp.ClientMiddlewareType, ...] | None = None,
    ) -> Any:
        """Return the decoded reply (None if it is empty or plain text); raises DriverError."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            async with self._session.request(
                method,
                self.base + path,
                data=body,
                headers={**sent, **(headers or {})},
                timeout=self._timeout,
                allow_redirects=False,
                middlewares=middlewares,
            ) as response:
                raw = await response.content.read(_MAX_REPLY + 1)
                while len(raw) <= _MAX_REPLY and (more := await response.content.read(_MAX_REPLY)):
                    raw += more
        except (aiohttp.ClientError, OSError, ValueError) as err:
            raise UnreachableError(f"{method} {path}: {type(err).__name__}") from err
        except TimeoutError as err:
            raise UnreachableError(f"{method} {path}: no answer in time") from err
        if len(raw) > _MAX_REPLY:
            raise BadReplyError(f"{method} {path}: reply too large")
        _raise_for_status(response, raw, f"{method} {path}")
        return _decoded(response, raw, f"{method} {path}")


def _raise_for_status(response: aiohttp.ClientResponse, raw: bytes, what: str) -> None:
    status = response.status
    if status < 300:
        return
    text = raw[:_SHOWN].decode(errors="replace").strip()
    if status in (401, 403):
        raise AuthError(f"{what}: {status}")
    if status == 429:
        raise LimitedError(f"{what}: too many requests", _retry_at(response))
    if status < 500:
        raise RefusedError(f"{what}: {status} {text}")
    raise UnreachableError(f"{what}: {status} {text}")


def _retry_at(response: aiohttp.ClientResponse) -> datetime | None:
    seconds = response.headers.get("Retry-After", "")
    return datetime.now(UTC) + timedelta(seconds=int(seconds)) if seconds.isdecimal() else None


def _decoded(response: aiohttp.ClientResponse, raw: bytes, what: str) -> Any:
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as err:
        if "json" not in response.content_type:
            return None
        raise BadReplyError(f"{what}: not JSON") from err


def dumps(value: object) -> bytes:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()
