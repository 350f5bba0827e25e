"""The one-time charge of hot water: a user starts it, and it ends by itself when the tank is hot.

It is not part of control: a cycle never starts one, and it has no lease. A driver knows whether there is one without
asking its device, so that its entity exists while the device is unreachable.
"""

from abc import ABC, abstractmethod
from typing import Final

from .._lib.heat_source import CommandResult

ONE_TIME_CHARGE: Final = "dhw_one_time_charge"
"""The key of its state in the readings."""


class HotWaterCharge(ABC):
    """A source whose hot water can be charged once."""

    @property
    @abstractmethod
    def can_charge_hot_water(self) -> bool:
        """Whether this device has a one-time charge."""

    @abstractmethod
    async def charge_hot_water(self, active: bool) -> CommandResult:
        """Start or stop the charge, confirmed by reading it."""
