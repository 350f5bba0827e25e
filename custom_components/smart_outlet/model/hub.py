"""A hub (a Central Control Unit, or our own radio) with its outlets: the one place where the parts meet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .alerts import HUB, AlertKind, AlertLog, Place
from .commands import Command, CommandName, CommandQueue, Order, Patience, Status
from .cut import REPORT_S, CutRun, CutState, plan
from .energy import EnergyMeter, Mains
from .errors import CutInProgressError, UnknownOutletError
from .listener import Listener
from .outlet import Outlet, OutletConfig
from .watch import watch_main, watch_outlet
from .wire import Ack, Report

JUMP_S = 10.0
"""Between two ticks a second apart the clock cannot have gone on by this much."""


@dataclass(frozen=True, slots=True)
class HubConfig:
    """What the user said about a hub.

    Attributes:
        name: For messages.
        offline_after_s: Without a word for so long an outlet, or the hub itself, is offline.
        mains: For power and energy.
        patience: With commands.
        sums_outlets: Nothing measures the main current: it is the sum of the outlets' currents.
    """

    name: str
    offline_after_s: float = 15.0
    mains: Mains = field(default_factory=Mains)
    patience: Patience = field(default_factory=Patience)
    sums_outlets: bool = False


class Hub:
    """State and behaviour of one hub."""

    def __init__(self, config: HubConfig, listener: Listener, new_id: Callable[[], str]) -> None:
        """``new_id`` makes ids that are unique for ever."""
        self.config = config
        self.outlets: dict[str, Outlet] = {}
        self.queue = CommandQueue(new_id, self._on_command, config.patience)
        self.alerts = AlertLog(new_id, listener.alert_raised, listener.save)
        self.cut: CutRun | None = None
        self.main_current_ma: int | None = None
        self.main_threshold_ma: int | None = None
        self.meter = EnergyMeter()
        self.last_seen: float | None = None
        self.online = False
        self.unanswered: set[str] | None = None
        """Our own radio, while its port is open: who did not answer it last. Who was not asked is not silent."""
        self._listener = listener
        self._new_id = new_id
        self._clock_now = 0.0
        self._started: float | None = None
        self._ticked: float | None = None

    # Outlets

    def add_outlet(self, config: OutletConfig) -> Outlet:
        """Register an outlet; one that is known keeps its state and gets the new configuration."""
        known = self.outlets.get(config.device_id)
        if known is not None:
            known.config = config
            return known
        self.outlets[config.device_id] = outlet = Outlet(config)
        return outlet

    def remove_outlet(self, device_id: str) -> None:
        """Forget an outlet with all that belongs to it."""
        if self.outlets.pop(device_id, None) is None:
            return
        self.queue.remove_outlet(device_id)
        self.alerts.remove_outlet(device_id)
        if self.cut is not None:
            self.cut.forget(device_id)
        self._listener.save()

    def outlet(self, device_id: str) -> Outlet:
        """An outlet by its id.

        Raises:
            UnknownOutletError: it is not registered here.
        """
        if (outlet := self.outlets.get(device_id)) is None:
            raise UnknownOutletError(device_id)
        return outlet

    # What comes in

    def touch(self, now: float) -> None:
        """The hub called: it lives."""
        self.last_seen = self._clock_now = now
        if not self.online:
            self.online = True
            self.alerts.update(AlertKind.OFFLINE, HUB, now, None)
            self._listener.hub_changed()

    def report(self, report: Report, now: float, *, trusted: bool) -> None:
        """Take an outlet's report.

        Args:
            report: Checked.
            now: UTC seconds.
            trusted: The sender says "unknown" where it does not know (version 2 with a key, radio).

        Raises:
            UnknownOutletError: the outlet is not registered here.
        """
        outlet = self.outlet(report.device_id)
        self._clock_now = now
        confirmed = self.queue.on_report(report)
        proved = {c.order.socket for c in confirmed if c.order.socket is not None}
        outlet.take(report, now, trusted=trusted, proved=proved, mains=self.config.mains)
        watch_outlet(outlet, self.queue, self.alerts, now)
        self._listener.outlet_changed(outlet)
        if self.config.sums_outlets:
            self.breaker(self._sum_ma(), now)
        if confirmed:
            self._settle_cut(now)

    def _sum_ma(self) -> int:
        sockets = (socket for outlet in self.outlets.values() if outlet.online for socket in outlet.sockets.values())
        return sum(socket.current_ma or 0 for socket in sockets)

    def breaker(self, current_ma: int, now: float) -> None:
        """Take the main breaker's current."""
        self.main_current_ma = current_ma
        self.meter.add(self.config.mains.power_w(current_ma), now)
        watch_main(current_ma, self.main_threshold_ma, self.alerts, now)
        self._listener.hub_changed()

    def set_main_threshold(self, threshold_ma: int, now: float) -> None:
        """Set the limit of the main current, 0 for none; it is ours alone."""
        self.main_threshold_ma = threshold_ma
        watch_main(self.main_current_ma, threshold_ma, self.alerts, now)
        self._listener.save()
        self._listener.hub_changed()

    # What goes out

    def order(self, device_id: str, order: Order, now: float) -> Command:
        """Queue a command.

        Raises:
            UnknownOutletError: the outlet is not registered here.
            CutInProgressError: it would switch on a socket that is being cut.
        """
        outlet = self.outlet(device_id)
        self._clock_now = now
        if order.relay and self.cut is not None and self.cut.holds(device_id, order.socket):
            raise CutInProgressError(f"outlet {device_id} is being cut")
        if order.name is CommandName.SET_THRESHOLD:
            outlet.threshold = order.value
            outlet.over_since = None
        command = self.queue.submit(device_id, order, now)
        if order.name is CommandName.SET_THRESHOLD and outlet.heard:
            watch_outlet(outlet, self.queue, self.alerts, now)
        return command

    def fetch(self, device_id: str, now: float, *, acknowledges: bool) -> list[Command]:
        """Hand out an outlet's commands, see CommandQueue.fetch.

        Raises:
            UnknownOutletError: the outlet is not registered here.
        """
        self.outlet(device_id)
        self._clock_now = now
        return self.queue.fetch(device_id, now, acknowledges=acknowledges)

    def acknowledge(self, device_id: str, ack: Ack, now: float, *, trusted: bool = True) -> bool:
        """Take a version 2 acknowledgement; False where no such command is open.

        Args:
            device_id: Of the outlet.
            ack: What became of the command.
            now: UTC seconds.
            trusted: Whether the sender's word alone proves the state of a relay.

        Raises:
            UnknownOutletError: the outlet is not registered here.
        """
        outlet = self.outlet(device_id)
        self._clock_now = now
        command = self.queue.acknowledge(device_id, ack)
        if command is None:
            return False
        if ack.ok and trusted and command.order.relay is not None:
            socket = outlet.sockets[command.order.socket or ""]
            socket.observe(command.order.relay, trusted=True, after_silence=False, proved=True)
        if ack.ok and command.order.name is CommandName.SET_THRESHOLD:
            outlet.device_threshold = command.order.value
        self._listener.outlet_changed(outlet)
        self._settle_cut(now)
        return True

    # The power cut

    def cut_all(self, now: float, *, include_protected: bool) -> CutRun:
        """Switch every socket off, at once.

        A cut that runs already and reaches as far is joined. Outlets that are offline count as unreachable
        from the start; their commands are queued all the same and act when they come back within the hour.
        """
        running = self.cut
        wanted = plan(
            ((o.device_id, o.config.protected, o.online or not o.heard) for o in self.outlets.values()),
            include_protected=include_protected,
        )
        if running is not None and running.finished is None:
            if all(running.holds(*target) for target, s in wanted.items() if s is not CutState.PROTECTED):
                return running
            # The new run takes over the sockets of the old one.
            running.finished = now
        self.cut = run = CutRun(self._new_id(), now, now + REPORT_S, wanted)
        for (device_id, socket), state in wanted.items():
            if state is not CutState.PROTECTED:
                order = Order(CommandName.RELAY_OFF, socket=socket)
                self.queue.submit(device_id, order, now, cut_id=run.id)
        self._listener.save()
        self._listener.hub_changed()
        self._settle_cut(now)
        return run

    def _settle_cut(self, now: float) -> None:
        run = self.cut
        if run is None or not run.settle(now):
            return
        lost = run.targets(CutState.UNREACHABLE)
        if lost:
            named = ", ".join(f"{device_id}/{socket}" for device_id, socket in lost)
            message = f"{self.config.name}: power cut not confirmed by {named}"
            self.alerts.tell(AlertKind.CUT_INCOMPLETE, HUB, now, message)
        self._listener.save()
        self._listener.cut_finished(run)

    # Time

    def tick(self, now: float) -> None:
        """Let time pass: call about once a second."""
        if self._ticked is not None and not 0 <= now - self._ticked < JUMP_S:
            self._clock_jumped(now - self._ticked)
        self._ticked = self._clock_now = now
        self.queue.expire(now)
        self._settle_cut(now)
        if self._started is None:
            self._started = now
        had_time = now - self._started > self.config.offline_after_s
        if self.unanswered is not None:
            self.touch(now)
        if self.online and self._silent(self.last_seen, now):
            self.online = False
            self._missed(HUB, self.config.name, now)
            self._listener.hub_changed()
        elif had_time and not self.online and self.last_seen is not None:
            self._missed(HUB, self.config.name, now)
        for outlet in self.outlets.values():
            if not self._asked(outlet.device_id):
                continue
            if outlet.online and self._silent(outlet.last_seen, now):
                self._lose(outlet, now)
            elif had_time and not outlet.heard and not outlet.missing:
                outlet.missing = True
                self._lose(outlet, now)

    def _clock_jumped(self, seconds: float) -> None:
        """The clock was set, or the machine slept: that is no silence of the outlets, and no command's time."""
        self.queue.shift(seconds)
        if self.last_seen is not None and self.online:
            self.last_seen += seconds
        if self._started is not None:
            self._started += seconds
        if self.cut is not None:
            self.cut.deadline += seconds
        for outlet in self.outlets.values():
            if outlet.online and outlet.last_seen is not None:
                outlet.last_seen += seconds

    def _silent(self, last_seen: float | None, now: float) -> bool:
        return last_seen is None or now - last_seen > self.config.offline_after_s

    def _asked(self, device_id: str) -> bool:
        """Whether an outlet had the opportunity to say something."""
        if self.unanswered is not None:
            return device_id in self.unanswered
        return not self.config.sums_outlets or not self.online

    def _missed(self, place: Place, name: str, now: float) -> None:
        message = f"{name}: nothing heard for {self.config.offline_after_s:.0f} s"
        self.alerts.update(AlertKind.OFFLINE, place, now, message)

    def _lose(self, outlet: Outlet, now: float) -> None:
        outlet.online = False
        # One alert says it all when the hub is silent; and what was never seen is not lost.
        if self.online and outlet.last_seen is not None:
            self._missed(Place(outlet.device_id), outlet.config.name, now)
        self._listener.outlet_changed(outlet)
        if self.config.sums_outlets:
            self.breaker(self._sum_ma(), now)

    # Commands

    def _on_command(self, command: Command) -> None:
        if self.cut is not None:
            self.cut.on_command(command)
        outlet = self.outlets.get(command.device_id)
        if command.status is Status.FAILED:
            self._tell_failure(command, outlet)
        if outlet is not None and command.order.name is CommandName.SET_THRESHOLD:
            outlet.threshold_failed = command.status is Status.FAILED
        self._listener.command_changed(command)
        if command.status is not Status.DELIVERED:
            # A delivery that is forgotten in a crash is made again and does no harm.
            self._listener.save()
        if outlet is not None:
            self._listener.outlet_changed(outlet)

    def _tell_failure(self, command: Command, outlet: Outlet | None) -> None:
        if outlet is None or command.cut_id is not None:
            return
        order = command.order
        what = " ".join(str(part) for part in (order.name, order.socket, order.value) if part is not None)
        why = command.detail or command.reason
        self.alerts.tell(
            AlertKind.COMMAND_FAILED,
            Place(command.device_id, order.socket),
            self._clock_now,
            f"{outlet.config.name}: {what} failed ({why})",
        )

    # Storage

    def dump(self) -> dict[str, Any]:
        """What has to survive a kill: open commands, the cut, thresholds, alerts."""
        return {
            "commands": self.queue.dump(),
            "cut": self.cut.as_dict() if self.cut is not None else None,
            "main_threshold": self.main_threshold_ma,
            "thresholds": {o.device_id: o.threshold for o in self.outlets.values() if o.threshold is not None},
            "alerts": self.alerts.dump(),
        }

    def dump_meters(self) -> dict[str, Any]:
        """What may be some seconds old after a kill: energy and when something was last seen."""
        return {
            "energy_wh": self.meter.energy_wh,
            "last_seen": self.last_seen,
            "outlets": {
                outlet.device_id: {
                    "energy_wh": {name: s.meter.energy_wh for name, s in outlet.sockets.items()},
                    "last_seen": outlet.last_seen,
                }
                for outlet in self.outlets.values()
            },
        }

    def restore(self, stored: dict[str, Any], now: float) -> None:
        """Take back what dump gave; outlets have to be there already. A cut goes on where it was."""
        self._clock_now = now
        self.queue.restore([data for data in stored["commands"] if data["device_id"] in self.outlets])
        self.alerts.restore(stored["alerts"])
        self.main_threshold_ma = stored["main_threshold"]
        for device_id, threshold in stored["thresholds"].items():
            if device_id in self.outlets:
                self.outlets[device_id].threshold = threshold
        if stored["cut"] is not None:
            self.cut = CutRun.from_dict(stored["cut"], now)

    def restore_meters(self, stored: dict[str, Any]) -> None:
        """Take back what dump_meters gave."""
        self.meter.energy_wh = stored["energy_wh"]
        self.last_seen = stored["last_seen"]
        for device_id, data in stored["outlets"].items():
            if (outlet := self.outlets.get(device_id)) is None:
                continue
            outlet.last_seen = data["last_seen"]
            for name, energy_wh in data["energy_wh"].items():
                outlet.sockets[name].meter.energy_wh = energy_wh
