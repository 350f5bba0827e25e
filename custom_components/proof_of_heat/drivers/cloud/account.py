"""Base of miner cloud accounts: all rigs are fetched with one request and kept for some seconds."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import math
import time
from typing import Final

from ..errors import RefusedError

_FRESH_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A rig as reported by its cloud."""

    id: str
    name: str
    mining: bool | None
    """None: offline, hence unknown."""
    online: bool
    power_w: float | None = None
    hashrate_ths: float | None = None
    mode: str | None = None
    controllable: bool = True
    modes: tuple[str, ...] = ()
    chip_c: float | None = None
    profitability_btc_day: float | None = None
    detail: str = ""
    extra: dict[str, float | str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make a power of 0 W unknown while the rig hashes: its sensor is missing."""
        if self.power_w == 0 and self.mining and self.hashrate_ths:
            object.__setattr__(self, "power_w", None)


class CloudAccount(ABC):
    """A cloud account. Every method raises DriverError."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rigs: dict[str, Rig] = {}
        self._at = -math.inf
        self._lock = asyncio.Lock()

    async def rigs(self, max_age_s: float = _FRESH_S) -> dict[str, Rig]:
        """Return all rigs by ID, not older than `max_age_s`."""
        async with self._lock:
            if self._clock() - self._at > max_age_s:
                self._rigs = await self._fetch()
                self._at = self._clock()
            return self._rigs

    async def rig(self, rig_id: str) -> Rig:
        """Return a rig; RefusedError if the account has none with this ID."""
        found = (await self.rigs()).get(rig_id)
        if found is None:
            raise RefusedError(f"the account no longer has the rig {rig_id}")
        return found

    def invalidate(self) -> None:
        """Fetch the rigs at the next access."""
        self._at = -math.inf

    @abstractmethod
    async def _fetch(self) -> dict[str, Rig]:
        """Fetch all rigs from the cloud."""

    @abstractmethod
    async def set_running(self, rig_id: str, running: bool) -> None:
        """Start or stop mining."""

    @abstractmethod
    async def set_mode(self, rig_id: str, mode: str) -> None:
        """Set a power mode or profile."""
