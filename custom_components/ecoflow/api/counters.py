"""Energy counters that never decrease."""

from dataclasses import dataclass, field
from typing import ClassVar

# A longer gap between two powers is not integrated, unless values arrive at a slower rate anyway.
MAX_GAP_S = 300.0


@dataclass(slots=True)
class PowerIntegrator:
    """The integral of a power over time by the trapezoidal rule, in kWh."""

    kwh: float = 0.0
    _power_w: float | None = field(default=None, repr=False)
    _at: float | None = field(default=None, repr=False)

    def add(self, power_w: float | None, at: float, max_gap_s: float = MAX_GAP_S) -> float:
        """Add a power at a time in s and return the energy in kWh.

        A negative power counts as 0. None interrupts the integration, as does a gap longer than `max_gap_s`.
        """
        if power_w is None:
            self._power_w = self._at = None
            return self.kwh
        power_w = max(0.0, power_w)
        if self._power_w is not None and self._at is not None and 0 < at - self._at <= max_gap_s:
            self.kwh += (self._power_w + power_w) / 2 * (at - self._at) / 3_600_000
        self._power_w, self._at = power_w, at
        return self.kwh


@dataclass(slots=True)
class MonotonicCounter:
    """A device's own counter without its decreases.

    Devices repeat an older value now and then, and restart at 0 after a repair. A decrease is ignored until it has
    lasted for RESET_READS readings; then it is treated as a reset and counted on top of the total.
    """

    shown: float = 0.0
    raw: float | None = None
    offset: float = 0.0
    _low_reads: int = field(default=0, repr=False)

    RESET_READS: ClassVar[int] = 10

    def update(self, raw: float) -> float:
        """Add a reading of the device's counter and return the total."""
        if self.raw is not None and raw < self.raw:
            self._low_reads += 1
            if self._low_reads < self.RESET_READS:
                return self.shown
            self.offset = self.shown - raw
        self._low_reads = 0
        self.raw = raw
        self.shown = max(self.shown, raw + self.offset)
        return self.shown
