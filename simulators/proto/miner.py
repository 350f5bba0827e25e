"""A Proto Rig, from the maker's own simulator and description of the interface, with the values of a public capture.

`/system` and `/network` are public; anything else needs a bearer token. A token ends after some requests. Powers,
rates and temperatures have many decimals. The power that `mining` reports is less than that of the supplies' inputs.
"""

import argparse
import json
from typing import Any, ClassVar, override

from aiohttp import web

from simulators.asic import MINER_FAULTS, Machine
from simulators.net import NET_FAULTS, HttpSimulator, http_faults
from simulators.socket_miner import add_boot_argument

_MIN_W = 1500
_MAX_W = 3600
_BOARDS = 4
_PUBLIC = ("/api/v1/system", "/api/v1/network", "/api/v1/auth/login")


class Proto(HttpSimulator):
    """The miner."""

    NAME = "proto"
    DEFAULT_PORT = 80
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        **MINER_FAULTS,
        "no_pools": "waits for a pool",
        "no_supplies": "telemetry without power supplies",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.machine = Machine(self.clock, rated_w=_MAX_W, ths=145.0, boot_s=args.boot_s, idle_w=22.0, limit_w=3400)
        self.writes: list[str] = []
        self._token = ""
        self._left = 0
        self._tokens = 0

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--password", default="proto-demo")
        add_boot_argument(parser, 60.0)
        parser.add_argument("--token-requests", type=int, default=12, help="requests until a token ends")

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults), self._auth])
        app.add_routes([web.get("/", self._page), web.route("*", "/api/v1/{name:.+}", self._api)])
        return app

    @override
    def state(self) -> dict[str, Any]:
        return {**self.machine.truth(), "writes": self.writes}

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<html><title>Proto OS</title></html>", content_type="text/html")

    @web.middleware
    async def _auth(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path not in _PUBLIC and request.path != "/":
            self._left -= 1
            if self._left < 0 or request.headers.get("Authorization") != f"Bearer {self._token}":
                return _error(401, "UNAUTHORIZED", "Missing or invalid bearer token")
        response: web.StreamResponse = await handler(request)
        return response

    async def _api(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        body = json.loads(await request.read() or b"{}")
        match request.method, name:
            case "POST", "auth/login":
                if body.get("password") != self.args.password:
                    return _error(401, "INVALID_CREDENTIALS", "Invalid password")
                self._tokens += 1
                self._token, self._left = f"token-{self._tokens}", self.args.token_requests
                return web.json_response({"access_token": self._token, "refresh_token": "refresh"})
            case "POST", "mining/start" | "mining/stop":
                self.writes.append(name)
                if "deaf" not in self.faults:
                    self.machine.set_running(name == "mining/start")
                return web.json_response({"message": "ok"}, status=202)
            case "PUT", "mining/target":
                return self._set_target(body.get("power_target_watts"))
            case "POST", "system/reboot" | "system/locate":
                self.writes.append(name)
                if name == "system/reboot":
                    self.machine.restart()
                return web.json_response({"message": "ok"}, status=202)
        reply = self._read(name) if request.method == "GET" else None
        return _error(404, "NOT_FOUND", "Not found") if reply is None else web.json_response(reply)

    def _set_target(self, watts: object) -> web.Response:
        self.writes.append(f"mining/target {watts}")
        if not isinstance(watts, int) or not _MIN_W <= watts <= _MAX_W:
            return _error(422, "INVALID_POWER_TARGET", f"must be between {_MIN_W} and {_MAX_W}")
        if "deaf" not in self.faults:
            self.machine.set_limit(float(watts), restarts=False)
        return web.json_response(self._target())

    def _target(self) -> dict[str, Any]:
        return {
            "power_target_watts": round(self.machine.limit_w),
            "power_target_min_watts": _MIN_W,
            "power_target_max_watts": _MAX_W,
            "default_power_target_watts": 3400,
            "performance_mode": "MaximumHashrate",
        }

    def _read(self, name: str) -> Any:
        match name:
            case "system":
                versions = {"os": {"name": "ProtoOS", "version": "1.8.0"}, "cb_sn": "PROTO-SIM-b6bdaf86"}
                return {
                    "system-info": {"manufacturer": "Proto", "product_name": "Proto Rig", "model": "Rig", **versions}
                }
            case "network":
                return {"network-info": {"mac": "02:00:00:AD:66:39", "hostname": "proto-miner-af86"}}
            case "mining":
                return {"mining-status": self._mining()}
            case "mining/target":
                return self._target()
            case "telemetry":
                return self._telemetry()
            case "cooling":
                rpm = 4691 if self.machine.running else 0
                return {"cooling-status": {"fan_mode": "Auto", "fans": [{"slot": 1, "rpm": rpm}]}}
            case "errors":
                return []
            case "pools":
                pool = {"id": 0, "priority": 0, "enabled": True, "status": "Active"}
                return {"pools": [{**pool, "url": "stratum+tcp://pool-a.example.com:3333"}]}
        return None

    def _mining(self) -> dict[str, Any]:
        machine = self.machine
        state = "Stopped" if not machine.running else "Mining" if machine.hashing else "PoweringOn"
        if "no_pools" in self.faults and machine.running:
            state = "NoPools"
        elif "board_dead" in self.faults and machine.running:
            state = "DegradedMining"
        boards = _BOARDS - ("board_dead" in self.faults) if machine.hashing else 0
        return {
            "status": state,
            "hashrate_ghs": machine.hash_ths * 1e3,
            "ideal_hashrate_ghs": 145000,
            "power_usage_watts": machine.power_w * 0.9776,
            "power_target_watts": round(machine.limit_w),
            "average_hb_temp_c": 55.63875649874286,
            "average_asic_temp_c": 71.90268170247448,
            "hashboards_installed": _BOARDS,
            "hashboards_mining": boards,
            "reboot_uptime_s": 28,
            "mining_uptime_s": 28,
        }

    def _telemetry(self) -> dict[str, Any]:
        watts = self.machine.power_w
        boards = [
            {
                "index": index,
                "hashrate": {"unit": "TH/s", "value": self.machine.hash_ths / _BOARDS},
                "temperature": {"unit": "°C", "inlet": 41.257896451539054, "outlet": 55.241942214972724 + index},
            }
            for index in range(_BOARDS)
        ]
        supplies = [
            {"index": index, "power": {"input": watts / 2, "output": watts * 0.46, "unit": "W"}} for index in range(2)
        ]
        return {"hashboards": boards, **({} if "no_supplies" in self.faults else {"psus": supplies})}


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
