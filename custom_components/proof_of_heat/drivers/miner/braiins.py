"""Braiins OS: REST `/api/v1` since release 25.05, GraphQL in older releases.

Facts: Braiins' public API descriptions; captures of the releases 22.08 to 25.07. The token goes into the
`authorization` header as it is and lives an hour.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import IntEnum
import re
from types import MappingProxyType
from typing import Any, Final, override

import aiohttp

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import AuthError, BadReplyError, RefusedError
from ..http import JsonHttp, dumps
from ..operations import Operation
from ..values import at, highest, lowest, number_at, rows_at, scaled
from .braiins_graphql import GRAPHQL, GraphqlApi
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .power_presets import PowerPreset, PowerPresets
from .readings import BoardReading, PoolReading, best_share, pool_in_use

_API: Final = "/api/v1"
_RANGE = re.compile(r"min: Some\((\d+)\), max: Some\((\d+)\)")
_POOL_PATHS: Final = ("/pools/", "/pools")


class Status(IntEnum):
    """The miner's `status` in REST replies (`MinerStatus` of the maker's bos/v1/miner.proto)."""

    NOT_STARTED = 1
    MINING = 2
    PAUSED = 3
    SUSPENDED = 4
    RESTRICTED = 5


_MINING: Final[dict[int, bool]] = {
    Status.NOT_STARTED: False,
    Status.MINING: True,
    Status.PAUSED: False,
    Status.SUSPENDED: False,
    Status.RESTRICTED: True,
}
"""Of an unknown status, a miner that hashes is mining; without a hash rate that is unknown."""
# It does so by itself, without being paused.
_FAULTS: Final[dict[int, tuple[str, ...]]] = {Status.SUSPENDED: ("suspended",), Status.RESTRICTED: ("restricted",)}


class BraiinsClient(IdentifiedClient):
    """A miner with Braiins OS."""

    def __init__(self, session: aiohttp.ClientSession, host: str, password: str, port: int = 80) -> None:
        self._http = JsonHttp(session, f"http://{host}:{port}")
        self._graphql = GraphqlApi(self._http, password)
        self._password = password
        self._token: str | None = None
        self._limits: tuple[float | None, float | None] = (None, None)
        self._pool_paths: tuple[str, ...] = _POOL_PATHS
        self._configuration: object = None
        """As it was read last: while it cannot be read, its switches of boards still apply."""
        self._switched: dict[str, bool] = {}
        """The boards that were switched here, by ID."""

    @property
    def _is_graphql(self) -> bool:
        return self.info.variant == GRAPHQL

    async def identify(self) -> MinerInfo:
        """Identify the miner by REST if available, else by GraphQL."""
        try:
            self._info = decode_rest_info(await self._get("/miner/details"))
        except RefusedError, BadReplyError:
            self._info = await self._graphql.identify()
            return self._info
        try:
            self._limits = decode_limits(await self._get("/configuration/constraints"))
        except RefusedError, BadReplyError:
            self._limits = (None, None)
        self._presets = decode_target_profiles(await self._optional("/performance/target-profiles"))
        return self._info

    async def capabilities(self) -> Capabilities:
        """Power and pause. Older releases read without a login, so that this is where a wrong password is noticed."""
        low, high = self._limits
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset({Control.ON_OFF, Control.POWER} if await self._has_commands() else ()),
            min_power_w=low,
            max_power_w=high,
            reads_power=True,
            reads_heat=True,
            settle_s=300.0,
            min_write_interval_s=60.0,
        )

    async def _has_commands(self) -> bool:
        """Return whether commands are accepted; raises AuthError for a wrong password."""
        if not self._is_graphql:
            return True
        try:
            await self._graphql.login()
        except RefusedError, BadReplyError:
            return False
        return True

    async def read(self) -> MinerReading:
        """Eight requests over REST, three over GraphQL."""
        if self._is_graphql:
            return await self._graphql.read()
        details = await self._get("/miner/details")
        stats = await self._get("/miner/stats")
        tuner = await self._get("/performance/tuner-state")
        boards = await self._optional("/miner/hw/hashboards")
        cooling = await self._optional("/cooling/state")
        self._configuration = await self._optional("/configuration/miner") or self._configuration
        reading = decode_rest(
            details,
            stats,
            tuner,
            boards=boards,
            cooling=cooling,
            configuration=self._configuration,
            switched=self._switched,
        )
        lit = await self._optional("/actions/locate")
        limit_w = reading.power_limit_w
        locating = lit if isinstance(lit, bool) else None
        return replace(
            reading,
            pool=decode_pool_groups(await self._pools()),
            locating=locating,
            preset=None if limit_w is None else f"{limit_w:.0f}",
        )

    async def set_running(self, running: bool) -> None:
        """Pause or resume mining; the controller keeps running."""
        if self._is_graphql:
            await self._graphql.set_running(running)
            return
        await self._put(f"/actions/{'resume' if running else 'pause'}", None)

    async def set_power(self, watts: float) -> None:
        """Set the tuner's power target; after a rejection the limits are read again."""
        if self._is_graphql:
            await self._graphql.set_power(watts)
            return
        try:
            await self._put("/performance/power-target", {"watt": round(watts)})
        except RefusedError as err:
            if (match := _RANGE.search(str(err))) is not None:
                self._limits = (float(match[1]), float(match[2]))
            raise

    async def set_mode(self, mode: str) -> None:
        """Not supported."""
        raise RefusedError(f"Braiins OS has no mode {mode}")

    async def operate(self, operation: Operation) -> None:
        """Restart, or switch the light."""
        if self._is_graphql:
            await self._graphql.operate(operation)
            return
        name = {Operation.REBOOT: "reboot", Operation.RESTART_MINING: "restart"}.get(operation)
        if name is not None:
            await self._put(f"/actions/{name}", None)
        else:
            await self._put("/actions/locate", operation is Operation.LOCATE)

    @override
    async def switch_board(self, board_id: str, on: bool) -> None:
        """Switch a hash board. The tuner then works for its power target with the others."""
        body = dumps({"enable": on, "hashboard_ids": [board_id]})
        await self._call("PATCH", "/miner/hw/hashboards", body)
        self._switched[board_id] = on

    async def _pools(self) -> Any:
        """Return the pools; releases differ in the path."""
        for path in self._pool_paths:
            if (reply := await self._optional(path)) is not None:
                self._pool_paths = (path,)
                return reply
        return None

    async def _optional(self, path: str) -> Any:
        try:
            return await self._get(path)
        except RefusedError, BadReplyError:
            return None

    async def _get(self, path: str) -> Any:
        return await self._call("GET", path, None)

    async def _put(self, path: str, value: object) -> Any:
        return await self._call("PUT", path, None if value is None else dumps(value))

    async def _call(self, method: str, path: str, body: bytes | None) -> Any:
        for attempt in (0, 1):
            if self._token is None:
                await self._login()
            try:
                return await self._http.request(
                    method, _API + path, body=body, headers={"Authorization": self._token or ""}
                )
            except AuthError:  # an expired token; a wrong password fails at the login
                self._token = None
                if attempt:
                    raise
        raise AssertionError("unreachable")

    async def _login(self) -> None:
        body = dumps({"username": "root", "password": self._password})
        reply = await self._http.request("POST", f"{_API}/auth/login", body=body)
        token = at(reply, "token")
        if not isinstance(token, str) or not token:
            raise BadReplyError("the login reply has no token")
        self._token = token


def decode_rest_info(details: object) -> MinerInfo:
    """Return model and firmware of `/miner/details`."""
    name = at(details, "miner_identity", "miner_model") or at(details, "miner_identity", "name")
    if name is None:
        raise BadReplyError("the miner's details have no identity")
    return MinerInfo(
        family=MinerFamily.BRAIINS,
        make="Braiins OS",
        model=str(name),
        firmware=at(details, "bos_version", "current"),
        mac=at(details, "mac_address"),
        serial=at(details, "serial_number") or at(details, "uid"),
        variant="rest",
    )


def decode_target_profiles(reply: object) -> PowerPresets:
    """Return the power targets of `/performance/target-profiles` for which the miner is tuned."""
    return PowerPresets(
        PowerPreset(f"{watts:.0f}", watts, tuned=True)
        for row in rows_at(reply, "power_target_profiles")
        if (watts := number_at(row, "target", "watt"))
    )


def decode_limits(constraints: object) -> tuple[float | None, float | None]:
    """Return minimum and maximum power target in W of `/configuration/constraints`."""
    target = at(constraints, "tuner_constraints", "power_target")
    return number_at(target, "min", "watt"), number_at(target, "max", "watt")


def decode_rest(
    details: object,
    stats: object,
    tuner: object,
    *,
    boards: object = None,
    cooling: object = None,
    configuration: object = None,
    switched: Mapping[str, bool] = MappingProxyType({}),
) -> MinerReading:
    """Return the reading of the `/api/v1` replies. Rates are in GH/s.

    The tuner's current target is below the configured one while the miner protects itself (dynamic performance
    scaling).
    """
    status = number_at(details, "status")
    if status is None:
        raise BadReplyError("the miner's details have no status")
    watts = number_at(stats, "power_stats", "approximated_consumption", "watt")
    rate = number_at(stats, "miner_stats", "real_hashrate", "last_1m", "gigahash_per_second")
    rows = rows_at(boards, "hashboards")
    readings = tuple(_rest_board(row, configuration, switched) for row in rows)
    mining = _MINING.get(int(status), True if rate else None)
    configured_w, tuned_w = number_at(configuration, "tuner", "power_target", "watt"), _target(tuner)
    limit_w = configured_w or tuned_w
    scaled_w = tuned_w if tuned_w is not None and limit_w is not None and tuned_w < limit_w else None
    return MinerReading(
        mining=mining,
        power_w=watts,
        power_limit_w=limit_w,
        scaled_limit_w=scaled_w,
        hashrate_ths=scaled(rate, 1e-3),
        expected_ths=scaled(number_at(details, "sticker_hashrate", "gigahash_per_second"), 1e-3),
        board_c=highest([number_at(row, "board_temp", "degree_c") for row in rows]),
        chip_c=highest([number_at(row, "highest_chip_temp", "temperature", "degree_c") for row in rows]),
        inlet_c=lowest([number_at(row, "lowest_inlet_temp", "degree_c") for row in rows]),
        outlet_c=highest([number_at(row, "highest_outlet_temp", "degree_c") for row in rows]),
        fan_rpm=highest([number_at(fan, "rpm") for fan in rows_at(cooling, "fans")]),
        uptime_s=number_at(details, "bosminer_uptime_s"),
        boards=len(rows) or None,
        boards_up=_boards_up(rows, readings),
        board_readings=readings,
        best_share=best_share(at(stats, "miner_stats", "best_share")),
        found_blocks=number_at(stats, "miner_stats", "found_blocks"),
        faults=_FAULTS.get(int(status), ()),
    )


def _boards_up(rows: list[Any], readings: tuple[BoardReading, ...]) -> int | None:
    up = [at(row, "enabled") and board.on is not False for row, board in zip(rows, readings, strict=True)]
    return sum(1 for is_up in up if is_up) if rows else None


def _rest_board(row: object, configuration: object, switched: Mapping[str, bool]) -> BoardReading:
    rate = number_at(row, "stats", "real_hashrate", "last_1m", "gigahash_per_second")
    return BoardReading(
        hashrate_ths=scaled(rate, 1e-3),
        board_c=number_at(row, "board_temp", "degree_c"),
        chip_c=number_at(row, "highest_chip_temp", "temperature", "degree_c"),
        inlet_c=number_at(row, "lowest_inlet_temp", "degree_c"),
        outlet_c=number_at(row, "highest_outlet_temp", "degree_c"),
        board_id=None if at(row, "id") is None else str(at(row, "id")),
        on=_switched_on(row, configuration, switched),
    )


def _switched_on(row: object, configuration: object, switched: Mapping[str, bool]) -> bool | None:
    """Return the switch of a board: in the configuration, which lists boards with own settings.

    A board that is down although the configuration does not switch it off has failed. Without that section, a board
    that is not enabled was switched off if that was done here, or if its chips were found; else it may have failed.
    """
    section = at(configuration, "hashboard_config")
    if section is None:
        flag = at(row, "enabled")
        if flag is False and not number_at(row, "chips_count"):
            return False if switched.get(str(at(row, "id"))) is False else None
        return flag if isinstance(flag, bool) else None
    own = next((board for board in rows_at(section, "hashboards") if str(at(board, "id")) == str(at(row, "id"))), None)
    return at(own, "enabled") is not False


def decode_pool_groups(groups: object) -> PoolReading:
    """Return the pool in use of `/pools`: the first that is active, of the first group that has one."""
    rows = [row for group in (groups if isinstance(groups, list) else []) for row in rows_at(group, "pools")]
    return pool_in_use((at(row, "url"), _rest_pool_state(row), at(row, "active") is True) for row in rows)


def _rest_pool_state(row: object) -> str | None:
    if at(row, "enabled") is False:
        return "disabled"
    is_alive = at(row, "alive")
    return None if not isinstance(is_alive, bool) else "alive" if is_alive else "dead"


def _target(tuner: object) -> float | None:
    for state in (at(tuner, "mode_state") or {}).values() if isinstance(at(tuner, "mode_state"), dict) else ():
        if (watts := number_at(state, "current_target", "watt")) is not None:
            return watts
    return None
