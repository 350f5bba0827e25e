"""Which registers a device has, and which it refuses for a while only.

A refusal is never permanent: a device refuses registers while it starts, is updated or is busy. A register that was
never read is tried again with increasing delay; one that was read before is tried at each reading.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from ..._lib.backoff import Backoff, RetryPolicy
from .registers import Register
from .template_schema import MAX_REGISTERS

_GAP: Final = 6
_RETRY: Final = RetryPolicy(60.0, 3600.0, jitter=(1.0, 1.0))
_PATIENCE: Final = 3
"""How many readings in a row may refuse a known block before its registers are read individually."""
_VALID_S: Final = 300.0
"""How long the last reading of a refused register is used."""


def blocks(registers: list[Register], max_registers: int = MAX_REGISTERS) -> list[list[Register]]:
    """Return groups of registers that are read in one request: same table, small gaps, not too many registers."""
    done: list[list[Register]] = []
    for register in sorted(registers, key=lambda item: (item.space, item.address)):
        last = done[-1] if done else None
        if (
            last
            and last[0].space == register.space
            and register.address - (last[-1].address + last[-1].words) <= _GAP
            and register.address + register.words - last[0].address <= max_registers
        ):
            last.append(register)
        else:
            done.append([register])
    return done


class RegisterAvailability:
    """The registers of one device."""

    def __init__(
        self, registers: Iterable[Register], clock: Callable[[], float], max_registers: int = MAX_REGISTERS
    ) -> None:
        self._registers = list(registers)
        self._clock = clock
        self._max_registers = max_registers
        self._read_at: dict[str, float] = {}
        self._alone: set[str] = set()
        self._retry_at: dict[str, float] = {}
        self._retries: dict[str, Backoff] = {}
        self._refusals: dict[tuple[str, ...], int] = {}

    @property
    def absent(self) -> frozenset[str]:
        """The registers that the device has refused so far."""
        return frozenset(self._retry_at)

    def blocks(self) -> list[list[Register]]:
        """Return the groups of registers that are due."""
        now = self._clock()
        due = [item for item in self._registers if self._retry_at.get(item.key, now) <= now]
        groups = [item for item in due if item.key not in self._alone and item.key not in self._retry_at]
        together = blocks(groups, self._max_registers)
        return together + [[item] for item in due if item.key in self._alone or item.key in self._retry_at]

    def has_read(self, keys: Collection[str]) -> None:
        """Record registers that the device answered."""
        now = self._clock()
        for key in keys:
            self._read_at[key] = now
            self._retry_at.pop(key, None)
            self._retries.pop(key, None)

    def has_read_block(self, keys: Collection[str]) -> None:
        """Record a block that the device answered in one request."""
        self.has_read(keys)
        self._refusals[tuple(keys)] = 0

    def is_temporary(self, keys: Collection[str]) -> bool:
        """Return whether the refusal of a block is taken for a temporary one: it was answered before."""
        block = tuple(keys)
        if block not in self._refusals:
            return False
        self._refusals[block] += 1
        return self._refusals[block] <= _PATIENCE

    def refuse(self, key: str) -> None:
        """Record a refused register: one that was never read is tried again later."""
        if key not in self._read_at:
            backoff = self._retries.setdefault(key, Backoff(_RETRY))
            self._retry_at[key] = self._clock() + backoff.next_s()

    def separate(self, keys: Iterable[str]) -> None:
        """Read these registers individually from now on."""
        self._alone.update(keys)

    def is_recent(self, key: str) -> bool:
        """Return whether the last reading of a register is still used."""
        return self._clock() - self._read_at.get(key, -1e12) <= _VALID_S
