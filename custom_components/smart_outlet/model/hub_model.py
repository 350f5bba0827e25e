"""State and behavior of a hub (a Central Control Unit or the HC-12 radio) with its outlets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._lib.commands import CommandStatus
from .alerts import HUB_SOURCE, AlertLog, AlertMessage, AlertSource, AlertType, MessageCode
from .ccu_protocol import Ack, Report
from .commands import (
    CommandName,
    CommandPolicies,
    CommandRequest,
    FailureReason,
    OutletCommands,
    QueuedCommand,
    has_failed,
)
from .energy import EnergyMeter, Mains
from .errors import PowerOffInProgressError, UnknownOutletError
from .monitoring import check_main_current, check_outlet, raise_command_failed, raise_power_off_incomplete
from .observer import HubObserver
from .outlet import Outlet, OutletSettings
from .power_off import CONFIRM_WITHIN_S, EmergencyPowerOff, SocketResult, initial_results

CLOCK_JUMP_S = 10.0
"""Ticks are a second apart; a larger step means that the system clock was set."""


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


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """What an outlet had before a command was submitted."""

    commands: tuple[QueuedCommand, ...]
    threshold: int | None
    over_threshold_since: float | None


class HubModel:
    """One hub with its outlets, commands, alerts and emergency power-off."""

    def __init__(self, settings: HubSettings, observer: HubObserver, new_id: Callable[[], str]) -> None:
        """Initialize the hub.

        Args:
            settings: User settings.
            observer: Receives all changes.
            new_id: Returns a new globally unique ID.
        """
        self.settings = settings
        self.outlets: dict[str, Outlet] = {}
        self.commands = OutletCommands(new_id, self._on_command, settings.command_policies)
        self.alerts = AlertLog(new_id, observer.alert_raised, observer.save)
        self.power_off: EmergencyPowerOff | None = None
        self.main_current_ma: int | None = None
        self.main_threshold_ma: int | None = None
        self.meter = EnergyMeter()
        self.last_seen: float | None = None
        self.online = False
        self.unresponsive: set[str] | None = None
        """Outlets that did not answer the radio's last request; None for a CCU and while the port is closed.

        On a slow channel an outlet that was not polled yet is not offline.
        """
        self._observer = observer
        self._new_id = new_id
        self._now = 0.0
        self._started: float | None = None
        self._last_tick: float | None = None

    # Outlets

    def add_outlet(self, settings: OutletSettings) -> Outlet:
        """Register an outlet; a known one keeps its state and gets the new settings."""
        known = self.outlets.get(settings.device_id)
        if known is not None:
            known.settings = settings
            return known
        self.outlets[settings.device_id] = outlet = Outlet(settings)
        return outlet

    def remove_outlet(self, device_id: str) -> None:
        """Remove an outlet with its commands and alerts."""
        if self.outlets.pop(device_id, None) is None:
            return
        self.commands.remove_outlet(device_id, self._now)
        self.alerts.remove_outlet(device_id)
        if self.power_off is not None:
            self.power_off.remove_outlet(device_id)
        self._observer.save()

    def outlet(self, device_id: str) -> Outlet:
        """Return an outlet by its device ID.

        Raises:
            UnknownOutletError: The outlet is not registered.
        """
        if (outlet := self.outlets.get(device_id)) is None:
            raise UnknownOutletError(device_id)
        return outlet

    # Reports

    def mark_online(self, now: float) -> None:
        """Record a call of the hub."""
        self.last_seen = self._now = now
        if not self.online:
            self.online = True
            self.alerts.update(AlertType.OFFLINE, HUB_SOURCE, now, None)
            self._observer.hub_changed()

    def apply_report(self, report: Report, now: float, *, trusted: bool) -> None:
        """Apply the report of an outlet.

        Args:
            report: Validated report.
            now: UTC seconds.
            trusted: The sender reports an unknown state as unknown (version 2 with a key, radio).

        Raises:
            UnknownOutletError: The outlet is not registered.
        """
        outlet = self.outlet(report.device_id)
        self._now = now
        confirmed = self.commands.on_report(report, now)
        sockets = {socket for command in confirmed if (socket := command.payload.request.socket) is not None}
        outlet.apply(report, now, trusted=trusted, confirmed=sockets, mains=self.settings.mains)
        check_outlet(outlet, self.commands, self.alerts, now)
        self._observer.outlet_changed(outlet)
        if self.settings.sums_outlets:
            self.apply_main_current(self._sum_of_currents_ma(), now)
        if confirmed:
            self._finish_power_off(now)

    def _sum_of_currents_ma(self) -> int:
        sockets = (socket for outlet in self.outlets.values() if outlet.online for socket in outlet.sockets.values())
        return sum(socket.current_ma or 0 for socket in sockets)

    def apply_main_current(self, current_ma: int, now: float) -> None:
        """Apply the current of the main breaker."""
        self.main_current_ma = current_ma
        self.meter.add(self.settings.mains.power_w(current_ma), now)
        check_main_current(self.settings.name, current_ma, self.main_threshold_ma, self.alerts, now)
        self._observer.hub_changed()

    def set_main_threshold(self, threshold_ma: int | None, now: float) -> None:
        """Set the threshold of the main current, 0 or None for none; the device does not know it."""
        self.main_threshold_ma = threshold_ma
        check_main_current(self.settings.name, self.main_current_ma, threshold_ma, self.alerts, now)
        self._observer.save()
        self._observer.hub_changed()

    # Commands

    def submit(self, device_id: str, request: CommandRequest, now: float) -> QueuedCommand:
        """Queue a command.

        Raises:
            UnknownOutletError: The outlet is not registered.
            PowerOffInProgressError: The command would switch on a socket during an emergency power-off.
        """
        outlet = self.outlet(device_id)
        self._now = now
        if request.relay and self.power_off is not None and self.power_off.blocks(device_id, request.socket):
            raise PowerOffInProgressError(f"emergency power-off of outlet {device_id} is in progress")
        if request.name is CommandName.SET_THRESHOLD:
            outlet.threshold = request.value
            outlet.over_threshold_since = None
        command = self.commands.submit(device_id, request, now)
        if request.name is CommandName.SET_THRESHOLD and outlet.has_reported:
            check_outlet(outlet, self.commands, self.alerts, now)
        return command

    def restore_point(self, device_id: str) -> RestorePoint:
        """Return what ``revert`` restores: the open commands and the threshold of an outlet.

        Raises:
            UnknownOutletError: The outlet is not registered.
        """
        outlet = self.outlet(device_id)
        return RestorePoint(tuple(self.commands.open(device_id)), outlet.threshold, outlet.over_threshold_since)

    def revert(self, command: QueuedCommand, point: RestorePoint, now: float) -> QueuedCommand | None:
        """Withdraw a command that could not be stored; return it if it was fetched meanwhile and takes effect.

        The commands that it superseded are open again, and a threshold is as before.
        """
        current = self.commands.find(command.id)
        if current is not None and current.status in (CommandStatus.DELIVERED, CommandStatus.CONFIRMED):
            return current
        self._now = now
        device_id = command.payload.device_id
        self.commands.withdraw(command, FailureReason.NOT_STORED, now)
        if (outlet := self.outlets.get(device_id)) is not None:
            self.commands.reopen(device_id, point.commands)
            if command.payload.request.name is CommandName.SET_THRESHOLD:
                outlet.threshold, outlet.over_threshold_since = point.threshold, point.over_threshold_since
                outlet.threshold_not_delivered = False
                if outlet.has_reported:
                    check_outlet(outlet, self.commands, self.alerts, now)
            self._observer.outlet_changed(outlet)
        return None

    def fetch_commands(self, device_id: str, now: float, *, acknowledges: bool) -> tuple[QueuedCommand, ...]:
        """Return the commands to deliver to an outlet now, see ``OutletCommands.deliver``.

        Raises:
            UnknownOutletError: The outlet is not registered.
        """
        self.outlet(device_id)
        self._now = now
        return self.commands.deliver(device_id, now, acknowledges=acknowledges)

    def acknowledge(self, device_id: str, ack: Ack, now: float, *, trusted: bool = True) -> bool:
        """Apply an acknowledgement; return False if no such command is open.

        Args:
            device_id: Device ID of the outlet.
            ack: Result of the command.
            now: UTC seconds.
            trusted: Whether the acknowledgement alone confirms the state of a relay.

        Raises:
            UnknownOutletError: The outlet is not registered.
        """
        outlet = self.outlet(device_id)
        self._now = now
        command = self.commands.acknowledge(device_id, ack, now)
        if command is None:
            return False
        request = command.payload.request
        if ack.ok and trusted and request.relay is not None:
            socket = outlet.sockets[request.socket or ""]
            socket.update_relay(request.relay, trusted=True, after_gap=False, command_confirmed=True)
        if ack.ok and request.name is CommandName.SET_THRESHOLD:
            outlet.device_threshold = request.value
        self._observer.outlet_changed(outlet)
        self._finish_power_off(now)
        return True

    def _on_command(self, command: QueuedCommand) -> None:
        if self.power_off is not None:
            self.power_off.on_command(command)
        outlet = self.outlets.get(command.payload.device_id)
        if has_failed(command) and outlet is not None:
            raise_command_failed(command, outlet, self.alerts, self._now)
        if outlet is not None and command.payload.request.name is CommandName.SET_THRESHOLD:
            outlet.threshold_not_delivered = has_failed(command)
        self._observer.command_changed(command)
        if command.status is not CommandStatus.DELIVERED:
            # A delivery lost in a crash is repeated, which is harmless.
            self._observer.save()
        if outlet is not None:
            self._observer.outlet_changed(outlet)

    # Emergency power-off

    def switch_everything_off(self, now: float, *, include_protected: bool) -> EmergencyPowerOff:
        """Switch off every socket at once.

        A power-off already in progress that covers the same sockets is joined. Outlets that are offline count as
        unreachable from the start; their commands stay queued and act if they return within the hour.
        """
        current = self.power_off
        sockets = initial_results(
            ((o.device_id, o.settings.protected, o.online or not o.has_reported) for o in self.outlets.values()),
            include_protected=include_protected,
        )
        targets = [target for target, result in sockets.items() if result is not SocketResult.PROTECTED]
        if current is not None and current.finished is None:
            if all(current.blocks(*target) for target in targets):
                return current
            # The new power-off includes the sockets of the current one.
            current.finished = now
        self.power_off = power_off = EmergencyPowerOff(self._new_id(), now, now + CONFIRM_WITHIN_S, sockets)
        for device_id, socket in targets:
            request = CommandRequest(CommandName.RELAY_OFF, socket=socket)
            self.commands.submit(device_id, request, now, power_off_id=power_off.id)
        self._observer.save()
        self._observer.hub_changed()
        self._finish_power_off(now)
        return power_off

    def _finish_power_off(self, now: float) -> None:
        power_off = self.power_off
        if power_off is None or not power_off.finish_if_done(now):
            return
        raise_power_off_incomplete(self.settings.name, power_off, self.alerts, now)
        self._observer.save()
        self._observer.power_off_finished(power_off)

    # Time

    def tick(self, now: float) -> None:
        """Check all deadlines; call once a second."""
        if self._last_tick is not None and not 0 <= now - self._last_tick < CLOCK_JUMP_S:
            self._shift_times(now - self._last_tick)
        self._last_tick = self._now = now
        self.commands.expire(now)
        self._finish_power_off(now)
        if self._started is None:
            self._started = now
        timeout_since_start = now - self._started > self.settings.offline_after_s
        if self.unresponsive is not None:
            self.mark_online(now)
        if self.online and self._has_timed_out(self.last_seen, now):
            self.online = False
            self._raise_offline(HUB_SOURCE, self.settings.name, now)
            self._observer.hub_changed()
        elif timeout_since_start and not self.online and self.last_seen is not None:
            self._raise_offline(HUB_SOURCE, self.settings.name, now)
        for outlet in self.outlets.values():
            if not self._could_report(outlet.device_id):
                continue
            if outlet.online and self._has_timed_out(outlet.last_seen, now):
                self._mark_offline(outlet, now)
            elif timeout_since_start and not outlet.has_reported and not outlet.is_missing:
                outlet.is_missing = True
                self._mark_offline(outlet, now)

    def _shift_times(self, seconds: float) -> None:
        """Move all times after the system clock was set or the machine was suspended."""
        self.commands.shift_times(seconds)
        if self.last_seen is not None and self.online:
            self.last_seen += seconds
        if self._started is not None:
            self._started += seconds
        if self.power_off is not None:
            self.power_off.deadline += seconds
        for outlet in self.outlets.values():
            if outlet.online and outlet.last_seen is not None:
                outlet.last_seen += seconds

    def _has_timed_out(self, last_seen: float | None, now: float) -> bool:
        return last_seen is None or now - last_seen > self.settings.offline_after_s

    def _could_report(self, device_id: str) -> bool:
        """Return whether an outlet had the opportunity to report."""
        if self.unresponsive is not None:
            return device_id in self.unresponsive
        return not self.settings.sums_outlets or not self.online

    def _raise_offline(self, source: AlertSource, name: str, now: float) -> None:
        message = AlertMessage(MessageCode.OFFLINE, {"device": name, "timeout_s": self.settings.offline_after_s})
        self.alerts.update(AlertType.OFFLINE, source, now, message)

    def _mark_offline(self, outlet: Outlet, now: float) -> None:
        outlet.online = False
        # An offline hub is a single alert, and an outlet that never reported is not lost.
        if self.online and outlet.last_seen is not None:
            self._raise_offline(AlertSource(outlet.device_id), outlet.settings.name, now)
        self._observer.outlet_changed(outlet)
        if self.settings.sums_outlets:
            self.apply_main_current(self._sum_of_currents_ma(), now)

    # Storage

    def dump(self) -> dict[str, Any]:
        """Return what must survive a crash: open commands, power-off, thresholds and alerts."""
        return {
            "commands": self.commands.dump(),
            "cut": self.power_off.as_dict() if self.power_off is not None else None,
            "main_threshold": self.main_threshold_ma,
            "thresholds": {o.device_id: o.threshold for o in self.outlets.values() if o.threshold is not None},
            "alerts": self.alerts.dump(),
        }

    def dump_meters(self) -> dict[str, Any]:
        """Return what may be some seconds old after a crash: energy and the time of the last report."""
        return {
            "energy_wh": self.meter.energy_wh,
            "last_seen": self.last_seen,
            "outlets": {
                outlet.device_id: {
                    "energy_wh": {name: socket.meter.energy_wh for name, socket in outlet.sockets.items()},
                    "last_seen": outlet.last_seen,
                }
                for outlet in self.outlets.values()
            },
        }

    def restore(self, stored: dict[str, Any], now: float) -> None:
        """Restore dumped data after the outlets were added; an emergency power-off continues."""
        self._now = now
        self.commands.restore([data for data in stored["commands"] if data["device_id"] in self.outlets])
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
        self.last_seen = stored["last_seen"]
        for device_id, data in stored["outlets"].items():
            if (outlet := self.outlets.get(device_id)) is None:
                continue
            outlet.last_seen = data["last_seen"]
            for name, energy_wh in data["energy_wh"].items():
                outlet.sockets[name].meter.energy_wh = energy_wh
