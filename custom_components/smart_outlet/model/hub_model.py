"""State and behavior of a hub (a Central Control Unit or the HC-12 radio) with its outlets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .._lib.commands import CommandStatus
from .._lib.listening import Listening
from .alerts import HUB_SOURCE, AlertLog, AlertSource, AlertType
from .ccu_protocol import Ack, Report
from .clock import Clock
from .commands import (
    CommandName,
    CommandRequest,
    FailureReason,
    OutletCommands,
    QueuedCommand,
    has_failed,
)
from .errors import PowerOffInProgressError, UnknownOutletError
from .hub_state import HubSettings, HubState
from .monitoring import (
    check_main_current,
    check_outlet,
    raise_command_failed,
    raise_offline,
    raise_power_off_incomplete,
)
from .observer import HubObserver
from .outlet import REBOOT_GAP_S, Outlet, OutletSettings
from .power_off import CONFIRM_WITHIN_S, EmergencyPowerOff, SocketId, SocketResult, initial_results

MAX_TICK_S: Final = 10.0
"""Ticks are a second apart. After a longer pause nothing was received meanwhile: the machine was suspended or busy."""


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """What an outlet had before a command was submitted."""

    commands: tuple[QueuedCommand, ...]
    threshold: int | None
    over_threshold_since: float | None


class HubModel(HubState):
    """One hub with its outlets, commands, alerts and emergency power-off."""

    def __init__(
        self,
        settings: HubSettings,
        observer: HubObserver,
        new_id: Callable[[], str],
        clock: Clock | None = None,
    ) -> None:
        """Initialize the hub.

        Args:
            settings: User settings.
            observer: Receives all changes.
            new_id: Returns a new globally unique ID.
            clock: Times that are passed in come from it.
        """
        super().__init__(settings, OutletCommands(new_id, self._on_command, settings.command_policies), clock)
        self.alerts = AlertLog(new_id, observer.alert_raised, observer.save, self.clock.to_wall)
        self.unresponsive: set[str] | None = None
        """Outlets that did not answer the radio's last request; None for a CCU and while the port is closed.

        On a slow channel an outlet that was not polled yet is not offline.
        """
        self._observer = observer
        self._new_id = new_id
        self._now = 0.0
        self._listening = Listening(MAX_TICK_S)

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
        self._advance(now)
        self.last_seen = now
        if not self.online:
            self.online = True
            self.alerts.update(AlertType.OFFLINE, HUB_SOURCE, now, None)
            self._observer.hub_changed()

    def apply_report(self, report: Report, now: float, *, trusted: bool) -> None:
        """Apply the report of an outlet.

        Args:
            report: Validated report.
            now: Seconds of the clock.
            trusted: The sender reports an unknown state as unknown (version 2 with a key, radio).

        Raises:
            UnknownOutletError: The outlet is not registered.
        """
        outlet = self.outlet(report.device_id)
        self._advance(now)
        confirmed = self.commands.on_report(report, now)
        sockets = {socket for command in confirmed if (socket := command.payload.request.socket) is not None}
        after_gap = not outlet.has_reported or self._listening.silence_s(outlet.last_seen, now) > REBOOT_GAP_S
        outlet.apply(report, now, trusted=trusted, after_gap=after_gap, confirmed=sockets, mains=self.settings.mains)
        check_outlet(outlet, self.commands, self.alerts, now)
        self._observer.outlet_changed(outlet)
        if self.settings.sums_outlets:
            self.apply_main_current(self._sum_of_currents_ma(), now)
        if confirmed:
            self._finish_power_off(now)

    def _sum_of_currents_ma(self) -> int:
        sockets = (socket for outlet in self.outlets.values() if outlet.online for socket in outlet.sockets.values())
        return sum(socket.current_ma or 0 for socket in sockets)

    def apply_main_current(self, current_ma: int | None, now: float) -> None:
        """Apply the current of the main breaker; an unknown one neither raises nor clears an alert."""
        self.main_current_ma = current_ma
        self.meter.add(self.settings.mains.power_w(current_ma), now)
        if current_ma is not None:
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
        self._advance(now)
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
        self._advance(now)
        return self.commands.deliver(device_id, now, acknowledges=acknowledges)

    def acknowledge(self, device_id: str, ack: Ack, now: float, *, trusted: bool = True) -> bool:
        """Apply an acknowledgement; return False if no such command is open.

        Args:
            device_id: Device ID of the outlet.
            ack: Result of the command.
            now: Seconds of the clock.
            trusted: Whether the acknowledgement alone confirms the state of a relay.

        Raises:
            UnknownOutletError: The outlet is not registered.
        """
        outlet = self.outlet(device_id)
        self._advance(now)
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
        self._advance(now)
        current = self.power_off
        was_on: tuple[SocketId, ...] = ()
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
            was_on = current.was_on
        on = (target for target in targets if self.outlets[target[0]].sockets[target[1]].relay)
        was_on = tuple(dict.fromkeys((*was_on, *on)))
        self.power_off = power_off = EmergencyPowerOff(
            self._new_id(), now, now + CONFIRM_WITHIN_S, sockets, was_on=was_on
        )
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

    def _advance(self, now: float) -> None:
        """Set the time, and forgive the time in which nothing could be received."""
        gap_s = self._listening.gap_s(now)
        self._now = now
        if gap_s:
            self._listening.restart(now)
            self.commands.shift_times(gap_s)
            if self.power_off is not None:
                self.power_off.deadline += gap_s
            if self.last_seen is not None:
                self.last_seen = min(self.last_seen, now)
            for outlet in self.outlets.values():
                outlet.skip_time(gap_s, now)

    def tick(self, now: float, *, listening: bool = True) -> None:
        """Check all deadlines; call once a second.

        Args:
            now: Seconds of the clock.
            listening: Whether a hub can reach Home Assistant, which is not the case while it starts or stops.
        """
        self._advance(now)
        self._listening.check(now, is_listening=listening)
        self.commands.expire(now)
        self._finish_power_off(now)
        self._check_hub_timeout(now)
        self._check_outlet_timeouts(now)

    def _check_hub_timeout(self, now: float) -> None:
        if self.unresponsive is not None:
            self.mark_online(now)
        if not self.online:
            # An unclean stop may have prevented the alert.
            if self.last_seen is not None and self._has_timed_out(self.last_seen, now):
                raise_offline(self.alerts, HUB_SOURCE, self.settings, self.settings.name, now)
        elif self._has_timed_out(self.last_seen, now):
            self.online = False
            raise_offline(self.alerts, HUB_SOURCE, self.settings, self.settings.name, now)
            self._observer.hub_changed()

    def _check_outlet_timeouts(self, now: float) -> None:
        for outlet in self.outlets.values():
            if not self._could_report(outlet.device_id):
                continue
            if outlet.online:
                if self._has_timed_out(outlet.last_seen, now):
                    self._mark_offline(outlet, now)
            elif not outlet.has_reported and not outlet.is_missing and self._has_timed_out(None, now):
                outlet.is_missing = True
                self._mark_offline(outlet, now)

    def _has_timed_out(self, last_seen: float | None, now: float) -> bool:
        return self._listening.silence_s(last_seen, now) > self.settings.offline_after_s

    def _could_report(self, device_id: str) -> bool:
        """Return whether an outlet had the opportunity to report."""
        if self.unresponsive is not None:
            return device_id in self.unresponsive
        return not self.settings.sums_outlets or not self.online

    def _mark_offline(self, outlet: Outlet, now: float) -> None:
        outlet.online = False
        # An offline hub is a single alert, and an outlet that never reported is not lost.
        if self.online and outlet.last_seen is not None:
            raise_offline(self.alerts, AlertSource(outlet.device_id), self.settings, outlet.settings.name, now)
        self._observer.outlet_changed(outlet)
        if self.settings.sums_outlets:
            self.apply_main_current(self._sum_of_currents_ma(), now)
