"""Whatsminer, API V2 (4028, encrypted writes) and V3 (4433), through pyasic's sockets and cryptography.

pyasic's `open_api()` contacts a third-party server and is never called.
"""

from dataclasses import replace
from typing import Any, Final

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import AuthError, BadReplyError, DriverError, LimitedError, RefusedError
from ..operations import Operation
from ..values import at, first, highest, number, number_at, rows_at, scaled
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .pyasic_adapter import PyasicModules, ask, gather_data, library, model_class, one_read, prepared, reading_of
from .readings import BoardReading, PoolReading, decode_devs, decode_pools, decode_shares, pool_in_use

_OK_V2: Final = 131
_BAD_TOKEN: Final = 135
_MODES: Final = ("low", "normal", "high")
_BLINK: Final[dict[str, Any]] = {"color": "red", "period": 200, "duration": 100, "start": 0}


class WhatsminerClient(IdentifiedClient):
    """A Whatsminer. `variant`: "v2" or "v3", determined by the probe."""

    def __init__(self, host: str, password: str, variant: str = "v2") -> None:
        self._host = host
        self._password = password
        self._variant = variant
        self._miner: Any = None
        self._lib: PyasicModules | None = None

    async def identify(self) -> MinerInfo:
        """Read version and model, and select pyasic's class."""
        self._lib = lib = await library()
        kinds = lib.classes[lib.types.WHATSMINER]
        # pyasic selects the API version by the firmware's date; here it is already known.
        version = "20260101.00" if self._variant == "v3" else "20200101.00"
        self._miner = kinds[None](self._host, version)
        self._miner.rpc.pwd = self._password
        info = await (self._identify_v3() if self._variant == "v3" else self._identify_v2())
        name = info.model.replace("_", "")
        miner = prepared(model_class(lib, lib.types.WHATSMINER, name[:-1] + "0", kinds[None])(self._host, version))
        miner.rpc.pwd = self._password
        self._miner, self._info = miner, info
        return info

    async def _identify_v2(self) -> MinerInfo:
        version = await self._ask("get_version")
        if at(version, "Code") != _OK_V2:
            raise BadReplyError(f"get_version: {at(version, 'Msg')}")
        details = await self._ask("devdetails", must=False)
        miner_info = await self._ask("get_miner_info", must=False)
        summary = await self._ask("summary", must=False)
        return MinerInfo(
            family=MinerFamily.WHATSMINER,
            make="MicroBT",
            model=str(at(details, "DEVDETAILS", 0, "Model") or "WhatsMiner"),
            firmware=at(version, "Msg", "fw_ver"),
            mac=at(miner_info, "Msg", "mac") or at(summary, "SUMMARY", 0, "MAC"),
            serial=at(miner_info, "Msg", "minersn"),
            variant="v2",
        )

    async def _identify_v3(self) -> MinerInfo:
        reply = await self._ask("get.device.info")
        return MinerInfo(
            family=MinerFamily.WHATSMINER,
            make="MicroBT",
            model=str(at(reply, "msg", "miner", "type") or "WhatsMiner"),
            firmware=at(reply, "msg", "system", "fwversion"),
            mac=at(reply, "msg", "network", "mac"),
            serial=at(reply, "msg", "miner", "miner-sn"),
            variant="v3",
        )

    async def capabilities(self) -> Capabilities:
        """Power, pause and three modes; no modes for V3 firmware that does not report its mode."""
        modes: tuple[str, ...] = _MODES
        if self._variant == "v3" and decode_mode_v3(await self._ask("get.miner.setting", must=False)) is None:
            modes = ()
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset({Control.ON_OFF, Control.POWER} | ({Control.MODE} if modes else set())),
            modes=modes,
            reads_power=True,
            reads_heat=True,
            settle_s=300.0,
            min_write_interval_s=60.0,
        )

    async def read(self) -> MinerReading:
        """Read whether it is mining first (it shows that the miner is available), then the values."""
        lib = self._lib
        if lib is None or self._miner is None:
            raise BadReplyError("the miner is not identified yet")
        with one_read(self._miner):
            return await (self._read_v3(lib) if self._variant == "v3" else self._read_v2(lib))

    async def _read_v3(self, lib: PyasicModules) -> MinerReading:
        info = await self._ask("get.device.info")
        mining = decode_state_v3(info)
        setting = await self._ask("get.miner.setting", must=False)
        summary = await self._ask_status("summary")
        boards = await self._ask_status("edevs")
        reading = reading_of(await gather_data(lib, self._miner), mining=mining, mode=decode_mode_v3(setting))
        reading = completed_v3(reading, summary, boards)
        return replace(
            reading,
            pool=decode_pools_v3(await self._ask_status("pools")),
            locating=_is_lit(at(info, "msg", "system", "ledstatus")),
        )

    async def _read_v2(self, lib: PyasicModules) -> MinerReading:
        status = await self._ask("status")
        mining, mode, limit = decode_status_v2(status)
        reading = reading_of(await gather_data(lib, self._miner), mining=mining, mode=mode)
        reading = completed_v2(reading, await self._ask("summary"), limit)
        boards = decode_devs(await self._ask("devs", must=False))
        return replace(
            reading,
            board_readings=boards,
            board_c=first(reading.board_c, highest([board.board_c for board in boards])),
            pool=decode_pools(await self._ask("pools", must=False)),
            locating=_is_lit(at(await self._ask("get_miner_info", must=False), "Msg", "ledstat")),
        )

    async def set_running(self, running: bool) -> None:
        """Switch the hash boards on or off; the controller keeps running."""
        if self._variant == "v3":
            await self._write_v3("set.miner.service", "start" if running else "stop")
        elif running:
            await self._write_v2("power_on")
        else:
            await self._write_v2("power_off", respbefore="true")

    async def set_power(self, watts: float) -> None:
        """Set the power limit."""
        if self._variant == "v3":
            await self._write_v3("set.miner.power_limit", round(watts))
        else:
            await self._write_v2("adjust_power_limit", power_limit=str(round(watts)))

    async def set_mode(self, mode: str) -> None:
        """Set the mode to low, normal or high power."""
        if mode not in _MODES:
            raise RefusedError(f"unknown mode {mode}")
        if self._variant == "v3":
            await self._write_v3("set.miner.power_mode", mode)
        else:
            await self._write_v2(f"set_{mode}_power")

    async def operate(self, operation: Operation) -> None:
        """Restart, or switch the red light to blinking and back to what the firmware does with it."""
        match self._variant, operation:
            case "v3", Operation.REBOOT:
                await self._write_v3("set.system.reboot", None)
            case "v3", Operation.RESTART_MINING:
                await self._write_v3("set.miner.service", "restart")
            case "v3", _:
                await self._write_v3("set.system.led", [_BLINK] if operation is Operation.LOCATE else "auto")
            case _, Operation.REBOOT:
                await self._write_v2("reboot")
            case _, Operation.RESTART_MINING:
                await self._write_v2("restart_btminer")
            case _, Operation.LOCATE:
                await self._write_v2("set_led", **_BLINK)
            case _:
                await self._write_v2("set_led", param="auto")

    async def _ask(self, command: str, *, must: bool = True) -> Any:
        assert self._lib is not None
        call = self._miner.rpc.send_command(command, ignore_errors=True, allow_warning=False)
        try:
            return await ask(self._lib, call, command)
        except DriverError:
            if must:
                raise
            return None

    async def _ask_status(self, part: str) -> Any:
        """Return a part of `get.miner.status`; None if the firmware does not have it."""
        assert self._lib is not None
        call = self._miner.rpc.send_command("get.miner.status", parameters=part, ignore_errors=True)
        try:
            return await ask(self._lib, call, f"get.miner.status {part}")
        except DriverError:
            return None

    async def _write_v2(self, command: str, **parameters: Any) -> None:
        for attempt in (0, 1):
            reply = await self._privileged(command, parameters)
            code = at(reply, "Code")
            if code == _OK_V2:
                return
            if code == _BAD_TOKEN and not attempt:
                self._miner.rpc.token = None
                continue
            raise _error_v2(code, at(reply, "Msg"))

    async def _privileged(self, command: str, parameters: dict[str, Any]) -> Any:
        assert self._lib is not None
        if self._miner.rpc.token is None:
            token = await self._ask("get_token")
            if at(token, "Code") == 136 or not isinstance(at(token, "Msg"), dict):
                raise LimitedError("the miner issues no more tokens")
        call = self._miner.rpc.send_privileged_command(command, ignore_errors=True, **parameters)
        return await ask(self._lib, call, command)

    async def _write_v3(self, command: str, param: object) -> None:
        assert self._lib is not None
        reply = await ask(self._lib, self._miner.rpc.send_command(command, parameters=param), command)
        code = at(reply, "code")
        if code == 0:
            return
        if code == -4:
            self._miner.rpc.salt = None
            raise AuthError("no permission: the password is wrong, or the API is disabled")
        raise RefusedError(f"{code} {at(reply, 'msg')}")


def _is_lit(status: object) -> bool | None:
    """Return whether the light is set by a command; "auto" is what the firmware does with it."""
    return None if status is None else status != "auto"


def _error_v2(code: object, message: object) -> Exception:
    match code:
        case 23:  # reported for an encryption with another key
            return AuthError("wrong password")
        case 45:
            return RefusedError("the write API is disabled: change the password and enable it in WhatsMinerTool")
        case 136:
            return LimitedError("the miner issues no more tokens")
        case 135:
            return AuthError("the miner rejects the token: wrong password")
    return RefusedError(f"{code} {message}")


def decode_status_v2(status: object) -> tuple[bool, str | None, float | None]:
    """Return whether it is mining, its mode, and its power limit in W of `status`. V1 firmware has `btmineroff`."""
    message = at(status, "Msg")
    off = at(message, "mineroff")
    if off is None:
        off = at(message, "btmineroff")
    if (is_off := _flag(off)) is None:
        raise BadReplyError("the status has no miner state")
    mode = at(message, "power_mode")
    return (
        not is_off,
        mode.lower() if isinstance(mode, str) and mode else None,
        number(at(message, "power_limit_set")),
    )


def decode_state_v3(info: object) -> bool:
    """Return whether it is mining, of `get.device.info`."""
    working = at(info, "msg", "miner", "working")
    if (is_working := _flag(working)) is None:
        raise BadReplyError("the device info has no miner state")
    return is_working


def _flag(value: object) -> bool | None:
    """Return a flag that firmware writes as text or as a truth value; None for anything else."""
    return {"true": True, "false": False}.get(str(value).lower())


def decode_mode_v3(setting: object) -> str | None:
    """Return the mode of `get.miner.setting`; None for firmware without that command."""
    mode = at(setting, "msg", "power-mode")
    return mode.lower() if isinstance(mode, str) and mode.lower() in _MODES else None


def completed_v2(reading: MinerReading, summary: object, limit_w: float | None) -> MinerReading:
    """Return the reading, completed by what pyasic does not read of `summary` for models that it does not list.

    Rates are in MH/s.
    """
    row = at(summary, "SUMMARY", 0)
    rate = first(number_at(row, "MHS 1m"), number_at(row, "HS RT"), number_at(row, "MHS av"))
    best, blocks = decode_shares(summary)
    return replace(
        reading,
        power_limit_w=reading.power_limit_w or limit_w,
        hashrate_ths=first(reading.hashrate_ths, scaled(rate, 1e-6)),
        chip_c=first(number_at(row, "Chip Temp Max"), reading.chip_c),
        board_c=first(reading.board_c, number_at(row, "Temperature")),
        fan_rpm=first(reading.fan_rpm, number_at(row, "Fan Speed In")),
        best_share=best,
        found_blocks=blocks,
    )


def completed_v3(reading: MinerReading, summary: object, boards: object) -> MinerReading:
    """Return the reading with temperatures and boards of `get.miner.status`.

    pyasic takes its list of boards from the model, and invents their temperatures.
    """
    row, rows = at(summary, "msg", "summary"), rows_at(boards, "msg", "edevs")
    temperatures = at(row, "board-temperature")
    board_rows = temperatures if isinstance(temperatures, list) else [temperatures]
    chips = [number_at(row, "chip-temp-max"), *(number_at(board, "chip-temp-max") for board in rows)]
    return replace(
        reading,
        board_c=highest([number(value) for value in board_rows]),
        chip_c=highest(chips),
        boards=len(rows) or None,
        boards_up=sum(1 for board in rows if at(board, "status") in (None, "alive")) if rows else None,
        board_readings=_boards_v3(rows, board_rows if len(board_rows) == len(rows) else [None] * len(rows)),
    )


def _boards_v3(rows: list[Any], temperatures: list[Any]) -> tuple[BoardReading, ...]:
    """Return the boards. Rates are in TH/s; the boards' own temperatures are a list in the summary."""
    return tuple(
        BoardReading(
            hashrate_ths=first(number_at(row, "hash-realtime"), number_at(row, "hash-average")),
            board_c=number(temperature),
            chip_c=first(number_at(row, "chip-temp-max"), number_at(row, "chip-temp-avg")),
        )
        for row, temperature in zip(rows, temperatures, strict=True)
    )


def decode_pools_v3(reply: object) -> PoolReading:
    """Return the pool of `get.miner.status pools`."""
    rows = rows_at(reply, "msg", "pools")
    return pool_in_use((at(row, "url"), at(row, "status"), at(row, "stratum-active")) for row in rows)
