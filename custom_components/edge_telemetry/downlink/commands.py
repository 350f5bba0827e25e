"""Commands on the wire and in the store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypedDict

import orjson

from .._lib.commands import Command, CommandPolicy, CommandStatus

POLICY: Final = CommandPolicy(lifetime_s=300.0, retry_after_s=5.0, max_attempts=5, fails_after_attempts=False)
"""An unanswered command is sent again with the device's next message, and stays open until it expires."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a device has to do."""

    name: str
    params: dict[str, Any]


class Status(StrEnum):
    """Status of a command as users and the store know it."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"


class StoredCommand(TypedDict):
    """A command in the store; times in epoch seconds."""

    id: str
    name: str
    params: dict[str, Any]
    created: float
    expires: float
    attempts: int
    sent: float
    status: str
    message: str | None


type ConvertTime = Callable[[float], float]


def command_status(command: Command[Request]) -> Status:
    """Return the status of a command; a command that waits for its answer is pending, however often it was sent."""
    return Status.PENDING if command.is_open else Status(command.status.value)


def encode(command: Command[Request], to_wall: ConvertTime) -> str:
    """Return the message to the device."""
    return orjson.dumps(
        {
            "id": command.id,
            "cmd": command.payload.name,
            "params": command.payload.params,
            "issued_at": _iso(to_wall(command.created)),
            "expires_at": _iso(to_wall(command.deadline)),
        }
    ).decode()


def store(command: Command[Request], to_wall: ConvertTime) -> StoredCommand:
    """Return the stored form of a command."""
    return {
        "id": command.id,
        "name": command.payload.name,
        "params": command.payload.params,
        "created": to_wall(command.created),
        "expires": to_wall(command.deadline),
        "attempts": command.attempts,
        "sent": 0.0 if command.delivered is None else to_wall(command.delivered),
        "status": command_status(command).value,
        "message": command.reason,
    }


def restore(stored: StoredCommand, from_wall: ConvertTime) -> Command[Request]:
    """Return a stored command."""
    attempts = stored["attempts"]
    status = CommandStatus(stored["status"])
    return Command(
        stored["id"],
        Request(stored["name"], stored["params"]),
        from_wall(stored["created"]),
        from_wall(stored["expires"]),
        POLICY,
        CommandStatus.DELIVERED if attempts and status is CommandStatus.PENDING else status,
        attempts,
        from_wall(stored["sent"]) if attempts else None,
        reason=stored["message"],
    )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
