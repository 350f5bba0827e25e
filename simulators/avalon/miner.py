"""A Canaan Avalon, from public replies of each model and the maker's own driver of the Nano 3S.

One request at a time on 4028. Its clock may be wrong; `softoff` and `softon` take a time of that clock, act when
it comes, and do nothing for one that has passed. `softon` restarts the miner and closes the connection without an
answer. The rates in `summary` and `MGHS` continue for minutes after the end of mining. `-273` is a missing sensor.
"""

import argparse
import asyncio
from dataclasses import dataclass, field
from typing import Any, ClassVar, override

from simulators.asic import Machine, cgminer_status
from simulators.socket_miner import SocketMiner, add_boot_argument

_DESCRIPTION = "cgminer 4.11.1"
_CLOCK_OFF_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Model:
    """`watts`: nominal, by the number of the mode or level."""

    version: dict[str, str]
    firmware: str
    commands: str
    watts: dict[int, float]
    fans: int = 1
    boards: int = 1
    ths: float = 6.6
    uses_levels: bool = False
    extra: str = ""
    numbers: dict[str, int] = field(default_factory=lambda: {"workmode": 2, "worklevel": 0})


_HOME = "help|voltage|fan-spd|lcd|hash-sn-read|workmode|worklevel|work_mode_lvl|reboot|filter-clean|facopts|"
MODELS = {
    "q": _Model(
        {"PROD": "Avalon Q", "MODEL": "Q", "HWTYPE": "Q_MM1v1_X1", "LVERSION": "25052801_14a19a2"},
        "Q-25052801_14a19a2",
        f"{_HOME}softon|softoff|",
        {0: 800.0, 1: 1300.0, 2: 1600.0},
        fans=4,
        ths=97.0,
        extra="ITemp[37] HBITemp[75] HBOTemp[77]",
    ),
    "nano3s": _Model(
        {"PROD": "Avalon Nano3s", "MODEL": "Nano3s", "HWTYPE": "N_MM1v1_X1", "LVERSION": "25021401_56abae7"},
        "Nano3s-25021401_56abae7",
        f"{_HOME}ledmode|ledset|nightlamp|",
        {0: 70.0, 1: 100.0, 2: 133.0},
        extra="ITemp[-273] OTemp[65]",
    ),
    "nano3": _Model(
        {"PROD": "Avalonnano", "MODEL": "nano3", "HWTYPE": "PMMv1_X1", "VERSION": "24071801_42c628d"},
        "nano3-24071801_42c628d",
        "",
        {0: 60.0, 1: 90.0, 2: 125.0},
        ths=4.1,
        uses_levels=True,
        extra="Temp[38] OTemp[41]",
        numbers={"worklevel": 2},
    ),
    "mini3": _Model(
        {"PROD": "Avalon Mini3", "MODEL": "Mini3", "HWTYPE": "M_MM1v1_X1", "LVERSION": "25011701_3f53b19"},
        "Mini3-25011701_3f53b19",
        f"{_HOME}softon|softoff|",
        {0: 800.0, 1: 800.0, 2: 500.0},
        ths=37.5,
        extra="ITemp[39] OTemp[63] HBTemp[75]",
        numbers={"workmode": 1, "worklevel": 0},
    ),
    "a1246": _Model(
        {"PROD": "AvalonMiner", "MODEL": "1246-83", "HWTYPE": "MM3v2_X3", "VERSION": "21072802_4ec6bb0"},
        "1246-83-21072802_4ec6bb0_211fc46",
        "help|fan-spd|led|reboot|softon|softoff|hashpower|",
        {0: 3189.0},
        fans=4,
        boards=3,
        ths=81.0,
        extra="Temp[30]",
        numbers={},
    ),
}


class Avalon(SocketMiner):
    """The miner."""

    NAME = "avalon"
    DESCRIPTION = _DESCRIPTION
    FAULTS: ClassVar[dict[str, str]] = {
        **SocketMiner.FAULTS,
        "calibrating": "rejects other modes",
        "no_pool": "idles without being switched off",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.model = MODELS[args.model]
        self.numbers = dict(self.model.numbers)
        rated_w = max(self.model.watts.values())
        self.machine = Machine(self.clock, rated_w=rated_w, ths=self.model.ths, boot_s=args.boot_s, idle_w=17.0)
        self.light = False
        self._off_code = 0
        self._due: tuple[float, bool] | None = None

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--model", choices=sorted(MODELS), default="q")
        add_boot_argument(parser, 60.0)
        parser.add_argument("--delay-s", type=float, default=5.0, help="seconds from softoff to its effect")

    @override
    def state(self) -> dict[str, Any]:
        self._switch()
        return {**super().state(), "numbers": self.numbers}

    @override
    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        answer = await super()._exchange(reader)
        if self.writes and self.writes[-1].startswith("softon") and b"softon" in answer:
            return b""
        return answer

    def _now(self) -> float:
        """The miner's clock: it is a day slow."""
        return self.clock.now().timestamp() - _CLOCK_OFF_S

    def _reply(self, code: int, message: str, status: str = "S", **parts: Any) -> dict[str, Any]:
        answer = cgminer_status(code, message, _DESCRIPTION, when=int(self._now()))
        answer["STATUS"][0]["STATUS"] = status
        return {**answer, **parts}

    @override
    def _command(self, name: str, request: dict[str, Any]) -> dict[str, Any] | None:
        self._switch()
        match name:
            case "version":
                version = {"CGMiner": "4.11.1", "API": "3.7", **self.model.version, "MAC": "e0e1a93e2c7d"}
                return self._reply(22, "CGMiner versions", VERSION=[{**version, "DNA": "020100008644e532"}])
            case "stats" | "estats":
                key = "MM ID0:Summary" if self.args.model == "q" else "MM ID0"
                row = {"STATS": 0, "ID": "AVALON0", "Elapsed": 3600, key: self._fields()}
                return self._reply(70, "CGMiner stats", STATS=[row])
            case "summary":
                rates = {f"MHS {span}": self.model.ths * 1e6 for span in ("av", "5s", "1m", "5m", "15m")}
                return self._reply(11, "Summary", SUMMARY=[{**rates, "Best Share": 354914572, "Found Blocks": 0}])
            case "pools":
                pool = {"POOL": 0, "URL": "stratum+tcp://pool.example.com:4444", "Status": "Alive", "Priority": 0}
                return self._reply(7, "1 Pool(s)", POOLS=[{**pool, "Stratum Active": True}])
            case "ascset":
                device, _, setting = str(request.get("parameter") or "").partition(",")
                return self._set(setting) if device == "0" else self._failed("missing id")
        return None

    def _switch(self) -> None:
        if self._due is not None and self.clock.elapsed() >= self._due[0]:
            running, self._due = self._due[1], None
            self.machine.set_running(running)
            self._off_code = 0 if running else 4

    def _failed(self, why: str) -> dict[str, Any]:
        return self._reply(120, f"ASC 0 set failed: {why}", "E")

    def _set(self, setting: str) -> dict[str, Any]:
        name, _, value = setting.partition(",")
        known = self.model.commands.split("|") if self.model.commands else ["worklevel", "reboot"]
        if name not in known or not name:
            return self._failed(f"Unknown option: {name}")
        if name == "help":
            return self._reply(118, f"ASC 0 set info: {self.model.commands}", "I")
        self.writes.append(setting)
        if "deaf" in self.faults:
            return self._reply(119, "ASC 0 set OK")
        match name:
            case "softoff" | "softon":
                return self._soft(name, value)
            case "workmode" | "worklevel":
                return self._mode(name, value)
            case "reboot":
                self.machine.restart()
            case "led":
                self.light = value == "1-1"
        return self._reply(119, "ASC 0 set OK")

    def _soft(self, name: str, value: str) -> dict[str, Any]:
        try:
            at = float(value.removeprefix("1:"))
        except ValueError:
            return self._failed(f"{name} parameter error")
        if at > self._now():
            self._due = (self.clock.elapsed() + self.args.delay_s, name == "softon")
        return self._reply(118, f"ASC 0 set info: success {name}:{at:.0f}", "I")

    def _mode(self, name: str, value: str) -> dict[str, Any]:
        action, _, text = value.partition(",")
        if action == "get":
            return self._reply(118, f"ASC 0 set info: {name} {self.numbers.get(name, 0)}", "I")
        if action != "set" or not text.lstrip("-").isdecimal():
            return self._failed("error:2 parameter error")
        if "calibrating" in self.faults:
            return self._failed(f"current mode {self.numbers[name]} is caling Don't permit switch mode")
        number = int(text)
        if number > max(self.model.watts) or (name == "workmode" and number < 0):
            return self._failed("error:1 not support set workmode max_mode[2]")
        self.numbers[name] = number
        if (name == "worklevel") is self.model.uses_levels:
            self.machine.set_limit(self.model.watts[number])
        return self._reply(119, "ASC 0 set OK")

    def _fields(self) -> str:
        machine, model = self.machine, self.model
        idle = not machine.running or "no_pool" in self.faults
        wall = machine.idle_w if idle else machine.power_w
        board = 0.0 if idle else machine.power_w * 0.94
        rate = 0.0 if idle else machine.hash_ths * 1e3
        chip = 0 if idle else round(machine.chip_c())
        if "hot" in self.faults:
            chip = int(self.faults.number("hot", 95.0))
        rpm = 0 if idle else 2671
        mean = f"{model.ths * 1e3 / model.boards:.2f}"
        mode = self.numbers.get("worklevel" if model.uses_levels else "workmode", 0)
        supply = f"0 1221 2421 66 {board:.0f} 2422 {wall:.0f}"
        if self.args.model == "nano3":
            supply = f"0 0 0 4 2756 {wall:.0f} 330"
        elif self.args.model == "nano3s":
            supply = f"0 0 27541 4 0 3756 {wall:.0f}"
        parts = [f"Ver[{model.firmware}]", "DNA[020100008644e532]", "NETFAIL[0 0 0 0 0 0 0 0]"]
        if self.args.model != "nano3":
            state = "Idle" if idle else "Work" if machine.hashing else "Init"
            parts.append(f"SYSTEMSTATU[Work: In {state}, Hash Board: {model.boards} ]")
        parts += [f"Elapsed[{machine.elapsed_s}]", "DH[2.374%]", model.extra, f"TMax[{chip}]", f"TAvg[{chip}]"]
        parts += [f"Fan{fan}[{rpm}]" for fan in range(1, model.fans + 1)]
        parts += ["FanR[45%]", f"PS[{supply}]", f"GHSspd[{rate:.2f}]", f"GHSmm[{model.ths * 1e3:.2f}]"]
        parts += [f"GHSavg[{model.ths * 1e3:.2f}]", f"MGHS[{' '.join([mean] * model.boards)}]"]
        if model.boards > 1:
            parts += [f"MTmax[{' '.join([str(chip)] * model.boards)}]", f"Led[{int(self.light)}]"]
        parts += [f"SoftOFF[{self._off_code}]", f"ECHU[{' '.join(['0'] * model.boards)}]", "ECMM[0]"]
        if model.uses_levels:
            parts += [f"ATA{level}[{watts:.0f}-85-324-100:441:461:481]" for level, watts in model.watts.items()]
        elif self.numbers:
            parts.append(f"ATA{mode}[{model.watts[mode]:.0f}-65-2264-258-20]")
        parts += [f"{name.upper()}[{value}]" for name, value in self.numbers.items()]
        text = " ".join([*parts, "Nonce Mask[25]"])
        return f"'STATS':{{{text}}}" if self.args.model == "q" else text
