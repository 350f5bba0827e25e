"""Modbus registers: how a value is stored in them, and how a control is written."""

from dataclasses import dataclass
from enum import StrEnum
import math
import struct
from typing import Final

from .template_schema import TemplateError
from .word_order import is_placeholder

WORDS: Final = {"int8": 1, "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2}
_CODES: Final = {"int8": ">h", "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}


class AddressSpace(StrEnum):
    """The Modbus table that contains a register."""

    HOLDING = "holding"
    INPUT = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A value in one or two registers. `address` is the protocol address, starting at 0."""

    key: str
    address: int
    space: AddressSpace = AddressSpace.HOLDING
    data_type: str = "int16"
    scale: float = 1.0
    offset: float = 0.0
    unit: str | None = None
    invalid: tuple[float, ...] = ()
    """Raw values that mean that there is no value."""
    zero: tuple[float, ...] = ()
    """Raw values that mean 0: a device that reports 8000 or 65535 while there is no fault."""
    minimum: float | None = None
    maximum: float | None = None
    on_values: tuple[int, ...] = ()
    """Raw values that mean on; others mean off. Makes the value a boolean."""
    low_word_first: bool = False
    any_word_order: bool = False
    """The order depends on the firmware. Counters grow slowly, so that the smaller word is the high one."""

    @property
    def words(self) -> int:
        """Number of registers."""
        return WORDS[self.data_type]

    def is_low_word_first(self, words: list[int]) -> bool:
        """Return whether the words of a reading are in reverse order."""
        return words[0] > words[-1] if self.any_word_order else self.low_word_first

    def decode(self, words: list[int], *, low_word_first: bool | None = None) -> float | bool | None:
        """Return the value of raw registers; None if it is marked invalid, not finite or out of range.

        ``low_word_first``: the known order of the device, for registers whose order depends on the firmware.
        """
        if self.any_word_order and low_word_first is None and is_placeholder(words):
            return None
        is_reversed = self.is_low_word_first(words)
        if low_word_first is not None and self.any_word_order:
            is_reversed = low_word_first
        ordered = words[::-1] if is_reversed else words
        if self.data_type == "int8":  # in the low byte; the high one is 0 or repeats the sign
            ordered = [(words[0] & 0x7F) - (words[0] & 0x80) & 0xFFFF]
        raw: float = struct.unpack(_CODES[self.data_type], struct.pack(f">{len(ordered)}H", *ordered))[0]
        if raw in self.zero:
            return 0.0
        if not math.isfinite(raw) or raw in self.invalid:
            return None
        if self.on_values:
            return raw in self.on_values
        value = raw * self.scale + self.offset
        return round(value, 4) if self.is_in_range(value) else None

    def is_in_range(self, value: float) -> bool:
        """Return whether the value is within the range in which it is read as valid."""
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def encode(self, value: float) -> list[int]:
        """Return the raw registers of a value.

        Raises:
            TemplateError: the value does not fit the data type.
        """
        raw = (value - self.offset) / self.scale
        number = float(raw) if self.data_type == "float32" else round(raw)
        try:
            packed = struct.pack(_CODES[self.data_type], number)
        except (struct.error, OverflowError) as err:
            raise TemplateError(f"{self.key}: {value:g} does not fit {self.data_type}") from err
        words = list(struct.unpack(f">{self.words}H", packed))
        return words[::-1] if self.low_word_first else words


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlWrite:
    """How a control is written."""

    register: Register
    minimum: float | None = None
    maximum: float | None = None
    step: float = 0.0
    on: float | None = None
    off: float | None = None
    requires: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """Keys of registers with the values that make this control effective: in another mode, the same register sets
    something else."""
    repeat_s: float = 0.0
    """Interval at which the value is written again during a command, for devices that forget it. 0: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """A register without whose writes the device returns to its own control."""

    register: Register
    values: tuple[float, ...]
    """Written in turn: alternating values of a heartbeat, or one value of a lease that counts down."""
    every_s: float
    expires_s: float
    """Time after the last write until the device falls back."""
