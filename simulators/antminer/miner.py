"""An Antminer S19 with stock firmware: web pages with digest authentication and the cgminer socket.

Work modes: 0 normal, 1 sleep, 3 low power (an S19k Pro has 2, high efficiency, in its place). A page reports the mode
as `bitmain-work-mode` (text) and takes it as `miner-mode`; most firmware ignores `bitmain-work-mode` in a write, some
obeys only that (`--mode-key`). A change restarts the miner. The device does not report its power.
"""

import argparse
import asyncio
from typing import Any, ClassVar, override

from aiohttp import web

from simulators.asic import MINER_FAULTS, Machine, cgminer_status
from simulators.net import NET_FAULTS, Digest, http_faults
from simulators.socket_miner import WebMiner, add_machine_arguments

_FIRMWARE = "Tue Mar  7 09:14:11 CST 2023"
_LOW_SHARE = 0.62
_KEPT_KEYS = frozenset({"bitmain-fan-ctrl", "bitmain-fan-pwm", "freq-level", "bitmain-freq-level"})


class Antminer(WebMiner):
    """The miner."""

    NAME = "antminer"
    DESCRIPTION = "cgminer 1.0.0"
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        **MINER_FAULTS,
        "slow_write": "replies to a change of the configuration after this many seconds (default 21)",
        "web_dead": "the web pages do not answer, the socket does",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.machine = Machine(self.clock, rated_w=args.rated_w, ths=args.ths, boot_s=args.boot_s)
        self.mode = 0
        self.blinks = False
        self.reboots = 0
        self.writes: list[dict[str, Any]] = []
        pool = {"url": "stratum+tcp://pool.invalid:3333", "user": "demo.worker1", "pass": "x"}
        self.conf: dict[str, Any] = {
            "pools": [pool, {"url": "", "user": "", "pass": ""}, {"url": "", "user": "", "pass": ""}],
            "api-listen": True,
            "api-network": True,
            "api-allow": "A:0/0,W:*",
            "bitmain-fan-ctrl": False,
            "bitmain-fan-pwm": "100",
            "bitmain-freq-level": "100",
        }
        self._digest = Digest("antMiner Configuration", "root", args.password)

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--password", default="root")
        parser.add_argument("--model", default="Antminer S19")
        add_machine_arguments(parser, mac="02:00:00:A0:00:01", rated_w=3250.0, ths=95.0, boot_s=90.0)
        parser.add_argument(
            "--mode-key",
            choices=["miner-mode", "bitmain-work-mode"],
            default="miner-mode",
            help="key of a write that the firmware applies; the other one is accepted and ignored",
        )

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults), self._authenticate])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/cgi-bin/get_system_info.cgi", self._system_info),
                web.get("/cgi-bin/get_network_info.cgi", self._network_info),
                web.get("/cgi-bin/get_miner_conf.cgi", self._get_conf),
                web.post("/cgi-bin/set_miner_conf.cgi", self._set_conf),
                web.get("/cgi-bin/stats.cgi", self._stats),
                web.get("/cgi-bin/summary.cgi", self._summary),
                web.get("/cgi-bin/get_blink_status.cgi", self._blink_status),
                web.get("/cgi-bin/reboot.cgi", self._reboot),
                web.post("/cgi-bin/blink.cgi", self._blink),
            ]
        )
        return app

    @override
    def state(self) -> dict[str, Any]:
        return {**self.machine.truth(), "mode": self.mode, "writes": len(self.writes), "conf": self.conf}

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if "web_dead" in self.faults:
            await asyncio.sleep(3600)
        if not self._digest.allows(request):
            return self._digest.challenge()
        response: web.StreamResponse = await handler(request)
        return response

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<html><title>Antminer</title></html>", content_type="text/html")

    async def _system_info(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "minertype": self.args.model,
                "nettype": "DHCP",
                "macaddr": self.args.mac,
                "hostname": "Antminer",
                "ipaddress": self.args.host,
                "system_filesystem_version": _FIRMWARE,
                "firmware_type": "Release",
                "serinum": "SIMA000000000001",
            }
        )

    async def _network_info(self, _: web.Request) -> web.Response:
        return web.json_response({"nettype": "DHCP", "macaddr": self.args.mac, "ipaddress": self.args.host})

    async def _get_conf(self, _: web.Request) -> web.Response:
        return web.json_response({**self.conf, "bitmain-work-mode": str(self.mode)})

    async def _set_conf(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.writes.append(body)
        if not isinstance(body.get("pools"), list) or not body["pools"] or not body["pools"][0].get("url"):
            return web.json_response({"stats": "error", "code": "M001", "msg": "Invalid pool!"})
        if "deaf" not in self.faults:
            self.conf["pools"] = body["pools"]
            self.conf.update({key: body[key] for key in _KEPT_KEYS & body.keys()})
            self._set_mode(body.get(self.args.mode_key))
        if "slow_write" in self.faults:
            await asyncio.sleep(self.faults.number("slow_write", 21.0))
        return web.json_response({"stats": "success", "code": "M000", "msg": "OK!"})

    def _set_mode(self, value: object) -> None:
        low = "2" if "S19k" in self.args.model else "3"
        if value is None or str(value) not in {"0", "1", low} or int(str(value)) == self.mode:
            return
        self.mode = int(str(value))
        self.machine.limit_w = self.machine.rated_w * (_LOW_SHARE if str(self.mode) == low else 1.0)
        self.machine.set_running(self.mode != 1)
        self.machine.restart()

    def _chains(self) -> list[dict[str, Any]]:
        boards = 2 if "board_dead" in self.faults else 3
        rate = self.machine.hash_ths * 1000 / 3
        hot = self.faults.number("hot", 95.0) if "hot" in self.faults else None
        return [
            {
                "index": index,
                "freq_avg": 650,
                "rate_ideal": self.machine.ths * 1000 / 3,
                "rate_real": round(rate, 2),
                "asic_num": 76,
                "temp_pic": [40, 41, 42, 43],
                "temp_pcb": [round(self.machine.chip_c(index) - 8)] * 4,
                "temp_chip": [round(hot or self.machine.chip_c(index))] * 4,
                "hw": 0,
                "sn": f"SIMB00000000000{index}",
            }
            for index in range(boards)
        ]

    def _info(self, command: str) -> dict[str, Any]:
        status = {"STATUS": "S", "when": 0, "Msg": command, "api_version": "1.0.0"}
        info = {"miner_version": "49.0.1.3", "CompileTime": _FIRMWARE, "type": self.args.model}
        return {"STATUS": status, "INFO": info}

    async def _stats(self, _: web.Request) -> web.Response:
        stats: list[dict[str, Any]] = []
        if self.mode != 1:
            stats.append(
                {
                    "rate_5s": self.machine.hash_ths * 1000,
                    "elapsed": self.machine.elapsed_s,
                    "rate_ideal": self.machine.ths * 1000,
                    "rate_unit": "GH/s",
                    "fan": [4200, 4210, 4300, 4290],
                    "chain": self._chains(),
                    "miner-mode": self.mode,
                }
            )
        return web.json_response({**self._info("stats"), "STATS": stats})

    async def _summary(self, _: web.Request) -> web.Response:
        rate = self.machine.hash_ths * 1000
        rows = [] if self.mode == 1 else [{"rate_5s": rate, "rate_avg": rate, "elapsed": self.machine.elapsed_s}]
        return web.json_response({**self._info("summary"), "SUMMARY": rows})

    async def _blink_status(self, _: web.Request) -> web.Response:
        return web.json_response({"blink": self.blinks})

    async def _blink(self, request: web.Request) -> web.Response:
        wanted = (await request.json()).get("blink")
        if not isinstance(wanted, bool):
            return web.json_response({"code": "B001", "msg": "Invalid parameter"})
        if "deaf" not in self.faults:
            self.blinks = wanted
        return web.json_response({"code": "B000" if wanted else "B100"})

    async def _reboot(self, request: web.Request) -> web.Response:
        """Restart before the reply is complete, as the device does."""
        self.reboots += 1
        self.machine.restart()
        if request.transport is not None:
            request.transport.close()
        return web.Response(text="")

    def _command(self, name: str, _: dict[str, Any]) -> dict[str, Any] | None:
        rate = self.machine.hash_ths * 1000
        version = {
            "API": "3.1",
            "BMMiner": "1.0.0",
            "CompileTime": _FIRMWARE,
            "Miner": "49.0.1.3",
            "Type": self.args.model,
        }
        match name:
            case "version":
                return {**cgminer_status(22, "CGMiner versions", self.DESCRIPTION), "VERSION": [version]}
            case "summary":
                row: dict[str, Any] = {"Elapsed": self.machine.elapsed_s, "GHS 5s": rate, "GHS 30m": rate}
                row |= {"Best Share": 12904207043, "Found Blocks": 0}
                return {**cgminer_status(11, "Summary", self.DESCRIPTION), "SUMMARY": [row]}
            case "stats":
                ideal = self.machine.ths * 1000
                row = {"Elapsed": self.machine.elapsed_s, "GHS 5s": rate, "GHS av": rate}
                row |= {
                    "total_rateideal": ideal,
                    "fan1": 4200,
                    "fan2": 4210,
                    "fan3": 4300,
                    "fan4": 4290,
                    "fan_num": 4,
                }
                return {**cgminer_status(70, "CGMiner stats", self.DESCRIPTION), "STATS": [version, row]}
            case "pools":
                pools = [
                    {
                        "POOL": index,
                        "URL": pool["url"],
                        "User": pool["user"],
                        "Priority": index,
                        "Status": "Alive" if pool["url"] else "Dead",
                        "Stratum Active": index == 0 and self.machine.running,
                        "Accepted": 10,
                    }
                    for index, pool in enumerate(self.conf["pools"])
                ]
                return {**cgminer_status(7, f"{len(pools)} Pool(s)", self.DESCRIPTION), "POOLS": pools}
        return None
