"""An observer that records the changes of a hub model."""

from dataclasses import dataclass, field
from itertools import count

from custom_components.smart_outlet.model.alerts import Alert
from custom_components.smart_outlet.model.outlet import Outlet
from custom_components.smart_outlet.model.power_off import EmergencyPowerOff


@dataclass
class RecordingObserver:
    """Recorded changes, in order."""

    alerts: list[Alert] = field(default_factory=list)
    power_offs: list[EmergencyPowerOff] = field(default_factory=list)
    outlets: list[str] = field(default_factory=list)
    hub: int = 0
    saves: int = 0
    numbers: count[int] = field(default_factory=lambda: count(1))

    def new_id(self) -> str:
        return f"id{next(self.numbers)}"

    def outlet_changed(self, outlet: Outlet) -> None:
        self.outlets.append(outlet.device_id)

    def hub_changed(self) -> None:
        self.hub += 1

    def alert_raised(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def power_off_finished(self, power_off: EmergencyPowerOff) -> None:
        self.power_offs.append(power_off)

    def save(self) -> None:
        self.saves += 1
