"""VNish (firmware 1.2 and later) over its REST interface: autotune presets as power presets, stop and start.

Facts: the interface description that the firmware serves (1.2.6, 1.3.4) and captured replies. Reading needs no
password; a write needs a token that `unlock` returns for one (403 wrong, 429 locked out for some time). The reply to
a write does not show whether it succeeded. Rates are in GH/s (`hr_measure`); `power_usage` is the efficiency in newer
versions.
"""

from dataclasses import replace
import re
from typing import Any, Final, override

import aiohttp

from ..._lib.heat_source import Capabilities
from ..errors import AuthError, BadReplyError, DriverError, RefusedError
from ..http import JsonHttp, dumps
from ..operations import Operation
from ..values import at, first, highest, number, number_at, rows_at, scaled
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .power_presets import PowerPreset, PowerPresets
from .readings import BoardReading, best_share, pool_in_use

_API: Final = "/api/v1"
_OFF: Final = frozenset({"stopped", "shutting-down"})
_STATES: Final = frozenset({"mining", "initializing", "starting", "auto-tuning", "restarting", "failure"})
_BOARD_DOWN: Final = frozenset({"failure", "disconnected", "disabled"})
_TO_THS: Final = {"KH/s": 1e-9, "MH/s": 1e-6, "GH/s": 1e-3, "TH/s": 1.0}
_WATTS = re.compile(r"(\d+)\s*(?:w\b|watt)", re.IGNORECASE)


class VnishClient(IdentifiedClient):
    """A miner with VNish."""

    def __init__(self, session: aiohttp.ClientSession, host: str, password: str, port: int = 80) -> None:
        self._http = JsonHttp(session, f"http://{host}:{port}{_API}")
        self._password = password
        self._token: str | None = None
        self._to_ths = _TO_THS["GH/s"]
        self._is_stopped = False

    async def identify(self) -> MinerInfo:
        """Read the identity and the presets; the latter also check the password."""
        reply = await self._http.request("GET", "/info")
        info = decode_info(reply)
        self._presets = decode_presets(await self._authorised("GET", "/autotune/presets"))
        self._to_ths = _TO_THS.get(str(at(reply, "hr_measure")), _TO_THS["GH/s"])
        self._info = info
        return info

    async def capabilities(self) -> Capabilities:
        """Power in steps of the presets; on and off."""
        return self._presets.capabilities()

    async def read(self) -> MinerReading:
        """Read everything with two requests."""
        summary = at(await self._http.request("GET", "/summary"), "miner")
        performance = await self._http.request("GET", "/perf-summary")
        reading = decode_reading(summary, performance, self._presets, self._to_ths)
        self._is_stopped = reading.mining is False
        if not reading.board_readings:
            reading = replace(reading, board_readings=await self._board_settings())
        return replace(reading, locating=await self._is_locating())

    async def _board_settings(self) -> tuple[BoardReading, ...]:
        """Return the switches of the boards, which the summary omits while the miner is stopped; empty if unknown."""
        if self._token is None:  # no unlocking for this: a changed password would lock the miner
            return ()
        try:
            chains = rows_at(await self._authorised("GET", "/settings"), "miner", "overclock", "chains")
        except DriverError:
            return ()
        return tuple(
            BoardReading(board_id=str(index + 1), on=at(chain, "disabled") is not True)
            for index, chain in enumerate(chains)
        )

    async def _is_locating(self) -> bool | None:
        try:
            found = at(await self._http.request("GET", "/status"), "find_miner")
        except RefusedError, BadReplyError:
            return None
        return found if isinstance(found, bool) else None

    async def operate(self, operation: Operation) -> None:
        """Restart, or switch the light; a request without a body would only toggle that."""
        path = {Operation.REBOOT: "/system/reboot", Operation.RESTART_MINING: "/mining/restart"}.get(operation)
        if path is not None:
            await self._authorised("POST", path)
        else:
            await self._authorised("POST", "/find-miner", {"on": operation is Operation.LOCATE})

    async def set_running(self, running: bool) -> None:
        """Start or stop mining; the controller keeps running."""
        await self._authorised("POST", f"/mining/{'start' if running else 'stop'}")

    async def set_power(self, watts: float) -> None:
        """Set the preset with the highest power up to `watts`; other overclocking settings are unchanged."""
        name = self._presets.name_for(watts)
        if await self._set_overclock({**await self._overclock(), "preset": name}):
            await self._authorised("POST", "/mining/restart")

    @override
    async def switch_board(self, board_id: str, on: bool) -> None:
        """Switch a hash board; a miner that is stopped stays so."""
        overclock, index = await self._overclock(), int(board_id) - 1
        chains = rows_at(overclock, "chains")
        if not 0 <= index < len(chains):
            raise RefusedError(f"the settings have no board {board_id}")
        changed = [*chains[:index], {**chains[index], "disabled": not on}, *chains[index + 1 :]]
        if await self._set_overclock({**overclock, "chains": changed}) and not self._is_stopped:
            await self._authorised("POST", "/mining/restart")

    async def _overclock(self) -> dict[str, Any]:
        found = at(await self._authorised("GET", "/settings"), "miner", "overclock")
        if not isinstance(found, dict):
            raise BadReplyError("the settings have no overclocking section, they are not written")
        return found

    async def _set_overclock(self, overclock: dict[str, Any]) -> bool:
        """Write the section; return whether mining has to be restarted."""
        reply = await self._authorised("POST", "/settings", {"miner": {"overclock": overclock}})
        return at(reply, "restart_required") is True

    async def set_mode(self, mode: str) -> None:
        """Not supported."""
        raise RefusedError(f"VNish has no mode {mode}")

    async def _authorised(self, method: str, path: str, value: object = None) -> Any:
        body = None if value is None else dumps(value)
        if self._token is not None:
            try:
                return await self._send(method, path, body)
            except AuthError:  # the token expired, or the miner restarted
                self._token = None
        reply = await self._http.request("POST", "/unlock", body=dumps({"pw": self._password}))
        token = at(reply, "token")
        if not isinstance(token, str) or not token:
            raise BadReplyError("the unlock reply has no token")
        self._token = token
        return await self._send(method, path, body)

    async def _send(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        return await self._http.request(method, path, body=body, headers=headers)


def decode_info(reply: object) -> MinerInfo:
    """Return model and firmware of `/info`."""
    if at(reply, "fw_name") is None:
        raise BadReplyError("the miner does not run VNish")
    serial = at(reply, "serial")
    return MinerInfo(
        family=MinerFamily.VNISH,
        make="VNish",
        model=str(at(reply, "miner") or at(reply, "model") or "Antminer"),
        firmware=at(reply, "fw_version"),
        mac=at(reply, "system", "network_status", "mac"),
        serial=None if serial in (None, "N/A", "") else str(serial),
    )


def decode_presets(reply: object) -> PowerPresets:
    """Return the power presets of `/autotune/presets`, without those that need another power supply."""
    rows = reply if isinstance(reply, list) else at(reply, "presets")
    return PowerPresets(
        PowerPreset(str(at(row, "name")), watts, at(row, "status") == "tuned")
        for row in (rows if isinstance(rows, list) else [])
        if at(row, "modded_psu_required") is not True and (watts := _watts_of(row))
    )


def _watts_of(preset: object) -> float | None:
    """Return the power of a preset in W: from its name, else from its description."""
    match = _WATTS.search(str(at(preset, "pretty") or ""))
    return first(number(at(preset, "name")), None if match is None else float(match[1]))


def decode_reading(miner: object, performance: object, presets: PowerPresets, to_ths: float = 1e-3) -> MinerReading:
    """Return the reading of `/summary` and `/perf-summary`."""
    state = at(miner, "miner_status", "miner_state")
    if not isinstance(state, str) or state not in _OFF | _STATES:
        raise BadReplyError("the summary has no miner state")
    boards = rows_at(miner, "chains")
    preset = at(performance, "current_preset")
    watts = number_at(miner, "power_consumption")
    return MinerReading(
        mining=state not in _OFF,
        power_w=number_at(miner, "power_usage") if watts is None else watts,
        preset=None if at(preset, "name") is None else str(at(preset, "name")),
        power_limit_w=first(presets.watts_of(at(preset, "name")), _watts_of(preset)),
        hashrate_ths=scaled(number_at(miner, "hr_realtime"), to_ths),
        expected_ths=scaled(number_at(miner, "hr_nominal") or number_at(miner, "hr_stock"), to_ths),
        board_c=number_at(miner, "pcb_temp", "max") or None,
        chip_c=number_at(miner, "chip_temp", "max") or None,
        fan_rpm=highest([number_at(fan, "rpm") for fan in rows_at(miner, "cooling", "fans")]),
        uptime_s=number_at(miner, "miner_status", "miner_state_time"),
        boards=len(boards) or None,
        boards_up=sum(1 for row in boards if str(at(row, "status", "state")) not in _BOARD_DOWN) if boards else None,
        board_readings=tuple(_board(row, to_ths) for row in boards),
        pool=pool_in_use(
            (at(row, "url"), at(row, "status"), None)
            for row in rows_at(miner, "pools")
            if str(at(row, "pool_type")).lower() != "devfee"
        ),
        best_share=best_share(at(miner, "best_share")),
        found_blocks=number_at(miner, "found_blocks"),
        faults=tuple(_faults(miner)),
    )


def _board(row: object, to_ths: float) -> BoardReading:
    board_id, state = number_at(row, "id"), at(row, "status", "state")
    return BoardReading(
        hashrate_ths=scaled(number_at(row, "hashrate_rt"), to_ths),
        board_c=number_at(row, "pcb_temp", "max"),
        chip_c=number_at(row, "chip_temp", "max"),
        board_id=None if board_id is None else f"{board_id:.0f}",
        on=str(state) != "disabled" if state is not None else None,
    )


def _faults(miner: object) -> list[str]:
    if at(miner, "miner_status", "miner_state") != "failure":
        return []
    code, text = at(miner, "miner_status", "failure_code"), at(miner, "miner_status", "description") or "failure"
    return [f"{code} {text}" if code is not None else str(text)]
