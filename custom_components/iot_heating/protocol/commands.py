"""Commands to a controller: queued, delivered, confirmed by what the controller reports, or failed.

A queue is a tuple of commands, oldest first. Each function returns the new queue, and the same object where nothing
changed. Protocol 2 controllers acknowledge by command ID. Protocol 1 controllers cannot: forcing on and off is
confirmed by the reported state, everything else by the next call after the configuration was delivered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

MAX_ATTEMPTS: Final = 5
MAX_QUEUE_LENGTH: Final = 20
DEFAULT_EXPIRY: Final = timedelta(minutes=15)


class CommandName(StrEnum):
    """The commands of the protocol."""

    FORCE_ON = "force_on"
    FORCE_OFF = "force_off"
    AUTO = "auto"
    SET_CURVE = "set_curve"
    REBOOT = "reboot"
    IDENTIFY = "identify"


class CommandStatus(StrEnum):
    """Progress of a command."""

    PENDING = "pending"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    FAILED = "failed"


FORCE_COMMANDS: Final = frozenset({CommandName.FORCE_ON, CommandName.FORCE_OFF, CommandName.AUTO})
PROTOCOL_2_COMMANDS: Final = frozenset({CommandName.REBOOT, CommandName.IDENTIFY})


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        id: Identifies the command in acknowledgements.
        expires: When it fails unless it is confirmed (UTC).
        attempts: How often it was delivered.
        delivered: When it was last delivered (UTC).
        closed: When it was confirmed or failed (UTC).
        reason: Why it failed: expired, no_answer, superseded, or the controller's message.
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
    def is_open(self) -> bool:
        """Whether it can still be confirmed."""
        return self.status in (CommandStatus.PENDING, CommandStatus.DELIVERED)

    def confirm(self, now: datetime) -> Self:
        """Return the command as confirmed."""
        return replace(self, status=CommandStatus.CONFIRMED, closed=now, reason=None)

    def fail(self, reason: str, now: datetime) -> Self:
        """Return the command as failed."""
        return replace(self, status=CommandStatus.FAILED, closed=now, reason=reason)

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
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
        """Restore a command from its stored form."""
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
    """The answer of a protocol 2 controller to a command."""

    id: str
    ok: bool
    message: str | None = None


def enqueue(queue: Queue, command: Command) -> Queue:
    """Add a command; open ones that it replaces fail as superseded. At most 20 commands are kept."""
    replaced = FORCE_COMMANDS if command.name in FORCE_COMMANDS else {command.name}
    queue = tuple(
        other.fail("superseded", command.created) if other.is_open and other.name in replaced else other
        for other in queue
    )
    room = MAX_QUEUE_LENGTH - 1 - sum(other.is_open for other in queue)
    closed = [other.id for other in queue if not other.is_open]
    kept = set(closed[-room:]) if room > 0 else set()
    return (*(other for other in queue if other.is_open or other.id in kept), command)


def deliver(queue: Queue, now: datetime, retry_after: timedelta) -> tuple[Queue, Queue]:
    """Deliver the open commands with a reply of protocol 2.

    A command that was delivered and not answered is delivered again after ``retry_after``, at most five times.

    Returns:
        The queue, and the commands that the reply contains.
    """
    delivered: list[Command] = []

    def update(command: Command) -> Command:
        if not command.is_open:
            return command
        if command.delivered is not None and now - command.delivered < retry_after:
            return command
        if command.attempts >= MAX_ATTEMPTS:
            return command.fail("no_answer", now)
        command = replace(command, status=CommandStatus.DELIVERED, attempts=command.attempts + 1, delivered=now)
        delivered.append(command)
        return command

    return _update_each(queue, update), tuple(delivered)


def deliver_in_configuration(queue: Queue, now: datetime) -> Queue:
    """Mark pending commands as delivered: a configuration of protocol 1 contains all of them."""
    return _update_each(
        queue,
        lambda command: (
            replace(command, status=CommandStatus.DELIVERED, attempts=1, delivered=now)
            if command.status is CommandStatus.PENDING
            else command
        ),
    )


def acknowledge(queue: Queue, acks: tuple[Ack, ...], now: datetime) -> Queue:
    """Apply the answers of a protocol 2 controller; answers to unknown commands are ignored."""
    answers = {ack.id: ack for ack in acks}

    def update(command: Command) -> Command:
        ack = answers.get(command.id)
        if ack is None or not command.is_open:
            return command
        return command.confirm(now) if ack.ok else command.fail(ack.message or "refused", now)

    return _update_each(queue, update) if answers else queue


def confirm_by_state(queue: Queue, heating: bool | None, now: datetime) -> Queue:
    """Confirm delivered commands by the state that a protocol 1 controller reported (None: it reported none)."""

    def update(command: Command) -> Command:
        if command.status is not CommandStatus.DELIVERED:
            return command
        expected = {CommandName.FORCE_ON: True, CommandName.FORCE_OFF: False}.get(command.name)
        return command.confirm(now) if expected is None or expected is heating else command

    return _update_each(queue, update)


def expire(queue: Queue, now: datetime) -> Queue:
    """Fail open commands whose time is over."""
    return _update_each(
        queue,
        lambda command: command.fail("expired", now) if command.is_open and now >= command.expires else command,
    )


def _update_each(queue: Queue, update: Callable[[Command], Command]) -> Queue:
    updated = tuple(update(command) for command in queue)
    return queue if all(a is b for a, b in zip(updated, queue, strict=True)) else updated
