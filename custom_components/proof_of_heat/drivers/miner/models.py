"""What a miner tells, whatever its make, and what a client has to offer."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ..._lib.heat_source import Capabilities


class MinerFamily(StrEnum):
    """How to speak to a miner."""

    ANTMINER = "antminer"
    WHATSMINER = "whatsminer"
    BRAIINS = "braiins"
    BITAXE = "bitaxe"
    VNISH = "vnish"
    LUXOS = "luxos"
    OTHER = "other"
    """Whatever else pyasic knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerInfo:
    """Who it is."""

    family: MinerFamily
    make: str
    model: str
    firmware: str | None = None
    mac: str | None = None
    serial: str | None = None
    variant: str = ""
    """Dialect within the family ("v2", "v3", "rest", "graphql")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerReading:
    """One reading. None: the miner does not say."""

    mining: bool | None
    """False: paused or asleep by command. A miner that starts or waits for a pool is True."""
    power_w: float | None = None
    power_limit_w: float | None = None
    hashrate_ths: float | None = None
    expected_ths: float | None = None
    mode: str | None = None
    board_c: float | None = None
    chip_c: float | None = None
    ambient_c: float | None = None
    fan_rpm: float | None = None
    uptime_s: float | None = None
    boards_up: int | None = None
    boards: int | None = None
    faults: tuple[str, ...] = field(default=())

    @property
    def efficiency_j_th(self) -> float | None:
        """Joules per terahash, while it hashes."""
        if not self.power_w or not self.hashrate_ths:
            return None
        return self.power_w / self.hashrate_ths


class MinerClient(Protocol):
    """A way to one miner. Every method raises DriverError."""

    @property
    def info(self) -> MinerInfo:
        """Known after `identify`."""

    async def identify(self) -> MinerInfo:
        """Ask who it is."""

    async def capabilities(self) -> Capabilities:
        """What it can do."""

    async def read(self) -> MinerReading:
        """Ask for everything."""

    async def set_running(self, running: bool) -> None:
        """Pause or resume."""

    async def set_power(self, watts: float) -> None:
        """Set the power limit."""

    async def set_mode(self, mode: str) -> None:
        """Set a named mode."""
