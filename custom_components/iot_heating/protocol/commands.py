"""Commands to a controller: queued, delivered, confirmed by what the controller reports, or failed.

A queue is a tuple of commands, oldest first. Each function returns the new queue, and the same object where nothing
changed; times are seconds of a steady clock. Protocol 2 controllers acknowledge by command ID. Protocol 1 controllers
cannot: forcing on and off is confirmed by the reported state, everything else by the next call after the
configuration was delivered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from .._lib import commands
from .._lib.commands import CommandPolicy, CommandStatus as State
from .profile import utc_text

MAX_ATTEMPTS: Final = 5
MAX_QUEUE_LENGTH: Final = 20
RETRY_AFTER_S: Final = 20.0
"""A command that was delivered and not answered is delivered again after this time."""
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
    """Progress of a command, as entities, events and storage have it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    FAILED = "failed"


FORCE_COMMANDS: Final = frozenset({CommandName.FORCE_ON, CommandName.FORCE_OFF, CommandName.AUTO})
PROTOCOL_2_COMMANDS: Final = frozenset({CommandName.REBOOT, CommandName.IDENTIFY})


@dataclass(frozen=True, slots=True)
class Order:
    """What a controller is to do."""

    name: CommandName
    args: Mapping[str, Any] = field(default_factory=dict)


type Command = commands.Command[Order]
type Queue = commands.Queue[Order]
type ClockConversion = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer of a protocol 2 controller to a command."""

    id: str
    ok: bool
    message: str | None = None


def new_command(command_id: str, order: Order, now: float, expiry: timedelta = DEFAULT_EXPIRY) -> Command:
    """Return a pending command that fails after ``expiry`` unless it is confirmed."""
    return commands.new_command(command_id, order, now, _policy(expiry.total_seconds()))


def _policy(lifetime_s: float) -> CommandPolicy:
    return CommandPolicy(lifetime_s, RETRY_AFTER_S, MAX_ATTEMPTS)


def status_of(command: Command) -> CommandStatus:
    """Return the progress; expired and superseded commands have failed."""
    if command.status in (State.EXPIRED, State.SUPERSEDED):
        return CommandStatus.FAILED
    return CommandStatus(command.status.value)


def reason_of(command: Command) -> str | None:
    """Return why it failed: expired, no_answer, superseded, or the controller's message."""
    return command.status.value if command.status in (State.EXPIRED, State.SUPERSEDED) else command.reason


def command_as_dict(command: Command, to_wall: ClockConversion) -> dict[str, Any]:
    """Return the stored form."""
    return {
        "id": command.id,
        "name": command.payload.name.value,
        "created": _wall_text(command.created, to_wall),
        "expires": _wall_text(command.deadline, to_wall),
        "args": dict(command.payload.args),
        "status": status_of(command).value,
        "attempts": command.attempts,
        "delivered": _wall_text(command.delivered, to_wall),
        "closed": _wall_text(command.closed, to_wall),
        "reason": reason_of(command),
    }


def command_from_dict(data: dict[str, Any], from_wall: ClockConversion) -> Command:
    """Restore a command from its stored form."""

    def steady(text: str) -> float:
        return from_wall(datetime.fromisoformat(text).timestamp())

    created, deadline = steady(data["created"]), steady(data["expires"])
    return commands.Command(
        data["id"],
        Order(CommandName(data["name"]), data["args"]),
        created,
        deadline,
        _policy(deadline - created),
        State(data["status"]),
        data["attempts"],
        steady(data["delivered"]) if data["delivered"] else None,
        steady(data["closed"]) if data["closed"] else None,
        data["reason"],
    )


def command_message(command: Command, to_wall: ClockConversion) -> dict[str, Any]:
    """Return the form in a reply of protocol 2."""
    return {
        "id": command.id,
        "name": command.payload.name.value,
        "args": dict(command.payload.args),
        "expires_at": utc_text(_wall_time(command.deadline, to_wall)),
    }


def _wall_time(at: float, to_wall: ClockConversion) -> datetime:
    return datetime.fromtimestamp(to_wall(at), UTC)


def _wall_text(at: float | None, to_wall: ClockConversion) -> str | None:
    return None if at is None else _wall_time(at, to_wall).isoformat()


def enqueue(queue: Queue, command: Command) -> Queue:
    """Add a command; open ones that it replaces fail as superseded. At most 20 commands are kept."""
    name = command.payload.name
    replaced = FORCE_COMMANDS if name in FORCE_COMMANDS else {name}
    return commands.submit(queue, command, supersedes=lambda order: order.name in replaced, kept=MAX_QUEUE_LENGTH)


def deliver(queue: Queue, now: float) -> tuple[Queue, Queue]:
    """Deliver what is due with a reply of protocol 2; returns the queue, and the commands that the reply contains."""
    return commands.deliver(expire(queue, now), now)


def deliver_in_configuration(queue: Queue, now: float) -> Queue:
    """Mark pending commands as delivered: a configuration of protocol 1 contains all of them."""
    return commands.update(
        queue,
        lambda command: command.as_delivered(now, acknowledges=False) if command.status is State.PENDING else command,
    )


def acknowledge(queue: Queue, acks: tuple[Ack, ...], now: float) -> Queue:
    """Apply the answers of a protocol 2 controller; answers to unknown commands are ignored."""
    for ack in acks:
        reason = None if ack.ok else ack.message or "refused"
        queue = commands.acknowledge(queue, ack.id, now, ok=ack.ok, reason=reason)
    return queue


def confirm_by_state(queue: Queue, heating: bool | None, now: float) -> Queue:
    """Confirm delivered commands by the state that a protocol 1 controller reported (None: it reported none)."""

    def is_done(command: Command) -> bool:
        expected = {CommandName.FORCE_ON: True, CommandName.FORCE_OFF: False}.get(command.payload.name)
        return expected is None or expected is heating

    return commands.confirm(queue, now, is_done)


def expire(queue: Queue, now: float) -> Queue:
    """Fail the commands whose time or whose attempts are used up."""
    return commands.expire(queue, now)
