"""The HTTP side of the open API, with signed requests."""

from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
import logging
import random
import ssl
import time
from typing import Any

import aiohttp
import orjson

from .._lib.request_errors import reason_of
from .errors import (
    SIGNATURE_WRONG,
    BadReplyError,
    ClockSkewError,
    InvalidKeysError,
    RateLimitedError,
    UnreachableError,
    error_from_code,
)
from .models import Certification, Device
from .signing import Keys, signed_headers

_LOGGER = logging.getLogger(__name__)

TIMEOUT_S = 15.0
# Parsing this much takes the event loop a few milliseconds; real replies have a tenth of it at most.
MAX_REPLY_BYTES = 512 * 1024
# A larger difference of the clocks is taken as the reason for a refused signature.
SKEW_TOLERANCE_S = 20.0
_PREFIX = "/iot-open/sign"
# Error codes that a wrong clock can cause.
_TIME_CODES = frozenset({SIGNATURE_WRONG, "8524"})


class RestClient:
    """Signed requests for one account. The session belongs to the caller."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        keys: Keys,
        *,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], int] = lambda: random.randrange(100_000, 1_000_000),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`host` is a base URL; `ssl_context` verifies a private endpoint; `clock` gives UTC seconds."""
        self._session = session
        self._host = host.rstrip("/")
        self._keys = keys
        self._ssl: ssl.SSLContext | bool = ssl_context if ssl_context is not None else True
        self._clock = clock
        self._nonce = nonce
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        # How far the cloud's clock is ahead, in seconds; measured after a refused signature.
        self.clock_offset_s = 0.0
        self.requests = 0

    async def device_list(self) -> list[Device]:
        """Return the devices of the account; entries without a serial number are omitted."""
        data = await self._call("GET", "/device/list")
        if not isinstance(data, list):
            raise BadReplyError("the device list is not an array")
        return [device for item in data if (device := _device(item)) is not None]

    async def quota_all(self, sn: str) -> dict[str, Any]:
        """Return all values of a device."""
        return _object(await self._call("GET", "/device/quota/all", query={"sn": sn}), "device values")

    async def quota(self, sn: str, names: Iterable[str]) -> dict[str, Any]:
        """Return the given values of a device."""
        body = {"sn": sn, "params": {"quotas": list(names)}}
        return _object(await self._call("POST", "/device/quota", body=body), "device values")

    async def set_quota(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a command (`body` contains the serial number) and return the data of the reply."""
        data = await self._call("PUT", "/device/quota", body=body)
        return dict(data) if isinstance(data, Mapping) else {}

    async def certification(self) -> Certification:
        """Return the address and credentials of the broker."""
        data = _object(await self._call("GET", "/certification"), "broker credentials")
        try:
            return Certification(
                account=str(data["certificateAccount"]),
                password=str(data["certificatePassword"]),
                host=str(data["url"]),
                port=int(data["port"]),
            )
        except (KeyError, TypeError, ValueError) as err:
            raise BadReplyError(f"the broker credentials are incomplete or invalid: {err}") from None

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request and return the data of the reply.

        After a refused signature the request is repeated once: with the cloud's time if the local clock is wrong,
        otherwise with a new nonce, because the cloud occasionally refuses a correct signature.
        """
        try:
            return await self._request(method, path, query, body)
        except ClockSkewError as err:
            self.clock_offset_s += err.skew_s
            _LOGGER.debug("Local clock differs from the cloud's by %.0f s; signing with the cloud's time", err.skew_s)
        except InvalidKeysError as err:
            if err.code != SIGNATURE_WRONG:
                raise
        return await self._request(method, path, query, body)

    async def _request(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> Any:
        if not self._keys.access.isprintable():
            raise InvalidKeysError(SIGNATURE_WRONG, "the access key contains control characters")
        time_s = self._clock() + self.clock_offset_s
        headers = signed_headers(body or query or {}, self._keys, self._nonce(), time_s)
        self.requests += 1
        try:
            async with self._session.request(
                method,
                f"{self._host}{_PREFIX}{path}",
                params=query,
                json=body,
                headers=headers,
                ssl=self._ssl,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                raw = await _read(response)
                status, reply_headers = response.status, response.headers
        except (aiohttp.ClientError, TimeoutError) as err:
            raise UnreachableError(reason_of(err)) from err
        return _data(status, reply_headers, raw, time_s)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        chunks += chunk
        if len(chunks) > MAX_REPLY_BYTES:
            raise BadReplyError(f"the reply is larger than {MAX_REPLY_BYTES} bytes")
    return bytes(chunks)


def _data(status: int, headers: Mapping[str, str], raw: bytes, time_s: float) -> Any:
    """Return the data of a reply; raises the error that it reports."""
    retry_after_s = _retry_after(headers)
    if status == 429:
        raise RateLimitedError("429", "too many requests", retry_after_s or 60.0)
    if status >= 500:
        raise UnreachableError(f"HTTP {status}")
    try:
        reply = orjson.loads(raw)
    except ValueError as err:
        raise BadReplyError(f"HTTP {status}: not JSON") from err
    if not isinstance(reply, Mapping) or "code" not in reply:
        raise BadReplyError(f"HTTP {status}: no result code")
    code, message = str(reply["code"]), str(reply.get("message", ""))
    if code == "0":
        return reply.get("data")
    error = error_from_code(code, message, retry_after_s)
    if code in _TIME_CODES and (skew_s := _skew(headers, time_s)) is not None:
        raise ClockSkewError(code, message, skew_s)
    raise error


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return max(1.0, float(headers["Retry-After"]))
    except KeyError, ValueError:
        return None


def _skew(headers: Mapping[str, str], time_s: float) -> float | None:
    """Return how far the cloud's clock is ahead in seconds, None if a signature tolerates the difference."""
    try:
        skew_s = parsedate_to_datetime(headers["Date"]).timestamp() - time_s
    except KeyError, TypeError, ValueError:
        return None
    return skew_s if abs(skew_s) > SKEW_TOLERANCE_S else None


def _object(data: Any, what: str) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BadReplyError(f"the {what} are not a JSON object")
    return data


def _device(item: Any) -> Device | None:
    if not isinstance(item, Mapping) or not isinstance(sn := item.get("sn"), str) or not sn:
        return None
    product = item.get("productName")
    name = item.get("deviceName")
    return Device(
        sn=sn,
        name=str(name) if name else f"EcoFlow {sn[-4:]}",
        product=str(product) if product and product != "undefined" else "",
        online=item.get("online") in (1, "1", True),
    )
