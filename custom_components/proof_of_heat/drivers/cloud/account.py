"""What the miner clouds share: rigs fetched together, kept for a moment, never asked twice at once."""

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
    """One rig as its cloud tells it."""

    id: str
    name: str
    mining: bool | None
    """None: offline, so nothing is known."""
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


class CloudAccount(ABC):
    """One account. Every method raises DriverError."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rigs: dict[str, Rig] = {}
        self._at = -math.inf
        self._lock = asyncio.Lock()

    async def rigs(self, max_age_s: float = _FRESH_S) -> dict[str, Rig]:
        """All rigs by id, not older than `max_age_s`."""
        async with self._lock:
            if self._clock() - self._at > max_age_s:
                self._rigs = await self._fetch()
                self._at = self._clock()
            return self._rigs

    async def rig(self, rig_id: str) -> Rig:
        """One rig; RefusedError when the account has none of that id."""
        found = (await self.rigs()).get(rig_id)
        if found is None:
            raise RefusedError(f"the account has no rig {rig_id} any more")
        return found

    def forget(self) -> None:
        """The next question goes out."""
        self._at = -math.inf

    @abstractmethod
    async def _fetch(self) -> dict[str, Rig]:
        """Ask the cloud."""

    @abstractmethod
    async def set_running(self, rig_id: str, running: bool) -> None:
        """Start or stop."""

    @abstractmethod
    async def set_mode(self, rig_id: str, mode: str) -> None:
        """Choose a power mode or profile."""
