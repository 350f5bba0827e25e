"""An Antminer with LuxOS, from Luxor's description of its commands.

One request per connection on 4028. Writes take a session id as their first parameter; there is one session at a
time, `logon` makes it, `logoff` or a minute without a request ends it. `curtail` sleeps (hash boards and power supply
off) and wakes up; the state survives a restart. `profileset` chooses a profile, which the advanced thermal management
(ATM) takes back while it is on. `enableboard` and `disableboard` switch a board, counted from 0, while the miner is
awake and its boards do not start.
"""

import argparse
from collections.abc import Callable
from typing import Any, ClassVar, override

from simulators.asic import Machine, cgminer_status
from simulators.socket_miner import SocketMiner, add_machine_arguments

_VERSION = "2025.4.8.220305-57b389c7"
_DESCRIPTION = f"LUXminer {_VERSION}"
_SESSION_S = 60.0
_STEP_MHZ = 25
_SHARES = {"Best Share": 41127493, "Found Blocks": 0}
_BASE_MHZ = 190
_RATED_MHZ = 590


class Luxos(SocketMiner):
    """The miner."""

    NAME = "luxos"
    DESCRIPTION = _DESCRIPTION
    FAULTS: ClassVar[dict[str, str]] = {
        **SocketMiner.FAULTS,
        "session_taken": "another client uses the only session",
        "atm_stuck": "thermal management cannot be switched on",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.profiles = {
            f"{mhz}MHz": float(round(args.rated_w * (mhz / _RATED_MHZ) ** 1.15))
            for mhz in range(_BASE_MHZ, _RATED_MHZ + 1, _STEP_MHZ)
        }
        self.profile = f"{_RATED_MHZ}MHz"
        watts = self.profiles[self.profile]
        self.machine = Machine(
            self.clock,
            rated_w=watts,
            ths=args.ths,
            boot_s=args.boot_s,
            idle_w=0.0,
            limit_w=watts,
            boards_share_limit=True,
        )
        self.atm = args.atm
        self.light = "auto"
        self._session = ""
        self._session_at = -1e9
        self._sessions = 0

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_machine_arguments(parser, mac="02:00:00:A0:00:31", rated_w=2760.0, ths=120.0, boot_s=60.0)
        parser.add_argument("--atm", action="store_true", help="the thermal management is on")

    @override
    def state(self) -> dict[str, Any]:
        return {**super().state(), "profile": self.profile, "atm": self.atm}

    @override
    def _command(self, name: str, request: dict[str, Any]) -> dict[str, Any] | None:
        if (answer := self._read(name)) is not None:
            return answer
        parameters = [part.strip() for part in str(request.get("parameter") or "").split(",")]
        match name:
            case "session":
                return _ok(318, "Session information", SESSION=[{"SessionID": self._live_session()}])
            case "logon":
                return self._logon()
            case (
                "logoff"
                | "curtail"
                | "profileset"
                | "atmset"
                | "ledset"
                | "rebootdevice"
                | "resetminer"
                | "enableboard"
                | "disableboard"
            ):
                if not parameters[0] or parameters[0] != self._live_session():
                    return _error(402, "Invalid session")
                self._session_at = self.clock.elapsed()
                return self._write(name, parameters[1:])
        return None

    def _live_session(self) -> str:
        if "session_taken" in self.faults:
            return "0thers"
        if self.clock.elapsed() - self._session_at > _SESSION_S:
            self._session = ""
        return self._session

    def _logon(self) -> dict[str, Any]:
        if self._live_session():
            return _error(401, "Another session is active")
        self._sessions += 1
        self._session, self._session_at = f"yS1m{self._sessions:04d}", self.clock.elapsed()
        return _ok(316, "Session created", SESSION=[{"SessionID": self._session}])

    def _write(self, name: str, parameters: list[str]) -> dict[str, Any] | None:
        if name == "logoff":
            self._session = ""
            return _ok(317, "Session terminated")
        self.writes.append(",".join([name, *parameters]))
        match name, parameters:
            case "curtail", ["sleep" | "wakeup" as action]:
                if "deaf" not in self.faults:
                    self.machine.set_running(action == "wakeup")
                said = "sleep mode" if action == "sleep" else "wake up"
                return _ok(335, "Curtailment command sent", CURTAIL=[{"Action": said}])
            case "profileset", [profile] if profile in self.profiles:
                if "deaf" not in self.faults and not self.atm:
                    self.profile = profile
                    self.machine.set_limit(self.profiles[profile])
                return _ok(321, "Profile Set", PROFILE=[{"Board": 0, "Profile": profile}])
            case "profileset", _:
                return _error(322, "Profile not found")
            case "atmset", [setting]:
                if "atm_stuck" in self.faults and setting == "enabled=true":
                    return _error(341, "Could not update the thermal management")
                self.atm = setting == "enabled=true"
                return _ok(340, "Advanced Thermal Management configuration updated")
        return self._operate(name, parameters)

    def _operate(self, name: str, parameters: list[str]) -> dict[str, Any] | None:
        match name, parameters:
            case "ledset", ["red", "on" | "off" | "blink" | "auto" as light]:
                if "deaf" not in self.faults:
                    self.light = light
                return _ok(330, "LED set", LED=[{"Color": "red", "State": light}])
            case "rebootdevice" | "resetminer", []:
                self._session = ""
                self.machine.restart()
                return _ok(329, "Rebooting" if name == "rebootdevice" else "Restarting")
            case "enableboard" | "disableboard", [board]:
                return self._switch_board(board, on=name == "enableboard")
        return None

    def _switch_board(self, board: str, *, on: bool) -> dict[str, Any]:
        if board not in ("0", "1", "2"):
            return _error(107, f"Invalid ASC id {board} - range is 0 - 2")
        if not self.machine.running:
            return _error(306, "Boards cannot be switched while curtailed")
        if not self.machine.hashing:
            return _error(306, f"Board {board} is starting")
        if "deaf" not in self.faults:
            self.machine.switch_board(int(board), on)
        return _ok(328, "Board enabled" if on else "Board disabled", BOARD=[{"Board": int(board), "Enabled": on}])

    def _read(self, name: str) -> dict[str, Any] | None:
        pool = {
            "POOL": 0,
            "GROUP": 0,
            "URL": "stratum+tcp://pool.invalid:3333",
            "User": "demo",
            "Status": "Alive",
            "Stratum Active": self.machine.running,
            "Pass": "x",
        }
        version = {"API": "3.7", "LUXminer": _VERSION, "Miner": "2025.4.8.220305", "Type": "Antminer S19k Pro"}
        table: dict[str, tuple[int, str, str, Callable[[], list[dict[str, Any]]]]] = {
            "version": (22, "LUXminer versions", "VERSION", lambda: [version]),
            "summary": (11, "Summary", "SUMMARY", self._summary),
            "config": (33, "LUXminer config", "CONFIG", lambda: [self._config()]),
            "power": (311, "Power usage", "POWER", lambda: [{"PSU": False, "Watts": round(self.machine.power_w)}]),
            "profiles": (305, "Profiles", "PROFILES", self._profiles),
            "devs": (9, "3 ASC(s)", "DEVS", self._devs),
            "temps": (201, "3 Temp(s)", "TEMPS", self._temps),
            "fans": (202, "4 Fan(s)", "FANS", self._fans),
            "stats": (70, "LUXminer stats", "STATS", self._stats),
            "pools": (7, "1 Pool(s)", "POOLS", lambda: [pool]),
            "groups": (304, "1 Group(s)", "GROUPS", lambda: [{"GROUP": 0, "Name": "default", "Quota": 1}]),
            "atm": (339, "ATM configuration values", "ATM", lambda: [{"Enabled": self.atm, "TempWindow": 5}]),
            "tempctrl": (206, "Temperature control", "TEMPCTRL", lambda: [{"Mode": "Automatic", "Target": 55}]),
        }
        if name not in table:
            return None
        code, message, key, rows = table[name]
        return _ok(code, message, **{key: rows()})

    def _summary(self) -> list[dict[str, Any]]:
        rate = round(self.machine.hash_ths * 1000, 2)
        return [
            {
                "Elapsed": self.machine.elapsed_s,
                "GHS 5s": rate,
                "GHS av": rate,
                "GHS 1m": rate,
                "Accepted": 10,
                **_SHARES,
            }
        ]

    def _temps(self) -> list[dict[str, Any]]:
        warm = round(self.faults.number("hot", 95.0) if "hot" in self.faults else self.machine.chip_c() - 5, 1)
        cool = round(warm - 13, 1)
        corners = {"TopLeft": warm, "TopRight": cool, "BottomLeft": warm, "BottomRight": cool}
        return [{"ID": board, "TEMP": board, **corners} for board in range(3)]

    def _fans(self) -> list[dict[str, Any]]:
        return [{"FAN": f"FAN{fan + 1}", "ID": fan, "RPM": 1920 + 60 * fan, "Speed": 20} for fan in range(4)]

    def _config(self) -> dict[str, Any]:
        asleep = not self.machine.running
        return {
            "ASC Count": 3,
            "ControlBoardType": "cvitek",
            "CurtailMode": "Sleep" if asleep else "None",
            "Hostname": "sim-luxos",
            "IsAtmEnabled": self.atm,
            "IsPowerSupplyOn": not asleep,
            "IsTuning": True,
            "MACAddr": self.args.mac.lower(),
            "Model": "Antminer S19k Pro",
            "NameplateTHS": self.machine.ths,
            "OS": "LuxOS",
            "Pool Count": 1,
            "Profile": self.profile,
            "RedLed": self.light,
            "SerialNumber": "SIMLUX00000000001",
            "SystemStatus": "Normal",
        }

    def _profiles(self) -> list[dict[str, Any]]:
        return [
            {
                "Frequency": int(name.removesuffix("MHz")),
                "Hashrate": round(self.machine.ths * (watts / self.machine.rated_w) ** 0.9, 1),
                "IsDynamic": True,
                "IsTuned": False,
                "Profile Name": name,
                "Step": str(index - len(self.profiles) + 1),
                "Voltage": 11.88,
                "Watts": round(watts),
            }
            for index, (name, watts) in enumerate(self.profiles.items())
        ]

    def _devs(self) -> list[dict[str, Any]]:
        dead = 1 if "board_dead" in self.faults else 0
        return [
            {
                "ASC": board,
                "ID": board,
                "Enabled": "N" if board in self.machine.boards_off else "Y",
                "IsUserShutdown": board in self.machine.boards_off,
                "MHS 5s": 0.0 if board < dead else self.machine.board_ths(board) * 1e6,
                "Nominal MHS": self.machine.ths * 1e6 / 3,
                "Status": "Dead" if board < dead or board in self.machine.boards_off else "Alive",
                "Temperature": round(self.machine.chip_c(board) - 5, 1),
            }
            for board in range(3)
        ]

    def _stats(self) -> list[dict[str, Any]]:
        row: dict[str, Any] = {
            "Elapsed": self.machine.elapsed_s,
            "miner_count": 3,
            "rate_unit": "GH",
            "total_rateideal": self.machine.ths * 1000,
        }
        for board in (1, 2, 3):
            c = round(self.machine.chip_c() - 5)
            row |= {
                f"chain_acn{board}": 77,
                f"chain_rate{board}": f"{self.machine.board_ths(board - 1) * 1000:.2f}",
                f"temp_chip{board}": f"{c}-{c - 13}-{c - 13}-{c}",
                f"temp_pcb{board}": f"{c}-{c - 13}-{c - 13}-{c}",
            }
        return [{"Miner": "2025.4.8.220305", "Type": "Antminer S19k Pro"}, row]


def _ok(code: int, message: str, **rows: Any) -> dict[str, Any]:
    return {**cgminer_status(code, message, _DESCRIPTION), **rows}


def _error(code: int, message: str) -> dict[str, Any]:
    return cgminer_status(code, message, _DESCRIPTION, ok=False)
