"""Commands to outlets: the requests, and their queues on top of the shared command state machine.

Commands are idempotent and kept over a restart.

A newer command for the same subject (the relay of a socket, the threshold, a ping, a reading) supersedes the
older one, so an outlet never has more than five open commands.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from .._lib.commands import NO_ANSWER, Command, CommandPolicy, CommandQueues, CommandStatus, new_command
from .ccu_protocol import Ack, Report, parse_threshold
from .errors import FieldError, MissingFieldError

SOCKETS = ("a", "b")
KEPT_COMMANDS = 10
"""Commands kept per outlet, open ones always."""
_UNLIMITED = 1_000_000


class CommandName(StrEnum):
    """Commands of the CCU protocol."""

    RELAY_ON = "relay_on"
    RELAY_OFF = "relay_off"
    SET_THRESHOLD = "set_threshold"
    READ_SENSORS = "read_sensors"
    PING = "ping"


RELAY_STATE = {CommandName.RELAY_ON: True, CommandName.RELAY_OFF: False}


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


@dataclass(frozen=True, slots=True)
class OutletCommand:
    """The payload of a queued command.

    Attributes:
        device_id: Device ID of the outlet.
        request: The request.
        power_off_id: ID of the emergency power-off that the command belongs to.
    """

    device_id: str
    request: CommandRequest
    power_off_id: str | None = None


type QueuedCommand = Command[OutletCommand]


@dataclass(frozen=True, slots=True)
class CommandPolicies:
    """Deadlines and attempts of commands.

    Attributes:
        normal: Commands of users and automations. The short lifetime prevents an old request from acting late.
        power_off: Commands of an emergency power-off, repeated until they expire.
    """

    normal: CommandPolicy
    power_off: CommandPolicy

    @classmethod
    def of(cls, *, retry_s: float = 5.0, attempts: int = 3, lifetime_s: float = 60.0) -> Self:
        """Return the policies for a retry delay and a number of attempts."""
        return cls(
            CommandPolicy(lifetime_s, retry_s, attempts),
            CommandPolicy(3600.0, retry_s, _UNLIMITED, fails_after_attempts=False),
        )


def has_failed(command: QueuedCommand) -> bool:
    """Return whether a command failed or expired."""
    return command.status in (CommandStatus.FAILED, CommandStatus.EXPIRED)


def failure_reason(command: QueuedCommand) -> FailureReason:
    """Return why a command failed or expired."""
    if command.status is CommandStatus.EXPIRED:
        return FailureReason.NO_CONFIRMATION if command.attempts else FailureReason.EXPIRED
    if isinstance(command.reason, FailureReason):
        return command.reason
    return FailureReason.NO_CONFIRMATION if command.reason == NO_ANSWER else FailureReason.REFUSED


class OutletCommands:
    """The commands of a hub's outlets. Times are seconds of the hub's clock."""

    def __init__(
        self, new_id: Callable[[], str], on_change: Callable[[QueuedCommand], None], policies: CommandPolicies
    ) -> None:
        """Initialize the queues.

        Args:
            new_id: Returns a new unique ID.
            on_change: Called with the new value of each command that changed.
            policies: Deadlines and attempts.
        """
        self._new_id = new_id
        self._policies = policies
        self._queues: CommandQueues[OutletCommand] = CommandQueues(
            lambda _device_id, command: on_change(command), kept=KEPT_COMMANDS, exhausted_status=_exhausted_status
        )
        # Outlets that may have open commands: most have none at most of their several hundred polls a second.
        self._active: set[str] = set()

    def submit(
        self, device_id: str, request: CommandRequest, now: float, power_off_id: str | None = None
    ) -> QueuedCommand:
        """Queue a request; an open command with the same subject is superseded."""
        policy = self._policies.normal if power_off_id is None else self._policies.power_off
        command = new_command(self._new_id(), OutletCommand(device_id, request, power_off_id), now, policy)
        self._active.add(device_id)
        return self._queues.submit(
            device_id, command, supersedes=lambda payload: payload.request.subject == request.subject
        )

    def open(self, device_id: str | None = None) -> Iterator[QueuedCommand]:
        """Yield the open commands of one outlet or of all outlets, oldest first."""
        if device_id is not None:
            yield from self._queues.open(device_id)
            return
        for each, _ in self._queues:
            yield from self._queues.open(each)

    def closed(self) -> list[QueuedCommand]:
        """Return the closed commands that are kept."""
        return [command for _, queue in self._queues for command in queue if not command.is_open]

    def open_for(self, device_id: str, subject: str) -> QueuedCommand | None:
        """Return the open command of a subject (``relay_a``, ``set_threshold``, …)."""
        return next((each for each in self.open(device_id) if each.payload.request.subject == subject), None)

    def find(self, command_id: str) -> QueuedCommand | None:
        """Return a command by its ID."""
        return next((command for _, queue in self._queues for command in queue if command.id == command_id), None)

    def has_due(self, device_id: str, now: float) -> bool:
        """Return whether ``deliver`` would return commands."""
        return self._queues.has_due(device_id, now)

    def deliver(self, device_id: str, now: float, *, acknowledges: bool) -> tuple[QueuedCommand, ...]:
        """Return the commands to deliver now: new ones and those not confirmed in time.

        Args:
            device_id: Device ID of the outlet.
            now: Seconds of the clock.
            acknowledges: Whether the transport acknowledges each command by its ID.
        """
        if device_id not in self._active:
            return ()
        commands = self._queues.deliver(device_id, now, acknowledges=acknowledges)
        if not self._queues.open(device_id):
            self._active.discard(device_id)
        return commands

    def on_report(self, report: Report, now: float) -> tuple[QueuedCommand, ...]:
        """Confirm the delivered commands that a report proves, and return them."""
        if report.device_id not in self._active:
            return ()
        return self._queues.confirm(report.device_id, now, lambda command: _is_confirmed_by(report, command))

    def acknowledge(self, device_id: str, ack: Ack, now: float) -> QueuedCommand | None:
        """Apply an acknowledgement; return None if no such command is open (a repeated acknowledgement)."""
        reason = None if ack.ok else ack.error or FailureReason.REFUSED
        return self._queues.acknowledge(device_id, ack.id, now, ok=ack.ok, reason=reason)

    def expire(self, now: float) -> None:
        """End the commands whose deadline has passed or whose attempts are used up."""
        for device_id in tuple(self._active):
            self._queues.expire(now, device_id)

    def shift_times(self, seconds: float) -> None:
        """Move all times of open commands by the time in which nothing could be received."""
        for device_id, queue in self._queues:
            self._queues.restore(device_id, tuple(_shifted(each, seconds) if each.is_open else each for each in queue))

    def withdraw(self, command: QueuedCommand, reason: FailureReason, now: float) -> None:
        """Fail a command that is still open."""
        self._queues.close(command.payload.device_id, command.id, CommandStatus.FAILED, now, reason)

    def reopen(self, device_id: str, commands: tuple[QueuedCommand, ...]) -> None:
        """Open superseded commands again, except for subjects that have an open command."""
        taken = {command.payload.request.subject for command in self.open(device_id)}
        earlier = {each.id: each for each in commands if each.payload.request.subject not in taken}
        queue = self._queues.queue(device_id)
        self._queues.restore(
            device_id,
            tuple(earlier.get(each.id, each) if each.status is CommandStatus.SUPERSEDED else each for each in queue),
        )
        self._active.add(device_id)

    def remove_outlet(self, device_id: str, now: float) -> None:
        """Fail and drop the commands of a removed outlet."""
        for command in self._queues.open(device_id):
            self.withdraw(command, FailureReason.REMOVED, now)
        self._queues.remove(device_id)
        self._active.discard(device_id)

    def dump(self, to_wall: Callable[[float], float]) -> list[dict[str, Any]]:
        """Return the open commands in their stored form, with times in UTC."""
        return [_as_dict(command, to_wall) for command in self.open()]

    def restore(self, stored: list[dict[str, Any]], now: float, from_wall: Callable[[float], float]) -> None:
        """Restore dumped commands; a delivered command is delivered again, which is harmless."""
        for data in stored:
            device_id = data["device_id"]
            command = self._from_dict(data, now, from_wall)
            self._queues.restore(device_id, (*self._queues.queue(device_id), command))
            self._active.add(device_id)

    def _from_dict(self, data: dict[str, Any], now: float, from_wall: Callable[[float], float]) -> QueuedCommand:
        request = CommandRequest(CommandName(data["name"]), data["socket"], data["value"])
        payload = OutletCommand(data["device_id"], request, data.get("cut_id"))
        policy = self._policies.normal if payload.power_off_id is None else self._policies.power_off
        # A system clock that was set back meanwhile does not prolong its life.
        created, deadline = min(from_wall(data["created"]), now), from_wall(data["expires"])
        return Command(data["id"], payload, created, min(deadline, now + policy.lifetime_s), policy)


def _as_dict(command: QueuedCommand, to_wall: Callable[[float], float]) -> dict[str, Any]:
    request = command.payload.request
    return {
        "id": command.id,
        "device_id": command.payload.device_id,
        "name": request.name.value,
        "socket": request.socket,
        "value": request.value,
        "created": to_wall(command.created),
        "expires": to_wall(command.deadline),
        "cut_id": command.payload.power_off_id,
    }


def _shifted(command: QueuedCommand, seconds: float) -> QueuedCommand:
    delivered = None if command.delivered is None else command.delivered + seconds
    return replace(command, created=command.created + seconds, deadline=command.deadline + seconds, delivered=delivered)


def _exhausted_status(command: QueuedCommand) -> CommandStatus:
    """Return the status after the last attempt: without acknowledgements nothing confirms a threshold."""
    if command.payload.request.name is CommandName.SET_THRESHOLD and not command.acknowledges:
        return CommandStatus.UNVERIFIED
    return CommandStatus.FAILED


def _is_confirmed_by(report: Report, command: QueuedCommand) -> bool:
    """Return whether a report received after the delivery proves that the command was executed."""
    request = command.payload.request
    if request.relay is not None:
        assert request.socket is not None
        return report.relay(request.socket) is request.relay
    if request.name is CommandName.SET_THRESHOLD:
        return report.threshold == request.value
    # Any report answers a ping or a reading, unless an acknowledgement will follow.
    return not command.acknowledges
