"""What all simulated miners have in common: a machine that turns watts into hashes, and the 4028 protocol."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import json
from typing import Any, Final

from .world.clock import WorldClock

MINER_FAULTS: Final = {
    "deaf": "accepts writes and does nothing",
    "hot": "chips at this temperature in degC (default 95)",
    "board_dead": "one hash board is down",
}


@dataclass(slots=True)
class Machine:
    """The hardware of a miner. ``boot_s``: seconds from a change of state until it hashes again.

    Power follows the limit while it hashes, `boot_w` while it starts, `idle_w` while it is off.
    """

    clock: WorldClock
    rated_w: float
    ths: float
    """At rated power; less power hashes a little more efficiently."""
    idle_w: float = 15.0
    boot_w: float = 250.0
    boot_s: float = 60.0
    min_w: float = 0.0
    limit_w: float = 0.0
    running: bool = True
    boards: int = 3
    boards_share_limit: bool = False
    """Of a profile, each board has its part: the others do not take over that of one that is off."""
    boards_off: set[int] = field(default_factory=set)
    """Switched off by the user; counted from 0."""
    _since: float = -1e9
    _energy_kwh: float = 0.0
    _hashed_th: float = 0.0
    _counted_at: float = 0.0

    def __post_init__(self) -> None:
        self.limit_w = self.limit_w or self.rated_w

    def restart(self) -> None:
        """Start hashing again."""
        self._count()
        self._since = self.clock.elapsed()

    def set_running(self, running: bool) -> None:
        """Switch the hash boards."""
        if running != self.running:
            self._count()
            self.running = running
            self._since = self.clock.elapsed()

    def set_limit(self, watts: float, *, restarts: bool = True) -> None:
        """Change the power limit."""
        if watts != self.limit_w:
            self._count()
            self.limit_w = watts
            if restarts:
                self._since = self.clock.elapsed()

    def switch_board(self, board: int, on: bool) -> None:
        """Switch a board; the others are tuned again, too."""
        if on != (board in self.boards_off):
            return
        self._count()
        self.boards_off ^= {board}
        self._since = self.clock.elapsed()

    @property
    def on_share(self) -> float:
        """Part of the boards that are switched on."""
        return 1 - len(self.boards_off) / self.boards

    def board_ths(self, board: int) -> float:
        """Output of a board."""
        if board in self.boards_off:
            return 0.0
        return self.hash_ths / (self.boards - len(self.boards_off))

    @property
    def hashing(self) -> bool:
        """Whether it hashes now."""
        return self.running and self.clock.elapsed() - self._since >= self.boot_s

    @property
    def elapsed_s(self) -> int:
        """Since the last start."""
        return int(min(self.clock.elapsed() - self._since, self.clock.elapsed() + 50_000))

    @property
    def power_w(self) -> float:
        """At the wall."""
        return self._power_w(hashing=self.hashing)

    @property
    def hash_ths(self) -> float:
        """Output."""
        return self._hash_ths() if self.hashing else 0.0

    @property
    def energy_kwh(self) -> float:
        """Consumed since the start of the simulation."""
        self._count()
        return self._energy_kwh

    @property
    def hashed_th(self) -> float:
        """Hashes in TH since the start of the simulation."""
        self._count()
        return self._hashed_th

    def chip_c(self, board: int = 0) -> float:
        """Chip temperature of a board."""
        return 24.0 + (38.0 * self.power_w / self.rated_w if self.running else 4.0) + board

    def _power_w(self, *, hashing: bool) -> float:
        if not self.running or not self.on_share:
            return self.idle_w
        if not hashing:
            return self.boot_w
        return min(
            self.limit_w * (self.on_share if self.boards_share_limit else 1.0), self.rated_w * 1.1 * self.on_share
        )

    def _hash_ths(self) -> float:
        if not self.on_share:
            return 0.0
        share = self._power_w(hashing=True) / self.rated_w
        return float(self.ths * share**0.9)

    def _count(self) -> None:
        """Count since the last time; it may have begun to hash in between."""
        now, before = self.clock.elapsed(), self._counted_at
        hashes_at = min(max(self._since + self.boot_s, before), now) if self.running else now
        self._energy_kwh += self._power_w(hashing=False) * (hashes_at - before) / 3.6e6
        self._energy_kwh += self._power_w(hashing=True) * (now - hashes_at) / 3.6e6
        self._hashed_th += self._hash_ths() * (now - hashes_at)
        self._counted_at = now

    def truth(self) -> dict[str, Any]:
        """For the control port."""
        return {
            "running": self.running,
            "hashing": self.hashing,
            "limit_w": self.limit_w,
            "power_w": round(self.power_w, 1),
            "hash_ths": round(self.hash_ths, 3),
            "boards_off": sorted(self.boards_off),
            "energy_kwh": round(self.energy_kwh, 4),
        }


type Commands = Callable[[str, dict[str, Any]], dict[str, Any] | None]
"""Command name and the whole request -> answer, or None for an unknown command."""


def cgminer_status(code: int, message: str, description: str, *, ok: bool = True, when: int = 0) -> dict[str, Any]:
    """The STATUS list of the cgminer family."""
    status = {
        "STATUS": "S" if ok else "E",
        "When": when,
        "Code": code,
        "Msg": message,
        "Description": description,
    }
    return {"STATUS": [status], "id": 1}


async def read_json(reader: asyncio.StreamReader, limit: int = 65536) -> dict[str, Any] | None:
    """One JSON object, which the client may leave unterminated; None for what is not JSON."""
    data = b""
    while len(data) < limit:
        chunk = await asyncio.wait_for(reader.read(4096), 10)
        if not chunk:
            break
        data += chunk
        try:
            value = json.loads(data.rstrip(b"\0\n "))
        except ValueError:
            continue
        return value if isinstance(value, dict) else None
    return None


async def cgminer_exchange(reader: asyncio.StreamReader, commands: Commands, description: str) -> bytes:
    """Answer one 4028 request: `a+b` joins commands and wraps each answer in a list."""
    request = await read_json(reader)
    if request is None:
        answer = cgminer_status(23, "Invalid JSON", description, ok=False)
    elif "+" in (name := str(request.get("command", ""))):
        answer = {"id": 1}
        for part in name.split("+"):
            answer[part] = [commands(part, request) or _unknown(part, description)]
    else:
        answer = commands(name, request) or _unknown(name, description)
    return json.dumps(answer).encode() + b"\0"


def _unknown(_name: str, description: str) -> dict[str, Any]:
    return cgminer_status(14, "Invalid command", description, ok=False)
