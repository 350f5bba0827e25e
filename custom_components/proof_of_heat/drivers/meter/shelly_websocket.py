"""Notifications of a Shelly over its websocket: every change of power when it happens, without polling.

Facts: the device sends notifications to a client that has sent a request with a `src`. With a password, the request
contains the digest (SHA-256, user admin) that an error 401 asks for. Notifications are rare while nothing changes.
After some time without one, the device is queried; it is unavailable if it does not answer.
"""

import asyncio
from collections.abc import Callable
import hashlib
import json
import logging
import secrets
from typing import Any, Final

import aiohttp

from ..._lib.backoff import Backoff, RetryPolicy
from ..._lib.last_messages import record
from ..._lib.request_errors import reason_of
from ..errors import AuthError, BadReplyError, DriverError, UnreachableError
from ..values import at, number_at
from .reading import MeterReading
from .shelly import NotificationDecoder

_LOGGER = logging.getLogger(__name__)

_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 20.0
_COUNTERS_S: Final = 60.0
"""Counters are not part of power notifications: the whole status is requested at this interval."""
_RETRY_MAX_S: Final = 120.0
_MAX_FRAME: Final = 262_144
_DUMMY: Final = hashlib.sha256(b"dummy_method:dummy_uri").hexdigest()


class ShellyWebSocket:
    """Keeps a connection and passes every reading to `listener`, and the reason of a failure to `failed`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        listener: Callable[[MeterReading], None],
        *,
        port: int = 80,
        password: str | None = None,
        failed: Callable[[DriverError], None] = lambda _: None,
        first_pause_s: float = 1.0,
        silence_s: float = _SILENCE_S,
        counters_s: float = _COUNTERS_S,
    ) -> None:
        self._session = session
        self._url = f"http://{host}:{port}/rpc"
        self._listener = listener
        self._password = password
        self._failed = failed
        self._backoff = Backoff(RetryPolicy(first_pause_s, max(first_pause_s, _RETRY_MAX_S), jitter=(1.0, 1.2)))
        self._silence_s = silence_s
        self._counters_s = counters_s
        self._requested_at = 0.0
        self._auth: dict[str, Any] | None = None
        self._source = f"poh-{secrets.token_hex(4)}"

    async def run(self) -> None:
        """Run until canceled; reconnects with increasing delay, which a reading resets."""
        while True:
            try:
                await self._listen()
            except DriverError as err:
                _LOGGER.debug("%s: %s", self._url, err)
                self._failed(err)
            await asyncio.sleep(self._backoff.next_s())

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                socket = await self._session.ws_connect(self._url, max_msg_size=_MAX_FRAME)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as err:
            raise UnreachableError(f"websocket: {reason_of(err)}") from err
        try:
            await self._request_status(socket)
            await self._receive(socket)
        except (aiohttp.ClientError, OSError) as err:
            raise UnreachableError(f"websocket: {reason_of(err)}") from err
        finally:
            await socket.close()

    async def _send_request(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Request the whole status; the device then sends notifications to this client."""
        frame: dict[str, Any] = {"id": 1, "src": self._source, "method": "Shelly.GetStatus"}
        await socket.send_json(frame if self._auth is None else {**frame, "id": 2, "auth": self._auth})

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        notifications = NotificationDecoder()
        is_queried = False
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    message = await socket.receive()
            except TimeoutError as err:
                if is_queried:
                    raise UnreachableError("websocket: timed out") from err
                is_queried = True
                await self._request_status(socket)
                continue
            is_queried = False
            if message.type == aiohttp.WSMsgType.BINARY:
                continue
            if message.type != aiohttp.WSMsgType.TEXT:
                raise UnreachableError("websocket: closed")
            frame = _frame(message.data)
            record(f"websocket {at(frame, 'method') or 'reply'}", message.data.encode())
            if (code := number_at(frame, "error", "code")) is not None:
                await self._handle_error(socket, frame, int(code))
                continue
            self._handle_frame(notifications, frame)
            if asyncio.get_running_loop().time() - self._requested_at > self._counters_s:
                await self._request_status(socket)

    async def _request_status(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._auth = None  # a nonce is valid for one request
        self._requested_at = asyncio.get_running_loop().time()
        await self._send_request(socket)

    def _handle_frame(self, notifications: NotificationDecoder, frame: Any) -> None:
        if isinstance(status := at(frame, "result"), dict):
            frame = {"method": "NotifyFullStatus", "params": {**status, "ts": number_at(status, "sys", "unixtime")}}
        try:
            reading = notifications.feed(frame)
        except BadReplyError:  # a frame without power: the meter does not measure at the moment
            return
        if reading is not None:
            self._backoff.reset()
            self._listener(reading)

    async def _handle_error(self, socket: aiohttp.ClientWebSocketResponse, frame: object, code: int) -> None:
        if code != 401:
            raise BadReplyError(f"error {code}")
        if self._password is None or at(frame, "id") == 2:
            raise AuthError("websocket: 401")
        self._auth = digest(_frame(str(at(frame, "error", "message"))), self._password)
        await self._send_request(socket)


def _frame(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise BadReplyError("websocket: not JSON") from err


def digest(challenge: object, password: str, cnonce: str | None = None) -> dict[str, Any]:
    """Return the `auth` field for a request after an error 401.

    Raises:
        BadReplyError: the challenge has no realm or no nonce.
    """
    realm, nonce = at(challenge, "realm"), at(challenge, "nonce")
    if not isinstance(realm, str) or nonce is None:
        raise BadReplyError("websocket: realm or nonce is missing in the challenge")
    one = hashlib.sha256(f"admin:{realm}:{password}".encode()).hexdigest()
    client = cnonce or secrets.token_hex(8)
    answer = hashlib.sha256(f"{one}:{nonce}:1:{client}:auth:{_DUMMY}".encode()).hexdigest()
    return {
        "realm": realm,
        "username": "admin",
        "nonce": nonce,
        "cnonce": client,
        "response": answer,
        "algorithm": "SHA-256",
    }
