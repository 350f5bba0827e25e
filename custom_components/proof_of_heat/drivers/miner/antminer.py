"""Antminer with stock firmware (S19 and later): the socket through pyasic, the configuration page directly.

Facts: the page requires digest authentication. Work modes: 0 normal, 1 sleep, 3 low power; reported as
`bitmain-work-mode` (text) but written as `miner-mode`; most firmware ignores the reported key in a write, some obeys
it. The reply to a write may take 21 s, because the miner restarts. The rest of the configuration must be sent back
unchanged. The miner does not report its power: a linked meter does.
"""

from dataclasses import replace
from typing import Any, Final

import aiohttp

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import BadReplyError, RefusedError, UnreachableError
from ..http import JsonHttp, dumps
from ..values import at, first, highest, number, rows_at
from .models import MinerFamily, MinerInfo, MinerReading
from .pyasic_adapter import PyasicModules, gather_data, library, model_class, prepared, reading_of

MODES: Final = {"normal": 0, "low": 3}
SLEEP: Final = "sleep"
_SLEEP: Final = 1
_MODE_NAMES: Final = {0: "normal", _SLEEP: SLEEP, 2: "hem", 3: "low"}
_READ_S: Final = 10.0
_WRITE_S: Final = 35.0
_REPORTED_MODE: Final = "bitmain-work-mode"


class AntminerClient:
    """An Antminer with stock firmware. `mode_power_w`: its power in each mode as entered by the user (mode -> W)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        password: str,
        mode_power_w: dict[str, float] | None = None,
        http_port: int = 80,
    ) -> None:
        self._host = host
        self._http_port = http_port
        self._http = JsonHttp(session, f"http://{host}:{http_port}", _READ_S)
        self._write_http = JsonHttp(session, f"http://{host}:{http_port}", _WRITE_S)
        self._password = password
        self._mode_power_w = mode_power_w or {}
        self._miner: Any = None
        self._lib: PyasicModules | None = None
        self._info: MinerInfo | None = None
        self._running_mode = MODES["normal"]

    @property
    def info(self) -> MinerInfo:
        """Model and firmware; available after `identify`."""
        if self._info is None:
            raise BadReplyError("the miner is not identified yet")
        return self._info

    async def identify(self) -> MinerInfo:
        """Read the system page and select pyasic's class for the model."""
        self._lib = lib = await library()
        reply = await self._page("GET", "get_system_info")
        model = str(at(reply, "minertype") or "")
        if not model:
            raise BadReplyError("the system page has no model")
        kind = model_class(lib, lib.types.ANTMINER, model, lib.modern_antminer)
        self._miner = prepared(kind(self._host))
        if self._miner.web is not None:
            self._miner.web.pwd = self._password
            self._miner.web.port = self._http_port
        self._info = MinerInfo(
            family=MinerFamily.ANTMINER,
            make="Bitmain",
            model=model,
            firmware=at(reply, "system_filesystem_version"),
            mac=at(reply, "macaddr"),
            serial=at(reply, "serinum"),
        )
        return self._info

    async def capabilities(self) -> Capabilities:
        """Modes sleep, low and normal; power steps if the user entered the power of each mode."""
        steps = sorted(self._mode_power_w[mode] for mode in MODES if mode in self._mode_power_w)
        known = len(steps) == len(MODES)
        controls = {Control.ON_OFF, Control.MODE} | ({Control.POWER} if known else set())
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset(controls),
            modes=tuple(MODES),
            power_steps_w=tuple(steps) if known else (),
            min_power_w=steps[0] if known else None,
            max_power_w=steps[-1] if known else None,
            reads_power=False,
            settle_s=300.0,
            min_write_interval_s=120.0,
        )

    async def read(self) -> MinerReading:
        """Read the configuration page first: it shows that the miner is available, and its mode."""
        lib = self._lib
        if lib is None or self._miner is None:
            raise BadReplyError("the miner is not identified yet")
        code = _mode_of(await self._page("GET", "get_miner_conf"))
        data = await gather_data(lib, self._miner)
        if code != _SLEEP:
            self._running_mode = code
        else:
            data |= {"hashrate": None, "hashboards": []}
        reading = reading_of(data, mining=code != _SLEEP, mode=_MODE_NAMES.get(code, str(code)))
        if code == _SLEEP:
            return reading
        # pyasic has the mean of the sensors of a board: the hottest counts.
        chip_c, board_c = decode_page_temperatures(await self._page_stats())
        if chip_c is None:
            chip_c, board_c = decode_socket_temperatures(await self._socket_stats(lib))
        return replace(reading, chip_c=first(chip_c, reading.chip_c), board_c=first(board_c, reading.board_c))

    async def _page_stats(self) -> Any:
        try:
            return await self._page("GET", "stats")
        except RefusedError, BadReplyError, UnreachableError:
            return None

    async def _socket_stats(self, lib: PyasicModules) -> Any:
        try:
            return await self._miner.rpc.send_command("stats", ignore_errors=True, allow_warning=False)
        except lib.errors:
            return None

    async def set_running(self, running: bool) -> None:
        """Set the mode to sleep, or to the one before it."""
        await self._set_mode(self._running_mode if running else _SLEEP)

    async def set_power(self, watts: float) -> None:
        """Not supported; `MinerSource` selects the mode."""
        raise RefusedError(f"stock firmware has no power limit ({watts:.0f} W), only modes")

    async def set_mode(self, mode: str) -> None:
        """Set the mode to low or normal, or to another one that the miner was in before."""
        code = next((code for code, name in _MODE_NAMES.items() if name == mode and code != _SLEEP), None)
        if code is None:
            raise RefusedError(f"unknown mode {mode}")
        await self._set_mode(code)
        self._running_mode = code  # turning it on afterwards keeps this mode

    async def _set_mode(self, code: int) -> None:
        conf = await self._page("GET", "get_miner_conf")
        if not isinstance(conf, dict) or not conf.get("pools"):
            raise BadReplyError("the configuration has no pools, it is not written")
        # Some firmware obeys the key that it reports instead of the documented one.
        body = {**conf, _REPORTED_MODE: str(code), "miner-mode": code}
        reply = await self._page("POST", "set_miner_conf", body)
        answer = at(reply, "code")
        if answer not in (None, "M000"):
            raise RefusedError(f"{answer} {at(reply, 'msg') or ''}".strip())

    async def _page(self, method: str, name: str, body: dict[str, Any] | None = None) -> Any:
        http = self._http if body is None else self._write_http
        # A new one per request, so that each starts with a fresh nonce.
        digest = aiohttp.DigestAuthMiddleware("root", self._password)
        data = None if body is None else dumps(body)
        return await http.request(method, f"/cgi-bin/{name}.cgi", body=data, middlewares=(digest,))


def _mode_of(conf: object) -> int:
    value = at(conf, _REPORTED_MODE)
    if value is None or value == "":
        value = at(conf, "miner-mode")
    if value is None or not str(value).isdecimal():
        raise BadReplyError("the configuration has no work mode")
    return int(str(value))


def decode_page_temperatures(stats: object) -> tuple[float | None, float | None]:
    """Return maximum chip and board temperature of the page `stats.cgi`: a list per chain."""
    chains = [chain for row in rows_at(stats, "STATS") for chain in rows_at(row, "chain")]
    chips, boards = (
        highest([number(value) or None for chain in chains for value in rows_at(chain, key)])
        for key in ("temp_chip", "temp_pcb")
    )
    return chips, boards


def decode_socket_temperatures(stats: object) -> tuple[float | None, float | None]:
    """Return maximum chip and board temperature of the socket's `stats`: text such as "78-50-69-70" per chain."""
    row = at(stats, "STATS", 1)
    if not isinstance(row, dict):
        return None, None
    return _highest_of(row, "temp_chip"), _highest_of(row, "temp_pcb")


def _highest_of(row: dict[str, Any], prefix: str) -> float | None:
    texts = [str(value) for key, value in row.items() if key.startswith(prefix)]
    return highest([number(part) or None for text in texts for part in text.split("-")])
