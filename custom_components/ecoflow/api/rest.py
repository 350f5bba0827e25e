"""The signed HTTP side of the open API."""

from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
import logging
import random
import ssl
import time
from typing import Any

import aiohttp
import orjson

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
# Read within a few milliseconds of the event loop; real replies are a tenth of it at most.
MAX_REPLY_BYTES = 512 * 1024
# Our clock may differ by this much before a refused signature is put down to it.
SKEW_TOLERANCE_S = 20.0
_PREFIX = "/iot-open/sign"
# Refusals that a wrong clock can cause.
_TIME_CODES = frozenset({SIGNATURE_WRONG, "8524"})


class RestClient:
    """Signed requests to one account's host. The session is the caller's."""

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
        # Seconds the cloud's clock is ahead of ours, once a refused signature made us look.
        self.clock_offset_s = 0.0
        self.requests = 0

    async def device_list(self) -> list[Device]:
        """Return the account's devices; entries without a serial number are left out."""
        data = await self._call("GET", "/device/list")
        if not isinstance(data, list):
            raise BadReplyError("the device list is not a list")
        return [device for item in data if (device := _device(item)) is not None]

    async def quota_all(self, sn: str) -> dict[str, Any]:
        """Return everything that the cloud knows of a device."""
        return _object(await self._call("GET", "/device/quota/all", query={"sn": sn}), "device values")

    async def quota(self, sn: str, names: Iterable[str]) -> dict[str, Any]:
        """Return the named values of a device."""
        body = {"sn": sn, "params": {"quotas": list(names)}}
        return _object(await self._call("POST", "/device/quota", body=body), "device values")

    async def set_quota(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a command (`body` holds the serial number); returns the reply's data, {} without any."""
        data = await self._call("PUT", "/device/quota", body=body)
        return dict(data) if isinstance(data, Mapping) else {}

    async def certification(self) -> Certification:
        """Return the broker's address and this account's credentials for it."""
        data = _object(await self._call("GET", "/certification"), "certification")
        try:
            return Certification(
                account=str(data["certificateAccount"]),
                password=str(data["certificatePassword"]),
                host=str(data["url"]),
                port=int(data["port"]),
            )
        except (KeyError, TypeError, ValueError) as err:
            raise BadReplyError(f"the certification lacks or garbles {err}") from None

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request and return the reply's data.

        A refused signature is tried once more: with the cloud's time when our clock turns out to be off, else
        with a fresh nonce, because the cloud now and then refuses a correct one.
        """
        try:
            return await self._once(method, path, query, body)
        except ClockSkewError as err:
            self.clock_offset_s += err.skew_s
            _LOGGER.debug("Clock differs from the cloud's by %.0f s; signing with the cloud's time", err.skew_s)
        except InvalidKeysError as err:
            if err.code != SIGNATURE_WRONG:
                raise
        return await self._once(method, path, query, body)

    async def _once(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> Any:
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
        except TimeoutError as err:
            raise UnreachableError("the cloud did not answer in time") from err
        except aiohttp.ClientError as err:
            raise UnreachableError(f"{type(err).__name__}: {err}") from err
        return _data(status, reply_headers, raw, time_s)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        chunks += chunk
        if len(chunks) > MAX_REPLY_BYTES:
            raise BadReplyError(f"the reply is larger than {MAX_REPLY_BYTES} bytes")
    return bytes(chunks)


def _data(status: int, headers: Mapping[str, str], raw: bytes, time_s: float) -> Any:
    """Return the data of a reply, or raise what it says."""
    retry_after_s = _retry_after(headers)
    if status == 429:
        raise RateLimitedError("429", "too many requests", retry_after_s or 60.0)
    if status >= 500:
        raise UnreachableError(f"the cloud answered HTTP {status}")
    try:
        reply = orjson.loads(raw)
    except ValueError as err:
        raise BadReplyError(f"HTTP {status} without a JSON body") from err
    if not isinstance(reply, Mapping) or "code" not in reply:
        raise BadReplyError(f"HTTP {status} without a result code")
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
    """Return how far the cloud's clock is ahead, when that is more than a signature bears."""
    try:
        skew_s = parsedate_to_datetime(headers["Date"]).timestamp() - time_s
    except KeyError, TypeError, ValueError:
        return None
    return skew_s if abs(skew_s) > SKEW_TOLERANCE_S else None


def _object(data: Any, what: str) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BadReplyError(f"the {what} are not an object")
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
