"""Power and energy estimated from the current; the outlets do not measure voltage."""

from dataclasses import dataclass

from .._lib.counters import PowerIntegrator

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

    def power_w(self, current_ma: float | None) -> float | None:
        """Return the active power of a current; None for an unknown one."""
        return None if current_ma is None else self.voltage_v * current_ma / 1000 * self.power_factor

    def shown_power_w(self, current_ma: float | None) -> float | None:
        """Return the active power as precisely as it is shown: to a tenth of a watt."""
        power_w = self.power_w(current_ma)
        return None if power_w is None else round(power_w, 1)


class EnergyMeter:
    """Energy integrated over power readings, as the mean of two successive ones."""

    def __init__(self) -> None:
        self._integrator = PowerIntegrator(max_gap_s=MAX_GAP_S)

    @property
    def energy_wh(self) -> float:
        """Return the total since the meter was created; it never decreases by itself."""
        return self._integrator.total * 1000

    @energy_wh.setter
    def energy_wh(self, energy_wh: float) -> None:
        self._integrator.total = energy_wh / 1000

    def add(self, power_w: float | None, now: float) -> None:
        """Add a reading; None (a trip, no data) interrupts the integration."""
        self._integrator.update(power_w, now)
