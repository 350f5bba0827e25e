"""VNish (firmware 1.2 and newer) over its REST interface: autotune presets as power settings, stop and start.

Facts: the interface description that the firmware serves (1.2.6, 1.3.4) and captured replies. Reading needs no
password; a write needs a token that `unlock` gives for one (403 wrong, 429 locked out for a while). The reply to
a write says nothing about its success. Rates are GH/s (`hr_measure`), `power_usage` is the efficiency on newer ones.
"""

import re
from typing import Any, Final

import aiohttp

from ..._lib.heat_source import Capabilities
from ..errors import AuthError, BadReplyError, RefusedError
from ..http import JsonHttp, dumps
from ..values import at, first, highest, number, number_at, rows_at, scaled
from .models import MinerFamily, MinerInfo, MinerReading
from .power_presets import PowerPreset, PowerPresets

_API: Final = "/api/v1"
_OFF: Final = frozenset({"stopped", "shutting-down"})
_STATES: Final = frozenset({"mining", "initializing", "starting", "auto-tuning", "restarting", "failure"})
_BOARD_DOWN: Final = frozenset({"failure", "disconnected", "disabled"})
_TO_THS: Final = {"KH/s": 1e-9, "MH/s": 1e-6, "GH/s": 1e-3, "TH/s": 1.0}
_WATTS = re.compile(r"(\d+)\s*(?:w\b|watt)", re.IGNORECASE)


class VnishClient:
    """One miner with VNish."""

    def __init__(self, session: aiohttp.ClientSession, host: str, password: str, port: int = 80) -> None:
        self._http = JsonHttp(session, f"http://{host}:{port}{_API}")
        self._password = password
        self._token: str | None = None
        self._info: MinerInfo | None = None
        self._presets = PowerPresets()
        self._to_ths = _TO_THS["GH/s"]

    @property
    def info(self) -> MinerInfo:
        """Known after `identify`."""
        if self._info is None:
            raise BadReplyError("not identified yet")
        return self._info

    async def identify(self) -> MinerInfo:
        """Who it is, and the presets: these need the password, which is thereby tried."""
        reply = await self._http.request("GET", "/info")
        info = decode_info(reply)
        self._presets = decode_presets(await self._authorised("GET", "/autotune/presets"))
        self._to_ths = _TO_THS.get(str(at(reply, "hr_measure")), _TO_THS["GH/s"])
        self._info = info
        return info

    async def capabilities(self) -> Capabilities:
        """Watts in steps of the presets, stop and start."""
        return self._presets.capabilities()

    async def read(self) -> MinerReading:
        """Two requests."""
        summary = at(await self._http.request("GET", "/summary"), "miner")
        performance = await self._http.request("GET", "/perf-summary")
        return decode_reading(summary, performance, self._presets, self._to_ths)

    async def set_running(self, running: bool) -> None:
        """Start or stop mining; the controller stays up."""
        await self._authorised("POST", f"/mining/{'start' if running else 'stop'}")

    async def set_power(self, watts: float) -> None:
        """Choose the strongest preset within `watts`, everything else of the overclocking settings as it was."""
        name = self._presets.name_for(watts)
        overclock = at(await self._authorised("GET", "/settings"), "miner", "overclock")
        if not isinstance(overclock, dict):
            raise BadReplyError("the settings hold no overclocking: not writing")
        body = {"miner": {"overclock": {**overclock, "preset": name}}}
        reply = await self._authorised("POST", "/settings", body)
        if at(reply, "restart_required") is True:
            await self._authorised("POST", "/mining/restart")

    async def set_mode(self, mode: str) -> None:
        """Not offered."""
        raise RefusedError(f"VNish has no mode {mode}")

    async def _authorised(self, method: str, path: str, value: object = None) -> Any:
        body = None if value is None else dumps(value)
        if self._token is not None:
            try:
                return await self._send(method, path, body)
            except AuthError:  # the token ended with a restart or its time
                self._token = None
        reply = await self._http.request("POST", "/unlock", body=dumps({"pw": self._password}))
        token = at(reply, "token")
        if not isinstance(token, str) or not token:
            raise BadReplyError("unlock without a token")
        self._token = token
        return await self._send(method, path, body)

    async def _send(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        return await self._http.request(method, path, body=body, headers=headers)


def decode_info(reply: object) -> MinerInfo:
    """`/info` -> who it is."""
    if at(reply, "fw_name") is None:
        raise BadReplyError("not a VNish miner")
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
    """`/autotune/presets` -> power settings. Those that need another power supply are left out."""
    rows = reply if isinstance(reply, list) else at(reply, "presets")
    return PowerPresets(
        PowerPreset(str(at(row, "name")), watts, at(row, "status") == "tuned")
        for row in (rows if isinstance(rows, list) else [])
        if at(row, "modded_psu_required") is not True and (watts := _watts_of(row))
    )


def _watts_of(preset: object) -> float | None:
    """A preset's name is its watts; where it is not, its description says them."""
    match = _WATTS.search(str(at(preset, "pretty") or ""))
    return first(number(at(preset, "name")), None if match is None else float(match[1]))


def decode_reading(miner: object, performance: object, presets: PowerPresets, to_ths: float = 1e-3) -> MinerReading:
    """`/summary` and `/perf-summary` -> reading."""
    state = at(miner, "miner_status", "miner_state")
    if not isinstance(state, str) or state not in _OFF | _STATES:
        raise BadReplyError("no miner state in the summary")
    boards = rows_at(miner, "chains")
    preset = at(performance, "current_preset")
    watts = number_at(miner, "power_consumption")
    return MinerReading(
        mining=state not in _OFF,
        power_w=number_at(miner, "power_usage") if watts is None else watts,
        power_limit_w=first(presets.watts_of(at(preset, "name")), _watts_of(preset)),
        hashrate_ths=scaled(number_at(miner, "hr_realtime"), to_ths),
        expected_ths=scaled(number_at(miner, "hr_nominal") or number_at(miner, "hr_stock"), to_ths),
        board_c=number_at(miner, "pcb_temp", "max") or None,
        chip_c=number_at(miner, "chip_temp", "max") or None,
        fan_rpm=highest([number_at(fan, "rpm") for fan in rows_at(miner, "cooling", "fans")]),
        uptime_s=number_at(miner, "miner_status", "miner_state_time"),
        boards=len(boards) or None,
        boards_up=sum(1 for row in boards if str(at(row, "status", "state")) not in _BOARD_DOWN) if boards else None,
        faults=tuple(_faults(miner)),
    )


def _faults(miner: object) -> list[str]:
    if at(miner, "miner_status", "miner_state") != "failure":
        return []
    code, text = at(miner, "miner_status", "failure_code"), at(miner, "miner_status", "description") or "failure"
    return [f"{code} {text}" if code is not None else str(text)]
