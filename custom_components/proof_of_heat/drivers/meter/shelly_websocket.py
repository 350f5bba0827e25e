"""A Shelly's own notifications over its websocket: every change of power as it happens, without polling.

Facts: the device sends notifications to who has sent it a request with a `src`; with a password the request
carries the digest (SHA-256, user admin) that an error 401 asks for. Pushes slow down while nothing changes, so
silence alone is no fault: the device is asked then, and gone if it does not answer.
"""

import asyncio
from collections.abc import Callable
import hashlib
import json
import logging
import random
import secrets
from typing import Any, Final

import aiohttp

from ..errors import AuthError, BadReplyError, DriverError, UnreachableError
from ..values import at, number_at
from .reading import MeterReading
from .shelly import NotificationDecoder

_LOGGER = logging.getLogger(__name__)

_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 20.0
_COUNTERS_S: Final = 60.0
"""Counters are not pushed with the power: the whole status is asked for now and then."""
_BACKOFF_MAX_S: Final = 120.0
_MAX_FRAME: Final = 262_144
_DUMMY: Final = hashlib.sha256(b"dummy_method:dummy_uri").hexdigest()


class ShellyWebSocket:
    """Keeps a connection and gives every reading to `listener`; `failed` hears why there is none."""

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
        self._first_pause_s = first_pause_s
        self._silence_s = silence_s
        self._counters_s = counters_s
        self._asked_at = 0.0
        self._auth: dict[str, Any] | None = None
        self._source = f"poh-{secrets.token_hex(4)}"
        self._heard = False

    async def run(self) -> None:
        """Until cancelled; connects anew, ever more slowly while it fails."""
        pause_s = self._first_pause_s
        while True:
            self._heard = False
            try:
                await self._listen()
            except DriverError as err:
                _LOGGER.debug("%s: %s", self._url, err)
                self._failed(err)
            pause_s = self._first_pause_s if self._heard else min(2 * pause_s, _BACKOFF_MAX_S)
            await asyncio.sleep(pause_s * (1 + 0.2 * random.random()))

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                socket = await self._session.ws_connect(self._url, max_msg_size=_MAX_FRAME)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as err:
            raise UnreachableError(f"websocket: {type(err).__name__}") from err
        try:
            await self._ask_anew(socket)
            await self._receive(socket)
        except (aiohttp.ClientError, OSError) as err:
            raise UnreachableError(f"websocket: {type(err).__name__}") from err
        finally:
            await socket.close()

    async def _ask(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """The whole status; who asks is sent the changes after it."""
        frame: dict[str, Any] = {"id": 1, "src": self._source, "method": "Shelly.GetStatus"}
        await socket.send_json(frame if self._auth is None else {**frame, "id": 2, "auth": self._auth})

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        notifications = NotificationDecoder()
        asked = False
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    message = await socket.receive()
            except TimeoutError as err:
                if asked:
                    raise UnreachableError("websocket: silent") from err
                asked = True
                await self._ask_anew(socket)
                continue
            asked = False
            if message.type == aiohttp.WSMsgType.BINARY:
                continue
            if message.type != aiohttp.WSMsgType.TEXT:
                raise UnreachableError("websocket: closed")
            frame = _frame(message.data)
            if (code := number_at(frame, "error", "code")) is not None:
                await self._refused(socket, frame, int(code))
                continue
            self._take(notifications, frame)
            if asyncio.get_running_loop().time() - self._asked_at > self._counters_s:
                await self._ask_anew(socket)

    async def _ask_anew(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._auth = None  # a nonce is good for one answer
        self._asked_at = asyncio.get_running_loop().time()
        await self._ask(socket)

    def _take(self, notifications: NotificationDecoder, frame: Any) -> None:
        if isinstance(status := at(frame, "result"), dict):
            frame = {"method": "NotifyFullStatus", "params": {**status, "ts": number_at(status, "sys", "unixtime")}}
        try:
            reading = notifications.feed(frame)
        except BadReplyError:  # a frame without power: the meter does not measure just now
            return
        if reading is not None:
            self._heard = True
            self._listener(reading)

    async def _refused(self, socket: aiohttp.ClientWebSocketResponse, frame: object, code: int) -> None:
        if code != 401:
            raise BadReplyError(f"error {code}")
        if self._password is None or at(frame, "id") == 2:
            raise AuthError("websocket: 401")
        self._auth = digest(_frame(str(at(frame, "error", "message"))), self._password)
        await self._ask(socket)


def _frame(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise BadReplyError("websocket: not JSON") from err


def digest(challenge: object, password: str, cnonce: str | None = None) -> dict[str, Any]:
    """The `auth` of a frame that answers a 401."""
    realm, nonce = at(challenge, "realm"), at(challenge, "nonce")
    if not isinstance(realm, str) or nonce is None:
        raise BadReplyError("websocket: a challenge without realm and nonce")
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
