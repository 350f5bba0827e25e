"""Antminer with stock firmware (S19 and later): the socket through pyasic, the configuration page directly.

Facts: the page requires digest authentication. Work modes: 0 normal, 1 sleep, 3 low power; reported as
`bitmain-work-mode` (text) but written as `miner-mode`; most firmware ignores the reported key in a write, some applies
it. The reply to a write may take 21 s, because the miner restarts. The rest of the configuration must be sent back
unchanged. The miner does not report its power: a linked meter does.
"""

import contextlib
from dataclasses import replace
from typing import Any, Final

import aiohttp

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import BadReplyError, RefusedError, UnreachableError
from ..http import JsonHttp, dumps
from ..operations import Operation
from ..values import at, first, highest, lowest, number, number_at, rows_at, scaled
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .pyasic_adapter import PyasicModules, cancellable, gather_data, library, model_class, prepared, reading_of
from .readings import (
    BoardReading,
    PoolReading,
    best_share,
    decode_pools,
    decode_shares,
    pool_in_use,
    query_socket,
    rate_factor,
    to_ths,
)

MODES: Final = {"normal": 0, "low": 3}
SLEEP: Final = "sleep"
_HEM_MODEL: Final = "s19k"
"""By a report of its modes in Schnitzel/hass-miner, pull request 588."""
_HYDRO_MODEL: Final = "s21+ hyd"
"""Its lists of temperatures are known (pyasic 0.79, asic-rs); those of other hydro models are not."""
OLD: Final = "old"
"""The variant of firmware without work modes and with other calls for its light (S9, S17, L3+)."""
_SLEEP: Final = 1
_MODE_NAMES: Final = {0: "normal", _SLEEP: SLEEP, 2: "hem", 3: "low"}
_READ_S: Final = 10.0
_WRITE_S: Final = 35.0
_REPORTED_MODE: Final = "bitmain-work-mode"
_MAX_CHAINS: Final = 16
_BLINK_DONE: Final = ("B000", "B100")


class AntminerClient(IdentifiedClient):
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
        self._running_mode = MODES["normal"]

    @property
    def _is_old(self) -> bool:
        return self._info is not None and self._info.variant == OLD

    @property
    def _is_hydro(self) -> bool:
        return _HYDRO_MODEL in self.info.model.lower()

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
        conf = await self._optional_page("get_miner_conf")
        self._info = MinerInfo(
            family=MinerFamily.ANTMINER,
            variant=OLD if _has_no_mode(conf) else "",
            make="Bitmain",
            model=model,
            firmware=at(reply, "system_filesystem_version"),
            mac=at(reply, "macaddr"),
            serial=at(reply, "serinum"),
        )
        return self._info

    async def capabilities(self) -> Capabilities:
        """Modes sleep, low and normal; power steps if the user entered the power of each mode.

        An S19k Pro has a high efficiency mode (HEM) in place of the low one. Old firmware has no modes: read only.
        """
        if self._is_old:
            return Capabilities(kind=SourceKind.MINER, controls=frozenset(), reads_power=False)
        model = "" if self._info is None else self._info.model.lower()
        modes = ("normal", "hem") if _HEM_MODEL in model else tuple(MODES)
        entered = {mode: self._mode_power_w.get("low" if mode == "hem" else mode) for mode in modes}
        steps = sorted(watts for watts in entered.values() if watts is not None)
        known = len(steps) == len(modes)
        controls = {Control.ON_OFF, Control.MODE} | ({Control.POWER} if known else set())
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset(controls),
            modes=modes,
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
        conf = await self._page("GET", "get_miner_conf")
        code = None if self._is_old and _has_no_mode(conf) else _mode_of(conf)
        data = await gather_data(lib, self._miner)
        if code == _SLEEP:
            data |= {"hashrate": None, "hashboards": []}
        elif code is not None:
            self._running_mode = code
        mode = None if code is None else _MODE_NAMES.get(code, str(code))
        reading = reading_of(data, mining=code != _SLEEP, mode=mode)
        reading = replace(reading, locating=_light_of(await self._optional_page("get_blink_status")))
        if code == _SLEEP:
            return reading
        # pyasic has the mean of the sensors of a board: the hottest counts.
        stats = await self._optional_page("stats")
        boards = decode_page_boards(stats, is_hydro=self._is_hydro)
        if decode_page_temperatures(stats)[0] is None:
            stats = await self._socket_stats(lib)
            boards = decode_socket_boards(stats) if decode_socket_temperatures(stats)[0] is not None else boards
        chip_c, board_c = _hottest_of(boards)
        reading = replace(
            _with_rates(reading, stats, boards),
            board_readings=boards,
            chip_c=first(chip_c, reading.chip_c),
            board_c=first(board_c, reading.board_c),
            inlet_c=lowest([board.inlet_c for board in boards]),
            outlet_c=highest([board.outlet_c for board in boards]),
        )
        return await self._with_pool_and_shares(reading)

    async def _with_pool_and_shares(self, reading: MinerReading) -> MinerReading:
        """Return the reading with what the socket reports; pool and best share are on a page of newer firmware, too."""
        replies = await query_socket(self._host, "pools", "summary")
        best, blocks = decode_shares(replies.get("summary"))
        pool = decode_pools(replies.get("pools"))
        if pool.address is None:
            pool = decode_page_pools(await self._optional_page("pools"))
        if best is None:
            best = best_share(at(await self._optional_page("summary"), "SUMMARY", 0, "bestshare"))
        return replace(reading, pool=pool, best_share=best, found_blocks=blocks)

    async def _optional_page(self, name: str) -> Any:
        try:
            return await self._page("GET", name)
        except RefusedError, BadReplyError, UnreachableError:
            return None

    async def _socket_stats(self, lib: PyasicModules) -> Any:
        try:
            return await cancellable(self._miner.rpc.send_command("stats", ignore_errors=True, allow_warning=False))
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

    async def operate(self, operation: Operation) -> None:
        """Reboot, or switch the light. A miner that reboots may not finish its answer."""
        if operation is Operation.REBOOT:
            await self._page("GET", "get_blink_status")  # shows that the miner is available and accepts the password
            with contextlib.suppress(BadReplyError, UnreachableError):
                await self._page("GET", "reboot")
            return
        reply = await self._page("POST", "blink", {"blink": operation is Operation.LOCATE})
        if at(reply, "code") not in (None, *_BLINK_DONE):
            raise RefusedError(f"{at(reply, 'code')} {at(reply, 'msg') or ''}".strip())

    async def _set_mode(self, code: int) -> None:
        if self._is_old:
            raise RefusedError("this firmware has no work modes")
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


def _has_no_mode(conf: object) -> bool:
    """Return whether this is the configuration of firmware without work modes."""
    return isinstance(conf, dict) and "pools" in conf and at(conf, _REPORTED_MODE) is None and "miner-mode" not in conf


def _with_rates(reading: MinerReading, stats: object, boards: tuple[BoardReading, ...]) -> MinerReading:
    """Return a reading with the hash rates of a page in another unit than GH/s, which pyasic assumes (L series)."""
    page = at(stats, "STATS", 0)
    factor = rate_factor(at(page, "rate_unit"))
    if factor == rate_factor("GH/s"):
        return reading
    known = [board.hashrate_ths for board in boards if board.hashrate_ths is not None]
    return replace(
        reading,
        hashrate_ths=round(sum(known), 9) if known else None,
        expected_ths=to_ths(number_at(page, "rate_ideal"), factor),
    )


def _light_of(status: object) -> bool | None:
    """Return whether the light blinks; S17 and older have another key."""
    found = first(at(status, "blink"), at(status, "isBlinking"))
    return found if isinstance(found, bool) else None


def decode_page_temperatures(stats: object) -> tuple[float | None, float | None]:
    """Return maximum chip and board temperature of the page `stats.cgi`."""
    return _hottest_of(decode_page_boards(stats))


def decode_socket_temperatures(stats: object) -> tuple[float | None, float | None]:
    """Return maximum chip and board temperature of the socket's `stats`."""
    return _hottest_of(decode_socket_boards(stats))


def _hottest_of(boards: tuple[BoardReading, ...]) -> tuple[float | None, float | None]:
    return highest([board.chip_c for board in boards]), highest([board.board_c for board in boards])


def decode_page_boards(stats: object, *, is_hydro: bool = False) -> tuple[BoardReading, ...]:
    """Return the boards of the page `stats.cgi`: lists of temperatures per chain, of which the hottest counts.

    Rates are in the unit that the page names. `is_hydro`: the first and third temperature of the board are those of the
    water that flows in and out, and the first of the converter that of the chips.
    """
    return tuple(
        (_hydro_board if is_hydro else _page_board)(chain, rate_factor(at(row, "rate_unit")))
        for row in rows_at(stats, "STATS")
        for chain in rows_at(row, "chain")
    )


def _page_board(chain: object, factor: float | None) -> BoardReading:
    return BoardReading(
        hashrate_ths=to_ths(number_at(chain, "rate_real"), factor),
        board_c=_warmest(rows_at(chain, "temp_pcb")),
        chip_c=_warmest(rows_at(chain, "temp_chip")),
    )


def _hydro_board(chain: object, factor: float | None) -> BoardReading:
    boards, converters = rows_at(chain, "temp_pcb"), rows_at(chain, "temp_pic")
    return BoardReading(
        hashrate_ths=to_ths(number_at(chain, "rate_real"), factor),
        board_c=_warmest([*boards[1:2], *boards[3:], *converters[1:]]),
        chip_c=_warmest([*converters[:1], *rows_at(chain, "temp_chip")]),
        inlet_c=_warmest(boards[:1]),
        outlet_c=_warmest(boards[2:3]),
    )


def _warmest(values: list[object]) -> float | None:
    return highest([number(value) or None for value in values])


def decode_socket_boards(stats: object) -> tuple[BoardReading, ...]:
    """Return the boards of the socket's `stats`: keys with the chain's number, temperatures such as "78-50-69-70".

    Old firmware has one temperature per key: of the board, and of the chips where air flows in and out. Places without
    a board have no chips.
    """
    row = at(stats, "STATS", 1)
    if not isinstance(row, dict):
        return ()
    return tuple(
        BoardReading(
            hashrate_ths=scaled(number_at(row, f"chain_rate{chain}"), 1e-3),
            board_c=first(_hottest(row, f"temp_pcb{chain}"), _hottest(row, f"temp{chain}")),
            chip_c=first(
                _hottest(row, f"temp_chip{chain}"),
                highest([_hottest(row, f"temp{place}_{chain}") for place in (2, 3)]),
            ),
        )
        for chain in range(1, _MAX_CHAINS + 1)
        if number_at(row, f"chain_acn{chain}") or _hottest(row, f"temp_chip{chain}") is not None
    )


def _hottest(row: dict[str, Any], key: str) -> float | None:
    return highest([number(part) or None for part in str(row.get(key, "")).split("-")])


def decode_page_pools(pools: object) -> PoolReading:
    """Return the pool of the page `pools.cgi`, which does not report the one in use."""
    rows = sorted(rows_at(pools, "POOLS"), key=lambda row: number_at(row, "priority") or 0.0)
    return pool_in_use((at(row, "url"), at(row, "status"), None) for row in rows)
