"""Operations that a user starts: restarts, and lights that show where a device is.

They are not part of control: a cycle never starts one, and none has a lease. A driver lists those that its device has
without asking it, so that their entities exist while the device is unreachable.
"""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Final

from .._lib.heat_source import CommandResult


class Operation(StrEnum):
    """An operation. The values are entity keys."""

    REBOOT = "reboot"
    """Restart the whole device."""
    RESTART_MINING = "restart_mining"
    """Restart the program that mines; the controller keeps running."""
    IDENTIFY = "identify"
    """Make the device show itself for some seconds."""
    LOCATE = "locate"
    """Turn on the light that shows where the device is; it stays on."""
    STOP_LOCATING = "stop_locating"


LOCATE_LIGHT: Final = "locate_light"
"""The key of the light's state in the readings; missing where the device does not report it."""


class Operable(ABC):
    """A source with operations."""

    @property
    @abstractmethod
    def operations(self) -> frozenset[Operation]:
        """The operations of this device."""

    @abstractmethod
    async def operate(self, operation: Operation) -> CommandResult:
        """Start an operation. The state of a light is confirmed by reading it."""


class BoardSwitches(ABC):
    """A source whose hash boards the user switches singly. Control never does, and restores none of them."""

    @property
    @abstractmethod
    def switchable_boards(self) -> frozenset[int]:
        """The numbers of the boards, from 1, that the device reports as on or off."""

    @abstractmethod
    def is_board_on(self, number: int) -> bool | None:
        """Return whether the user left a board on, as the device reports it; None where it does not."""

    @abstractmethod
    async def switch_board(self, number: int, on: bool) -> CommandResult:
        """Switch a board permanently. Pending until the device reports it."""


class PresetChoice(ABC):
    """A source whose firmware has tuning presets, each with a power."""

    @property
    @abstractmethod
    def has_presets(self) -> bool:
        """Whether the firmware has presets, known without asking the device."""

    @property
    @abstractmethod
    def presets(self) -> tuple[str, ...]:
        """The presets with their power, by ascending power; empty while the device has not been read."""

    @property
    @abstractmethod
    def preset(self) -> str | None:
        """The preset that the device reports."""

    @abstractmethod
    async def choose_preset(self, label: str) -> CommandResult:
        """Set a preset permanently: verified like a command, but without a lease that would revert it."""
