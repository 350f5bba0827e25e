"""A Whatsminer: API V2 on 4028 (encrypted writes) and V3 on 4433.

V2: reading is plain; a write is encrypted with a key from the password and carries a token that lives 30
minutes. V3: 4-byte little-endian length and JSON; a write carries a hash of command, password, salt and time.
Suspended, it keeps its controller on and draws a few watts.
"""

import argparse
import asyncio
import json
import struct
from typing import Any, ClassVar, Final, override

from simulators.asic import MINER_FAULTS, Machine, cgminer_status, read_json
from simulators.framework import Simulator
from simulators.net import NET_FAULTS, TcpServer
from simulators.socket_miner import add_machine_arguments

from .crypto import crypt_tail, decrypt, encrypt, sign, v3_token

_TOKEN_LIFE_S: Final = 1800
_MAX_TOKENS: Final = 32
_CGMINER: Final = "cgminer 4.9.2"
_SALT: Final = "sImUlAt1"
_POOL_V3: Final = {
    "account": "demo.worker1",
    "pool-priority": 0,
    "status": "alive",
    "stratum-active": True,
    "url": "stratum+tcp://pool.invalid:3333",
}
_MODES: Final = {"low": 0.8, "normal": 1.0, "high": 1.1}


class Whatsminer(Simulator):
    """The miner."""

    NAME = "whatsminer"
    DEFAULT_PORT = 4028
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        **MINER_FAULTS,
        "write_disabled": "the write API is not enabled (permission denied)",
        "token_expired": "invalidates every token immediately",
        "error_code": "reports this error code (default 218)",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.machine = Machine(
            self.clock, rated_w=args.rated_w, ths=args.ths, boot_s=args.boot_s, idle_w=13.0, min_w=args.min_w
        )
        self.mode = "normal"
        self.writes: list[str] = []
        self.light: object = "auto"
        self._key = crypt_tail(args.password, _SALT)
        self._tokens: dict[str, float] = {}
        self._v2_server = TcpServer(self.faults, self._v2_exchange)
        self._v3_server = TcpServer(self.faults, self._v3_exchange, keep_open=True)

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--v3-port", type=int, default=4433)
        parser.add_argument("--api", choices=("v2", "v3", "both"), default="v2")
        parser.add_argument("--password", default="admin", help="password of V2 (account admin)")
        parser.add_argument("--v3-password", default="super", help="password of V3 (account super)")
        parser.add_argument("--v3-no-setting", action="store_true", help="firmware that does not report the power mode")
        parser.add_argument("--model", default="M50S_VH30")
        parser.add_argument("--firmware", help="firmware version; default: one that matches the API")
        add_machine_arguments(parser, mac="02:00:00:B0:00:01", rated_w=3300.0, ths=126.0, boot_s=120.0)
        parser.add_argument("--min-w", type=float, default=1000.0)

    @property
    def firmware(self) -> str:
        """V3 came with the firmware of late 2024."""
        return self.args.firmware or ("20240110.13.REL" if self.args.api == "v2" else "20251209.16.Rel2")

    @override
    async def start(self) -> dict[str, Any]:
        ready: dict[str, Any] = {"host": self.args.host}
        if self.args.api != "v3":
            ready["port"] = await self._v2_server.start(self.args.host, self.args.port)
        if self.args.api != "v2":
            ready["v3_port"] = await self._v3_server.start(self.args.host, self.args.v3_port)
        return ready

    @override
    async def stop(self) -> None:
        await self._v2_server.stop()
        await self._v3_server.stop()

    @override
    def state(self) -> dict[str, Any]:
        return {**self.machine.truth(), "mode": self.mode, "writes": self.writes}

    # --- V2 ---------------------------------------------------------------------------------------------

    async def _v2_exchange(self, reader: asyncio.StreamReader) -> bytes:
        request = await read_json(reader)
        if request is None:
            return json.dumps(self._v2_answer("json cmd err", 23, ok=False)).encode()
        if request.get("enc"):
            return json.dumps(self._encrypted(request)).encode()
        name = str(request.get("command") or request.get("cmd") or "")
        if "+" in name:
            joined: dict[str, Any] = {part: [self._read(part)] for part in name.split("+")}
            return json.dumps({**joined, "id": 1}).encode() + b"\0"
        return json.dumps(self._read(name)).encode() + b"\0"

    def _v2_answer(self, message: object, code: int = 131, *, ok: bool = True) -> dict[str, Any]:
        return {"STATUS": "S" if ok else "E", "When": 0, "Code": code, "Msg": message, "Description": ""}

    def _encrypted(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            command = json.loads(decrypt(self._key, str(request.get("data", ""))))
        except ValueError:
            return self._v2_answer("json cmd err", 23, ok=False)
        return {"enc": encrypt(self._key, json.dumps(self._v2_write(command)))}

    def _v2_write(self, command: dict[str, Any]) -> dict[str, Any]:
        if "token_expired" in self.faults:
            self._tokens.clear()
            self.faults.clear("token_expired")
        born = self._tokens.get(str(command.get("token")))
        if born is None or self.clock.elapsed() - born > _TOKEN_LIFE_S:
            return self._v2_answer("check token err", 135, ok=False)
        if "write_disabled" in self.faults:
            return self._v2_answer("permission denied", 45, ok=False)
        name = str(command.get("cmd") or command.get("command"))
        actions: dict[str, Any] = {
            "power_off": lambda: self.machine.set_running(False),
            "power_on": lambda: self.machine.set_running(True),
            "adjust_power_limit": lambda: self._limit(float(command["power_limit"])),
            "set_low_power": lambda: self._set_mode("low"),
            "set_normal_power": lambda: self._set_mode("normal"),
            "set_high_power": lambda: self._set_mode("high"),
            "reboot": self.machine.restart,
            "restart_btminer": self.machine.restart,
            "set_led": lambda: self._set_light(command.get("param") or command.get("color")),
        }
        return (
            self._v2_answer("API command OK")
            if self._act(name, actions)
            else self._v2_answer("invalid cmd", 14, ok=False)
        )

    def _act(self, name: str, actions: dict[str, Any]) -> bool:
        if name not in actions:
            return False
        self.writes.append(name)
        if "deaf" not in self.faults:
            actions[name]()
        return True

    def _set_light(self, light: object) -> None:
        self.light = light

    def _limit(self, watts: float) -> None:
        self.machine.set_limit(min(max(watts, self.args.min_w), self.args.rated_w * 1.1))

    def _set_mode(self, mode: str) -> None:
        self.mode = mode
        self._limit(self.args.rated_w * _MODES[mode])

    def _read(self, name: str) -> dict[str, Any]:
        table = {
            "summary": self._summary,
            "devs": self._devs,
            "devdetails": self._devdetails,
            "pools": self._pools,
            "status": self._status,
            "get_version": lambda: self._v2_answer(
                {"api_ver": "2.0.5", "fw_ver": self.firmware, "platform": "H616", "chip": "SIM"}
            ),
            "get_psu": lambda: self._v2_answer({"name": "P222B", "model": "P222B", "fan_speed": "6000"}),
            "get_miner_info": lambda: self._v2_answer(
                {
                    "hostname": "WhatsMiner",
                    "ledstat": self.light,
                    "mac": self.args.mac,
                    "minersn": "SIMW000000000001",
                }
            ),
            "get_error_code": lambda: self._v2_answer({"error_code": self._errors()}),
            "get_token": self._token,
        }
        return table[name]() if name in table else self._v2_answer("invalid cmd", 14, ok=False)

    def _errors(self) -> list[dict[str, str]]:
        code = int(self.faults.number("error_code", 218))
        return [{str(code): "2026-01-17 11:28:11"}] if "error_code" in self.faults else []

    def _token(self) -> dict[str, Any]:
        now = self.clock.elapsed()
        self._tokens = {token: born for token, born in self._tokens.items() if now - born < _TOKEN_LIFE_S}
        if len(self._tokens) >= _MAX_TOKENS:
            return self._v2_answer("over max connect", 136, ok=False)
        time, newsalt = f"{self.rng.randrange(10000):04}", "".join(self.rng.choices("abcdefgh1234", k=8))
        self._tokens[sign(self._key, time, newsalt)] = now
        return self._v2_answer({"time": time, "salt": _SALT, "newsalt": newsalt})

    def _summary(self) -> dict[str, Any]:
        rate = self.machine.hash_ths * 1e6
        row = {
            "Elapsed": self.machine.elapsed_s,
            "MHS av": rate,
            "MHS 5s": rate,
            "MHS 1m": rate,
            "HS RT": rate,
            "Chip Temp Avg": self.machine.chip_c(),
            "Chip Temp Max": self.faults.number("hot", 95) if "hot" in self.faults else self.machine.chip_c(4),
            "Env Temp": 24.0,
            "Fan Speed In": 4800 if self.machine.running else 0,
            "Fan Speed Out": 4750 if self.machine.running else 0,
            "Power": round(self.machine.power_w),
            "Power Limit": round(self.machine.limit_w) if self.machine.running else 0,
            "Power Mode": self.mode.capitalize(),
            "Factory GHS": self.machine.ths * 1000,
            "MAC": self.args.mac,
            "Firmware Version": f"'{self.firmware}'",
            "Uptime": self.machine.elapsed_s + 60,
            "Error Code Count": 0,
            "Best Share": 41127493,
            "Found Blocks": 0,
        }
        return {**cgminer_status(11, "Summary", _CGMINER), "SUMMARY": [row]}

    def _devs(self) -> dict[str, Any]:
        boards = 2 if "board_dead" in self.faults else 3
        rows = [
            {
                "ASC": index,
                "Slot": index,
                "Enabled": "Y",
                "Status": "Alive",
                "Temperature": self.machine.chip_c(index) - 8,
                "Chip Temp Avg": self.machine.chip_c(index),
                "MHS av": self.machine.hash_ths * 1e6 / 3,
                "MHS 1m": self.machine.hash_ths * 1e6 / 3,
                "Effective Chips": 111,
                "PCB SN": f"SIMP00000000000{index}",
            }
            for index in range(boards)
        ]
        return {**cgminer_status(9, f"{boards} ASC(s)", _CGMINER), "DEVS": rows}

    def _devdetails(self) -> dict[str, Any]:
        rows = [
            {"DEVDETAILS": i, "Name": "SM", "ID": i, "Driver": "bitmicro", "Model": self.args.model} for i in range(3)
        ]
        return {**cgminer_status(69, "Device Details", _CGMINER), "DEVDETAILS": rows}

    def _pools(self) -> dict[str, Any]:
        row = {"POOL": 1, "URL": "stratum+tcp://pool.invalid:3333", "Status": "Alive", "User": "demo.worker1"}
        return {**cgminer_status(7, "1 Pool(s)", _CGMINER), "POOLS": [{**row, "Stratum Active": True}]}

    def _status(self) -> dict[str, Any]:
        off = not self.machine.running
        message = {
            "mineroff": "true" if off else "false",
            "mineroff_reason": "user" if off else "",
            "mineroff_time": "",
            "FirmwareVersion": self.firmware,
            "power_mode": "sleep" if off else self.mode,
            "power_limit_set": str(round(self.machine.limit_w)),
            "hash_percent": "0",
        }
        return self._v2_answer(message)

    # --- V3 ---------------------------------------------------------------------------------------------

    async def _v3_exchange(self, reader: asyncio.StreamReader) -> bytes:
        (length,) = struct.unpack("<I", await asyncio.wait_for(reader.readexactly(4), 30))
        if length > 65536:
            return b""
        try:
            request = json.loads(await reader.readexactly(length))
        except ValueError:
            return b""
        body = json.dumps(self._v3(request)).encode()
        return struct.pack("<I", len(body)) + body

    def _v3_answer(self, command: str, message: object, code: int = 0) -> dict[str, Any]:
        return {"code": code, "when": 0, "msg": message, "desc": command}

    def _v3(self, request: dict[str, Any]) -> dict[str, Any]:
        command, param = str(request.get("cmd", "")), request.get("param")
        if command == "get.device.info":
            return self._v3_answer(command, self._v3_info())
        if command == "get.miner.status":
            return self._v3_status(command, param)
        if command == "get.miner.setting" and not self.args.v3_no_setting:
            limit = round(self.machine.limit_w)
            return self._v3_answer(command, {"power-limit": limit, "power-mode": self.mode, "fast-boot": "disable"})
        if not command.startswith("set."):
            return self._v3_answer(command, "invalid command", -2)
        if param is None and command != "set.system.reboot":
            return self._v3_answer(command, "Missing param", -1)
        return self._v3_write(command, param, request)

    def _v3_write(self, command: str, param: Any, request: dict[str, Any]) -> dict[str, Any]:
        wanted = v3_token(command, self.args.v3_password, _SALT, int(request.get("ts") or 0))
        if request.get("account") != "super" or request.get("token") != wanted or "write_disabled" in self.faults:
            return self._v3_answer(command, "no permission", -4)
        actions: dict[str, Any] = {
            "set.miner.power_limit": lambda: self._limit(float(param)),
            "set.miner.service": lambda: (
                self.machine.restart() if param == "restart" else self.machine.set_running(param != "stop")
            ),
            "set.system.led": lambda: self._set_light("auto" if param == "auto" else "manual"),
            "set.system.reboot": self.machine.restart,
            "set.miner.power_mode": lambda: self._set_mode(str(param)),
        }
        if not self._act(command, actions):
            return self._v3_answer(command, "invalid command", -2)
        return self._v3_answer(command, {command.rsplit(".", 1)[1].replace("_", "-"): param})

    def _v3_info(self) -> dict[str, Any]:
        return {
            "miner": {
                "type": self.args.model,
                "miner-sn": "SIMW000000000001",
                "working": "true" if self.machine.running else "false",
                "board-num": "3",
            },
            "network": {"mac": self.args.mac, "ip": self.args.host, "hostname": "WhatsMiner"},
            "power": {"fanspeed": 6000, "model": "P221B"},
            "salt": _SALT,
            "system": {"api": "3.0.2", "fwversion": self.firmware, "ledstatus": self.light, "platform": "H616"},
            "error-code": self._errors(),
        }

    def _v3_status(self, command: str, param: Any) -> dict[str, Any]:
        match param:
            case "summary":
                return self._v3_answer(command, {"summary": self._v3_summary()})
            case "edevs":
                rows = [
                    {
                        "id": i,
                        "hash-average": self.machine.hash_ths / 3,
                        "chip-temp-avg": self.machine.chip_c(i),
                    }
                    for i in range(2 if "board_dead" in self.faults else 3)
                ]
                return self._v3_answer(command, {"edevs": rows})
            case "pools":
                return self._v3_answer(command, {"pools": [_POOL_V3]})
        return self._v3_answer(command, "param item is null", -3)

    def _v3_summary(self) -> dict[str, Any]:
        return {
            "elapsed": self.machine.elapsed_s,
            "hash-average": self.machine.hash_ths,
            "hash-realtime": self.machine.hash_ths,
            "hash-1min": self.machine.hash_ths,
            "factory-hash": self.machine.ths,
            "power-realtime": self.machine.power_w,
            "power-5min": self.machine.power_w,
            "power-limit": round(self.machine.limit_w),
            "environment-temperature": 24.0,
            "chip-temp-avg": self.machine.chip_c(),
            "chip-temp-max": self.faults.number("hot", 95) if "hot" in self.faults else self.machine.chip_c(4),
            "board-temperature": [self.machine.chip_c(i) - 8 for i in range(3)],
            "fan-speed-in": 4800,
            "fan-speed-out": 4750,
            "freq-avg": 625,
        }
