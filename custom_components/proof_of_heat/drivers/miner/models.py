"""Readings of a miner of any make, and the protocol of a client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from ..._lib.heat_source import Capabilities
from ..errors import BadReplyError, RefusedError
from ..operations import Operation
from .power_presets import NO_PRESETS, PowerPresets
from .readings import BoardReading, PoolReading


class MinerFamily(StrEnum):
    """The firmware family, which determines the protocol."""

    ANTMINER = "antminer"
    WHATSMINER = "whatsminer"
    BRAIINS = "braiins"
    BITAXE = "bitaxe"
    VNISH = "vnish"
    LUXOS = "luxos"
    AVALON = "avalon"
    PROTO = "proto"
    SEALMINER = "sealminer"
    OTHER = "other"
    """All others that pyasic supports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerInfo:
    """Identity of a miner. Field names are stored."""

    family: MinerFamily
    make: str
    model: str
    firmware: str | None = None
    mac: str | None = None
    serial: str | None = None
    variant: str = ""
    """Dialect within the family ("v2", "v3", "rest", "graphql")."""


_PLAUSIBLE: Final[Mapping[str, tuple[float, float]]] = {
    "power_w": (0.0, 100_000.0),
    "power_limit_w": (0.0, 100_000.0),
    "hashrate_ths": (0.0, 100_000.0),
    "expected_ths": (0.0, 100_000.0),
    "board_c": (0.5, 150.0),
    "chip_c": (0.5, 150.0),
    "inlet_c": (0.5, 150.0),
    "outlet_c": (0.5, 150.0),
    "ambient_c": (-50.0, 90.0),
    "fan_rpm": (0.0, 50_000.0),
    "uptime_s": (0.0, 1e10),
    "best_share": (1.0, 1e30),
    "found_blocks": (0.0, 1e6),
}
"""A board or chip is warmer than 0 °C; 0 is what firmware reports without a sensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerReading:
    """The reading of a miner. None: not reported."""

    mining: bool | None
    """False: paused or asleep by command. True also while it starts or waits for a pool."""
    power_w: float | None = None
    power_limit_w: float | None = None
    """As it is set."""
    scaled_limit_w: float | None = None
    """The lower limit to which the miner reduced itself; None if it does not, or does not report it."""
    hashrate_ths: float | None = None
    expected_ths: float | None = None
    mode: str | None = None
    preset: str | None = None
    """The name of the power preset."""
    board_c: float | None = None
    chip_c: float | None = None
    inlet_c: float | None = None
    """The lowest temperature of the air or liquid that flows into the boards."""
    outlet_c: float | None = None
    """The highest temperature of the air or liquid that flows out of the boards."""
    ambient_c: float | None = None
    fan_rpm: float | None = None
    uptime_s: float | None = None
    locating: bool | None = None
    """Whether the light is on that shows where it is."""
    boards_up: int | None = None
    boards: int | None = None
    board_readings: tuple[BoardReading, ...] = ()
    pool: PoolReading = field(default=PoolReading())
    best_share: float | None = None
    """The difficulty of the best share, since the start of the miner; all-time for AxeOS."""
    found_blocks: float | None = None
    faults: tuple[str, ...] = field(default=())
    thermal_management: bool | None = None
    """Whether the miner's own thermal management is on, where a command switches it off for a moment."""

    def __post_init__(self) -> None:
        """Make values unknown that no miner measures: firmware reports a missing sensor as -1 or 0."""
        for name, (low, high) in _PLAUSIBLE.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                object.__setattr__(self, name, None)
        if self.power_w == 0 and self.mining and self.hashrate_ths:  # it hashes: 0 W is a missing sensor
            object.__setattr__(self, "power_w", None)

    @property
    def efficiency_j_th(self) -> float | None:
        """Efficiency in joules per terahash while mining; else None."""
        if not self.power_w or not self.hashrate_ths:
            return None
        return self.power_w / self.hashrate_ths


class IdentifiedClient:
    """What every client knows after `identify`."""

    _info: MinerInfo | None = None
    _presets: PowerPresets = NO_PRESETS

    @property
    def info(self) -> MinerInfo:
        """Model and firmware; available after `identify`."""
        if self._info is None:
            raise BadReplyError("the miner is not identified yet")
        return self._info

    @property
    def presets(self) -> PowerPresets:
        """The power presets; available after `identify`."""
        return self._presets

    async def switch_board(self, board_id: str, on: bool) -> None:
        """Not supported, unless the client of the firmware does it."""
        raise RefusedError(f"the firmware does not switch board {board_id} {'on' if on else 'off'}")


class MinerClient(Protocol):
    """The client of a miner. Every method raises DriverError."""

    @property
    def info(self) -> MinerInfo:
        """Identity; available after `identify`."""

    @property
    def presets(self) -> PowerPresets:
        """The power presets of the firmware; those are known after `identify`."""

    async def identify(self) -> MinerInfo:
        """Read the identity."""

    async def capabilities(self) -> Capabilities:
        """Return the capabilities."""

    async def read(self) -> MinerReading:
        """Return the reading."""

    async def set_running(self, running: bool) -> None:
        """Pause or resume mining."""

    async def set_power(self, watts: float) -> None:
        """Set the power limit."""

    async def set_mode(self, mode: str) -> None:
        """Set a mode by name."""

    async def operate(self, operation: Operation) -> None:
        """Start one of the operations that `operations_of` lists for the miner."""

    async def switch_board(self, board_id: str, on: bool) -> None:
        """Switch one of the boards that have a `board_id`."""
