"""A Bitdeer SEALMINER A2, with the values of a public capture: the socket of bdminer.

`ascset 0,suspend` stops the hash boards, `restart` starts mining again and closes the connection without an answer.
The means of `summary` continue long after a change. The name of the state while it is suspended is assumed.
"""

import argparse
import asyncio
from typing import Any, override

from simulators.asic import Machine, cgminer_status
from simulators.socket_miner import SocketMiner, add_boot_argument

_DESCRIPTION = "bdminer 4.11.1"
_SENSORS = ((55, 52, 70, 69), (58, 55, 70, 68), (56, 51, 70, 65))


class Sealminer(SocketMiner):
    """The miner."""

    NAME = "sealminer"
    DESCRIPTION = _DESCRIPTION

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.machine = Machine(self.clock, rated_w=3504.0, ths=220.3, boot_s=args.boot_s, idle_w=24.0)

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_boot_argument(parser, 220.0)

    @override
    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        before = len(self.writes)
        answer = await super()._exchange(reader)
        return b"" if self.writes[before:] == ["restart"] else answer

    @override
    def _command(self, name: str, request: dict[str, Any]) -> dict[str, Any] | None:
        match name:
            case "version":
                return {**_ok(22, "BDMiner versions"), "VERSION": [{"API": "3.7", "BDMiner": "4.11.1"}]}
            case "stats":
                return {**_ok(70, "BDMiner stats"), "STATS": [self._stats()]}
            case "summary":
                summary = {"MHS av": 206860473.51, "MHS 1m": 197599714.1, "Best Share": 33318911, "Found Blocks": 0}
                return {**_ok(11, "Summary"), "SUMMARY": [summary]}
            case "pools":
                pool = {"POOL": 0, "URL": "stratum+tcp://stratum.braiins.com:3333", "Status": "Alive", "Priority": 0}
                return {**_ok(7, "1 Pool(s)"), "POOLS": [pool | {"Stratum Active": True}]}
            case "ascset" | "restart":
                parameter = str(request.get("parameter") or "")
                if name == "ascset" and parameter != "0,suspend":
                    return cgminer_status(120, "ASC 0 set failed: Unknown option", _DESCRIPTION, ok=False)
                self.writes.append(f"{name} {parameter}".strip())
                if "deaf" not in self.faults:
                    self.machine.set_running(name == "restart")
                return _ok(119, "ASC 0 set OK")
        return None

    def _stats(self) -> dict[str, Any]:
        machine = self.machine
        row: dict[str, Any] = {
            "Model": "A2",
            "MAC": "50:d4:48:4b:86:78",
            "Firmware": "2025091001",
            "Ctrl Board SN": "S127200252001850",
            "Board Count": 3,
            "PM State": "Running" if machine.running else "Suspended",
            "Mining Mode": "Normal",
            "MHS(1m)": machine.hash_ths * 1e6,
            "MHS(Avg)": 218701205.628067,
            "MHS(Ideal)": 221663472,
            "MHS(Rated)": 230839407.28559,
            "PSU Input Power": round(machine.power_w),
            "PSU Output Power": round(machine.power_w * 0.922),
            "PSU Temp AMB": 26,
            "PSU Error": "0x00000000",
            "Error Code": "",
            "Power Limit": 3500,
            "System Uptime": 2743,
            "Elapsed": 2481,
            "Liquid Cooling": False,
            "3 Speed": 3723,
        }
        for board, temperatures in enumerate(_SENSORS):
            dead = board == 2 and "board_dead" in self.faults
            row |= {
                f"{board} Chip Count": 153,
                f"{board} Online": not dead,
                f"{board} MHS(Sample)": 0.0 if dead else machine.hash_ths * 1e6 / 3,
                f"{board} Speed": 3723 if machine.running else 0,
                **{f"{board} Temp {i}": value for i, value in enumerate(temperatures)},
            }
        return row


def _ok(code: int, message: str) -> dict[str, Any]:
    return cgminer_status(code, message, _DESCRIPTION)
