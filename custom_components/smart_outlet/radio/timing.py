"""Half-duplex timing of HC-12 modules, from the transfer delays of their V2.4 manual.

A request takes: its bytes into the module, the transfer delay, the outlet's own pause before it answers, the
answer's bytes and the transfer delay back. Only after all of that a request counts as lost.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .frame import MAX_FRAME

BITS_PER_BYTE = 10
"""8N1."""
OUTLET_PAUSE_S = 0.02
"""What an outlet waits before it answers, so that the sender's module is listening again."""


class Mode(StrEnum):
    """Transmission modes of the module (AT+FUx)."""

    FU1 = "FU1"
    FU2 = "FU2"
    FU3 = "FU3"
    FU4 = "FU4"


TRANSFER_DELAY_S = {Mode.FU1: 0.025, Mode.FU2: 0.5, Mode.FU3: 0.08, Mode.FU4: 1.0}
"""Longest delay from a module's RX pin to the other module's TX pin."""
MODE_BAUDS = {
    Mode.FU1: (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200),
    Mode.FU2: (1200, 2400, 4800),
    Mode.FU3: (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200),
    Mode.FU4: (1200,),
}


@dataclass(frozen=True, slots=True)
class LinkTiming:
    """How long the link waits and how often it tries.

    Attributes:
        answer_s: From the last byte written to a request that counts as lost.
        gap_s: Silence kept before a request, so that the module has turned from receiving to sending.
        jitter_s: Up to this much is added before a repetition, doubled with each one: two controllers on one
            channel do not stay in step.
        attempts: How often a request is sent before the outlet counts as unreachable.
    """

    answer_s: float
    gap_s: float = 0.01
    jitter_s: float = 0.05
    attempts: int = 5

    @classmethod
    def of(cls, mode: Mode, baud: int) -> Self:
        """Timing for a mode and a baud rate of the serial port."""
        on_wire = 2 * MAX_FRAME * BITS_PER_BYTE / baud
        return cls(answer_s=on_wire + 2 * TRANSFER_DELAY_S[mode] + OUTLET_PAUSE_S)

    def backoff_s(self, attempt: int, random: float) -> float:
        """Pause before repetition ``attempt`` (1 = the first one).

        Args:
            attempt: 1 to attempts - 1.
            random: 0 to 1.
        """
        return self.jitter_s * float(1 << (attempt - 1)) * random
