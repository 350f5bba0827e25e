"""The HTTPS API with signed requests."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
import hmac
import json
import time
from typing import Any, Protocol

from aiohttp import web

from simulators.framework import Faults

from .broker import CloudBroker
from .devices import SimDevice
from .signature import expected, parameters

# Tolerance of the time in a signature.
TIME_WINDOW_S = 180.0
_PREFIX = "/iot-open/sign"

type Handler = Callable[[web.Request, bytes], Awaitable[web.Response]]


def refusal(code: str, message: str) -> web.Response:
    """Return a refusal of the cloud: HTTP 200 with an error code."""
    return web.json_response({"code": code, "message": message, "eagleEyeTraceId": "sim", "tid": ""})


def success(data: Any = None) -> web.Response:
    """Return a successful reply, with data if there is any."""
    reply: dict[str, Any] = {"code": "0", "message": "Success"}
    if data is not None:
        reply["data"] = data
    return web.json_response(reply)


class Account(Protocol):
    """The account that the API serves."""

    faults: Faults
    devices: dict[str, SimDevice]
    account: str
    access_key: str
    secret_key: str
    broker: CloudBroker | None

    def fault_applies(self, fault: str, sn: str) -> bool:
        """Whether a fault is active for a device."""


class OpenApi:
    """The API of one account."""

    def __init__(self, cloud: Account) -> None:
        """Create the API of a cloud."""
        self._cloud = cloud
        self.requests: Counter[str] = Counter()

    def now(self) -> float:
        """Return the cloud's time in UTC seconds."""
        return time.time() + self._cloud.faults.number("clock_skew")

    def app(self) -> web.Application:
        """Return the web application."""
        app = web.Application(client_max_size=64 * 1024)
        routes: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/device/list", self._list),
            ("GET", "/device/quota/all", self._quota_all),
            ("POST", "/device/quota", self._quota),
            ("PUT", "/device/quota", self._set),
            ("GET", "/certification", self._certification),
        )
        for method, path, handler in routes:
            app.router.add_route(method, _PREFIX + path, self._guarded(path, handler))
        return app

    def _guarded(self, path: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            self.requests[f"{request.method} {path}"] += 1
            response = await self._fault()
            if response is None:
                response = self._refused(request, body) or await handler(request, body)
            response.headers["Date"] = formatdate(self.now(), usegmt=True)
            return response

        return handle

    async def _fault(self) -> web.Response | None:
        faults = self._cloud.faults
        if "slow" in faults:
            await asyncio.sleep(faults.number("slow", 1.0))
        if "server_error" in faults:
            return web.Response(status=503, text="upstream connect error")
        if "rate_limited" in faults:
            return web.Response(status=429, headers={"Retry-After": str(int(faults.number("rate_limited", 5)))})
        if "garbage" in faults:
            return web.Response(text="<html><body>maintenance</body></html>", content_type="text/html")
        if "huge" in faults:
            return success({f"pd.padding{index}": "x" * 1000 for index in range(3000)})
        return None

    def _refused(self, request: web.Request, body: bytes) -> web.Response | None:
        cloud = self._cloud
        headers = request.headers
        if "keys_revoked" in cloud.faults or not hmac.compare_digest(headers.get("accessKey", ""), cloud.access_key):
            return refusal("8513", "accessKey is invalid")
        if "signature" in cloud.faults or not self._signed(request.query, body, headers):
            return refusal("8521", "signature is wrong")
        if (left := cloud.faults.number("signature_once")) >= 1 or cloud.faults.active.get("signature_once") is True:
            if left > 1:
                cloud.faults.set("signature_once", left - 1)
            else:
                cloud.faults.clear("signature_once")
            return refusal("8521", "signature is wrong")
        return None

    def _signed(self, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]) -> bool:
        timestamp, nonce = headers.get("timestamp", ""), headers.get("nonce", "")
        if not timestamp.isdigit() or not nonce.isdigit() or len(nonce) != 6:
            return False
        if abs(int(timestamp) / 1000 - self.now()) > TIME_WINDOW_S:
            return False
        try:
            flat = parameters(query, body)
        except ValueError:
            return False
        signature = expected(flat, self._cloud.access_key, self._cloud.secret_key, nonce, timestamp)
        return hmac.compare_digest(signature, headers.get("sign", ""))

    async def _list(self, _request: web.Request, _body: bytes) -> web.Response:
        cloud = self._cloud
        return success(
            [
                {
                    "sn": device.sn,
                    "deviceName": device.name,
                    "online": int(device.online and not cloud.fault_applies("offline", device.sn)),
                    "productName": device.PRODUCT,
                }
                for device in cloud.devices.values()
            ]
        )

    def _device_refusal(self, sn: str, *, write: bool = False) -> web.Response | None:
        cloud = self._cloud
        device = cloud.devices.get(sn)
        if device is None or cloud.fault_applies("not_allowed", sn):
            return refusal("1006", "current device is not allowed to get device info")
        if cloud.fault_applies("offline", sn) or (write and not device.online):
            return refusal("6012", "device is offline")
        return None

    async def _quota_all(self, request: web.Request, _body: bytes) -> web.Response:
        sn = request.query.get("sn", "")
        return self._device_refusal(sn) or success(self._values(sn))

    def _values(self, sn: str) -> dict[str, Any]:
        """Return the values the cloud has: the last reported ones of a device that is offline or sends nothing."""
        device = self._cloud.devices[sn]
        if not device.online or self._cloud.fault_applies("silent", sn):
            return device.last or device.sent()
        return device.sent()

    async def _quota(self, _request: web.Request, body: bytes) -> web.Response:
        asked = json.loads(body)
        sn = str(asked.get("sn", ""))
        if (refused := self._device_refusal(sn)) is not None:
            return refused
        values = self._values(sn)
        names = asked.get("params", {}).get("quotas", [])
        return success({name: values[name] for name in names if name in values})

    async def _set(self, _request: web.Request, body: bytes) -> web.Response:
        command = json.loads(body)
        sn = str(command.get("sn", ""))
        if (refused := self._device_refusal(sn, write=True)) is not None:
            return refused
        device = self._cloud.devices[sn]
        device.commands.append({"by": "http", **command})
        if "ignore_http" not in self._cloud.faults and not device.apply_command(command):
            return refusal("7000", "command is not supported")
        return success({"result": True})

    async def _certification(self, _request: web.Request, _body: bytes) -> web.Response:
        broker = self._cloud.broker
        if broker is None or "certification" in self._cloud.faults:
            return web.Response(status=503, text="no certification")
        return success(
            {
                "certificateAccount": self._cloud.account,
                "certificatePassword": broker.realm.password,
                "url": broker.host,
                "port": str(broker.port),
                "protocol": "mqtts",
            }
        )
