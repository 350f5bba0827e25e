"""Faults of a half-duplex radio channel."""

from dataclasses import dataclass, field
import random


@dataclass(frozen=True, slots=True)
class FaultRates:
    """Probabilities of faults per transmission, 0 to 1.

    Attributes:
        loss: The whole transmission is lost.
        lost_byte: One byte is lost.
        flipped_bit: One bit is inverted.
        duplicate: The transmission arrives twice.
        noise: Random bytes arrive before it.
        replay: An earlier transmission of the same direction arrives once more.
    """

    loss: float = 0.0
    lost_byte: float = 0.0
    flipped_bit: float = 0.0
    duplicate: float = 0.0
    noise: float = 0.0
    replay: float = 0.0


@dataclass(slots=True)
class RadioChannel:
    """One direction of a channel.

    Attributes:
        rates: Faults that occur.
        rng: Source of the faults.
        faults: Number of faults so far.
        carried: Number of transmissions so far.
    """

    rates: FaultRates
    rng: random.Random
    faults: int = 0
    carried: int = 0
    _earlier: list[bytes] = field(default_factory=list)

    def carry(self, data: bytes) -> bytes:
        """Return what arrives of a transmission."""
        self.carried += 1
        self._earlier = [*self._earlier[-19:], data]
        if self._occurs(self.rates.loss):
            return b""
        arriving = bytearray(data)
        if self._occurs(self.rates.lost_byte):
            del arriving[self.rng.randrange(len(arriving))]
        if arriving and self._occurs(self.rates.flipped_bit):
            arriving[self.rng.randrange(len(arriving))] ^= 1 << self.rng.randrange(8)
        if self._occurs(self.rates.duplicate):
            arriving *= 2
        if self._occurs(self.rates.replay):
            arriving += self.rng.choice(self._earlier)
        if self._occurs(self.rates.noise):
            arriving[:0] = self.rng.randbytes(self.rng.randrange(1, 9))
        return bytes(arriving)

    def _occurs(self, rate: float) -> bool:
        if not rate or self.rng.random() >= rate:
            return False
        self.faults += 1
        return True
