"""Commands to outlets, from pending over delivered to confirmed or failed; idempotent and kept over a restart.

A newer command for the same subject (the relay of a socket, the threshold, a ping, a reading) supersedes the
older one, so an outlet never has more than five open commands.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from .ccu_protocol import Ack, Report, parse_threshold
from .errors import FieldError, MissingFieldError

SOCKETS = ("a", "b")
HISTORY_SIZE = 100
"""Finished commands kept per hub."""


class CommandName(StrEnum):
    """Commands of the CCU protocol."""

    RELAY_ON = "relay_on"
    RELAY_OFF = "relay_off"
    SET_THRESHOLD = "set_threshold"
    READ_SENSORS = "read_sensors"
    PING = "ping"


RELAY_STATE = {CommandName.RELAY_ON: True, CommandName.RELAY_OFF: False}


class CommandStatus(StrEnum):
    """Status of a command."""

    PENDING = "pending"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    UNVERIFIED = "unverified"
    """All attempts were delivered; the transport cannot report whether the command was executed."""
    FAILED = "failed"
    SUPERSEDED = "superseded"


OPEN_STATUSES = frozenset({CommandStatus.PENDING, CommandStatus.DELIVERED})


class FailureReason(StrEnum):
    """Reason of a failed command."""

    EXPIRED = "expired"
    NO_CONFIRMATION = "no_confirmation"
    REFUSED = "refused"
    REMOVED = "removed"
    NOT_STORED = "not_stored"


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A validated request for a command.

    Attributes:
        name: Name of the command.
        socket: "a" or "b" for relay commands.
        value: Threshold in mA for ``set_threshold``.
    """

    name: CommandName
    socket: str | None = None
    value: int | None = None

    @classmethod
    def parse(cls, name: CommandName, socket: object, value: object) -> Self:
        """Validate a request from outside; fields that the command does not use are ignored.

        Raises:
            MissingFieldError: A required socket or value is absent.
            FieldError: The socket or value is invalid.
        """
        if name in RELAY_STATE:
            if socket is None or socket == "":
                raise MissingFieldError("socket")
            if not isinstance(socket, str) or socket.lower() not in SOCKETS:
                raise FieldError("socket", "must be a or b")
            return cls(name, socket=socket.lower())
        if name is CommandName.SET_THRESHOLD:
            if value is None or value == "":
                raise MissingFieldError("value")
            return cls(name, value=parse_threshold(value))
        return cls(name)

    @property
    def subject(self) -> str:
        """Return what the command changes; a newer request with the same subject replaces this one."""
        return f"relay_{self.socket}" if self.name in RELAY_STATE else self.name.value

    @property
    def relay(self) -> bool | None:
        """Return the requested relay state, None for other commands."""
        return RELAY_STATE.get(self.name)


@dataclass(slots=True)
class Command:
    """A queued request.

    Attributes:
        power_off_id: ID of the emergency power-off that the command belongs to. Such a command is repeated until
            it expires, not only for the usual number of attempts.
        is_acknowledged_by_id: The command was delivered over a transport that acknowledges by ID (version 2, radio).
    """

    id: str
    device_id: str
    request: CommandRequest
    created: float
    expires: float
    status: CommandStatus = CommandStatus.PENDING
    attempts: int = 0
    delivered: float | None = None
    reason: FailureReason | None = None
    detail: str | None = None
    power_off_id: str | None = None
    is_acknowledged_by_id: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "id": self.id,
            "device_id": self.device_id,
            "name": self.request.name.value,
            "socket": self.request.socket,
            "value": self.request.value,
            "created": self.created,
            "expires": self.expires,
            "cut_id": self.power_off_id,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Restore from the stored form; a delivered command is delivered again, which is harmless."""
        return cls(
            id=data["id"],
            device_id=data["device_id"],
            request=CommandRequest(CommandName(data["name"]), data["socket"], data["value"]),
            created=data["created"],
            expires=data["expires"],
            power_off_id=data.get("cut_id"),
        )


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Deadlines and attempts of commands.

    Attributes:
        ttl_s: An unconfirmed command fails after this time, so that an old request never acts late.
        power_off_ttl_s: The same for commands of an emergency power-off.
        retry_s: A delivered command without confirmation is delivered again after this time.
        attempts: Maximum number of deliveries.
    """

    ttl_s: float = 60
    power_off_ttl_s: float = 3600
    retry_s: float = 5
    attempts: int = 3


@dataclass(slots=True)
class CommandQueue:
    """Open commands of a hub's outlets.

    Attributes:
        new_id: Returns a new unique ID.
        on_change: Called after every change of a command's status.
        policy: Deadlines and attempts.
        history: Finished commands, newest last.
    """

    new_id: Callable[[], str]
    on_change: Callable[[Command], None]
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    history: deque[Command] = field(default_factory=lambda: deque(maxlen=HISTORY_SIZE))
    _open: dict[str, dict[str, Command]] = field(default_factory=dict)

    def submit(self, device_id: str, request: CommandRequest, now: float, power_off_id: str | None = None) -> Command:
        """Queue a request; an open command with the same subject is superseded."""
        ttl = self.policy.ttl_s if power_off_id is None else self.policy.power_off_ttl_s
        if (older := self.open_for(device_id, request.subject)) is not None:
            self._finish(older, CommandStatus.SUPERSEDED)
        command = Command(self.new_id(), device_id, request, now, now + ttl, power_off_id=power_off_id)
        self._open.setdefault(device_id, {})[request.subject] = command
        self.on_change(command)
        return command

    def open(self, device_id: str | None = None) -> Iterator[Command]:
        """Yield the open commands of one outlet or of all outlets."""
        if device_id is not None:
            yield from tuple(self._open.get(device_id, {}).values())
            return
        for commands in tuple(self._open.values()):
            yield from tuple(commands.values())

    def open_for(self, device_id: str, subject: str) -> Command | None:
        """Return the open command of a subject (``relay_a``, ``set_threshold``, …)."""
        return self._open.get(device_id, {}).get(subject)

    def find(self, command_id: str) -> Command | None:
        """Return an open or recently finished command by its ID."""
        return next((command for command in (*self.open(), *self.history) if command.id == command_id), None)

    def has_due(self, device_id: str, now: float) -> bool:
        """Return whether ``fetch`` would return commands."""
        return any(self._is_due(command, now) for command in self.open(device_id))

    def fetch(self, device_id: str, now: float, *, acknowledges: bool) -> list[Command]:
        """Return the commands to deliver now: new ones and those not confirmed in time.

        Args:
            device_id: Device ID of the outlet.
            now: UTC seconds.
            acknowledges: Whether the transport acknowledges each command by its ID.
        """
        if device_id not in self._open:
            return []
        self.expire(now, device_id)
        due = [command for command in self.open(device_id) if self._is_due(command, now)]
        for command in due:
            command.status = CommandStatus.DELIVERED
            command.attempts += 1
            command.delivered = now
            command.is_acknowledged_by_id = acknowledges
            self.on_change(command)
        return due

    def _is_due(self, command: Command, now: float) -> bool:
        return command.status is CommandStatus.PENDING or self._needs_retry(command, now)

    def _needs_retry(self, command: Command, now: float) -> bool:
        return command.delivered is not None and now - command.delivered >= self.policy.retry_s

    def on_report(self, report: Report) -> list[Command]:
        """Confirm the delivered commands that a report proves, and return them."""
        if report.device_id not in self._open:
            return []
        confirmed = [
            command
            for command in self.open(report.device_id)
            if command.status is CommandStatus.DELIVERED and _is_confirmed_by(report, command)
        ]
        for command in confirmed:
            self._finish(command, CommandStatus.CONFIRMED)
        return confirmed

    def acknowledge(self, device_id: str, ack: Ack) -> Command | None:
        """Apply an acknowledgement; return None if no such command is open (a repeated acknowledgement)."""
        command = next((command for command in self.open(device_id) if command.id == ack.id), None)
        if command is None:
            return None
        if ack.ok:
            self._finish(command, CommandStatus.CONFIRMED)
        else:
            self._finish(command, CommandStatus.FAILED, FailureReason.REFUSED, ack.error)
        return command

    def expire(self, now: float, device_id: str | None = None) -> None:
        """End the commands whose deadline has passed or whose attempts are used up."""
        for command in self.open(device_id):
            if now >= command.expires:
                reason = FailureReason.NO_CONFIRMATION if command.attempts else FailureReason.EXPIRED
                self._finish(command, CommandStatus.FAILED, reason)
            elif command.power_off_id is None and command.attempts >= self.policy.attempts:
                self._end_last_attempt(command, now)

    def _end_last_attempt(self, command: Command, now: float) -> None:
        if not self._needs_retry(command, now):
            return
        if command.request.name is CommandName.SET_THRESHOLD and not command.is_acknowledged_by_id:
            self._finish(command, CommandStatus.UNVERIFIED)
        else:
            self._finish(command, CommandStatus.FAILED, FailureReason.NO_CONFIRMATION)

    def shift_times(self, seconds: float) -> None:
        """Move all times of open commands after the system clock was set."""
        for command in self.open():
            command.created += seconds
            command.expires += seconds
            if command.delivered is not None:
                command.delivered += seconds

    def withdraw(self, command: Command, reason: FailureReason) -> None:
        """Fail a command that is still open."""
        if command.status in OPEN_STATUSES:
            self._finish(command, CommandStatus.FAILED, reason)

    def remove_outlet(self, device_id: str) -> None:
        """Fail the commands of a removed outlet."""
        for command in self.open(device_id):
            self._finish(command, CommandStatus.FAILED, FailureReason.REMOVED)

    def _finish(
        self,
        command: Command,
        status: CommandStatus,
        reason: FailureReason | None = None,
        detail: str | None = None,
    ) -> None:
        command.status, command.reason, command.detail = status, reason, detail
        commands = self._open[command.device_id]
        del commands[command.request.subject]
        if not commands:
            del self._open[command.device_id]
        self.history.append(command)
        self.on_change(command)

    def dump(self) -> list[dict[str, Any]]:
        """Return the open commands in their stored form."""
        return [command.as_dict() for command in self.open()]

    def restore(self, stored: list[dict[str, Any]]) -> None:
        """Restore dumped commands."""
        for data in stored:
            command = Command.from_dict(data)
            self._open.setdefault(command.device_id, {})[command.request.subject] = command


def _is_confirmed_by(report: Report, command: Command) -> bool:
    """Return whether a report received after the delivery proves that the command was executed."""
    request = command.request
    if request.relay is not None:
        assert request.socket is not None
        return report.relay(request.socket) is request.relay
    if request.name is CommandName.SET_THRESHOLD:
        return report.threshold == request.value
    # Any report answers a ping or a reading, unless an acknowledgement will follow.
    return not command.is_acknowledged_by_id
