"""Half-duplex timing of HC-12 modules, from the transfer delays of their V2.4 manual.

A request takes the time of its bytes on the serial port, the transfer delay, the pause of the outlet before it
answers, the bytes of the answer and the transfer delay back. Only then does it count as lost.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .frame import MAX_FRAME

BITS_PER_BYTE = 10
"""8N1."""
OUTLET_PAUSE_S = 0.02
"""Pause of an outlet before it answers, so that the sender's module is receiving again."""


class Mode(StrEnum):
    """Transmission modes of the module (AT+FUx)."""

    FU1 = "FU1"
    FU2 = "FU2"
    FU3 = "FU3"
    FU4 = "FU4"


TRANSFER_DELAY_S = {Mode.FU1: 0.025, Mode.FU2: 0.5, Mode.FU3: 0.08, Mode.FU4: 1.0}
"""Maximum delay from the RX pin of a module to the TX pin of the other."""
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
MODE_BAUDS = {
    Mode.FU1: BAUDS,
    Mode.FU2: (1200, 2400, 4800),
    Mode.FU3: BAUDS,
    Mode.FU4: (1200,),
}


@dataclass(frozen=True, slots=True)
class LinkTiming:
    """Timeouts and attempts of the link.

    Attributes:
        answer_s: Time from the last byte written until a request counts as lost.
        gap_s: Silence before a request, in which the module turns from receiving to sending.
        jitter_s: Maximum random delay before the first retry, doubled with each further one, so that two controllers
            on one channel do not collide repeatedly.
        attempts: Number of times a request is sent before the outlet counts as unreachable.
    """

    answer_s: float
    gap_s: float = 0.01
    jitter_s: float = 0.05
    attempts: int = 5

    @classmethod
    def of(cls, mode: Mode, baud: int) -> Self:
        """Return the timing for a mode and the baud rate of the serial port."""
        on_wire = 2 * MAX_FRAME * BITS_PER_BYTE / baud
        return cls(answer_s=on_wire + 2 * TRANSFER_DELAY_S[mode] + OUTLET_PAUSE_S)

    def backoff_s(self, attempt: int, random: float) -> float:
        """Return the delay before a retry.

        Args:
            attempt: Number of the retry, from 1.
            random: Random number from 0 to 1.
        """
        return self.jitter_s * float(1 << (attempt - 1)) * random
