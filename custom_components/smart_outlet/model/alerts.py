"""Alerts: raised once per occurrence, listed, dismissed, kept over a restart.

An alert carries a message code and its values. Home Assistant's side turns them into text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

MAX_ALERTS = 200
"""Alerts kept per hub; the oldest cleared ones are dropped first."""


class AlertType(StrEnum):
    """Reasons of an alert; part of the stored format and of the event payload."""

    OVERLOAD = "overload"
    THRESHOLD = "threshold"
    MAIN_THRESHOLD = "main_threshold"
    OFFLINE = "offline"
    THRESHOLD_MISMATCH = "threshold_mismatch"
    COMMAND_FAILED = "command_failed"
    POWER_OFF_INCOMPLETE = "cut_incomplete"


class MessageCode(StrEnum):
    """Messages of alerts, with the values that each of them carries."""

    SOCKET_OVERLOAD = "socket_overload"
    """outlet, socket"""
    OUTLET_OVERLOAD = "outlet_overload"
    """outlet"""
    THRESHOLD_EXCEEDED = "threshold_exceeded"
    """outlet, socket, current_ma, threshold_ma"""
    MAIN_THRESHOLD_EXCEEDED = "main_threshold_exceeded"
    """hub, current_ma, threshold_ma"""
    OFFLINE = "offline"
    """device, timeout_s"""
    THRESHOLD_DIFFERS = "threshold_differs"
    """outlet, device_threshold_ma, threshold_ma"""
    THRESHOLD_NOT_DELIVERED = "threshold_not_delivered"
    """outlet, threshold_ma"""
    OUTLET_DOES_NOT_TRIP = "outlet_does_not_trip"
    """outlet, threshold_ma"""
    COMMAND_FAILED = "command_failed"
    """outlet, command, socket, value, reason, detail"""
    POWER_OFF_INCOMPLETE = "power_off_incomplete"
    """hub, sockets"""


type MessageValues = Mapping[str, str | int | float | None]


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """The message of an alert as data."""

    code: MessageCode
    values: MessageValues


@dataclass(frozen=True, slots=True)
class AlertSource:
    """The socket, the outlet (socket None) or the hub (both None) that an alert is about."""

    device_id: str | None = None
    socket: str | None = None


HUB_SOURCE = AlertSource()


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes:
        id: Unique within the hub.
        type: Reason of the alert.
        source: Socket, outlet or hub.
        message: Code and values; None for an alert that was stored with its text only.
        created: UTC seconds.
        value: Measured current in mA, if a current is the reason.
        limit: Threshold in mA that the value was compared with.
        cleared: Time the reason ended; None while it persists. Momentary alerts are cleared from the start.
        dismissed: A user has acknowledged the alert.
        stored_text: Text of an alert stored by a version without message codes.
    """

    id: str
    type: AlertType
    source: AlertSource
    message: AlertMessage | None
    created: float
    value: int | None = None
    limit: int | None = None
    cleared: float | None = None
    dismissed: bool = False
    stored_text: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "id": self.id,
            "kind": self.type.value,
            "device_id": self.source.device_id,
            "socket": self.source.socket,
            "message": self.stored_text,
            "code": self.message.code.value if self.message else None,
            "values": dict(self.message.values) if self.message else {},
            "created": self.created,
            "value": self.value,
            "limit": self.limit,
            "cleared": self.cleared,
            "dismissed": self.dismissed,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Restore an alert from its stored form; ``code`` is absent in data of earlier versions."""
        code = data.get("code")
        return cls(
            id=data["id"],
            type=AlertType(data["kind"]),
            source=AlertSource(data["device_id"], data["socket"]),
            message=AlertMessage(MessageCode(code), data["values"]) if code else None,
            created=data["created"],
            value=data["value"],
            limit=data["limit"],
            cleared=data["cleared"],
            dismissed=data["dismissed"],
            stored_text=data["message"],
        )


@dataclass(slots=True)
class AlertLog:
    """Alerts of one hub.

    Attributes:
        new_id: Returns a new unique ID.
        on_alert: Called with each new alert.
        on_change: Called after every change.
        to_wall: Returns the UTC seconds of a time; an alert is a record.
        on_cleared: Called with each persistent alert whose reason has ended.
    """

    new_id: Callable[[], str]
    on_alert: Callable[[Alert], None]
    on_change: Callable[[], None]
    to_wall: Callable[[float], float] = lambda at: at
    on_cleared: Callable[[Alert], None] = lambda _alert: None
    _alerts: dict[str, Alert] = field(default_factory=dict)
    _active: dict[tuple[AlertType, AlertSource], str] = field(default_factory=dict)

    def update(
        self,
        alert_type: AlertType,
        source: AlertSource,
        now: float,
        message: AlertMessage | None,
        *,
        value: int | None = None,
        limit: int | None = None,
    ) -> None:
        """Raise or clear a persistent alert.

        Args:
            alert_type: Reason of the alert.
            source: Socket, outlet or hub.
            now: Seconds of the clock.
            message: Message while the reason persists, None when it does not.
            value: Measured current in mA.
            limit: Threshold in mA.
        """
        if message is None and not self._active:
            return  # the usual case, several hundred times a second
        alert_id = self._active.get((alert_type, source))
        if message is None:
            if alert_id is not None:
                del self._active[alert_type, source]
                self._alerts[alert_id] = cleared = replace(self._alerts[alert_id], cleared=self.to_wall(now))
                self.on_change()
                self.on_cleared(cleared)
        elif alert_id is None:
            alert = Alert(self.new_id(), alert_type, source, message, self.to_wall(now), value, limit)
            self._active[alert_type, source] = alert.id
            self._add(alert)

    def raise_momentary(self, alert_type: AlertType, source: AlertSource, now: float, message: AlertMessage) -> None:
        """Raise an alert about a single occurrence, which is cleared from the start."""
        at = self.to_wall(now)
        self._add(Alert(self.new_id(), alert_type, source, message, at, cleared=at))

    def _add(self, alert: Alert) -> None:
        self._alerts[alert.id] = alert
        self._trim()
        self.on_change()
        self.on_alert(alert)

    def _trim(self) -> None:
        while len(self._alerts) > MAX_ALERTS:
            cleared = (alert_id for alert_id, alert in self._alerts.items() if alert.cleared is not None)
            oldest = next(cleared, None) or next(iter(self._alerts))
            dropped = self._alerts.pop(oldest)
            self._active.pop((dropped.type, dropped.source), None)

    def is_active(self, alert_type: AlertType, source: AlertSource) -> bool:
        """Return whether the reason of a persistent alert currently holds."""
        return bool(self._active) and (alert_type, source) in self._active

    def dismiss(self, alert_id: str) -> bool:
        """Mark an alert as dismissed; return False for an unknown ID."""
        if (alert := self._alerts.get(alert_id)) is None:
            return False
        if not alert.dismissed:
            self._alerts[alert_id] = replace(alert, dismissed=True)
            self.on_change()
        return True

    def all(self) -> list[Alert]:
        """Return all alerts, newest first."""
        return list(reversed(self._alerts.values()))

    def remove_outlet(self, device_id: str) -> None:
        """Drop the alerts of a removed outlet."""
        dropped = [alert for alert in self._alerts.values() if alert.source.device_id == device_id]
        for alert in dropped:
            del self._alerts[alert.id]
            self._active.pop((alert.type, alert.source), None)
        if dropped:
            self.on_change()

    def dump(self) -> list[dict[str, Any]]:
        """Return all alerts in their stored form, oldest first."""
        return [alert.as_dict() for alert in self._alerts.values()]

    def restore(self, stored: list[dict[str, Any]]) -> None:
        """Restore dumped alerts; those that were active are not raised again while their reason persists."""
        for data in stored:
            alert = Alert.from_dict(data)
            self._alerts[alert.id] = alert
            if alert.cleared is None:
                self._active[alert.type, alert.source] = alert.id
