"""Alerts: raised at once and once per occurrence, listed, dismissed; they survive a restart."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

KEPT = 200
"""Alerts that are remembered per hub; the oldest finished ones go first."""


class AlertKind(StrEnum):
    """What happened."""

    OVERLOAD = "overload"
    THRESHOLD = "threshold"
    MAIN_THRESHOLD = "main_threshold"
    OFFLINE = "offline"
    THRESHOLD_MISMATCH = "threshold_mismatch"
    COMMAND_FAILED = "command_failed"
    CUT_INCOMPLETE = "cut_incomplete"


@dataclass(frozen=True, slots=True)
class Place:
    """Where: an outlet's socket, an outlet, or the hub itself (both None)."""

    device_id: str | None = None
    socket: str | None = None


HUB = Place()


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes:
        id: Unique in the hub.
        kind: What happened.
        place: Where.
        message: For people.
        created: UTC seconds.
        value: The measured current in mA, where one is the reason.
        limit: What it was held against.
        cleared: When the reason went away; None while it lasts. Momentary kinds are cleared from the start.
        dismissed: Somebody has seen it.
    """

    id: str
    kind: AlertKind
    place: Place
    message: str
    created: float
    value: int | None = None
    limit: int | None = None
    cleared: float | None = None
    dismissed: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For storage, the action's answer and the card."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "device_id": self.place.device_id,
            "socket": self.place.socket,
            "message": self.message,
            "created": self.created,
            "value": self.value,
            "limit": self.limit,
            "cleared": self.cleared,
            "dismissed": self.dismissed,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """From storage."""
        place = Place(data["device_id"], data["socket"])
        rest = {name: data[name] for name in ("id", "message", "created", "value", "limit", "cleared", "dismissed")}
        return cls(kind=AlertKind(data["kind"]), place=place, **rest)


@dataclass(slots=True)
class AlertLog:
    """Alerts of one hub.

    Attributes:
        new_id: Makes ids.
        on_alert: Called with each alert that is raised.
        on_change: Called after anything changed.
    """

    new_id: Callable[[], str]
    on_alert: Callable[[Alert], None]
    on_change: Callable[[], None]
    _alerts: dict[str, Alert] = field(default_factory=dict)
    _lasting: dict[tuple[AlertKind, Place], str] = field(default_factory=dict)

    def update(
        self,
        kind: AlertKind,
        place: Place,
        now: float,
        message: str | None,
        *,
        value: int | None = None,
        limit: int | None = None,
    ) -> None:
        """Say whether the reason of a lasting alert is there.

        Args:
            kind: What.
            place: Where.
            now: UTC seconds.
            message: For people; None where the reason is not (or no longer) there.
            value: Measured.
            limit: Held against.
        """
        if message is None and not self._lasting:
            return  # the usual case, hundreds of times a second
        ident = self._lasting.get((kind, place))
        if message is None:
            if ident is not None:
                del self._lasting[kind, place]
                self._alerts[ident] = replace(self._alerts[ident], cleared=now)
                self.on_change()
        elif ident is None:
            alert = Alert(self.new_id(), kind, place, message, now, value, limit)
            self._lasting[kind, place] = alert.id
            self._add(alert)

    def tell(self, kind: AlertKind, place: Place, now: float, message: str) -> None:
        """Raise an alert about something that happened and is over."""
        self._add(Alert(self.new_id(), kind, place, message, now, cleared=now))

    def _add(self, alert: Alert) -> None:
        self._alerts[alert.id] = alert
        self._trim()
        self.on_change()
        self.on_alert(alert)

    def _trim(self) -> None:
        while len(self._alerts) > KEPT:
            finished = (ident for ident, alert in self._alerts.items() if alert.cleared is not None)
            oldest = next(finished, None) or next(iter(self._alerts))
            gone = self._alerts.pop(oldest)
            self._lasting.pop((gone.kind, gone.place), None)

    def is_on(self, kind: AlertKind, place: Place) -> bool:
        """Whether the reason of a lasting alert is there."""
        return bool(self._lasting) and (kind, place) in self._lasting

    def dismiss(self, ident: str) -> bool:
        """Mark an alert as seen; False where there is none of that id."""
        if (alert := self._alerts.get(ident)) is None:
            return False
        if not alert.dismissed:
            self._alerts[ident] = replace(alert, dismissed=True)
            self.on_change()
        return True

    def all(self) -> list[Alert]:
        """Newest first."""
        return list(reversed(self._alerts.values()))

    def remove_outlet(self, device_id: str) -> None:
        """Forget the alerts of an outlet that is no more."""
        gone = [alert for alert in self._alerts.values() if alert.place.device_id == device_id]
        for alert in gone:
            del self._alerts[alert.id]
            self._lasting.pop((alert.kind, alert.place), None)
        if gone:
            self.on_change()

    def dump(self) -> list[dict[str, Any]]:
        """For storage, oldest first."""
        return [alert.as_dict() for alert in self._alerts.values()]

    def restore(self, stored: list[dict[str, Any]]) -> None:
        """Take back what dump gave; what lasted then is not raised again while it still lasts."""
        for data in stored:
            alert = Alert.from_dict(data)
            self._alerts[alert.id] = alert
            if alert.cleared is None:
                self._lasting[alert.kind, alert.place] = alert.id
