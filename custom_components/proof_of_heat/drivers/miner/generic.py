"""All other makes and firmware that pyasic supports (Auradine, Mara, ePIC …).

Supports what pyasic's class implements and what can be read back: power only if the miner also reports its limit.
"""

from dataclasses import replace
from typing import Any, Final

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import BadReplyError, RefusedError, UnreachableError
from ..operations import Operation
from .generic_pages import (
    AURADINE,
    ELPHAPEX,
    MODEL_PAGES,
    model_in,
    read_pages,
    with_auradine,
    with_elphapex,
    with_socket,
)
from .models import IdentifiedClient, MinerFamily, MinerInfo, MinerReading
from .pyasic_adapter import PyasicModules, board_readings, cancellable, gather_data, library, pool_of, reading_of
from .readings import decode_shares, query_socket

_SOCKET: Final = ("summary", "pools", "devs")
_METHODS: Final = {
    Operation.REBOOT: "reboot",
    Operation.RESTART_MINING: "restart_backend",
    Operation.LOCATE: "fault_light_on",
    Operation.STOP_LOCATING: "fault_light_off",
}


class GenericClient(IdentifiedClient):
    """A miner without a client of its own."""

    def __init__(self, host: str, password: str | None) -> None:
        self._host = host
        self._password = password
        self._miner: Any = None
        self._lib: PyasicModules | None = None

    async def identify(self) -> MinerInfo:
        """Identify the miner by pyasic's discovery."""
        self._lib = lib = await library()
        try:
            self._miner = await cancellable(lib.factory.get_miner(self._host))
        except lib.errors as err:
            raise UnreachableError(str(err)) from err
        if self._miner is None:
            raise UnreachableError("no miner answers at this address")
        for side in (self._miner.rpc, self._miner.web):
            if side is not None and self._password:
                side.pwd = self._password
        make = str(self._miner.make or "Miner")
        page = MODEL_PAGES.get(make.lower())
        model = None if page is None else model_in(await self._pages(lib, page))
        self._info = MinerInfo(family=MinerFamily.OTHER, make=make, model=model or str(self._miner.model))
        return self._info

    async def _pages(self, lib: PyasicModules, *names: str) -> dict[str, Any]:
        return {} if self._miner.web is None else await read_pages(self._miner.web, lib.errors, *names)

    async def capabilities(self) -> Capabilities:
        """Return the capabilities: pyasic's class overrides the methods that it supports."""
        controls = set()
        if self._overrides("set_power_limit") and (await self.read()).power_limit_w is not None:
            controls.add(Control.POWER)
        if self._overrides("stop_mining") and self._overrides("resume_mining"):
            controls.add(Control.ON_OFF)
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset(controls),
            reads_power=True,
            reads_heat=True,
            settle_s=300.0,
            min_write_interval_s=120.0,
        )

    def _overrides(self, name: str) -> bool:
        return any(
            name in vars(kind) and kind.__name__ not in ("MinerProtocol", "BaseMiner", "UnknownMiner")
            for kind in type(self._miner).__mro__
        )

    async def read(self) -> MinerReading:
        """Read all groups; a miner without any reply is unreachable, not off."""
        lib = self._lib
        if lib is None or self._miner is None:
            raise BadReplyError("the miner is not identified yet")
        data = await gather_data(lib, self._miner, ("pools",))
        try:
            mining = await cancellable(self._miner.is_mining())
        except lib.errors:
            mining = None
        if mining is None and all(data.get(name) is None for name in ("hashrate", "wattage", "uptime")):
            raise UnreachableError("no answer")
        replies = await query_socket(self._host, *_SOCKET) if self._miner.rpc is not None else {}
        best, blocks = decode_shares(replies.get("summary"))
        reading = replace(
            reading_of(data, mining=mining),
            board_readings=board_readings(data),
            pool=pool_of(data),
            best_share=best,
            found_blocks=blocks,
        )
        reading = with_socket(reading, replies)
        make = str(self._miner.make).lower()
        if make == AURADINE:
            return with_auradine(reading, await self._pages(lib, "fan", "temperature"))
        if make == ELPHAPEX:
            return with_elphapex(reading, await self._pages(lib, "summary", "stats", "pools"))
        return reading

    async def set_running(self, running: bool) -> None:
        """Stop or resume mining."""
        await self._call(self._miner.resume_mining if running else self._miner.stop_mining)

    async def set_power(self, watts: float) -> None:
        """Set the power limit."""
        await self._call(self._miner.set_power_limit, round(watts))

    async def set_mode(self, mode: str) -> None:
        """Not supported."""
        raise RefusedError(f"unknown mode {mode}")

    async def operate(self, operation: Operation) -> None:
        """Call pyasic's method. Some return False for a command that the miner rejected, others for one it accepted."""
        await self._call(getattr(self._miner, _METHODS[operation]))

    async def _call(self, method: Any, *arguments: int) -> None:
        assert self._lib is not None
        try:
            await cancellable(method(*arguments))
        except self._lib.errors as err:
            raise UnreachableError(str(err)) from err
