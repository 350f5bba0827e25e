"""Proto Rig over its REST interface.

Facts: Proto's own description of the interface and its simulator (block/proto-fleet), a public capture (asic-rs).
Reading the model needs no password, anything else a token, which ends without notice. The power at the wall is that of
the power supplies' inputs; the miner's own value is less. The light that locates it goes out by itself.
"""

import contextlib
from typing import Any, Final

import aiohttp

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import AuthError, BadReplyError, DriverError, RefusedError, UnreachableError
from ..http import JsonHttp, dumps
from ..operations import Operation
from ..values import at, highest, number_at, rows_at, scaled
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .readings import BoardReading, PoolReading, pool_in_use

_API: Final = "/api/v1"
_TELEMETRY: Final = "/telemetry?level=miner,hashboard,psu"
_MINING: Final = {
    "Mining": True,
    "DegradedMining": True,
    "PoweringOn": True,
    "Starting": True,
    "NoPools": True,
    "PoweringOff": False,
    "Stopped": False,
    "Curtailed": False,
}
"""Of other states it is unknown."""
_FAULTY: Final = {"DegradedMining": "degraded", "Error": "error"}


class ProtoClient(IdentifiedClient):
    """A Proto Rig."""

    def __init__(self, session: aiohttp.ClientSession, host: str, password: str, port: int = 80) -> None:
        self._http = JsonHttp(session, f"http://{host}:{port}")
        self._password = password
        self._token: str | None = None

    async def identify(self) -> MinerInfo:
        """Read model, firmware and address, which need no password, and sign in."""
        system = await self._http.request("GET", f"{_API}/system")
        network = await self._http.request("GET", f"{_API}/network")
        info = decode_info(system, network)
        await self._call("GET", "/mining")
        self._info = info
        return info

    async def capabilities(self) -> Capabilities:
        """On and off, and the power target within its limits."""
        target = await self._optional("/mining/target")
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset({Control.ON_OFF, Control.POWER}),
            min_power_w=number_at(target, "power_target_min_watts"),
            max_power_w=number_at(target, "power_target_max_watts"),
            reads_power=True,
            reads_heat=True,
            settle_s=300.0,
            min_write_interval_s=60.0,
        )

    async def read(self) -> MinerReading:
        """Read the state; what else cannot be read is unknown."""
        mining = await self._call("GET", "/mining")
        return decode_reading(
            mining,
            telemetry=await self._optional(_TELEMETRY),
            cooling=await self._optional("/cooling"),
            errors=await self._optional("/errors"),
            pool=decode_pools(await self._optional("/pools")),
        )

    async def set_running(self, running: bool) -> None:
        """Start or stop mining."""
        await self._call("POST", f"/mining/{'start' if running else 'stop'}")

    async def set_power(self, watts: float) -> None:
        """Set the power target."""
        await self._call("PUT", "/mining/target", dumps({"power_target_watts": round(watts)}))

    async def set_mode(self, mode: str) -> None:
        """Not supported."""
        raise RefusedError(f"unknown mode {mode}")

    async def operate(self, operation: Operation) -> None:
        """Restart, or let the light blink for a while. A miner that restarts may not finish its answer."""
        if operation is not Operation.REBOOT:
            await self._call("POST", "/system/locate")
            return
        await self._call("GET", "/mining")  # shows that it is available and accepts the password
        with contextlib.suppress(BadReplyError, UnreachableError):
            await self._call("POST", "/system/reboot")

    async def _optional(self, path: str) -> Any:
        with contextlib.suppress(RefusedError, BadReplyError):
            return await self._call("GET", path)
        return None

    async def _call(self, method: str, path: str, body: bytes | None = None) -> Any:
        for attempt in (0, 1):
            if self._token is None:
                self._token = await self._login()
            headers = {"Authorization": f"Bearer {self._token}"}
            try:
                return await self._http.request(method, f"{_API}{path}", body=body, headers=headers)
            except AuthError:  # the token has ended
                self._token = None
                if attempt:
                    raise
        raise BadReplyError(path)

    async def _login(self) -> str:
        reply = await self._http.request("POST", f"{_API}/auth/login", body=dumps({"password": self._password}))
        token = at(reply, "access_token")
        if not isinstance(token, str) or not token:
            raise BadReplyError("the reply has no token")
        return token


async def is_proto(http: JsonHttp) -> bool:
    """Return whether a Proto Rig answers."""
    with contextlib.suppress(DriverError):
        reply = await http.request("GET", f"{_API}/system")
        return bool(at(reply, "system-info", "manufacturer") == "Proto")
    return False


def decode_info(system: object, network: object) -> MinerInfo:
    """Return the identity of `/system` and `/network`."""
    info = at(system, "system-info")
    model = at(info, "product_name") or at(info, "model")
    if at(info, "manufacturer") != "Proto" or not model:
        raise BadReplyError("the device is not a Proto Rig")
    return MinerInfo(
        family=MinerFamily.PROTO,
        make="Proto",
        model=str(model).removeprefix("Proto "),
        firmware=at(info, "os", "version"),
        mac=at(network, "network-info", "mac"),
        serial=at(info, "cb_sn"),
    )


def decode_pools(reply: object) -> PoolReading:
    """Return the pool in use of `/pools`: the first by priority that is connected."""
    rows = sorted(rows_at(reply, "pools"), key=lambda row: number_at(row, "priority") or 0.0)
    return pool_in_use((at(row, "url"), at(row, "status"), None) for row in rows if at(row, "enabled") is not False)


def decode_reading(
    mining: object, *, telemetry: object, cooling: object, errors: object, pool: PoolReading
) -> MinerReading:
    """Return the reading of the replies. Rates are in GH/s in `mining`, in TH/s in `telemetry`."""
    status = at(mining, "mining-status")
    state = at(status, "status")
    if not isinstance(state, str):
        raise BadReplyError("the miner has no state")
    boards = tuple(_board(row) for row in rows_at(telemetry, "hashboards"))
    inputs = [number_at(row, "power", "input") for row in rows_at(telemetry, "psus")]
    supplied = [value for value in inputs if value is not None]
    power_w = sum(supplied) if supplied and len(supplied) == len(inputs) else number_at(status, "power_usage_watts")
    installed, mining_boards = (number_at(status, key) for key in ("hashboards_installed", "hashboards_mining"))
    return MinerReading(
        mining=_MINING.get(state),
        power_w=scaled(power_w, 1.0),
        power_limit_w=number_at(status, "power_target_watts"),
        hashrate_ths=scaled(number_at(status, "hashrate_ghs"), 1e-3),
        expected_ths=scaled(number_at(status, "ideal_hashrate_ghs"), 1e-3),
        board_c=highest([board.board_c for board in boards]),
        chip_c=scaled(number_at(status, "average_asic_temp_c"), 1.0),
        ambient_c=scaled(
            highest([number_at(row, "temperature", "ambient") for row in rows_at(telemetry, "psus")]), 1.0
        ),
        fan_rpm=highest([number_at(fan, "rpm") for fan in rows_at(cooling, "cooling-status", "fans")]),
        uptime_s=number_at(status, "reboot_uptime_s"),
        boards=None if installed is None else int(installed),
        boards_up=None if mining_boards is None else int(mining_boards),
        board_readings=boards,
        pool=pool,
        faults=tuple(_faults(state, errors)),
    )


def _board(row: object) -> BoardReading:
    """Return a board. The air is warmest where it leaves."""
    return BoardReading(
        hashrate_ths=scaled(number_at(row, "hashrate", "value"), 1.0),
        board_c=scaled(number_at(row, "temperature", "outlet"), 1.0),
    )


def _faults(state: str, errors: object) -> list[str]:
    faults = [_FAULTY[state]] if state in _FAULTY else []
    for row in errors if isinstance(errors, list) else []:
        code, message = (at(row, key) for key in ("code", "message"))
        if code or message:
            faults.append(f"{code or ''} {message or ''}".strip())
    return faults
