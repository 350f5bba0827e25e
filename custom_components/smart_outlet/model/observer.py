"""The interface through which a hub model reports changes."""

from typing import Protocol

from .alerts import Alert
from .outlet import Outlet
from .power_off import EmergencyPowerOff


class HubObserver(Protocol):
    """Receives the changes of a hub model. All calls are synchronous and must not block."""

    def outlet_changed(self, outlet: Outlet) -> None:
        """Handle a report of an outlet, its loss, or a change of its open commands."""

    def hub_changed(self) -> None:
        """Handle a report of the hub itself or its loss."""

    def alert_raised(self, alert: Alert) -> None:
        """Handle a new alert."""

    def power_off_finished(self, power_off: EmergencyPowerOff) -> None:
        """Handle the end of an emergency power-off: no socket is pending."""

    def save(self) -> None:
        """Handle a change of the data that ``HubModel.dump`` returns."""
