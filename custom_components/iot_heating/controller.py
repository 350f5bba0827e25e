"""A controller at run time: what it last reported, and who wants to know."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE

from .energy import EnergyConfig
from .protocol.sessions import Ledger
from .protocol.telemetry import Telemetry
from .protocol.v2 import Extras
from .records import Kind

type EventListener = Callable[[str, str, dict[str, Any]], None]

MISSED_POLLS: Final = 3
_USUAL_INTERVAL_S: Final = 60.0
_INTERVAL_RANGE_S: Final = (20.0, 300.0)
_INTERVAL_WEIGHT: Final = 0.2
# A value that stays the same is told again after this time, so that its state says that the source lives.
_REFRESH_S: Final = 300.0


class Topic(StrEnum):
    """What entities follow; each is told only when its own has changed."""

    COMMAND = "command"
    ERRORS = "errors"
    EXTRAS = "extras"
    HEATING = "heating"
    ONLINE = "online"
    OUTDOOR = "outdoor"
    SEEN = "seen"
    SUPPLY = "supply"
    USAGE = "usage"
    VOLTAGE = "voltage"


_TOPIC_OF: Final = {
    "heating": Topic.HEATING,
    "outdoor_c": Topic.OUTDOOR,
    "supply_c": Topic.SUPPLY,
    "voltage_v": Topic.VOLTAGE,
    "errors": Topic.ERRORS,
}


@dataclass(slots=True, eq=False)
class Controller:
    """A controller and what it last reported.

    Attributes:
        device_id: What it calls itself; of a linked entity, its reference.
        subentry_id: Of the config entry.
        number: Integer id of the user API.
        online: None until it has called, or has had the time to, since the start.
        last_seen: When it last called (UTC).
        interval_s: Its polling interval, as observed.
        protocol: The version that it spoke last.
        extras: What it reports beyond protocol 1.
        offer: The firmware that ota offers.
        said_heating: Whether it has said since it was lost, or since the start, if it heats.
    """

    device_id: str
    subentry_id: str
    number: int
    name: str
    kind: Kind = Kind.ESP32
    energy: EnergyConfig = field(default_factory=EnergyConfig)
    ledger: Ledger = field(default_factory=Ledger)
    online: bool | None = None
    last_seen: datetime | None = None
    heating: bool | None = None
    outdoor_c: float | None = None
    supply_c: float | None = None
    voltage_v: float | None = None
    errors: tuple[str | dict[str, Any], ...] = ()
    interval_s: float = _USUAL_INTERVAL_S
    protocol: int = 1
    extras: dict[str, float | str | None] = field(default_factory=dict)
    offer: dict[str, Any] | None = None
    listeners: dict[Topic, list[CALLBACK_TYPE]] = field(default_factory=dict)
    event_listeners: list[EventListener] = field(default_factory=list)
    refreshed: datetime | None = None
    told: datetime | None = None
    applied: Telemetry | None = None
    said_heating: bool = False

    @property
    def idle(self) -> bool:
        """Whether it calls and does not heat, so that its call alone changes nothing."""
        return self.online is True and not self.heating and self.ledger.open is None

    def apply(self, report: Telemetry) -> list[Topic]:
        """Take over what a report holds; what it leaves out stays, null is no reading. Returns what changed."""
        changed: list[Topic] = []
        if report is self.applied:
            return changed
        self.applied = report
        self.said_heating |= "heating" in report.values
        for name, value in report.values.items():
            if value != getattr(self, name):
                setattr(self, name, value)
                changed.append(_TOPIC_OF[name])
        return changed

    def lose(self) -> None:
        """It is silent: whether it heats is not known until it says so again."""
        self.online = False
        self.heating = None
        self.said_heating = False
        self.applied = None

    def apply_extras(self, extras: Extras) -> list[Topic]:
        """Take over the fields of protocol 2."""
        after = self.extras | extras.values
        if after == self.extras:
            return []
        self.extras = after
        return [Topic.EXTRAS]

    def seen(self, now: datetime) -> None:
        """Note a call, and learn the interval from the regular ones."""
        if self.online and self.last_seen is not None:
            gap = (now - self.last_seen).total_seconds()
            low, high = _INTERVAL_RANGE_S
            if low <= gap <= high:
                self.interval_s += _INTERVAL_WEIGHT * (gap - self.interval_s)
        self.last_seen = now

    def needs_refresh(self, now: datetime) -> bool:
        """Whether all of it is to be told again, changed or not."""
        if self.refreshed is not None and (now - self.refreshed).total_seconds() < _REFRESH_S:
            return False
        self.refreshed = now
        return True

    def follow(self, topic: Topic, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when something changes; returns what ends that."""
        return subscribe(self.listeners.setdefault(topic, []), listener)

    def tell(self, topics: Iterable[Topic]) -> None:
        """Call those who follow any of these, each once."""
        for listener in {listener: None for topic in topics for listener in self.listeners.get(topic, ())}:
            listener()


def subscribe[T](listeners: list[T], listener: T) -> Callable[[], None]:
    """Add a listener; returns what removes it (and does nothing when called again)."""
    listeners.append(listener)

    def unsubscribe() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return unsubscribe
