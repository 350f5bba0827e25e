"""Bitaxe over AxeOS's HTTP (facts: AxeOS OpenAPI; pause and resume from 2.14 on)."""

import re
from typing import Any, Final

import aiohttp

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import BadReplyError, RefusedError
from ..http import JsonHttp, dumps
from ..values import number_at, rows_at, scaled
from .models import MinerFamily, MinerInfo, MinerReading

_PAUSE_SINCE: Final = (2, 14)
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


class BitaxeClient:
    """One Bitaxe. Its modes are the frequencies (MHz) that its firmware lists."""

    def __init__(self, session: aiohttp.ClientSession, host: str, port: int = 80) -> None:
        self._http = JsonHttp(session, f"http://{host}:{port}")
        self._info: MinerInfo | None = None
        self._modes: tuple[str, ...] = ()

    @property
    def info(self) -> MinerInfo:
        """Known after `identify`."""
        if self._info is None:
            raise BadReplyError("not identified yet")
        return self._info

    async def identify(self) -> MinerInfo:
        """Model, firmware and the frequencies on offer."""
        reply = await self._http.request("GET", "/api/system/info")
        if not isinstance(reply, dict) or "ASICModel" not in reply:
            raise BadReplyError("not an AxeOS device")
        self._info = decode_info(reply)
        try:
            asic = await self._http.request("GET", "/api/system/asic")
        except RefusedError:  # firmware before 2.4 has no such page
            asic = None
        options = rows_at(asic, "frequencyOptions")
        self._modes = tuple(str(int(value)) for value in options if isinstance(value, (int, float)))
        return self._info

    async def capabilities(self) -> Capabilities:
        """Frequencies as modes; on and off where the firmware has pause."""
        controls = {Control.MODE} if self._modes else set()
        if can_pause(self.info.firmware):
            controls.add(Control.ON_OFF)
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset(controls),
            modes=self._modes,
            reads_power=True,
            reads_heat=True,
            settle_s=15.0,
        )

    async def read(self) -> MinerReading:
        """One request."""
        return decode_reading(await self._http.request("GET", "/api/system/info"))

    async def set_running(self, running: bool) -> None:
        """Pause or resume."""
        if not can_pause(self.info.firmware):
            raise RefusedError("this AxeOS cannot pause: update it to 2.14 or newer")
        await self._http.request("POST", f"/api/system/{'resume' if running else 'pause'}", body=b"{}")

    async def set_power(self, watts: float) -> None:
        """Not offered."""
        raise RefusedError(f"a Bitaxe takes no power limit ({watts:.0f} W)")

    async def set_mode(self, mode: str) -> None:
        """Set the frequency; it takes effect at once."""
        await self._http.request("PATCH", "/api/system", body=dumps({"frequency": int(mode)}))


def can_pause(firmware: str | None) -> bool:
    """Whether this AxeOS has pause and resume."""
    match = _VERSION.match(str(firmware or ""))
    return match is not None and (int(match[1]), int(match[2])) >= _PAUSE_SINCE


def decode_info(reply: dict[str, Any]) -> MinerInfo:
    """`/api/system/info` -> who it is."""
    board = reply.get("boardVersion") or reply.get("deviceModel") or ""
    return MinerInfo(
        family=MinerFamily.BITAXE,
        make="Bitaxe",
        model=f"{reply['ASICModel']} {board}".strip(),
        firmware=reply.get("version"),
        mac=reply.get("macAddr"),
    )


def decode_reading(reply: object) -> MinerReading:
    """`/api/system/info` -> reading. hashRate is GH/s, power W; numbers may come as text, NaN is dropped."""
    if not isinstance(reply, dict):
        raise BadReplyError("not an AxeOS reply")
    frequency = number_at(reply, "frequency")
    return MinerReading(
        mining=not reply.get("miningPaused", False),
        power_w=scaled(number_at(reply, "power"), 1.0),
        hashrate_ths=scaled(number_at(reply, "hashRate"), 1e-3, 6),
        expected_ths=scaled(number_at(reply, "expectedHashrate"), 1e-3, 6),
        mode=None if frequency is None else str(int(frequency)),
        chip_c=number_at(reply, "temp"),
        board_c=number_at(reply, "vrTemp"),
        fan_rpm=number_at(reply, "fanrpm"),
        uptime_s=number_at(reply, "uptimeSeconds"),
        boards=1,
        boards_up=1,
        faults=tuple(_faults(reply)),
    )


def _faults(reply: dict[str, Any]) -> list[str]:
    faults = [str(reply[key]) for key in ("hardware_fault", "power_fault") if reply.get(key)]
    return [*faults, "overheat"] if reply.get("overheat_mode") else faults
