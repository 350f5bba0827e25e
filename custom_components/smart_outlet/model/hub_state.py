"""State of a hub and its outlets, and its stored form.

Times in memory are seconds of the hub's clock, which never jumps. Stored, shown and sent times are UTC.
"""

from dataclasses import dataclass, field
from typing import Any

from .alerts import AlertLog
from .clock import Clock, WallClock
from .commands import CommandPolicies, OutletCommands
from .energy import EnergyMeter, Mains
from .outlet import Outlet
from .power_off import EmergencyPowerOff


@dataclass(frozen=True, slots=True)
class HubSettings:
    """User settings of a hub.

    Attributes:
        name: Name in alerts.
        offline_after_s: An outlet or the hub is offline after this time without a report.
        mains: Assumed supply for power and energy.
        command_policies: Deadlines and attempts of commands.
        sums_outlets: The main current is not measured; it is the sum of the outlets' currents.
    """

    name: str
    offline_after_s: float = 15.0
    mains: Mains = field(default_factory=Mains)
    command_policies: CommandPolicies = field(default_factory=CommandPolicies.of)
    sums_outlets: bool = False


class HubState:
    """What is known of a hub and its outlets.

    Attributes:
        settings: User settings.
        clock: Times of the hub come from it.
        outlets: Outlets by device ID.
        commands: Commands of the outlets.
        power_off: The last emergency power-off.
        main_current_ma: Current of the main breaker.
        main_threshold_ma: Main current at which an alert is raised; None before any was set.
        meter: Estimated energy of the main breaker.
        last_seen: Time of the last call.
        online: Calls are being received.
    """

    alerts: AlertLog

    def __init__(self, settings: HubSettings, commands: OutletCommands, clock: Clock | None) -> None:
        self.settings = settings
        self.clock = clock or WallClock()
        self.outlets: dict[str, Outlet] = {}
        self.commands = commands
        self.power_off: EmergencyPowerOff | None = None
        self.main_current_ma: int | None = None
        self.main_threshold_ma: int | None = None
        self.meter = EnergyMeter()
        self.last_seen: float | None = None
        self.online = False

    def to_wall(self, at: float | None) -> float | None:
        """Return the UTC time of a time of the clock."""
        return None if at is None else self.clock.to_wall(at)

    def _from_wall(self, at: float | None) -> float | None:
        """Return the time of a stored one; one in the future is from before the system clock was set back."""
        return None if at is None else min(self.clock.from_wall(at), self.clock())

    def dump(self) -> dict[str, Any]:
        """Return what must survive a crash: open commands, power-off, thresholds and alerts."""
        return {
            "commands": self.commands.dump(self.clock.to_wall),
            "cut": self.power_off.as_dict(self.clock.to_wall) if self.power_off is not None else None,
            "main_threshold": self.main_threshold_ma,
            "thresholds": {o.device_id: o.threshold for o in self.outlets.values() if o.threshold is not None},
            "alerts": self.alerts.dump(),
        }

    def dump_meters(self) -> dict[str, Any]:
        """Return what may be some seconds old after a crash: energy and the time of the last report."""
        return {
            "energy_wh": self.meter.energy_wh,
            "last_seen": self.to_wall(self.last_seen),
            "outlets": {
                outlet.device_id: {
                    "energy_wh": {name: socket.meter.energy_wh for name, socket in outlet.sockets.items()},
                    "last_seen": self.to_wall(outlet.last_seen),
                }
                for outlet in self.outlets.values()
            },
        }

    def restore(self, stored: dict[str, Any], now: float) -> None:
        """Restore dumped data after the outlets were added; an emergency power-off continues."""
        commands = [data for data in stored["commands"] if data["device_id"] in self.outlets]
        self.commands.restore(commands, now, self.clock.from_wall)
        self.alerts.restore(stored["alerts"])
        self.main_threshold_ma = stored["main_threshold"]
        for device_id, threshold in stored["thresholds"].items():
            if device_id in self.outlets:
                self.outlets[device_id].threshold = threshold
        if stored["cut"] is not None:
            self.power_off = EmergencyPowerOff.from_dict(stored["cut"], now)

    def restore_meters(self, stored: dict[str, Any]) -> None:
        """Restore dumped meters."""
        self.meter.energy_wh = stored["energy_wh"]
        self.last_seen = self._from_wall(stored["last_seen"])
        for device_id, data in stored["outlets"].items():
            if (outlet := self.outlets.get(device_id)) is None:
                continue
            outlet.last_seen = self._from_wall(data["last_seen"])
            for name, energy_wh in data["energy_wh"].items():
                outlet.sockets[name].meter.energy_wh = energy_wh
