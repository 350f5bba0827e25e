"""An Antminer with VNish, from the description that the firmware serves of its own REST interface (1.2.6).

Reading is open. `unlock` gives a token for the password: 403 for a wrong one, 429 with a time for the third in a row.
Writes want the token as a bearer; it ends when the firmware restarts. Presets are named by their watts. The reply
to a change of settings is the same whether or not it took effect.
"""

import argparse
import secrets
from typing import Any, ClassVar, Final, override

from aiohttp import web

from simulators.asic import MINER_FAULTS, Machine, cgminer_status
from simulators.net import NET_FAULTS, http_faults
from simulators.socket_miner import WebMiner, add_machine_arguments

_TRIES = 3
_LOCKED_S = 60
_API: Final = "/api/v1"


class Vnish(WebMiner):
    """The miner."""

    NAME = "vnish"
    DESCRIPTION = "cgminer 4.11.1"
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        **MINER_FAULTS,
        "token_expired": "invalidates its tokens once",
        "locked": "rejects every unlock (429)",
        "failed": "the mining program failed to start",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.preset = str(round(args.rated_w))
        self.machine = Machine(
            self.clock, rated_w=args.rated_w, ths=args.ths, boot_s=args.boot_s, idle_w=0.0, boards_share_limit=True
        )
        self.overclock: dict[str, Any] = {
            "modded_psu": False,
            "globals": {"volt": 1380, "freq": 545},
            "chains": [{"freq": 0, "chips": []}, {"freq": 0, "chips": [], "disabled": False}, {"freq": 0, "chips": []}],
            "preset_switcher": {"enabled": False, "decrease_temp": 75, "rise_temp": 55},
        }
        self.writes: list[str] = []
        self.blinks = False
        self.unlocks = 0
        self._tokens: set[str] = set()
        self._wrong = 0

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--password", default="admin")
        add_machine_arguments(parser, mac="02:00:00:A0:00:21", rated_w=3050.0, ths=100.0, boot_s=90.0)
        parser.add_argument("--presets", default="1500,1900,2350,2620,3050", help="tuned presets in W")

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults)])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get(f"{_API}/info", self._info),
                web.get(f"{_API}/summary", self._summary),
                web.get(f"{_API}/perf-summary", self._performance),
                web.get(f"{_API}/status", self._status),
                web.post(f"{_API}/find-miner", self._find),
                web.post(f"{_API}/system/reboot", self._reboot),
                web.post(f"{_API}/unlock", self._unlock),
                web.get(f"{_API}/autotune/presets", self._presets),
                web.get(f"{_API}/settings", self._settings),
                web.post(f"{_API}/settings", self._set),
                web.post(f"{_API}/mining/{{action}}", self._mining),
            ]
        )
        return app

    @override
    def state(self) -> dict[str, Any]:
        return {**self.machine.truth(), "preset": self.preset, "writes": self.writes, "overclock": self.overclock}

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<html><title>AnthillOS</title></html>", content_type="text/html")

    async def _info(self, _: web.Request) -> web.Response:
        network = {"mac": self.args.mac, "dhcp": True, "ip": self.args.host, "hostname": "sim-vnish"}
        return web.json_response(
            {
                "miner": "Antminer S19j Pro",
                "model": "s19jpro",
                "fw_name": "Vnish",
                "fw_version": "1.2.6",
                "platform": "xil",
                "algorithm": "sha256d",
                "hr_measure": "GH/s",
                "system": {"network_status": network, "uptime": "1:00"},
                "serial": "N/A",
            }
        )

    def _miner_state(self) -> str:
        if "failed" in self.faults:
            return "failure"
        if not self.machine.running:
            return "stopped"
        return "mining" if self.machine.hashing else "starting"

    async def _summary(self, _: web.Request) -> web.Response:
        machine = self.machine
        rate = machine.hash_ths * 1000
        chip = round(self.faults.number("hot", 95.0) if "hot" in self.faults else machine.chip_c())
        status: dict[str, Any] = {"miner_state": self._miner_state(), "miner_state_time": machine.elapsed_s}
        if "failed" in self.faults:
            status |= {"failure_code": 1002, "description": "Failed to parse miner configuration"}
        miner = {
            "miner_status": status,
            "miner_type": "Antminer S19j Pro (Vnish 1.2.6)",
            "hr_stock": machine.ths * 1000,
            "average_hashrate": rate / 1000,
            "instant_hashrate": rate / 1000,
            "hr_realtime": rate,
            "hr_nominal": machine.ths * 1000,
            "hr_average": rate,
            "pcb_temp": {"min": chip - 20, "max": chip - 14} if machine.running else {"min": 0, "max": 0},
            "chip_temp": {"min": chip - 8, "max": chip} if machine.running else {"min": 0, "max": 0},
            "power_consumption": round(machine.power_w),
            "power_usage": round(machine.power_w),
            "power_efficiency": 29.5,
            "pools": [
                {
                    "id": 0,
                    "url": "pool.invalid:3333",
                    "pool_type": "Normal",
                    "user": "demo.worker1",
                    "status": "active",
                },
                {"id": 1, "url": "pool2.invalid:3333", "pool_type": "Normal", "user": "demo.w", "status": "working"},
                {"id": 2, "url": "DevFee", "pool_type": "DevFee", "user": "DevFee", "status": "working"},
            ],
            "best_share": 41127493,
            "found_blocks": 0,
            "cooling": {"fan_num": 2, "fans": [{"id": 0, "rpm": 4200}, {"id": 1, "rpm": 4320}], "fan_duty": 60},
            "chains": self._chains(),
        }
        return web.json_response({"miner": miner})

    def _chains(self) -> list[dict[str, Any]]:
        if not self.machine.running:
            return []
        return [self._chain(board) for board in range(3)]

    def _chain(self, board: int) -> dict[str, Any]:
        off, warm = board in self.machine.boards_off, round(self.machine.chip_c(board))
        dead = board == 0 and "board_dead" in self.faults
        state = "disabled" if off else "failure" if dead else "mining" if self.machine.hashing else "initializing"
        return {
            "id": board + 1,
            "hashrate_rt": 0.0 if dead else self.machine.board_ths(board) * 1000,
            "power_consumption": 0 if off else round(self.machine.power_w / (3 - len(self.machine.boards_off))),
            "pcb_temp": {"min": 0, "max": 0} if off else {"min": 40, "max": warm - 14},
            "chip_temp": {"min": 0, "max": 0} if off else {"min": 50, "max": warm},
            "status": {"state": state},
        }

    async def _performance(self, _: web.Request) -> web.Response:
        current = {"name": self.preset, "pretty": f"{self.preset} watt ~ 90 TH", "status": "tuned"}
        switcher = self.overclock["preset_switcher"]
        return web.json_response(
            {"current_preset": {**current, "modded_psu_required": False}, "preset_switcher": switcher}
        )

    async def _status(self, _: web.Request) -> web.Response:
        status = {"miner_state": self._miner_state(), "miner_state_time": self.machine.elapsed_s}
        flags = {"reboot_required": False, "restart_required": False, "unlocked": False}
        return web.json_response({**status, **flags, "find_miner": self.blinks})

    async def _find(self, request: web.Request) -> web.Response:
        """Switch the light; without a body, toggle it."""
        if (refusal := self._unauthorised(request)) is not None:
            return refusal
        body = await request.json() if request.can_read_body else {}
        if "deaf" not in self.faults:
            self.blinks = bool(body.get("on", not self.blinks))
        return web.json_response({"on": self.blinks})

    async def _reboot(self, request: web.Request) -> web.Response:
        if (refusal := self._unauthorised(request)) is not None:
            return refusal
        self.writes.append("reboot")
        self._tokens.clear()
        self.machine.restart()
        return web.json_response({"after": 3})

    async def _unlock(self, request: web.Request) -> web.Response:
        if "locked" in self.faults or self._wrong >= _TRIES:
            return web.json_response({"unlock_timeout": _LOCKED_S}, status=429, headers={"Retry-After": str(_LOCKED_S)})
        if (await request.json()).get("pw") != self.args.password:
            self._wrong += 1
            return web.json_response({"unlock_timeout": None}, status=403)
        self._wrong = 0
        self.unlocks += 1
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        return web.json_response({"token": token})

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        if "token_expired" in self.faults:
            self.faults.clear("token_expired")
            self._tokens.clear()
        # The firmware takes the bare token too, which some clients send.
        if request.headers.get("Authorization", "").removeprefix("Bearer ") in self._tokens:
            return None
        return web.json_response({"err": "unauthorized"}, status=401)

    async def _presets(self, request: web.Request) -> web.Response:
        if (refusal := self._unauthorised(request)) is not None:
            return refusal
        tuned = [row.strip() for row in self.args.presets.split(",") if row.strip()]
        rows: list[dict[str, Any]] = [
            {"name": "disabled", "pretty": "Disabled", "status": "untuned", "modded_psu_required": False}
        ]
        for name in tuned:
            row = {"name": name, "pretty": f"{name} watt ~ {int(name) // 30} TH", "status": "tuned"}
            rows.append({**row, "modded_psu_required": False})
        rows.append({"name": "1100", "pretty": "1100 watt ~ 53 TH", "status": "untuned", "modded_psu_required": False})
        rows.append({"name": "4690", "pretty": "4690 watt ~ 124 TH", "status": "tuned", "modded_psu_required": True})
        return web.json_response(rows)

    async def _settings(self, request: web.Request) -> web.Response:
        if (refusal := self._unauthorised(request)) is not None:
            return refusal
        return web.json_response({"miner": {"overclock": {**self.overclock, "preset": self.preset}}, "ui": {}})

    async def _set(self, request: web.Request) -> web.Response:
        if (refusal := self._unauthorised(request)) is not None:
            return refusal
        overclock = dict((await request.json())["miner"]["overclock"])
        preset = str(overclock.pop("preset", self.preset))
        off = {index for index, chain in enumerate(overclock["chains"]) if chain.get("disabled") is True}
        if off != self.machine.boards_off and self._miner_state() == "starting":
            return web.json_response({"err": "the miner is starting"}, status=400)
        self.writes.append(f"settings {preset}" + "".join(f" without {index + 1}" for index in sorted(off)))
        if "deaf" not in self.faults:
            self.overclock = overclock
            self.preset = preset
            self.machine.set_limit(float(preset), restarts=False)
            for board in range(3):
                self.machine.switch_board(board, board not in off)
        return web.json_response({"restart_required": "deaf" not in self.faults, "reboot_required": False})

    async def _mining(self, request: web.Request) -> web.Response:
        if (refusal := self._unauthorised(request)) is not None:
            return refusal
        action = request.match_info["action"]
        if action not in ("start", "stop", "pause", "resume", "restart"):
            return web.json_response({"err": "not found"}, status=404)
        self.writes.append(action)
        if "deaf" not in self.faults:
            if action == "restart":
                self.machine.restart()
            else:
                self.machine.set_running(action in ("start", "resume"))
        return web.json_response({})

    def _command(self, name: str, _: dict[str, Any]) -> dict[str, Any] | None:
        rate = self.machine.hash_ths * 1000
        kind = "Antminer S19j Pro (Vnish 1.2.6)"
        match name:
            case "version":
                row: dict[str, Any] = {"API": "3.1", "CGMiner": "4.11.1", "Miner": "uart_trans.1.3"}
                return {**cgminer_status(22, "CGMiner versions", self.DESCRIPTION), "VERSION": [row]}
            case "summary":
                row = {"Elapsed": self.machine.elapsed_s, "GHS 5s": rate, "GHS av": rate}
                return {**cgminer_status(11, "Summary", self.DESCRIPTION), "SUMMARY": [row]}
            case "stats":
                row = {"Elapsed": self.machine.elapsed_s, "GHS 5s": rate, "total_rateideal": self.machine.ths * 1000}
                return {**cgminer_status(70, "CGMiner stats", self.DESCRIPTION), "STATS": [{"Type": kind}, row]}
            case "pools":
                return {**cgminer_status(7, "0 Pool(s)", self.DESCRIPTION), "POOLS": []}
        return None
