"""A Bitaxe with AxeOS: GET /api/system/info, PATCH /api/system, POST /api/system/{restart,pause,resume}.

Old firmware (before 2.14) has no pause. Frequency (MHz) and core voltage (mV) are its only power controls.
"""

import argparse
import base64
import hmac
import time
from typing import Any, ClassVar, override

from aiohttp import web

from simulators.asic import Machine
from simulators.net import NET_FAULTS, HttpSimulator, http_faults

_NOMINAL_MHZ = 525
_NOMINAL_MV = 1150


class Bitaxe(HttpSimulator):
    """The miner."""

    NAME = "bitaxe"
    DEFAULT_PORT = 80
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "deaf": "accepts writes and does nothing",
        "overheat": "throttled in overheat mode",
        "nan": "reports NaN as text for hash rate and power",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.machine = Machine(self.clock, rated_w=args.rated_w, ths=args.ths, boot_s=3.0, idle_w=2.5, boot_w=5.0)
        self.frequency = _NOMINAL_MHZ
        self.voltage = _NOMINAL_MV
        self.writes: list[Any] = []
        self.sessions: set[str] = set()
        self.minted: list[str] = []

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--firmware", default="v2.14.2")
        parser.add_argument("--nerd", action="store_true", help="a NerdQAxe++: shutdown in place of pause")
        parser.add_argument("--otp-secret", default="", help="base32: writes need a session (NerdQAxe)")
        parser.add_argument("--mac", default="02:00:00:D0:00:01")
        parser.add_argument("--rated-w", type=float, default=17.4)
        parser.add_argument("--ths", type=float, default=0.65)

    @property
    def _pauses(self) -> bool:
        major, minor = self.args.firmware.removeprefix("v").split(".")[:2]
        return (int(major), int(minor)) >= (2, 14)

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults), self._otp])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/api/system/info", self._info),
                web.get("/api/system/asic", self._asic),
                web.patch("/api/system", self._patch),
                web.post("/api/system/restart", self._restart),
                web.post("/api/system/identify", self._identify),
            ]
        )
        if self.args.nerd:
            app.add_routes(
                [web.post("/api/system/shutdown", self._shutdown), web.post("/api/otp/session", self._otp_session)]
            )
        elif self._pauses:
            app.add_routes([web.post("/api/system/pause", self._pause), web.post("/api/system/resume", self._resume)])
        return app

    @override
    def state(self) -> dict[str, Any]:
        return {
            **self.machine.truth(),
            "frequency": self.frequency,
            "voltage": self.voltage,
            "writes": self.writes,
        }

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<html><title>AxeOS</title></html>", content_type="text/html")

    async def _asic(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "ASICModel": "BM1368",
                "asicCount": 1,
                "deviceModel": "Supra",
                "defaultFrequency": _NOMINAL_MHZ,
                "defaultVoltage": _NOMINAL_MV,
                "frequencyOptions": [400, 450, 490, 525, 550],
                "voltageOptions": [1050, 1100, 1150, 1200],
            }
        )

    async def _info(self, _: web.Request) -> web.Response:
        nan = "nan" in self.faults
        info: dict[str, Any] = {
            "ASICModel": "BM1368",
            "boardVersion": "401",
            "version": self.args.firmware,
            "hostname": "bitaxe",
            "macAddr": self.args.mac,
            "power": "NaN" if nan else round(self.machine.power_w, 2),
            "voltage": 5100,
            "current": round(self.machine.power_w / 5.1 * 1000, 1),
            "hashRate": "NaN" if nan else round(self.machine.hash_ths * 1000, 2),
            "expectedHashrate": round(self.machine.ths * 1000 * self.frequency / _NOMINAL_MHZ, 1),
            "frequency": self.frequency,
            "coreVoltage": self.voltage,
            "temp": round(24 + self.machine.power_w * 1.8, 1),
            "vrTemp": round(24 + self.machine.power_w * 1.7),
            "fanrpm": 4100,
            "fanspeed": 48,
            "sharesAccepted": 100,
            "sharesRejected": 1,
            "uptimeSeconds": self.machine.elapsed_s,
            "overheat_mode": 1 if "overheat" in self.faults else 0,
            "bestDiff": 1250000 if self._pauses else "1.25M",
            "stratumURL": "pool.invalid",
            "stratumPort": 3333,
            "fallbackStratumURL": "pool2.invalid",
            "fallbackStratumPort": 3334,
            "isUsingFallbackStratum": 0,
        }
        if self.args.nerd:
            info |= {"deviceModel": "NerdQAxe++", "shutdown": not self.machine.running}
            del info["boardVersion"]
        elif self._pauses:
            info["miningPaused"] = not self.machine.running
            info["blockFound"] = 0
        return web.json_response(info)

    async def _patch(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.writes.append(body)
        if "deaf" not in self.faults:
            self.frequency = int(body.get("frequency", self.frequency))
            self.voltage = int(body.get("coreVoltage", self.voltage))
            share = self.frequency / _NOMINAL_MHZ * (self.voltage / _NOMINAL_MV) ** 2
            self.machine.set_limit(self.machine.rated_w * share, restarts=False)
        return web.Response(status=200)

    async def _restart(self, _: web.Request) -> web.Response:
        self.writes.append("restart")
        if self.args.nerd and "deaf" not in self.faults:
            self.machine.set_running(True)
        self.machine.restart()
        return web.Response(text="System will restart shortly.")

    async def _identify(self, _: web.Request) -> web.Response:
        self.writes.append("identify")
        return web.Response(text="Identify command received.")

    async def _shutdown(self, _: web.Request) -> web.Response:
        self.writes.append("shutdown")
        if "deaf" not in self.faults:
            self.machine.set_running(False)
        return web.Response(text="")

    @web.middleware
    async def _otp(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse a write without a live session where one-time passwords are enabled."""
        is_write = request.method != "GET" and not request.path.startswith("/api/otp/")
        if self.args.otp_secret and is_write and request.headers.get("X-OTP-Session") not in self.sessions:
            return web.Response(status=401, text="totp missing or invalid")
        response: web.StreamResponse = await handler(request)
        return response

    async def _otp_session(self, request: web.Request) -> web.Response:
        if not self.args.otp_secret:
            return web.Response(status=405, text="OTP disabled")
        if request.headers.get("X-TOTP") != self.one_time_password():
            return web.Response(status=401, text="Invalid TOTP")
        token = f"SESSION.{len(self.minted)}"
        self.sessions = {token}
        self.minted.append(token)
        return web.json_response({"token": token, "ttlMs": 86_400_000, "expiresAt": 1.8e12})

    def one_time_password(self) -> str:
        """Return the password of now (RFC 6238)."""
        key = base64.b32decode(self.args.otp_secret)
        digest = hmac.digest(key, (int(time.time()) // 30).to_bytes(8, "big"), "sha1")
        start = digest[19] & 0xF
        return str(int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF)[-6:].zfill(6)

    async def _pause(self, _: web.Request) -> web.Response:
        return self._run(False)

    async def _resume(self, _: web.Request) -> web.Response:
        return self._run(True)

    def _run(self, running: bool) -> web.Response:
        self.writes.append("resume" if running else "pause")
        if "deaf" not in self.faults:
            self.machine.set_running(running)
        return web.json_response({"message": "ok"})
