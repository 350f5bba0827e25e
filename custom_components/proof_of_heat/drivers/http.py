"""JSON over HTTP with limits for time and size of a reply; all errors are DriverErrors."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import json
import re
from typing import Any, Final

import aiohttp

from .._lib.last_messages import record
from .._lib.request_errors import reason_of
from .errors import AuthError, BadReplyError, LimitedError, RefusedError, UnreachableError
from .values import at, rows_at

_MAX_REPLY: Final = 2_000_000
_SHOWN: Final = 200
_CLOCK_ERROR: Final = re.compile(r"time ?skew|clock ?skew|session time|timestamp|X-Time", re.IGNORECASE)
"""The server rejects the time of a signature, not the key: a new password would not help."""


class JsonHttp:
    """A server. Paths are appended to `base`; the caller closes `session`.

    Args:
        session: The client session.
        base: The address of the server.
        timeout_s: Time limit of a request.
        has_credentials: Whether credentials are sent. Without any, a status 401 is no reason to ask for a password.
    """

    def __init__(
        self, session: aiohttp.ClientSession, base: str, timeout_s: float = 10.0, *, has_credentials: bool = True
    ) -> None:
        self._has_credentials = has_credentials
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
            raise UnreachableError(f"{method} {path}: {reason_of(err)}") from err
        if len(raw) > _MAX_REPLY:
            raise BadReplyError(f"{method} {path}: reply too large")
        record(f"{method} {path}", raw)
        _raise_for_status(response, raw, f"{method} {path}", has_credentials=self._has_credentials)
        return _decoded(response, raw, f"{method} {path}")


def _raise_for_status(response: aiohttp.ClientResponse, raw: bytes, what: str, *, has_credentials: bool = True) -> None:
    status = response.status
    if status < 300:
        return
    text = raw[:_SHOWN].decode(errors="replace").strip()
    if status in (401, 403):
        reason = f"{what}: {status} {_reason(raw) or text}".strip()
        if not has_credentials or _CLOCK_ERROR.search(reason):
            raise RefusedError(reason)
        raise AuthError(reason)
    if status == 429:
        raise LimitedError(f"{what}: too many requests", _retry_at(response))
    if status < 500:
        raise RefusedError(f"{what}: {status} {text}")
    raise UnreachableError(f"{what}: {status} {text}")


def _reason(raw: bytes) -> str:
    """Return the reason in a JSON reply: its message, or those in its list of errors; empty without one."""
    try:
        reply = json.loads(raw)
    except ValueError, RecursionError:
        return ""
    rows = [reply, *(rows_at(reply, "errors") or ())]
    texts = [found for row in rows for key in ("message", "error", "detail") if isinstance(found := at(row, key), str)]
    return "; ".join(dict.fromkeys(texts))[:_SHOWN]


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
