"""One outlet with two sockets: what it reported last, and how far that can be believed."""

from dataclasses import dataclass, field

from .commands import SOCKETS
from .energy import EnergyMeter, Mains
from .wire import OVERLOAD_MA, Report

SILENCE_S = 10.0
"""After so long without a report a CCU may have rebooted."""


@dataclass(slots=True)
class Socket:
    """One socket.

    Attributes:
        relay: On, off, or None where nobody knows.
        confirmed: The last state that was proved.
        doubtful: The sender says "off" and may only mean "I do not know".
        current_ma: None before the first report and after a trip.
        raw_ma: As reported, 65535 for a trip.
        meter: Estimated energy.
    """

    relay: bool | None = None
    confirmed: bool | None = None
    doubtful: bool = False
    current_ma: int | None = None
    raw_ma: int | None = None
    meter: EnergyMeter = field(default_factory=EnergyMeter)

    @property
    def tripped(self) -> bool:
        """The outlet cut this socket because of an overload."""
        return self.raw_ma == OVERLOAD_MA

    def observe(self, reported: bool | None, *, trusted: bool, after_silence: bool, proved: bool) -> None:
        """Take a reported relay state.

        A field CCU (protocol 1) reports "off" after its own reboot until an outlet acknowledged something. So
        from it "off" is doubtful when it contradicts what was last proved, or nothing was proved yet, or it
        is the first word after a silence, and stays so until a command for this socket is confirmed. "On" it
        says only after an acknowledgement.

        Args:
            reported: What the sender says.
            trusted: The sender never guesses (version 2 with a key, radio).
            after_silence: Nothing was heard of the outlet for more than 10 s.
            proved: A command for this socket was confirmed by this very report.
        """
        if reported is None:
            self.relay = None
            return
        if trusted or reported or proved:
            self.doubtful = False
        elif after_silence or self.confirmed is not False:
            self.doubtful = True
        if self.doubtful:
            self.relay = None
            return
        self.relay = self.confirmed = reported


@dataclass(frozen=True, slots=True)
class OutletConfig:
    """What the user said about an outlet.

    Attributes:
        device_id: Two upper-case hex digits.
        name: Of the outlet.
        location: Where it is, may be empty.
        protected: Sockets that a power cut leaves on unless it is told otherwise.
    """

    device_id: str
    name: str
    location: str = ""
    protected: frozenset[str] = frozenset()


@dataclass(slots=True)
class Outlet:
    """One outlet.

    Attributes:
        config: What the user said.
        sockets: By "a" and "b".
        is_overload: The outlet says that it tripped.
        threshold: mA that we hold currents against and want the outlet to trip at; 0 for none, None before
            any was set.
        device_threshold: What the outlet says it trips at; None where its transport does not tell.
        last_seen: UTC seconds of the last report; None for never.
        heard: A report came since we started.
        online: Reports come.
        missing: No report came since we started, and it had the time to.
        over_since: Since when a socket that is on draws more than the threshold and the outlet does not trip.
        threshold_failed: The last threshold did not get through to the outlet.
    """

    config: OutletConfig
    sockets: dict[str, Socket] = field(default_factory=lambda: {name: Socket() for name in SOCKETS})
    is_overload: bool = False
    threshold: int | None = None
    device_threshold: int | None = None
    last_seen: float | None = None
    heard: bool = False
    online: bool = False
    missing: bool = False
    over_since: float | None = None
    threshold_failed: bool = False

    @property
    def device_id(self) -> str:
        """Two upper-case hex digits."""
        return self.config.device_id

    def over_threshold(self, socket: str) -> bool:
        """Whether a socket draws more than the threshold."""
        current, limit = self.sockets[socket].current_ma, self.threshold
        return bool(limit) and current is not None and current > (limit or 0)

    def take(self, report: Report, now: float, *, trusted: bool, proved: set[str], mains: Mains) -> None:
        """Take a report into the state.

        Args:
            report: Checked.
            now: UTC seconds.
            trusted: See Socket.observe.
            proved: Sockets of which a command was confirmed by this report.
            mains: For the energy.
        """
        silence = not self.heard or self.last_seen is None or now - self.last_seen > SILENCE_S
        for name, socket in self.sockets.items():
            socket.observe(report.relay(name), trusted=trusted, after_silence=silence, proved=name in proved)
            socket.raw_ma = report.current(name)
            socket.current_ma = None if socket.tripped else socket.raw_ma
            power = None if socket.current_ma is None else mains.power_w(socket.current_ma)
            socket.meter.add(power, now)
        self.is_overload = report.is_overload or any(socket.tripped for socket in self.sockets.values())
        if report.threshold is not None:
            self.device_threshold = report.threshold
            if self.threshold is None:
                self.threshold = report.threshold
        self.last_seen, self.heard, self.online, self.missing = now, True, True, False
