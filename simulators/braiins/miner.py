"""A miner with Braiins OS: REST `/api/v1` with login, or GraphQL of older releases; version on the 4028 socket.

REST: `POST /auth/login` gives a token for an hour, sent as it is in the `authorization` header. Miner status:
1 idle, 2 mining, 3 paused. A power target outside the tuner's limits is refused with 400, and so is a board while
the miner starts; of an unknown board, 404. The configuration lists only boards that were ever switched.
"""

import argparse
import secrets
from typing import Any, ClassVar, Final, override

from aiohttp import web

from simulators.asic import MINER_FAULTS, Machine, cgminer_status
from simulators.net import NET_FAULTS, http_faults
from simulators.socket_miner import WebMiner, add_machine_arguments

from .graphql import GraphqlSide

_TOKEN_LIFE_S: Final = 3600
_POOL: Final = "stratum+tcp://pool.invalid:3333"
_SHARES: Final = {"best_share": 41127493, "found_blocks": 0}
_OPEN: Final = frozenset({"/api/v1/auth/login", "/api/v1/version/", "/graphql", "/"})


class Braiins(WebMiner):
    """The miner."""

    NAME = "braiins"
    DESCRIPTION = "BOSer boser-buildroot 0.1.0"
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        **MINER_FAULTS,
        "no_board_settings": "the configuration has no section of the hash boards",
        "token_expired": "invalidates every token immediately",
        "error": "reports this error text",
        "scaled": "protects itself: the tuner's target in W below the configured one (default 2431)",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.machine = Machine(self.clock, rated_w=args.rated_w, ths=args.ths, boot_s=args.boot_s, min_w=args.min_w)
        self.writes: list[str] = []
        self.blinks = False
        self.board_settings: dict[str, bool] = {}
        self.logins = 0
        self.graphql = GraphqlSide(
            self.machine,
            self.faults,
            self.clock.elapsed,
            release=args.release,
            password=args.password,
            model=args.model,
            pool=_POOL,
            range_w=(args.min_w, args.rated_w * 1.2),
        )
        self._tokens: dict[str, float] = {}

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--password", default="root", help="password of the account root")
        parser.add_argument("--release", default="25.07", help="release: REST since 25.05, GraphQL before")
        parser.add_argument("--model", default="Antminer S19j Pro")
        add_machine_arguments(parser, mac="02:00:00:C0:00:01", rated_w=3200.0, ths=104.0, boot_s=45.0)
        parser.add_argument("--min-w", type=float, default=900.0)

    @property
    def _rest(self) -> bool:
        return tuple(int(part) for part in self.args.release.split(".")) >= (25, 5)

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults), self._authenticate])
        app.add_routes([web.get("/", self._page)])
        app.add_routes(self._routes() if self._rest else [web.post("/graphql", self.graphql.answer)])
        return app

    @override
    def state(self) -> dict[str, Any]:
        writes, logins = [*self.writes, *self.graphql.writes], self.logins + self.graphql.logins
        return {**self.machine.truth(), "writes": writes, "logins": logins}

    def _routes(self) -> list[web.RouteDef]:
        base = "/api/v1"
        return [
            web.post(f"{base}/auth/login", self._login),
            web.get(f"{base}/version/", self._version),
            web.get(f"{base}/miner/details", self._details),
            web.get(f"{base}/miner/stats", self._stats),
            web.get(f"{base}/miner/hw/hashboards", self._boards),
            web.patch(f"{base}/miner/hw/hashboards", self._switch_boards),
            web.get(f"{base}/miner/errors", self._errors),
            web.get(f"{base}/cooling/state", self._cooling),
            web.get(f"{base}/configuration/miner", self._configuration),
            web.get(f"{base}/configuration/constraints", self._constraints),
            web.get(f"{base}/performance/tuner-state", self._tuner),
            web.get(f"{base}/pools", self._pools),
            web.put(f"{base}/performance/power-target", self._power_target),
            web.put(f"{base}/actions/pause", self._pause),
            web.put(f"{base}/actions/resume", self._resume),
            web.put(f"{base}/actions/reboot", self._restart),
            web.put(f"{base}/actions/restart", self._restart),
            web.get(f"{base}/actions/locate", self._locating),
            web.get(f"{base}/performance/target-profiles", self._profiles),
            web.put(f"{base}/actions/locate", self._locate),
        ]

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path not in _OPEN and request.path.startswith("/api/"):
            if "token_expired" in self.faults:
                self._tokens.clear()
                self.faults.clear("token_expired")
            born = self._tokens.get(request.headers.get("Authorization", ""))
            if born is None or self.clock.elapsed() - born > _TOKEN_LIFE_S:
                return web.json_response({"error": "Unauthorized", "message": "invalid token"}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    async def _login(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.logins += 1
        if body.get("username") != "root" or body.get("password") != self.args.password:
            return web.json_response({"error": "Unauthorized", "message": "wrong password"}, status=401)
        token = secrets.token_hex(8)
        self._tokens[token] = self.clock.elapsed()
        return web.json_response({"token": token, "timeout_s": _TOKEN_LIFE_S})

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"major": 1, "minor": 2, "patch": 0})

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<html><title>Braiins OS</title></html>", content_type="text/html")

    async def _details(self, _: web.Request) -> web.Response:
        version = {"bos_plus": True, "current": f"2025-08-06-0-51mu1a7e-{self.args.release}-plus"}
        details = {
            "bos_version": version,
            "bosminer_uptime_s": self.machine.elapsed_s,
            "hostname": "Antminer",
            "mac_address": self.args.mac.lower(),
            "miner_identity": {"brand": 1, "miner_model": self.args.model, "name": self.args.model},
            "status": 2 if self.machine.running else 3,
            "sticker_hashrate": {"gigahash_per_second": self.machine.ths * 1000},
            "uid": "simulated00000001",
        }
        return web.json_response(details)

    async def _restart(self, request: web.Request) -> web.Response:
        name = request.path.rsplit("/", 1)[1]
        self.writes.append(name)
        self.machine.restart()
        if name == "restart":
            return web.json_response(True)
        self._tokens.clear()
        return web.Response(status=204)

    async def _profiles(self, _: web.Request) -> web.Response:
        rows = [
            {
                "created": {"nanos": 0, "seconds": 1744000000 + index},
                "target": {"watt": watts},
                "estimated_power_consumption": {"watt": watts - 7},
                "measured_hashrate": {"gigahash_per_second": self.machine.ths * 1000 * watts / self.machine.rated_w},
            }
            for index, watts in enumerate((3000, 1800, 2400))
        ]
        return web.json_response({"power_target_profiles": rows, "hashrate_target_profiles": []})

    async def _locating(self, _: web.Request) -> web.Response:
        return web.json_response(self.blinks)

    async def _locate(self, request: web.Request) -> web.Response:
        if "deaf" not in self.faults:
            self.blinks = bool(await request.json())
        return web.json_response(self.blinks)

    async def _stats(self, _: web.Request) -> web.Response:
        rate = {"gigahash_per_second": self.machine.hash_ths * 1000}
        real = dict.fromkeys(("last_5s", "last_15s", "last_1m", "last_5m"), rate)
        return web.json_response(
            {
                "miner_stats": {**_SHARES, "real_hashrate": real, "nominal_hashrate": rate},
                "pool_stats": {"accepted_shares": 100, "rejected_shares": 0},
                "power_stats": {"approximated_consumption": {"watt": round(self.machine.power_w)}},
            }
        )

    async def _boards(self, _: web.Request) -> web.Response:
        dead = 1 if "board_dead" in self.faults else 0
        hot = self.faults.number("hot", 95.0) if "hot" in self.faults else None
        boards = []
        for index in range(3):
            off = index in self.machine.boards_off
            chip = {"degree_c": hot or self.machine.chip_c(index)}
            rate = {"gigahash_per_second": self.machine.board_ths(index) * 1000}
            boards.append(
                {
                    "id": str(index + 1),
                    "enabled": index >= dead and not off,
                    "board_temp": None if off else {"degree_c": self.machine.chip_c(index) - 8},
                    "highest_chip_temp": None if off else {"id": 1, "location": 1, "temperature": chip},
                    "stats": {**_SHARES, "real_hashrate": {"last_1m": rate}},
                }
            )
        return web.json_response({"hashboards": boards})

    async def _switch_boards(self, request: web.Request) -> web.Response:
        body = await request.json()
        enable, ids = body["enable"], body["hashboard_ids"]
        if not isinstance(enable, bool) or not all(isinstance(board, str) for board in ids):
            return web.json_response({"error": "Client specified an invalid argument", "message": ""}, status=400)
        if unknown := [board for board in ids if board not in ("1", "2", "3")]:
            message = {"error": "Some requested entity was not found", "message": f"hashboard {unknown[0]}"}
            return web.json_response(message, status=404)
        if self.machine.running and not self.machine.hashing:
            text = "The system is not in a state required for the operation's execution"
            return web.json_response({"error": text, "message": "bosminer is starting"}, status=400)
        self.writes.append(f"hashboards {'on' if enable else 'off'} {','.join(ids)}")
        if "deaf" not in self.faults:
            for board in ids:
                self.board_settings[board] = enable
                self.machine.switch_board(int(board) - 1, enable)
        return web.json_response({"hashboards": [{"id": board, "is_enabled": enable} for board in ids]})

    async def _errors(self, _: web.Request) -> web.Response:
        text = self.faults.active.get("error")
        rows = [{"message": str(text), "components": [], "error_codes": []}] if text else []
        return web.json_response({"errors": rows})

    async def _cooling(self, _: web.Request) -> web.Response:
        fans = [{"position": index, "rpm": 5400, "target_speed_ratio": 0.8} for index in range(4)]
        return web.json_response({"fans": fans})

    async def _configuration(self, _: web.Request) -> web.Response:
        tuner = {"enabled": True, "power_target": {"watt": round(self.machine.limit_w)}, "tuner_mode": 1}
        boards = [
            {"id": board, "enabled": on, "frequency": None, "voltage": None}
            for board, on in self.board_settings.items()
        ]
        config = {"global_frequency": None, "global_voltage": None, "hashboards": boards}
        # A recorded miner of release 25.07 has no settings of its boards.
        own = {} if "no_board_settings" in self.faults else {"hashboard_config": config}
        return web.json_response({"pool_groups": [], "tuner": tuner, **own})

    async def _constraints(self, _: web.Request) -> web.Response:
        limits = {
            "min": {"watt": round(self.args.min_w)},
            "default": {"watt": round(self.args.rated_w)},
            "max": {"watt": round(self.args.rated_w * 1.2)},
        }
        return web.json_response({"tuner_constraints": {"power_target": limits, "enabled": {"default": True}}})

    async def _pools(self, _: web.Request) -> web.Response:
        stats = {"accepted_shares": 100, "best_share": 41127493, "rejected_shares": 0, "stale_shares": 0}
        pool = {
            "active": True,
            "alive": True,
            "enabled": True,
            "stats": stats,
            "uid": "0",
            "url": _POOL,
            "user": "demo",
        }
        return web.json_response([{"name": "group", "pools": [pool], "strategy": {"quota": {"value": 1}}}])

    async def _tuner(self, _: web.Request) -> web.Response:
        watts = min(self.machine.limit_w, self.faults.number("scaled", 2431.0) if "scaled" in self.faults else 1e9)
        state = {"current_target": {"watt": round(watts)}}
        return web.json_response({"mode_state": {"powertargetmodestate": state}, "overall_tuner_state": 2})

    async def _power_target(self, request: web.Request) -> web.Response:
        watts = float((await request.json())["watt"])
        low, high = self.args.min_w, self.args.rated_w * 1.2
        if not low <= watts <= high:
            limits = f"(min: Some({low:.0f}), max: Some({high:.0f}))"
            text = f"new power target '{watts:.0f}' is out-of-range {limits}"
            message = {"error": "Operation was attempted past the valid range", "message": text}
            return web.json_response(message, status=400)
        self.writes.append(f"power-target {watts:.0f}")
        if "deaf" not in self.faults:
            self.machine.set_limit(watts, restarts=False)
        return web.json_response({"watt": round(watts)})

    async def _pause(self, _: web.Request) -> web.Response:
        return self._run(False)

    async def _resume(self, _: web.Request) -> web.Response:
        return self._run(True)

    def _run(self, running: bool) -> web.Response:
        changed = self.machine.running != running
        self.writes.append("resume" if running else "pause")
        if "deaf" not in self.faults:
            self.machine.set_running(running)
        return web.json_response(changed)

    def _command(self, name: str, _: dict[str, Any]) -> dict[str, Any] | None:
        if name == "version":
            return {
                **cgminer_status(22, "BOSer versions", self.DESCRIPTION),
                "VERSION": [{"API": "3.7", "BOSer": "boser-buildroot 0.1.0"}],
            }
        if name == "devdetails":
            rows = [{"DEVDETAILS": 0, "Name": "", "ID": 0, "Model": self.args.model}]
            return {**cgminer_status(69, "Device Details", self.DESCRIPTION), "DEVDETAILS": rows}
        return None
