"""Bitaxe with AxeOS, and NerdQAxe, over HTTP.

Facts: AxeOS OpenAPI; pause and resume since 2.14. A NerdQAxe shuts its chips down (its source, handler_shutdown.cpp,
which asks for no password) and starts again by a restart. With one-time passwords enabled (its source, http_otp.cpp),
a write needs a session: `X-TOTP` makes one that lives a day.
"""

import re
import time
from typing import Any, Final

import aiohttp

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import AuthError, BadReplyError, RefusedError
from ..http import JsonHttp, dumps
from ..operations import Operation
from ..totp import one_time_password
from ..values import at, highest, number_at, rows_at, scaled
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .readings import PoolReading, best_share, pool_address

_PAUSE_SINCE: Final = (2, 14)
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


class BitaxeClient(IdentifiedClient):
    """A Bitaxe or NerdQAxe. Its modes are the frequencies in MHz that the firmware lists.

    `secret`: for one-time passwords, where they are enabled.
    """

    def __init__(self, session: aiohttp.ClientSession, host: str, port: int = 80, secret: str = "") -> None:
        self._http = JsonHttp(session, f"http://{host}:{port}", has_credentials=bool(secret))
        self._secret = secret
        self._session: str | None = None
        self._shuts_down = False
        self._modes: tuple[str, ...] = ()

    async def identify(self) -> MinerInfo:
        """Read model, firmware and the available frequencies."""
        reply = await self._http.request("GET", "/api/system/info")
        if not isinstance(reply, dict) or "ASICModel" not in reply:
            raise BadReplyError("the device does not run AxeOS")
        self._info = decode_info(reply)
        self._shuts_down = is_nerdqaxe(self._info) and "shutdown" in reply
        try:
            asic = await self._http.request("GET", "/api/system/asic")
        except RefusedError:  # firmware before 2.4 has no such page
            asic = None
        options = rows_at(asic, "frequencyOptions")
        self._modes = tuple(str(int(value)) for value in options if isinstance(value, (int, float)))
        return self._info

    async def capabilities(self) -> Capabilities:
        """Frequencies as modes; on and off if the firmware can pause or shut down."""
        controls = {Control.MODE} if self._modes else set()
        if self._shuts_down or can_pause(self.info.firmware):
            controls.add(Control.ON_OFF)
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset(controls),
            modes=self._modes,
            reads_power=True,
            reads_heat=True,
            settle_s=60.0 if self._shuts_down else 15.0,
        )

    async def read(self) -> MinerReading:
        """Read everything with one request."""
        return decode_reading(await self._http.request("GET", "/api/system/info"))

    async def set_running(self, running: bool) -> None:
        """Pause or resume mining; a NerdQAxe shuts down, and starts by a restart."""
        if self._shuts_down:
            await self._write("POST", "/api/system/restart" if running else "/api/system/shutdown", b"{}")
            return
        if not can_pause(self.info.firmware):
            raise RefusedError("this version of AxeOS cannot pause, update it to 2.14 or later")
        await self._write("POST", f"/api/system/{'resume' if running else 'pause'}", b"{}")

    async def set_power(self, watts: float) -> None:
        """Not supported."""
        raise RefusedError(f"a Bitaxe has no power limit ({watts:.0f} W)")

    async def set_mode(self, mode: str) -> None:
        """Set the frequency; it takes effect at once."""
        await self._write("PATCH", "/api/system", dumps({"frequency": int(mode)}))

    async def operate(self, operation: Operation) -> None:
        """Restart, or show the miner's identity on its display for half a minute."""
        name = "restart" if operation is Operation.REBOOT else "identify"
        await self._write("POST", f"/api/system/{name}", b"{}")

    async def _write(self, method: str, path: str, body: bytes) -> None:
        """Send a write, with a session where one-time passwords are enabled."""
        for attempt in (0, 1):
            headers = {"X-OTP-Session": self._session} if self._session else {}
            try:
                await self._http.request(method, path, body=body, headers=headers)
            except AuthError:  # a session is required, or the last one has ended
                if not self._secret or attempt:
                    raise
                self._session = await self._new_session()
            else:
                return

    async def _new_session(self) -> str:
        headers = {"X-TOTP": one_time_password(self._secret, time.time())}
        token = at(await self._http.request("POST", "/api/otp/session", body=b"{}", headers=headers), "token")
        if not isinstance(token, str) or not token:
            raise BadReplyError("the reply has no session")
        return token


def is_nerdqaxe(info: MinerInfo) -> bool:
    """Return whether this is a miner of the NerdQAxe family, by its model."""
    return "nerd" in info.model.lower()


def can_pause(firmware: str | None) -> bool:
    """Return whether this version of AxeOS has pause and resume."""
    match = _VERSION.match(str(firmware or ""))
    return match is not None and (int(match[1]), int(match[2])) >= _PAUSE_SINCE


def decode_info(reply: dict[str, Any]) -> MinerInfo:
    """Return model and firmware of `/api/system/info`."""
    board = reply.get("boardVersion") or reply.get("deviceModel") or ""
    return MinerInfo(
        family=MinerFamily.BITAXE,
        make="Bitaxe",
        model=f"{reply['ASICModel']} {board}".strip(),
        firmware=reply.get("version"),
        mac=reply.get("macAddr"),
    )


def decode_reading(reply: object) -> MinerReading:
    """Return the reading of `/api/system/info`. hashRate is in GH/s, power in W; numbers may be text."""
    if not isinstance(reply, dict):
        raise BadReplyError("the reply is not from AxeOS")
    frequency = number_at(reply, "frequency")
    return MinerReading(
        mining=_is_mining(reply),
        power_w=scaled(number_at(reply, "power"), 1.0),
        hashrate_ths=scaled(number_at(reply, "hashRate"), 1e-3, 6),
        expected_ths=scaled(number_at(reply, "expectedHashrate"), 1e-3, 6),
        mode=None if frequency is None else str(int(frequency)),
        chip_c=highest([number_at(reply, key) for key in ("temp", "temp2")]),
        board_c=number_at(reply, "vrTemp"),
        fan_rpm=number_at(reply, "fanrpm"),
        uptime_s=number_at(reply, "uptimeSeconds"),
        boards=1,
        boards_up=1,
        pool=_pool(reply),
        best_share=best_share(reply.get("bestDiff")),
        found_blocks=number_at(reply, "blockFound"),
        faults=tuple(_faults(reply)),
    )


def _pool(reply: dict[str, Any]) -> PoolReading:
    """Return the pool in use. AxeOS does not report its state."""
    prefix = "fallbackStratum" if reply.get("isUsingFallbackStratum") else "stratum"
    host, port = reply.get(f"{prefix}URL"), number_at(reply, f"{prefix}Port")
    address = pool_address(host)
    if address is None or port is None or ":" in address:
        return PoolReading(address=address)
    return PoolReading(address=f"{address}:{port:.0f}")


def _is_mining(reply: dict[str, Any]) -> bool:
    """Return whether it hashes or is about to: not if it is paused, shut down, or stopped because it is too hot."""
    if reply.get("miningPaused") or reply.get("shutdown"):
        return False
    return not (reply.get("overheat_mode") and not number_at(reply, "hashRate"))


def _faults(reply: dict[str, Any]) -> list[str]:
    faults = [str(reply[key]) for key in ("hardware_fault", "power_fault") if reply.get(key)]
    return [*faults, "overheat"] if reply.get("overheat_mode") else faults
