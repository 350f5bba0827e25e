"""LuxOS over its socket: profiles as power presets, curtailment for on and off.

Facts: Luxor's public API description and captured replies. A write needs a session, of which a miner has one at a
time; the advanced thermal management (ATM) undoes a chosen profile unless it is off while that is set. A profile's
hash rate is TH/s, the summary's GH/s. Asleep, the power supply is off.
"""

from dataclasses import replace
from typing import Any, Final, override

from ..._lib.heat_source import Capabilities
from ..errors import BadReplyError, DriverError, LimitedError, RefusedError
from ..operations import Operation
from ..values import at, first, highest, lowest, number_at, rows_at, scaled
from .cgminer_rpc import exchange
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .power_presets import PowerPreset, PowerPresets
from .readings import BoardReading, decode_devs, decode_pools, decode_shares

_OPERATIONS: Final = {
    Operation.REBOOT: ("rebootdevice",),
    Operation.RESTART_MINING: ("resetminer",),
    Operation.LOCATE: ("ledset", "red", "blink"),
    Operation.STOP_LOCATING: ("ledset", "red", "auto"),
}
_CORNERS: Final = ("TopLeft", "TopRight", "BottomLeft", "BottomRight")


class LuxosClient(IdentifiedClient):
    """A miner with LuxOS. It requires no password: any client that reaches the socket can send commands."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._thermal_owed = False
        """Thermal management was switched off and is not switched on again yet."""

    async def identify(self) -> MinerInfo:
        """Read version, configuration and profiles."""
        version = await self._ask("version")
        firmware = at(version, "VERSION", 0, "LUXminer")
        if firmware is None:
            raise BadReplyError("the miner does not run LuxOS")
        config = at(await self._ask("config"), "CONFIG", 0)
        self._presets = decode_profiles(await self._ask("profiles"))
        self._info = MinerInfo(
            family=MinerFamily.LUXOS,
            make="LuxOS",
            model=str(at(config, "Model") or at(version, "VERSION", 0, "Type") or "Antminer"),
            firmware=str(firmware),
            mac=at(config, "MACAddr"),
            serial=at(config, "SerialNumber"),
        )
        return self._info

    async def capabilities(self) -> Capabilities:
        """Power in steps of the profiles; on and off."""
        return self._presets.capabilities()

    async def read(self) -> MinerReading:
        """Read the configuration first: it has the profile and whether the miner sleeps."""
        config = at(await self._ask("config"), "CONFIG", 0)
        if self._thermal_owed:
            await self._pay_thermal()
            config = at(await self._ask("config"), "CONFIG", 0)
        replies = {name: await self._optional(name) for name in ("summary", "power", "devs", "temps", "fans", "pools")}
        return decode_reading(config, replies, self._presets)

    async def set_running(self, running: bool) -> None:
        """Wake up or sleep (hash boards and power supply off; the controller keeps running)."""
        session = await self._session()
        try:
            await self._ask("curtail", f"{session},{'wakeup' if running else 'sleep'}")
        finally:
            await self._logoff(session)

    async def set_power(self, watts: float) -> None:
        """Set the profile with the highest power up to `watts`."""
        name = self._presets.name_for(watts)
        thermal = at(await self._ask("config"), "CONFIG", 0, "IsAtmEnabled") is True
        session = await self._session()
        try:
            if thermal:
                self._thermal_owed = True
                await self._ask("atmset", f"{session},enabled=false")
            try:
                await self._ask("profileset", f"{session},{name}")
            finally:
                if self._thermal_owed:  # it protects the miner and must not stay off
                    await self._thermal_on(session)
        finally:
            await self._logoff(session)

    def owe_thermal(self) -> None:
        """Switch the thermal management on with the next reading."""
        self._thermal_owed = True

    async def _thermal_on(self, session: str) -> None:
        await self._ask("atmset", f"{session},enabled=true")
        self._thermal_owed = False

    async def _pay_thermal(self) -> None:
        try:
            session = await self._session()
            try:
                await self._thermal_on(session)
            finally:
                await self._logoff(session)
        except DriverError:
            return  # repeated at the next reading

    async def set_mode(self, mode: str) -> None:
        """Not supported."""
        raise RefusedError(f"LuxOS has no mode {mode}")

    async def operate(self, operation: Operation) -> None:
        """Restart, or switch the red light."""
        command, *parameters = _OPERATIONS[operation]
        session = await self._session()
        try:
            await self._ask(command, ",".join((session, *parameters)))
        finally:
            await self._logoff(session)

    @override
    async def switch_board(self, board_id: str, on: bool) -> None:
        """Switch a hash board permanently."""
        session = await self._session()
        try:
            await self._ask("enableboard" if on else "disableboard", f"{session},{board_id}")
        finally:
            await self._logoff(session)

    async def _ask(self, command: str, parameter: str | None = None) -> Any:
        reply = await exchange(self._host, command, parameter)
        if at(reply, "STATUS", 0, "STATUS") == "E":
            raise RefusedError(f"{command}: {at(reply, 'STATUS', 0, 'Msg')}")
        return reply

    async def _optional(self, command: str) -> Any:
        try:
            return await self._ask(command)
        except RefusedError, BadReplyError:
            return None

    async def _session(self) -> str:
        """Open a session. The session of another client is not replaced: it is in use, and expires."""
        try:
            reply = await self._ask("logon")
        except RefusedError as err:
            raise LimitedError(f"another client uses the miner's only session ({err})") from err
        session = at(reply, "SESSION", 0, "SessionID")
        if not isinstance(session, str) or not session:
            raise BadReplyError("the logon reply has no session")
        return session

    async def _logoff(self, session: str) -> None:
        try:
            await self._ask("logoff", session)
        except DriverError:
            return  # it expires


def decode_profiles(reply: object) -> PowerPresets:
    """Return the power presets of `profiles`."""
    return PowerPresets(
        PowerPreset(str(at(row, "Profile Name")), watts, at(row, "IsTuned") is True)
        for row in rows_at(reply, "PROFILES")
        if at(row, "Profile Name") and (watts := number_at(row, "Watts"))
    )


def decode_reading(config: object, replies: dict[str, Any], presets: PowerPresets) -> MinerReading:
    """Return the reading of the configuration and the other replies."""
    curtailed = at(config, "CurtailMode")
    if curtailed is None and at(config, "IsPowerSupplyOn") is None:
        raise BadReplyError("the configuration has neither sleep nor power supply state")
    mining = str(curtailed).lower() != "sleep" and at(config, "IsPowerSupplyOn") is not False
    summary, boards = at(replies.get("summary"), "SUMMARY", 0), rows_at(replies.get("devs"), "DEVS")
    temperatures = [number_at(row, corner) for row in rows_at(replies.get("temps"), "TEMPS") for corner in _CORNERS]
    best, blocks = decode_shares(replies.get("summary"))
    inlets, outlets = (_water(replies.get("temps"), label) for label in ("Water Inlet", "Water Outlet"))
    return MinerReading(
        mining=mining,
        power_w=number_at(replies.get("power"), "POWER", 0, "Watts"),
        preset=None if at(config, "Profile") is None else str(at(config, "Profile")),
        power_limit_w=presets.watts_of(at(config, "Profile")),
        locating=None if at(config, "RedLed") is None else str(at(config, "RedLed")).lower() == "blink",
        hashrate_ths=scaled(first(number_at(summary, "GHS 5s"), number_at(summary, "GHS av")), 1e-3),
        expected_ths=scaled(_sum([number_at(row, "Nominal MHS") for row in boards if _switched_on(row)]), 1e-6),
        board_c=highest(temperatures),
        inlet_c=lowest(inlets),
        outlet_c=highest(outlets),
        fan_rpm=highest([number_at(row, "RPM") for row in rows_at(replies.get("fans"), "FANS")]),
        uptime_s=number_at(summary, "Elapsed"),
        boards=len(boards) or None,
        boards_up=sum(1 for row in boards if at(row, "Status") == "Alive" and _switched_on(row)) if boards else None,
        board_readings=_boards(replies),
        pool=decode_pools(replies.get("pools")),
        best_share=best,
        found_blocks=blocks,
        thermal_management=thermal if isinstance(thermal := at(config, "IsAtmEnabled"), bool) else None,
    )


def _boards(replies: dict[str, Any]) -> tuple[BoardReading, ...]:
    """Return the boards with the hottest corner of each; `temps` lists the same boards in the same order."""
    rows, temperatures = rows_at(replies.get("devs"), "DEVS"), rows_at(replies.get("temps"), "TEMPS")
    boards = tuple(
        replace(board, board_id=_board_id(row), on=_switched_on(row))
        for board, row in zip(decode_devs(replies.get("devs")), rows, strict=True)
    )
    if len(temperatures) != len(boards):
        return boards
    corners = [highest([number_at(row, corner) for corner in _CORNERS]) for row in temperatures]
    return tuple(
        replace(board, board_c=first(hottest, board.board_c)) for board, hottest in zip(boards, corners, strict=True)
    )


def _board_id(row: object) -> str | None:
    """Return the number of a board, from 0."""
    found = number_at(row, "ASC")
    return None if found is None else f"{found:.0f}"


def _switched_on(row: object) -> bool:
    """Return whether the user left a board on. A board that failed is not enabled either, but not shut down by them."""
    by_user = at(row, "IsUserShutdown")
    return by_user is not True if isinstance(by_user, bool) else at(row, "Enabled") != "N"


def _water(temps: object, label: str) -> list[float | None]:
    """Return the temperatures of a hydro miner by the label of their key (`METADATA`); 0 °C is a missing sensor."""
    keys = [key for row in rows_at(temps, "METADATA") if at(row, "Label") == label for key in row if key != "Label"]
    return [number_at(row, key) or None for row in rows_at(temps, "TEMPS") for key in keys]


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
