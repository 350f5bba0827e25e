"""Canaan Avalon over its socket: the home miners Nano 3, Nano 3S, Mini 3 and Q, and the A series.

Facts: Canaan's driver-avalon.c of the Nano 3S, its API manual of the A10, and public replies of all models. The socket
serves one request at a time. The values are a text in the reply to `stats`, "Key[value] Key[value]"; -273 °C is a
missing sensor. `softoff` and `softon` take a time of the miner's own clock, which is in each reply and may not be
right; the Nano 3 and 3S have neither. `softon` restarts the miner, which may not answer it. While a miner calibrates
its chips, it rejects other modes. `MGHS` and the averages of `summary` continue for minutes after the end of mining:
`GHSspd` is the present rate.
"""

from collections.abc import Mapping
import contextlib
from dataclasses import dataclass, field
import re
from typing import Any, Final

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import BadReplyError, DriverError, LimitedError, RefusedError, UnreachableError
from ..operations import Operation
from ..values import at, first, highest, number, number_at, rows_at, scaled
from .cgminer_rpc import exchange
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .readings import BoardReading, PoolReading, decode_pools, decode_shares

HOME: Final = "home"
"""The variant of miners for the home; those have no light to locate them."""
_DELAY_S: Final = 5
"""From a command to the switching: a time that has passed is ignored."""
_FIELD: Final = re.compile(r"(\w+)\[([^\]]*)\]")
_WORK: Final = re.compile(r"Work:\s*In\s+(\w+)")
_BOARDS: Final = re.compile(r"Hash Board:\s*(\d+)")
_STARTING: Final = 6.0
_NORMAL_BOARD: Final = 512
_MAC_DIGITS: Final = 12

type Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Model:
    """A home miner. `modes`: name -> its numbers (mode, level), by descending power; `watts`: nominal, by name."""

    modes: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    watts: Mapping[str, float] = field(default_factory=dict)
    power_at: int = 6
    """The place of the power at the wall in `PS`; the fifth of six is that of the hash boards only."""
    reboot: str = "0"


_MODELS: Final[Mapping[str, _Model]] = {
    "nano3s": _Model({"high": (2, None), "medium": (1, None), "low": (0, None)}),
    "nano3": _Model({"high": (None, 2), "medium": (None, 1), "low": (None, 0)}, power_at=5, reboot="all"),
    "mini3": _Model(
        {
            "mining_super": (1, 0),
            "mining_eco": (1, -1),
            "heating_super": (0, 0),
            "heating_eco": (0, -1),
            "night": (2, None),
        }
    ),
    "q": _Model(
        {"super": (2, None), "standard": (1, None), "eco": (0, None)},
        {"super": 1600.0, "standard": 1300.0, "eco": 800.0},
    ),
}
_A_SERIES: Final = _Model()


class AvalonClient(IdentifiedClient):
    """An Avalon. It has no password."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._model = _A_SERIES
        self._commands: frozenset[str] | None = None

    async def identify(self) -> MinerInfo:
        """Read the version, and the list of commands where the firmware has one."""
        reply = await self._ask("version")
        info = decode_info(reply)
        self._model = _MODELS.get(_model_key(at(reply, "VERSION", 0)), _A_SERIES)
        with contextlib.suppress(BadReplyError, RefusedError):
            self._commands = decode_commands(await self._ask("ascset", "0,help"))
        self._info = info
        return info

    async def capabilities(self) -> Capabilities:
        """On and off, and modes, as far as the firmware lists the commands; modes are power steps if all are known."""
        fields = decode_fields(await self._stats())
        modes = tuple(self._model.modes) if self._has_modes(fields) else ()
        watts = {**self._model.watts, **_listed_watts(self._model, fields)}
        steps = sorted(watts[mode] for mode in modes) if modes and all(mode in watts for mode in modes) else []
        controls = {Control.MODE} if modes else set()
        if self._has_switch(fields):
            controls.add(Control.ON_OFF)
        if steps:
            controls.add(Control.POWER)
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset(controls),
            modes=modes,
            power_steps_w=tuple(steps),
            min_power_w=steps[0] if steps else None,
            max_power_w=steps[-1] if steps else None,
            reads_power=_power(self._model, fields) is not None,
            reads_heat=True,
            settle_s=180.0,
            min_write_interval_s=120.0,
        )

    def _has_switch(self, fields: Fields) -> bool:
        """Return whether it can be switched off; firmware without a list of commands is asked for the field instead."""
        if self._commands is not None:
            return "softoff" in self._commands
        return self._model is _A_SERIES and {"SYSTEMSTATU", "SoftOFF"} <= fields.keys()

    def _has_modes(self, fields: Fields) -> bool:
        names = {"workmode" if mode is not None else "worklevel" for mode, _ in self._model.modes.values()}
        known = self._commands if self._commands is not None else {name.lower() for name in fields}
        return bool(names) and names <= known

    async def read(self) -> MinerReading:
        """Read the statistics first: they show that the miner is available."""
        fields = decode_fields(await self._stats())
        summary = await self._optional("summary")
        return decode_reading(fields, summary, self._model, pool=decode_pools(await self._optional("pools")))

    async def set_running(self, running: bool) -> None:
        """Switch on or off a few seconds from now, by the miner's clock."""
        when = number_at(await self._ask("version"), "STATUS", 0, "When")
        if when is None:
            raise BadReplyError("the miner reports no time")
        command = f"{'softon' if running else 'softoff'},1:{when + _DELAY_S:.0f}"
        try:
            await self._set(command)
        except UnreachableError:
            if not running:
                raise

    async def set_power(self, watts: float) -> None:
        """Not supported; `MinerSource` selects the mode."""
        raise RefusedError(f"an Avalon has no power limit ({watts:.0f} W), only modes")

    async def set_mode(self, mode: str) -> None:
        """Set the mode and the level of a name."""
        if mode not in self._model.modes:
            raise RefusedError(f"unknown mode {mode}")
        work_mode, level = self._model.modes[mode]
        if work_mode is not None:
            await self._set(f"workmode,set,{work_mode}")
        if level is not None:
            await self._set(f"worklevel,set,{level}")

    async def operate(self, operation: Operation) -> None:
        """Restart, or switch the light of the A series."""
        if operation is Operation.REBOOT:
            await self._ask("version")  # shows that it is available; it may not answer the restart
            with contextlib.suppress(BadReplyError, UnreachableError):
                await self._set(f"reboot,{self._model.reboot}")
            return
        await self._set(f"led,1-{1 if operation is Operation.LOCATE else 0}")

    async def _stats(self) -> Any:
        try:
            return await self._ask("estats")
        except RefusedError:
            return await self._ask("stats")

    async def _optional(self, command: str) -> Any:
        with contextlib.suppress(DriverError):
            return await self._ask(command)
        return None

    async def _set(self, setting: str) -> None:
        await self._ask("ascset", f"0,{setting}")

    async def _ask(self, command: str, parameter: str | None = None) -> Any:
        reply = await exchange(self._host, command, parameter)
        status = at(reply, "STATUS", 0)
        message = str(at(status, "Msg") or "")
        if at(status, "STATUS") in ("E", "F"):
            if "caling" in message:  # the firmware's word
                raise LimitedError("the miner calibrates its chips")
            raise RefusedError(message or f"{command} is rejected")
        return reply


def is_avalon(make: str) -> bool:
    """Return whether this is the make under which pyasic lists the miners of Canaan."""
    return make.lower() == "avalonminer"


def variant_of(model: str) -> str:
    """Return the variant by the name of the model."""
    key = _model_key({"MODEL": model.lower().removeprefix("avalon").split("(")[0].replace("home", "")})
    return HOME if key else ""


def _model_key(version: object) -> str:
    """Return the key of a home miner; an empty text for others."""
    names = [str(at(version, key) or "").lower().replace(" ", "") for key in ("MODEL", "PROD")]
    text = " ".join(names)
    if names[0] == "q" or names[1] == "avalonq":
        return "q"
    return next((key for key in ("nano3s", "nano3", "mini3") if key in text), "")


def decode_info(reply: object) -> MinerInfo:
    """Return the identity of `version`."""
    version = at(reply, "VERSION", 0)
    product, model = str(at(version, "PROD") or ""), str(at(version, "MODEL") or "")
    if not product and not model:
        raise BadReplyError("the version has no model")
    key = _model_key(version)
    mac = re.sub(r"[^0-9a-f]", "", str(at(version, "MAC") or "").lower())
    dna = str(at(version, "DNA") or "").strip("0")
    return MinerInfo(
        family=MinerFamily.AVALON,
        make="Canaan",
        model=_name(product, model, key),
        firmware=next(
            (str(value) for name in ("LVERSION", "VERSION", "CGVERSION") if (value := at(version, name))), None
        ),
        mac=":".join(mac[i : i + 2] for i in range(0, _MAC_DIGITS, 2)) if len(mac) == _MAC_DIGITS else None,
        serial=str(at(version, "DNA")) if dna else None,
        variant=HOME if key else "",
    )


def _name(product: str, model: str, key: str) -> str:
    """Return "Avalon Nano 3S", "AvalonMiner 1246"."""
    names = {"nano3s": "Avalon Nano 3S", "nano3": "Avalon Nano 3", "mini3": "Avalon Mini 3", "q": "Avalon Q"}
    if key:
        return names[key]
    return product if model in product or not model else f"{product} {model}".strip()


def decode_commands(reply: object) -> frozenset[str] | None:
    """Return the names of the settings of `ascset 0,help`; None for another answer."""
    names = str(at(reply, "STATUS", 0, "Msg") or "").rpartition(": ")[2].split("|")
    return frozenset(name.strip().lower() for name in names if name.strip()) if len(names) > 1 else None


def decode_fields(stats: object) -> Fields:
    """Return the fields of the first module in the reply to `stats`."""
    for row in rows_at(stats, "STATS"):
        for key, text in row.items() if isinstance(row, dict) else ():
            if str(key).startswith("MM ID") and isinstance(text, str) and (found := _FIELD.findall(text)):
                return {name: value.strip() for name, value in found}
    raise BadReplyError("the statistics have no values")


def _value(fields: Fields, key: str) -> float | None:
    return number(fields.get(key, "").rstrip("%") or None)


def _values(fields: Fields, key: str) -> list[float | None]:
    return [number(part) for part in fields.get(key, "").split()]


def _power(model: _Model, fields: Fields) -> float | None:
    """Return the power at the wall in W; the A10 and A11 report that of the hash boards only."""
    values = _values(fields, "PS")
    return values[model.power_at] if len(values) > 6 else None


def _listed_watts(model: _Model, fields: Fields) -> dict[str, float]:
    """Return the nominal power of the modes whose settings are listed: `ATA1[90-85-…]` begins with it."""
    found = {}
    for name, (mode, level) in model.modes.items():
        watts = number(fields.get(f"ATA{mode if mode is not None else level}", "").partition("-")[0] or None)
        if watts and len(model.modes) == len(_ata(fields)):
            found[name] = watts
    return found


def _ata(fields: Fields) -> list[str]:
    return [key for key in fields if re.fullmatch(r"ATA\d", key)]


def _is_mining(fields: Fields, rate: float | None) -> bool | None:
    """Return whether it mines, or waits for a pool; False if it was switched off."""
    work, off = _WORK.search(fields.get("SYSTEMSTATU", "")), _value(fields, "SoftOFF")
    if work is None:
        return False if off else (True if rate else None)
    if work[1] != "Idle":
        return True
    return None if off == _STARTING else off == 0


def decode_reading(fields: Fields, summary: object, model: _Model, *, pool: PoolReading) -> MinerReading:
    """Return the reading of the fields and of `summary`."""
    rate = scaled(_value(fields, "GHSspd"), 1e-3)
    if rate is None:
        rate = scaled(number_at(summary, "SUMMARY", 0, "MHS 1m"), 1e-6)
    mining = _is_mining(fields, rate)
    boards = _boards(fields, rate) if mining is not False else ()
    count = _BOARDS.search(fields.get("SYSTEMSTATU", ""))
    best, blocks = decode_shares(summary)
    led = _value(fields, "Led")
    return MinerReading(
        mining=mining,
        power_w=_power(model, fields),
        hashrate_ths=rate,
        expected_ths=scaled(_value(fields, "GHSmm"), 1e-3) if mining else None,
        mode=mode_of(model, fields),
        board_c=highest([_value(fields, key) for key in ("HBTemp", "HBITemp", "HBOTemp")]),
        chip_c=_value(fields, "TMax"),
        ambient_c=first(_value(fields, "Temp"), _value(fields, "ITemp")),
        fan_rpm=highest([_value(fields, f"Fan{index}") for index in range(1, 9)]),
        uptime_s=_value(fields, "Elapsed"),
        locating=None if led is None or model is not _A_SERIES else led == 1,
        boards=int(count[1]) if count and mining else None,
        boards_up=int(count[1]) if count and mining else None,
        board_readings=boards,
        pool=pool,
        best_share=best,
        found_blocks=blocks,
        faults=tuple(_faults(fields)),
    )


def mode_of(model: _Model, fields: Fields) -> str | None:
    """Return the name of the mode and level."""
    numbers = (_value(fields, "WORKMODE"), _value(fields, "WORKLEVEL"))
    for name, wanted in model.modes.items():
        if all(value is None or value == actual for value, actual in zip(wanted, numbers, strict=True)):
            return name
    return None


def _boards(fields: Fields, rate: float | None) -> tuple[BoardReading, ...]:
    """Return the boards. With several, their rates are means since the start of the miner."""
    rates, chips = _values(fields, "MGHS"), _values(fields, "MTmax")
    if len(rates) == 1:
        board_c = highest([_value(fields, key) for key in ("HBTemp", "HBITemp", "HBOTemp")])
        return (BoardReading(hashrate_ths=rate, board_c=board_c, chip_c=_value(fields, "TMax")),)
    if len(chips) != len(rates):
        chips = [None] * len(rates)
    pairs = zip(rates, chips, strict=True)
    return tuple(BoardReading(hashrate_ths=scaled(value, 1e-3), chip_c=chip_c) for value, chip_c in pairs)


def _faults(fields: Fields) -> list[str]:
    """Return the errors that the firmware reports by number. 512 is a board in order."""
    supply = (_values(fields, "PS") or [None])[0]
    faults = [f"power supply error {supply:.0f}"] if supply else []
    faults += [f"fan error {code:.0f}" for code in _values(fields, "FanErr") if code]
    faults += [f"control board error {code:.0f}" for code in _values(fields, "ECMM") if code]
    for board, code in enumerate(_values(fields, "ECHU"), start=1):
        if code and int(code) & ~_NORMAL_BOARD:
            faults.append(f"board {board} error {code:.0f}")
    return faults
