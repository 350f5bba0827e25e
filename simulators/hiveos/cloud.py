"""HiveOS' API v2 with one farm and one worker."""

import argparse
from typing import Any, ClassVar, override

from aiohttp import web

from simulators.asic import Machine
from simulators.net import NET_FAULTS, HttpSimulator, http_faults

_PROFILES = {11: ("quiet", 0.55), 12: ("full", 1.0)}
_FARM = 7
_WORKER = 4711


class HiveOs(HttpSimulator):
    """The cloud."""

    NAME = "hiveos"
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "limited": "answers 429 with Retry-After",
        "offline": "the worker is offline",
        "deaf": "accepts commands and does nothing",
        "no_profiles": "the token has no access to overclocking profiles",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.machine = Machine(self.clock, rated_w=args.rated_w, ths=0.0002, boot_s=0.0, idle_w=60.0)
        self.profile = 12
        self.calls: list[str] = []

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--token", default="demo-token")
        parser.add_argument("--rated-w", type=float, default=1100.0)

    @override
    def application(self) -> web.Application:
        base = f"/api/v2/farms/{_FARM}"
        app = web.Application(middlewares=[http_faults(self.faults), self._authenticate])
        app.add_routes(
            [
                web.get("/api/v2/farms", self._farms),
                web.get(f"{base}/oc", self._oc),
                web.get(f"{base}/workers", self._workers),
                web.patch(f"{base}/workers/{_WORKER}", self._patch),
                web.post(f"{base}/workers/{_WORKER}/command", self._command),
            ]
        )
        return app

    @override
    def state(self) -> dict[str, Any]:
        return {**self.machine.truth(), "profile": self.profile, "calls": len(self.calls)}

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        if "limited" in self.faults:
            return web.json_response({"code": 0, "message": "Too many"}, status=429, headers={"Retry-After": "30"})
        if request.headers.get("Authorization") != f"Bearer {self.args.token}":
            return web.json_response({"code": 401, "message": "Unauthenticated"}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    async def _farms(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": _FARM, "name": "home", "workers_count": 1}]})

    async def _oc(self, _: web.Request) -> web.Response:
        if "no_profiles" in self.faults:
            return web.json_response({"code": 404, "message": "Not found"}, status=404)
        return web.json_response({"data": [{"id": key, "name": name} for key, (name, _) in _PROFILES.items()]})

    async def _workers(self, _: web.Request) -> web.Response:
        running = self.machine.running
        online = "offline" not in self.faults
        worker: dict[str, Any] = {
            "id": _WORKER,
            "farm_id": _FARM,
            "name": "rig1",
            "active": True,
            "oc_id": self.profile,
            "stats": {"online": online, "boot_time": 1700000000, "power_draw": round(self.machine.power_w)},
            "gpu_stats": [{"bus_id": "01:00.0", "temp": 58, "fan": 60}, {"bus_id": "02:00.0", "temp": 63, "fan": 60}],
        }
        if running:
            worker["stats"]["miner_start_time"] = 1700000100
            rate = {"miner": "t-rex", "algo": "kawpow", "hash": self.machine.hash_ths * 1e9}
            worker["miners_summary"] = {"hashrates": [rate]}
        return web.json_response({"data": [worker]})

    async def _patch(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("oc_id") not in _PROFILES:
            return web.json_response({"code": 422, "message": "oc_id is invalid"}, status=422)
        if "deaf" not in self.faults:
            self.profile = body["oc_id"]
            self.machine.set_limit(self.machine.rated_w * _PROFILES[self.profile][1])
        return web.json_response({"id": _WORKER})

    async def _command(self, request: web.Request) -> web.Response:
        body = await request.json()
        action = body.get("data", {}).get("action")
        if body.get("command") != "miner" or action not in ("start", "stop", "restart"):
            return web.json_response({"code": 422, "message": "The given data was invalid."}, status=422)
        if "deaf" not in self.faults:
            self.machine.set_running(action != "stop")
        return web.json_response({"commands": [{"id": 1, "state": "pending"}]})
