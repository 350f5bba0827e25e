"""A house with several heat sources on one heating circuit."""

from datetime import datetime
from typing import Protocol

from .house import House

_STEP_S = 60.0


class HeatMachine(Protocol):
    """A heat source in the house."""

    def heat_into(self, house: House, seconds: float) -> float:
        """Run for a time; return the mean heat output to the water in W."""


class HeatedHome:
    """The house and its heat sources. The house's own heater stays off."""

    def __init__(self, house: House, *machines: HeatMachine) -> None:
        self.house = house
        self.machines = machines

    def advance(self, until: datetime) -> None:
        """Simulate a period, in steps of at most a minute."""
        while (left := (until - self.house.now).total_seconds()) > 0:
            step = min(_STEP_S, left)
            self.house.water_w = sum(machine.heat_into(self.house, step) for machine in self.machines)
            self.house.advance(self.house.now + (until - self.house.now) * (step / left))
