"""Power and energy estimated from the current; the outlets do not measure voltage."""

from dataclasses import dataclass

MAX_GAP_S = 60.0
"""Longest time between two readings that still counts as energy."""


@dataclass(frozen=True, slots=True)
class Mains:
    """Assumed properties of the mains supply.

    Attributes:
        voltage_v: RMS voltage.
        power_factor: Mean power factor of the loads, 0 to 1.
    """

    voltage_v: float = 230.0
    power_factor: float = 1.0

    def power_w(self, current_ma: float) -> float:
        """Return the active power of a current."""
        return self.voltage_v * current_ma / 1000 * self.power_factor


@dataclass(slots=True)
class EnergyMeter:
    """Energy integrated over power readings by the trapezoidal rule.

    Attributes:
        energy_wh: Total since the meter was created; never decreases.
    """

    energy_wh: float = 0.0
    _power_w: float | None = None
    _updated: float = 0.0

    def add(self, power_w: float | None, now: float) -> None:
        """Add a reading; None (a trip, no data) interrupts the integration."""
        gap_s = now - self._updated
        if power_w is not None and self._power_w is not None and 0 < gap_s <= MAX_GAP_S:
            self.energy_wh += (self._power_w + power_w) / 2 * gap_s / 3600
        self._power_w, self._updated = power_w, now
