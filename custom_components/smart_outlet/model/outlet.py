"""State of an outlet with two sockets, as last reported."""

from collections import Counter
from dataclasses import dataclass, field

from .ccu_protocol import OVERLOAD_MA, Report
from .commands import SOCKETS
from .energy import EnergyMeter, Mains

REBOOT_GAP_S = 10.0
"""A CCU may have rebooted if it did not report for longer than this."""


@dataclass(slots=True)
class Socket:
    """One socket.

    Attributes:
        relay: On, off, or None while unknown.
        confirmed: Last confirmed relay state.
        off_is_uncertain: The sender reports "off" but may mean "unknown".
        current_ma: None before the first report, after a trip, and if the reported value could not be read.
        raw_ma: The last current that could be read, 65535 for a trip.
        meter: Estimated energy.
    """

    relay: bool | None = None
    confirmed: bool | None = None
    off_is_uncertain: bool = False
    current_ma: int | None = None
    raw_ma: int | None = None
    meter: EnergyMeter = field(default_factory=EnergyMeter)

    @property
    def reported_ma(self) -> int | None:
        """Return the current as reported, 65535 for a trip; None if it could not be read."""
        return OVERLOAD_MA if self.is_tripped else self.current_ma

    def update_current(self, reported_ma: int | None) -> None:
        """Apply a reported current, None if it could not be read: this neither is a current nor ends a trip."""
        if reported_ma is not None:
            self.raw_ma = reported_ma
        self.current_ma = None if self.is_tripped else reported_ma

    @property
    def is_tripped(self) -> bool:
        """Return whether the outlet switched this socket off because of an overload."""
        return self.raw_ma == OVERLOAD_MA

    def update_relay(self, reported: bool | None, *, trusted: bool, after_gap: bool, command_confirmed: bool) -> None:
        """Apply a reported relay state.

        A field CCU (protocol 1) reports "off" after its own reboot until an outlet has acknowledged a command.
        Its "off" is therefore uncertain if it contradicts the last confirmed state, if no state was confirmed
        yet, or if it is the first report after a gap. It stays uncertain until a command for this socket is
        confirmed. "On" is only reported after an acknowledgement.

        Args:
            reported: State in the report, None if the sender does not know it.
            trusted: The sender reports an unknown state as unknown (version 2 with a key, radio).
            after_gap: The outlet had not reported for more than 10 s.
            command_confirmed: The same report confirmed a command for this socket.
        """
        if reported is None:
            self.relay = None
            return
        if trusted or reported or command_confirmed:
            self.off_is_uncertain = False
        elif after_gap or self.confirmed is not False:
            self.off_is_uncertain = True
        if self.off_is_uncertain:
            self.relay = None
            return
        self.relay = self.confirmed = reported


@dataclass(frozen=True, slots=True)
class OutletSettings:
    """User settings of an outlet.

    Attributes:
        device_id: Two upper-case hex digits.
        name: Name of the outlet.
        location: Suggested area, may be empty.
        protected: Sockets that an emergency power-off leaves on unless they are included.
    """

    device_id: str
    name: str
    location: str = ""
    protected: frozenset[str] = frozenset()


@dataclass(slots=True)
class Outlet:
    """One outlet.

    Attributes:
        settings: User settings.
        sockets: Sockets by letter, "a" and "b".
        is_overload: The outlet or the current of a socket reports an overload trip.
        reports_overload: The outlet reports an overload trip.
        ignored: How often each field of its reports could not be read.
        threshold: Trip threshold set in Home Assistant in mA; 0 for none, None before any was set.
        device_threshold: Trip threshold reported by the outlet; None if its transport does not report it.
        last_seen: Time of the last report; None for never.
        has_reported: A report was received since the start.
        online: Reports are being received.
        is_missing: No report was received since the start within the offline timeout.
        over_threshold_since: Time since which a socket that is on draws more than the threshold without a trip.
        threshold_not_delivered: The last threshold did not reach the outlet.
    """

    settings: OutletSettings
    sockets: dict[str, Socket] = field(default_factory=lambda: {name: Socket() for name in SOCKETS})
    is_overload: bool = False
    reports_overload: bool = False
    ignored: Counter[str] = field(default_factory=Counter)
    threshold: int | None = None
    device_threshold: int | None = None
    last_seen: float | None = None
    has_reported: bool = False
    online: bool = False
    is_missing: bool = False
    over_threshold_since: float | None = None
    threshold_not_delivered: bool = False

    @property
    def device_id(self) -> str:
        """Return the device ID, two upper-case hex digits."""
        return self.settings.device_id

    def is_over_threshold(self, socket: str) -> bool:
        """Return whether a socket draws more than the threshold."""
        current, limit = self.sockets[socket].current_ma, self.threshold
        return bool(limit) and current is not None and current > (limit or 0)

    def skip_time(self, gap_s: float, now: float) -> None:
        """Forgive a time in which nothing could be received."""
        if self.last_seen is not None:
            self.last_seen = min(self.last_seen, now)
        if self.over_threshold_since is not None:
            self.over_threshold_since += gap_s

    def apply(
        self, report: Report, now: float, *, trusted: bool, after_gap: bool, confirmed: set[str], mains: Mains
    ) -> None:
        """Apply a report.

        Args:
            report: Validated report.
            now: Seconds of the clock.
            trusted: See ``Socket.update_relay``.
            after_gap: See ``Socket.update_relay``.
            confirmed: Sockets with a command that this report confirmed.
            mains: Supply assumed for the energy.
        """
        for name, socket in self.sockets.items():
            socket.update_relay(
                report.relay(name), trusted=trusted, after_gap=after_gap, command_confirmed=name in confirmed
            )
            socket.update_current(report.current(name))
            socket.meter.add(mains.power_w(socket.current_ma), now)
        reported = self.reports_overload if report.is_overload is None else report.is_overload
        self.reports_overload = reported
        self.is_overload = reported or any(socket.is_tripped for socket in self.sockets.values())
        if report.threshold is not None:
            self.device_threshold = report.threshold
            if self.threshold is None:
                self.threshold = report.threshold
        self.last_seen, self.has_reported, self.online, self.is_missing = now, True, True, False
