"""NiceHash's signed API v2 with a managed rig and one that only uses the pool."""

import argparse
import hashlib
import hmac
import time
from typing import Any, ClassVar, override

from aiohttp import web

from simulators.asic import Machine
from simulators.net import NET_FAULTS, HttpSimulator, http_faults

_SHARES = {"LOW": 0.6, "MEDIUM": 0.8, "HIGH": 1.0}
_CLOCK_SKEW_S = 300


class NiceHash(HttpSimulator):
    """The cloud."""

    NAME = "nicehash"
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "limited": "answers 429 with Retry-After",
        "offline": "the rig is offline",
        "deaf": "accepts actions and does nothing",
        "declined": "declines every action",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.machine = Machine(self.clock, rated_w=args.rated_w, ths=0.00012, boot_s=0.0, idle_w=0.0)
        self.mode = "HIGH"
        self.calls: list[str] = []

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--key", default="demo-key")
        parser.add_argument("--secret", default="demo-secret")
        parser.add_argument("--organisation", default="demo-organisation")
        parser.add_argument("--rig-id", default="0-simulated-rig")
        parser.add_argument("--rated-w", type=float, default=840.0)

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults), self._authenticate])
        app.add_routes(
            [
                web.get("/main/api/v2/mining/rigs2", self._rigs),
                web.post("/main/api/v2/mining/rigs/status2", self._status),
            ]
        )
        return app

    @override
    def state(self) -> dict[str, Any]:
        return {**self.machine.truth(), "mode": self.mode, "calls": len(self.calls)}

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        if "limited" in self.faults:
            return web.json_response({"error": "too many requests"}, status=429, headers={"Retry-After": "30"})
        if not self._signed(request, await request.read()):
            return web.json_response({"error_id": "x", "errors": [{"code": 2000, "message": "Invalid"}]}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    def _signed(self, request: web.Request, body: bytes) -> bool:
        head = request.headers
        when = head.get("X-Time", "")
        if not when.isdecimal() or abs(time.time() - int(when) / 1000) > _CLOCK_SKEW_S:
            return False
        digest = hmac.new(self.args.secret.encode(), digestmod=hashlib.sha256)
        first = True
        for part in (
            self.args.key,
            when,
            head.get("X-Nonce", ""),
            "",
            self.args.organisation,
            "",
            request.method,
            request.path,
            request.query_string,
        ):
            digest.update((b"" if first else b"\0") + part.encode())
            first = False
        if body:
            digest.update(b"\0" + body)
        return hmac.compare_digest(head.get("X-Auth", ""), f"{self.args.key}:{digest.hexdigest()}")

    async def _rigs(self, _: web.Request) -> web.Response:
        status = "OFFLINE" if "offline" in self.faults else "MINING" if self.machine.running else "STOPPED"
        speed = {"algorithm": "KAWPOW", "speed": f"{self.machine.hash_ths * 1e6 / 4:.4f}", "displaySuffix": "MH"}
        device = {
            "id": "dev-1",
            "name": "GPU",
            "deviceType": {"enumName": "NVIDIA", "description": "Nvidia"},
            "status": {"enumName": status, "description": status.capitalize()},
            "temperature": 61.0,
            "load": 98.0,
            "powerMode": {"enumName": self.mode, "description": self.mode.capitalize()},
            "powerUsage": round(self.machine.power_w / 4, 1) if self.machine.running else -1.0,
            "speeds": [speed] if self.machine.running else [],
        }
        managed = {
            "rigId": self.args.rig_id,
            "type": "MANAGED",
            "name": "garage",
            "statusTime": int(time.time() * 1000),
            "minerStatus": status,
            "groupName": "",
            "unpaidAmount": "0.00001",
            "profitability": 0.00004,
            "rigPowerMode": self.mode,
            "devices": [{**device, "id": f"dev-{index}"} for index in range(4)],
        }
        plain = {"rigId": "1-plain-asic", "type": "UNMANAGED", "name": "asic", "minerStatus": "MINING"}
        return web.json_response(
            {
                "totalRigs": 2,
                "miningRigs": [managed, plain],
                "pagination": {"size": 100, "page": 0, "totalPageCount": 1},
            }
        )

    async def _status(self, request: web.Request) -> web.Response:
        body = await request.json()
        if "declined" in self.faults or body.get("rigId") != self.args.rig_id:
            return web.json_response({"success": False, "successType": "UNKNOWN", "message": "Rig not reachable"})
        if "deaf" not in self.faults:
            match body.get("action"):
                case "START":
                    self.machine.set_running(True)
                case "STOP":
                    self.machine.set_running(False)
                case "POWER_MODE":
                    self.mode = body["options"][0]
                    self.machine.set_limit(self.machine.rated_w * _SHARES[self.mode])
        return web.json_response({"success": True, "successType": "SUCCESS", "message": ""})
