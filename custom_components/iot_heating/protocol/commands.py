"""Commands to a controller: queued, handed out, confirmed by what the controller reports, or failed.

A queue is a tuple of commands, oldest first; each function returns the queue as it is afterwards, and the same
object where nothing changed. Protocol 2 controllers acknowledge by id. A protocol 1 controller cannot: forcing on
and off is confirmed by the state it reports, everything else by its calling again after it got its configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

MAX_ATTEMPTS: Final = 5
KEPT: Final = 20
DEFAULT_EXPIRY: Final = timedelta(minutes=15)


class CommandName(StrEnum):
    """What a controller can be told."""

    FORCE_ON = "force_on"
    FORCE_OFF = "force_off"
    AUTO = "auto"
    SET_CURVE = "set_curve"
    REBOOT = "reboot"
    IDENTIFY = "identify"


class CommandStatus(StrEnum):
    """How far a command is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    FAILED = "failed"


FORCING: Final = frozenset({CommandName.FORCE_ON, CommandName.FORCE_OFF, CommandName.AUTO})
NEEDS_PROTOCOL_2: Final = frozenset({CommandName.REBOOT, CommandName.IDENTIFY})


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        id: For the acknowledgement.
        expires: When it fails if it was not confirmed (UTC).
        attempts: How often it was handed out.
        delivered: When it was last handed out.
        closed: When it was confirmed or failed.
        reason: Why it failed: expired, no_answer, superseded, or what the controller said.
    """

    id: str
    name: CommandName
    created: datetime
    expires: datetime
    args: Mapping[str, Any] = field(default_factory=dict)
    status: CommandStatus = CommandStatus.PENDING
    attempts: int = 0
    delivered: datetime | None = None
    closed: datetime | None = None
    reason: str | None = None

    @property
    def open(self) -> bool:
        """Whether it may still be confirmed."""
        return self.status in (CommandStatus.PENDING, CommandStatus.DELIVERED)

    def confirmed(self, now: datetime) -> Self:
        """Done by the controller."""
        return replace(self, status=CommandStatus.CONFIRMED, closed=now, reason=None)

    def failed(self, reason: str, now: datetime) -> Self:
        """Given up."""
        return replace(self, status=CommandStatus.FAILED, closed=now, reason=reason)

    def as_dict(self) -> dict[str, Any]:
        """For storage, diagnostics and events."""
        return {
            "id": self.id,
            "name": self.name.value,
            "created": self.created.isoformat(),
            "expires": self.expires.isoformat(),
            "args": dict(self.args),
            "status": self.status.value,
            "attempts": self.attempts,
            "delivered": self.delivered.isoformat() if self.delivered else None,
            "closed": self.closed.isoformat() if self.closed else None,
            "reason": self.reason,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """From storage."""
        return cls(
            data["id"],
            CommandName(data["name"]),
            datetime.fromisoformat(data["created"]),
            datetime.fromisoformat(data["expires"]),
            data["args"],
            CommandStatus(data["status"]),
            data["attempts"],
            datetime.fromisoformat(data["delivered"]) if data["delivered"] else None,
            datetime.fromisoformat(data["closed"]) if data["closed"] else None,
            data["reason"],
        )


type Queue = tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    """A protocol 2 controller's answer to a command."""

    id: str
    ok: bool
    message: str | None = None


def added(queue: Queue, command: Command) -> Queue:
    """Queue a command; open ones that it makes meaningless fail as superseded."""
    group = FORCING if command.name in FORCING else {command.name}
    queue = tuple(
        other.failed("superseded", command.created) if other.open and other.name in group else other for other in queue
    )
    closed_room = KEPT - 1 - sum(other.open for other in queue)
    closed = [other.id for other in queue if not other.open]
    keep = set(closed[-closed_room:]) if closed_room > 0 else set()
    return (*(other for other in queue if other.open or other.id in keep), command)


def handed_out(queue: Queue, now: datetime, retry_after: timedelta) -> tuple[Queue, Queue]:
    """The queue after a reply to the controller, and the commands that this reply carries.

    What was handed out and not answered is handed out again after a while, at most five times.
    """
    carried: list[Command] = []

    def step(command: Command) -> Command:
        if not command.open:
            return command
        if command.delivered is not None and now - command.delivered < retry_after:
            return command
        if command.attempts >= MAX_ATTEMPTS:
            return command.failed("no_answer", now)
        command = replace(command, status=CommandStatus.DELIVERED, attempts=command.attempts + 1, delivered=now)
        carried.append(command)
        return command

    return _mapped(queue, step), tuple(carried)


def in_configuration(queue: Queue, now: datetime) -> Queue:
    """The queue after a protocol 1 controller got a configuration that says it all."""
    return _mapped(
        queue,
        lambda command: (
            replace(command, status=CommandStatus.DELIVERED, attempts=1, delivered=now)
            if command.status is CommandStatus.PENDING
            else command
        ),
    )


def acknowledged(queue: Queue, acks: tuple[Ack, ...], now: datetime) -> Queue:
    """The queue after a protocol 2 controller's answers; answers to nothing are passed over."""
    answers = {ack.id: ack for ack in acks}

    def step(command: Command) -> Command:
        ack = answers.get(command.id)
        if ack is None or not command.open:
            return command
        return command.confirmed(now) if ack.ok else command.failed(ack.message or "refused", now)

    return _mapped(queue, step) if answers else queue


def observed(queue: Queue, heating: bool | None, now: datetime) -> Queue:
    """The queue after a protocol 1 controller called again, with the state that it reported (None: none)."""

    def step(command: Command) -> Command:
        if command.status is not CommandStatus.DELIVERED:
            return command
        wanted = {CommandName.FORCE_ON: True, CommandName.FORCE_OFF: False}.get(command.name)
        return command.confirmed(now) if wanted is None or wanted is heating else command

    return _mapped(queue, step)


def expired(queue: Queue, now: datetime) -> Queue:
    """The queue with what is overdue failed."""
    return _mapped(
        queue, lambda command: command.failed("expired", now) if command.open and now >= command.expires else command
    )


def _mapped(queue: Queue, step: Any) -> Queue:
    after = tuple(step(command) for command in queue)
    return queue if all(a is b for a, b in zip(after, queue, strict=True)) else after
