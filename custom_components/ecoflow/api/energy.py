"""Energy from power, in a counter that only rises."""

from dataclasses import dataclass, field
from typing import ClassVar

# Nobody knows what happened in a gap longer than this, unless it is the pace at which values come.
MAX_GAP_S = 300.0


@dataclass(slots=True)
class EnergyCounter:
    """Integral of a power over time by the trapezoid rule, in kWh. It never falls."""

    kwh: float = 0.0
    _power_w: float | None = field(default=None, repr=False)
    _at: float | None = field(default=None, repr=False)

    def add(self, power_w: float | None, at: float, max_gap_s: float = MAX_GAP_S) -> float:
        """Take a power at a time in s (negative counts as 0, None breaks the line); returns the kWh.

        A gap longer than `max_gap_s` is not bridged.
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
class RisingFilter:
    """Keeps a device's own counter from jumping back.

    Devices repeat an older value now and then, and count from 0 after a repair. A fall is held at the highest
    value; one that stays for RESET_READS readings is taken as a new beginning and counted on top.
    """

    shown: float = 0.0
    raw: float | None = None
    offset: float = 0.0
    _low_reads: int = field(default=0, repr=False)

    RESET_READS: ClassVar[int] = 10

    def take(self, raw: float) -> float:
        """Take a raw counter value and return what may be shown."""
        if self.raw is not None and raw < self.raw:
            self._low_reads += 1
            if self._low_reads < self.RESET_READS:
                return self.shown
            self.offset = self.shown - raw
        self._low_reads = 0
        self.raw = raw
        self.shown = max(self.shown, raw + self.offset)
        return self.shown
