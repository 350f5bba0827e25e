"""Commands to outlets: pending, delivered, confirmed or failed; idempotent and kept over a restart.

A newer command for the same thing (a socket's relay, the threshold, a ping, a reading) supersedes the older
one, so an outlet never has more than five commands waiting.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from .errors import FieldError, MissingFieldError
from .wire import Ack, Report, parse_threshold

SOCKETS = ("a", "b")
HISTORY = 100
"""Finished commands that are remembered per hub."""


class CommandName(StrEnum):
    """Commands of the protocol."""

    RELAY_ON = "relay_on"
    RELAY_OFF = "relay_off"
    SET_THRESHOLD = "set_threshold"
    READ_SENSORS = "read_sensors"
    PING = "ping"


RELAY_STATE = {CommandName.RELAY_ON: True, CommandName.RELAY_OFF: False}


class Status(StrEnum):
    """Where a command stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    UNVERIFIED = "unverified"
    """Delivered as often as it makes sense; the transport has no way to tell whether it was done."""
    FAILED = "failed"
    SUPERSEDED = "superseded"


OPEN = frozenset({Status.PENDING, Status.DELIVERED})


class Reason(StrEnum):
    """Why a command failed."""

    EXPIRED = "expired"
    NO_CONFIRMATION = "no_confirmation"
    REFUSED = "refused"
    REMOVED = "removed"
    NOT_STORED = "not_stored"


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of an outlet.

    Attributes:
        name: Of the command.
        socket: "a" or "b" where the command is about a socket.
        value: Threshold in mA where it is about that.
    """

    name: CommandName
    socket: str | None = None
    value: int | None = None

    @classmethod
    def parse(cls, name: CommandName, socket: object, value: object) -> Self:
        """Check an order that came from outside; what a command does not use is ignored.

        Raises:
            MissingFieldError: socket or value is needed and absent.
            FieldError: it is wrong.
        """
        if name in RELAY_STATE:
            if socket is None or socket == "":
                raise MissingFieldError("socket")
            if not isinstance(socket, str) or socket.lower() not in SOCKETS:
                raise FieldError("socket", "has to be a or b")
            return cls(name, socket=socket.lower())
        if name is CommandName.SET_THRESHOLD:
            if value is None or value == "":
                raise MissingFieldError("value")
            return cls(name, value=parse_threshold(value))
        return cls(name)

    @property
    def subject(self) -> str:
        """What it is about: a newer order of the same subject replaces this one."""
        return f"relay_{self.socket}" if self.name in RELAY_STATE else self.name.value

    @property
    def relay(self) -> bool | None:
        """The wanted state of the socket, None for other commands."""
        return RELAY_STATE.get(self.name)


@dataclass(slots=True)
class Command:
    """An order on its way."""

    id: str
    device_id: str
    order: Order
    created: float
    expires: float
    status: Status = Status.PENDING
    attempts: int = 0
    delivered: float | None = None
    reason: Reason | None = None
    detail: str | None = None
    cut_id: str | None = None
    """Of the power cut that it belongs to: repeated until it expires, not only a few times."""
    acknowledged: bool = False
    """It was handed to a transport that acknowledges by id (version 2, radio)."""

    def as_dict(self) -> dict[str, Any]:
        """For storage."""
        return {
            "id": self.id,
            "device_id": self.device_id,
            "name": self.order.name.value,
            "socket": self.order.socket,
            "value": self.order.value,
            "created": self.created,
            "expires": self.expires,
            "cut_id": self.cut_id,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """From storage; whatever had been delivered is delivered again, which does no harm."""
        return cls(
            id=data["id"],
            device_id=data["device_id"],
            order=Order(CommandName(data["name"]), data["socket"], data["value"]),
            created=data["created"],
            expires=data["expires"],
            cut_id=data.get("cut_id"),
        )


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often.

    Attributes:
        ttl_s: A command that was not done by then has failed; long-forgotten clicks must not act.
        cut_ttl_s: The same for commands of a power cut.
        retry_s: Without a confirmation for so long a delivered command is handed out again.
        attempts: How often a command is handed out.
    """

    ttl_s: float = 60
    cut_ttl_s: float = 3600
    retry_s: float = 5
    attempts: int = 3


@dataclass(slots=True)
class CommandQueue:
    """Open commands of one hub's outlets.

    Attributes:
        new_id: Makes ids.
        on_change: Called after each change of a command's status.
        patience: How long and how often.
    """

    new_id: Callable[[], str]
    on_change: Callable[[Command], None]
    patience: Patience = field(default_factory=Patience)
    history: deque[Command] = field(default_factory=lambda: deque(maxlen=HISTORY))
    _open: dict[str, dict[str, Command]] = field(default_factory=dict)

    def submit(self, device_id: str, order: Order, now: float, cut_id: str | None = None) -> Command:
        """Queue an order; an open command of the same subject is superseded."""
        ttl = self.patience.ttl_s if cut_id is None else self.patience.cut_ttl_s
        mine = self._open.setdefault(device_id, {})
        if (old := mine.get(order.subject)) is not None:
            self._finish(old, Status.SUPERSEDED)
        command = Command(self.new_id(), device_id, order, now, now + ttl, cut_id=cut_id)
        self._open.setdefault(device_id, {})[order.subject] = command
        self.on_change(command)
        return command

    def open(self, device_id: str | None = None) -> Iterator[Command]:
        """Open commands, of one outlet or of all."""
        if device_id is not None:
            yield from tuple(self._open.get(device_id, {}).values())
            return
        for commands in tuple(self._open.values()):
            yield from tuple(commands.values())

    def open_for(self, device_id: str, subject: str) -> Command | None:
        """The open command of a subject (``relay_a``, ``set_threshold``, …)."""
        return self._open.get(device_id, {}).get(subject)

    def find(self, ident: str) -> Command | None:
        """A command by its id, open or lately finished."""
        return next((c for c in (*self.open(), *self.history) if c.id == ident), None)

    def has_due(self, device_id: str, now: float) -> bool:
        """Whether fetch would hand something out."""
        return any(self._due(command, now) for command in self.open(device_id))

    def fetch(self, device_id: str, now: float, *, acknowledges: bool) -> list[Command]:
        """Hand out what an outlet has to do now: what is new, and what was not confirmed in time.

        Args:
            device_id: Of the outlet.
            now: UTC seconds.
            acknowledges: Whether the transport will say by id what became of each command.
        """
        if device_id not in self._open:
            return []
        self.expire(now, device_id)
        due = [command for command in self.open(device_id) if self._due(command, now)]
        for command in due:
            command.status = Status.DELIVERED
            command.attempts += 1
            command.delivered = now
            command.acknowledged = acknowledges
            self.on_change(command)
        return due

    def _due(self, command: Command, now: float) -> bool:
        return command.status is Status.PENDING or self._overdue(command, now)

    def _overdue(self, command: Command, now: float) -> bool:
        return command.delivered is not None and now - command.delivered >= self.patience.retry_s

    def on_report(self, report: Report) -> list[Command]:
        """Confirm what a report shows; returns the commands confirmed by it."""
        if report.device_id not in self._open:
            return []
        done = [
            command
            for command in self.open(report.device_id)
            if command.status is Status.DELIVERED and _shows(report, command)
        ]
        for command in done:
            self._finish(command, Status.CONFIRMED)
        return done

    def acknowledge(self, device_id: str, ack: Ack) -> Command | None:
        """Take a transport's word for it; None where no such command is open (a repeated ack)."""
        command = next((c for c in self.open(device_id) if c.id == ack.id), None)
        if command is None:
            return None
        if ack.ok:
            self._finish(command, Status.CONFIRMED)
        else:
            self._finish(command, Status.FAILED, Reason.REFUSED, ack.error)
        return command

    def expire(self, now: float, device_id: str | None = None) -> None:
        """End the commands whose time or attempts are over."""
        for command in self.open(device_id):
            if now >= command.expires:
                self._finish(
                    command,
                    Status.FAILED,
                    Reason.NO_CONFIRMATION if command.attempts else Reason.EXPIRED,
                )
            elif command.cut_id is None and command.attempts >= self.patience.attempts:
                self._give_up(command, now)

    def _give_up(self, command: Command, now: float) -> None:
        if not self._overdue(command, now):
            return
        if command.order.name is CommandName.SET_THRESHOLD and not command.acknowledged:
            self._finish(command, Status.UNVERIFIED)
        else:
            self._finish(command, Status.FAILED, Reason.NO_CONFIRMATION)

    def shift(self, seconds: float) -> None:
        """The clock was set by so much: the commands' times go with it."""
        for command in self.open():
            command.created += seconds
            command.expires += seconds
            if command.delivered is not None:
                command.delivered += seconds

    def withdraw(self, command: Command, reason: Reason) -> None:
        """Fail a command that is still open."""
        if command.status in OPEN:
            self._finish(command, Status.FAILED, reason)

    def remove_outlet(self, device_id: str) -> None:
        """Fail the commands of an outlet that is no more."""
        for command in self.open(device_id):
            self._finish(command, Status.FAILED, Reason.REMOVED)

    def _finish(
        self, command: Command, status: Status, reason: Reason | None = None, detail: str | None = None
    ) -> None:
        command.status, command.reason, command.detail = status, reason, detail
        mine = self._open[command.device_id]
        del mine[command.order.subject]
        if not mine:
            del self._open[command.device_id]
        self.history.append(command)
        self.on_change(command)

    def dump(self) -> list[dict[str, Any]]:
        """Open commands, for storage."""
        return [command.as_dict() for command in self.open()]

    def restore(self, stored: list[dict[str, Any]]) -> None:
        """Take back what dump gave."""
        for data in stored:
            command = Command.from_dict(data)
            self._open.setdefault(command.device_id, {})[command.order.subject] = command


def _shows(report: Report, command: Command) -> bool:
    """Whether a report that came after the delivery proves that the order was done."""
    order = command.order
    if order.relay is not None:
        assert order.socket is not None
        return report.relay(order.socket) is order.relay
    if order.name is CommandName.SET_THRESHOLD:
        return report.threshold == order.value
    # A ping or a reading: the report itself is the answer, unless there will be a better one.
    return not command.acknowledged
