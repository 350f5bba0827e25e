"""A Shelly 3EM or EM of the first generation: `/shelly`, `/status`, basic authentication, no notifications.

Each phase has its own counters for both directions, in Wh. Without a time server, `unixtime` is 0. A phase whose
measurement fails keeps its values and has `is_valid` false.
"""

import argparse
import base64
from typing import Any, ClassVar, override

from aiohttp import web

from simulators.net import NET_FAULTS, HttpSimulator, http_faults


class ShellyGen1(HttpSimulator):
    """The meter."""

    NAME = "shelly_gen1"
    DEFAULT_PORT = 80
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "invalid": "the measurement of the second phase fails",
        "no_time": "the device has no time server",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        count = 3 if args.type == "SHEM-3" else 2
        self.powers_w = [1200.5, -800.25, 100.0][:count]
        self.total_wh = [1000.0, 2000.5, 3000.0][:count]
        self.returned_wh = [0.0, 700.5, 10.0][:count]
        self.unixtime = 1_796_000_000

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--type", default="SHEM-3", help="SHEM-3 (3EM), SHEM (EM), or another device")
        parser.add_argument("--mac", default="02000000E301")
        parser.add_argument("--password", default="")

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults), self._authenticate])
        app.add_routes([web.get("/shelly", self._shelly), web.get("/status", self._status)])
        return app

    @override
    def state(self) -> dict[str, Any]:
        return {"powers_w": self.powers_w, "total_wh": self.total_wh, "returned_wh": self.returned_wh}

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        wanted = "Basic " + base64.b64encode(f"admin:{self.args.password}".encode()).decode()
        if self.args.password and request.path != "/shelly" and request.headers.get("Authorization") != wanted:
            return web.Response(
                status=401, headers={"WWW-Authenticate": 'Basic realm="shelly"'}, text="401 Unauthorized"
            )
        response: web.StreamResponse = await handler(request)
        return response

    async def _shelly(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "type": self.args.type,
                "mac": self.args.mac,
                "auth": bool(self.args.password),
                "fw": "20230913-114244/v1.14.0-gcb84623",
                "longid": 1,
                "num_outputs": 1,
                "num_emeters": len(self.powers_w),
                "report_period": 1,
            }
        )

    async def _status(self, _: web.Request) -> web.Response:
        emeters = [
            {
                "power": power,
                "pf": 0.92,
                "current": abs(power) / 230,
                "voltage": 230.1,
                "is_valid": not (index == 1 and "invalid" in self.faults),
                "total": self.total_wh[index],
                "total_returned": self.returned_wh[index],
            }
            for index, power in enumerate(self.powers_w)
        ]
        return web.json_response(
            {
                "wifi_sta": {"connected": True, "ssid": "net", "ip": "192.0.2.7", "rssi": -60},
                "cloud": {"enabled": False, "connected": False},
                "time": "" if "no_time" in self.faults else "12:00",
                "unixtime": 0 if "no_time" in self.faults else self.unixtime,
                "serial": 27,
                "has_update": False,
                "mac": self.args.mac,
                "relays": [
                    {"ison": False, "has_timer": False, "overpower": False, "is_valid": True, "source": "input"}
                ],
                "emeters": emeters,
                "total_power": sum(self.powers_w),
                "fs_mounted": True,
                "uptime": 1234,
            }
        )
