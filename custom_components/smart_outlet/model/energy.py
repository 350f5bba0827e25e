"""Power and energy estimated from a current: the outlets measure no voltage."""

from dataclasses import dataclass

LONGEST_GAP_S = 60.0
"""Between two readings further apart nothing is counted: nobody knows what ran."""


@dataclass(frozen=True, slots=True)
class Mains:
    """What is assumed of the mains.

    Attributes:
        voltage_v: RMS voltage.
        power_factor: 0 to 1, of the loads together.
    """

    voltage_v: float = 230.0
    power_factor: float = 1.0

    def power_w(self, current_ma: float) -> float:
        """Active power of a current."""
        return self.voltage_v * current_ma / 1000 * self.power_factor


@dataclass(slots=True)
class EnergyMeter:
    """Energy by the trapezoidal rule over the readings.

    Attributes:
        energy_wh: Total since the meter was made; never falls.
    """

    energy_wh: float = 0.0
    _power_w: float | None = None
    _at: float = 0.0

    def add(self, power_w: float | None, now: float) -> None:
        """Take a reading; None (a trip, no data) interrupts the counting."""
        gap_s = now - self._at
        if power_w is not None and self._power_w is not None and 0 < gap_s <= LONGEST_GAP_S:
            self.energy_wh += (self._power_w + power_w) / 2 * gap_s / 3600
        self._power_w, self._at = power_w, now
