"""A controller: its last reported values, its connection state, and the listeners to both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE

from ..protocol.fields import ERRORS, OUTDOOR, STATE, SUPPLY, TELEMETRY_FIELDS
from ..protocol.report import Report
from ..protocol.session_tracker import SessionTracker
from ..storage.device_records import ControllerKind
from .energy import EnergyConfig

type EventListener = Callable[[str, str, dict[str, Any]], None]

MISSED_POLLS: Final = 3
_DEFAULT_INTERVAL_S: Final = 60.0
_INTERVAL_RANGE_S: Final = (20.0, 300.0)
_INTERVAL_WEIGHT: Final = 0.2
_MAX_IGNORED: Final = 100
# Unchanged values are published again after this time, so that their states show that the controller is alive.
_REFRESH_S: Final = 300.0


class Topic(StrEnum):
    """What listeners subscribe to, in addition to the names of telemetry fields."""

    COMMAND = "command"
    LAST_SEEN = "last_seen"
    ONLINE = "online"
    PROTOCOL = "protocol"
    USAGE = "usage"


ALL_TOPICS: Final[tuple[str, ...]] = (*Topic, *(telemetry_field.name for telemetry_field in TELEMETRY_FIELDS))


@dataclass(frozen=True, slots=True)
class IgnoredField:
    """A field that was reported with an invalid value: how often, and why and when the last time."""

    count: int
    reason: str
    last: datetime


@dataclass(slots=True, eq=False)
class Controller:
    """The runtime state of a controller.

    Attributes:
        device_id: ID of the controller; for a linked entity, its entity registry ID.
        subentry_id: Of the config entry.
        number: Integer ID of the user API.
        tracker: Its heating sessions and usage.
        online: None until it has called, or should have called, since Home Assistant started.
        last_seen: When it last called (UTC).
        received_s: When it last called since the start of Home Assistant, in seconds of a steady clock.
        interval_s: Its measured poll interval.
        protocol: Version of its last call.
        values: Last reported values by field name; None: no reading.
        firmware_offer: The firmware that ota offers.
        has_reported_state: Whether it has reported its state since it was offline, or since the start.
        ignored: Fields of its reports that had no valid value since the start.
    """

    device_id: str
    subentry_id: str
    number: int
    name: str
    kind: ControllerKind = ControllerKind.ESP32
    energy: EnergyConfig = field(default_factory=EnergyConfig)
    tracker: SessionTracker = field(default_factory=SessionTracker)
    online: bool | None = None
    last_seen: datetime | None = None
    received_s: float | None = None
    interval_s: float = _DEFAULT_INTERVAL_S
    protocol: int = 1
    values: dict[str, Any] = field(default_factory=dict)
    firmware_offer: dict[str, Any] | None = None
    has_reported_state: bool = False
    event_listeners: list[EventListener] = field(default_factory=list)
    notified_at: datetime | None = None
    last_report: Report | None = None
    ignored: dict[str, IgnoredField] = field(default_factory=dict)
    _listeners: dict[str, list[CALLBACK_TYPE]] = field(default_factory=dict)
    _refreshed_at: datetime | None = None

    @property
    def heating(self) -> bool | None:
        """Whether the heat source is on."""
        return self.values.get(STATE)

    @property
    def outdoor_c(self) -> float | None:
        """Outdoor temperature."""
        return self.values.get(OUTDOOR)

    @property
    def flow_c(self) -> float | None:
        """Flow temperature."""
        return self.values.get(SUPPLY)

    @property
    def errors(self) -> tuple[str | dict[str, Any], ...]:
        """Reported errors."""
        errors: tuple[str | dict[str, Any], ...] = self.values.get(ERRORS, ())
        return errors

    @property
    def is_idle(self) -> bool:
        """Whether it is online and not heating: a call without new values changes nothing then."""
        return self.online is True and not self.heating and self.tracker.running is None

    def apply(self, report: Report) -> list[str]:
        """Apply the values of a report; omitted fields keep theirs. Returns the changed fields."""
        if report is self.last_report:
            return []
        self.last_report = report
        self.has_reported_state |= STATE in report.values
        values = self.values
        changed: list[str] = []
        for name, value in report.values.items():
            if name not in values or value != values[name]:
                values[name] = value
                changed.append(name)
        return changed

    def count_ignored(self, report: Report, now: datetime) -> None:
        """Count the fields of a report that have no valid value."""
        for name, reason in report.ignored.items():
            if name in self.ignored or len(self.ignored) < _MAX_IGNORED:
                count = self.ignored[name].count if name in self.ignored else 0
                self.ignored[name] = IgnoredField(count + 1, reason, now)

    def set_offline(self) -> None:
        """Mark it as offline. Whether it heats is unknown until it reports its state again."""
        self.online = False
        self.values[STATE] = None
        self.has_reported_state = False
        self.last_report = None

    def set_protocol(self, version: int) -> None:
        """Update the protocol version of its calls."""
        if version != self.protocol:
            self.protocol = version
            self.notify((Topic.PROTOCOL,))

    def mark_seen(self, now: datetime, steady_s: float) -> None:
        """Update when it last called, by the wall clock and a steady clock, and its measured poll interval."""
        if self.online and self.received_s is not None:
            gap_s = steady_s - self.received_s
            low, high = _INTERVAL_RANGE_S
            if low <= gap_s <= high:
                self.interval_s += _INTERVAL_WEIGHT * (gap_s - self.interval_s)
        self.last_seen, self.received_s = now, steady_s

    def needs_refresh(self, now: datetime) -> bool:
        """Whether all values are to be published again, changed or not."""
        if self._refreshed_at is not None and 0 <= (now - self._refreshed_at).total_seconds() < _REFRESH_S:
            return False
        self._refreshed_at = now
        return True

    def subscribe(self, topic: str, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when something changes; returns the function that unsubscribes."""
        return subscribe(self._listeners.setdefault(topic, []), listener)

    def notify(self, topics: Iterable[str]) -> None:
        """Call the listeners to any of these topics, each once."""
        for listener in {listener: None for topic in topics for listener in self._listeners.get(topic, ())}:
            listener()

    def fire_event(self, group: str, event_type: str, data: dict[str, Any]) -> None:
        """Fire an event of an event entity; ``group`` is command or session."""
        for listener in tuple(self.event_listeners):
            listener(group, event_type, data)


def subscribe[T](listeners: list[T], listener: T) -> Callable[[], None]:
    """Add a listener; returns the function that removes it. Safe to call twice."""
    listeners.append(listener)

    def unsubscribe() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return unsubscribe
