# Generated from lib/commands.py by scripts/build: edit that file, not this one.
"""Commands to devices: pending, delivered, confirmed, failed or expired. No Home Assistant in here.

    POLICY = CommandPolicy(lifetime_s=60, retry_after_s=5, max_attempts=3)

    queues = CommandQueues[Order](on_change=notify)                   # one queue per device
    queues.submit("outlet-7", new_command("c1", order, now, POLICY), supersedes=order.replaces)
    due = queues.deliver("outlet-7", now)                             # what to send now, first attempts and retries
    queues.acknowledge("outlet-7", "c1", now, ok=True)                # or queues.confirm(...) by a reported state
    queues.expire(now)                                                # periodically

A command is an immutable value and a queue a tuple of them, oldest first. The functions below return the queue after
a step, and the same object where nothing changed; a caller that keeps queues in its own records uses them directly.
`now` comes from a clock that never jumps (`steady_clock.SteadyClock`): a changed system time neither expires a command
nor revives one.
"""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self


class CommandStatus(StrEnum):
    """Progress of a command."""

    PENDING = "pending"
    """Not delivered yet."""
    DELIVERED = "delivered"
    """Handed to the device or its transport, not confirmed yet."""
    CONFIRMED = "confirmed"
    """The device acknowledged it or reports the requested state."""
    UNVERIFIED = "unverified"
    """Delivered as often as allowed over a transport that cannot confirm it."""
    FAILED = "failed"
    """Rejected by the device, or not confirmed after all attempts."""
    EXPIRED = "expired"
    """Not confirmed before its deadline."""
    SUPERSEDED = "superseded"
    """Replaced by a newer command."""


OPEN: Final = frozenset({CommandStatus.PENDING, CommandStatus.DELIVERED})
NO_ANSWER: Final = "no_answer"
"""Reason of a command that was not confirmed after all attempts."""


class TooManyCommandsError(Exception):
    """The queue of a device is full."""


@dataclass(frozen=True, slots=True)
class CommandPolicy:
    """How long and how often a command is delivered.

    Attributes:
        lifetime_s: Time from its creation to its deadline.
        retry_after_s: A delivered command without a confirmation is delivered again after this time.
        max_attempts: Limit of deliveries.
        fails_after_attempts: Whether it fails after the last attempt; otherwise it stays open until its deadline.
    """

    lifetime_s: float
    retry_after_s: float
    max_attempts: int
    fails_after_attempts: bool = True


@dataclass(frozen=True, slots=True)
class Command[P]:
    """A command; times in seconds of a steady clock.

    Attributes:
        id: Unique, used by the acknowledgement.
        payload: What the device has to do; known to the integration only.
        created: When it was submitted.
        deadline: When it expires unless it is confirmed.
        policy: How often it is delivered.
        status: Progress.
        attempts: Number of deliveries.
        delivered: Time of the last delivery.
        closed: When it reached its final status.
        reason: Why it failed: `no_answer`, or the message of the device.
        acknowledges: Whether the transport of the last delivery confirms commands by ID.
    """

    id: str
    payload: P
    created: float
    deadline: float
    policy: CommandPolicy
    status: CommandStatus = CommandStatus.PENDING
    attempts: int = 0
    delivered: float | None = None
    closed: float | None = None
    reason: str | None = None
    acknowledges: bool = True

    @property
    def is_open(self) -> bool:
        """Whether it can still be confirmed."""
        return self.status in OPEN

    def retry_is_due(self, now: float) -> bool:
        """Whether the last delivery was long enough ago."""
        return self.delivered is None or now - self.delivered >= self.policy.retry_after_s

    def is_due(self, now: float) -> bool:
        """Whether it should be delivered now."""
        return (
            self.is_open and now < self.deadline and self.attempts < self.policy.max_attempts and self.retry_is_due(now)
        )

    def is_exhausted(self, now: float) -> bool:
        """Whether it was delivered as often as allowed, and the time for an answer to the last one is over."""
        return (
            self.is_open
            and self.policy.fails_after_attempts
            and self.attempts >= self.policy.max_attempts
            and self.retry_is_due(now)
        )

    def as_delivered(self, now: float, *, acknowledges: bool = True) -> Self:
        """Return the command after one more delivery."""
        return replace(
            self,
            status=CommandStatus.DELIVERED,
            attempts=self.attempts + 1,
            delivered=now,
            acknowledges=acknowledges,
        )

    def as_closed(self, status: CommandStatus, now: float, reason: str | None = None) -> Self:
        """Return the command with its final status."""
        return replace(self, status=status, closed=now, reason=reason)


def new_command[P](id: str, payload: P, now: float, policy: CommandPolicy) -> Command[P]:  # noqa: A002  the field's name
    """Return a pending command whose lifetime begins now."""
    return Command(id, payload, now, now + policy.lifetime_s, policy)


type Queue[P] = tuple[Command[P], ...]
type ExhaustedStatus[P] = Callable[[Command[P]], CommandStatus]


def update[P](queue: Queue[P], step: Callable[[Command[P]], Command[P]]) -> Queue[P]:
    """Apply `step` to each command."""
    after = tuple(step(command) for command in queue)
    return queue if all(a is b for a, b in zip(after, queue, strict=True)) else after


def submit[P](
    queue: Queue[P],
    command: Command[P],
    *,
    supersedes: Callable[[P], bool] = lambda payload: False,
    max_open: int | None = None,
    kept: int = 20,
) -> Queue[P]:
    """Append a command.

    Args:
        queue: The commands so far.
        command: The new one.
        supersedes: Whether it replaces an open command with this payload.
        max_open: Limit of open commands, the new one included.
        kept: Length to which the queue is cut by dropping the oldest closed commands; open ones always stay.

    Raises:
        TooManyCommandsError: There would be more than `max_open` open commands.
    """

    def close(other: Command[P]) -> Command[P]:
        if other.is_open and supersedes(other.payload):
            return other.as_closed(CommandStatus.SUPERSEDED, command.created)
        return other

    droppable = {other.id for other in queue if not other.is_open}  # not what this command supersedes: it is new
    queue = update(queue, close)
    if max_open is not None and sum(other.is_open for other in queue) >= max_open:
        raise TooManyCommandsError
    surplus = len(queue) + 1 - kept
    kept_queue: list[Command[P]] = []
    for other in queue:
        if surplus > 0 and other.id in droppable:
            surplus -= 1
        else:
            kept_queue.append(other)
    return (*kept_queue, command)


def deliver[P](
    queue: Queue[P], now: float, *, acknowledges: bool = True, command_id: str | None = None
) -> tuple[Queue[P], Queue[P]]:
    """Deliver what is due, or only the command with an ID; return the queue afterwards, and the commands to send."""
    sent: list[Command[P]] = []

    def step(command: Command[P]) -> Command[P]:
        if not command.is_due(now) or command_id not in (None, command.id):
            return command
        command = command.as_delivered(now, acknowledges=acknowledges)
        sent.append(command)
        return command

    return update(queue, step), tuple(sent)


def acknowledge[P](
    queue: Queue[P],
    command_id: str,
    now: float,
    *,
    ok: bool,
    reason: str | None = None,
    accepted: Container[CommandStatus] = OPEN,
) -> Queue[P]:
    """Close the command with this ID as the device answered; unknown and closed commands are ignored.

    `accepted`: statuses in which an answer counts.
    """

    def step(command: Command[P]) -> Command[P]:
        if command.id != command_id or command.status not in accepted:
            return command
        return command.as_closed(CommandStatus.CONFIRMED if ok else CommandStatus.FAILED, now, reason)

    return update(queue, step)


def confirm[P](queue: Queue[P], now: float, is_done: Callable[[Command[P]], bool]) -> Queue[P]:
    """Close the delivered commands whose effect the device reports."""

    def step(command: Command[P]) -> Command[P]:
        if command.status is not CommandStatus.DELIVERED or not is_done(command):
            return command
        return command.as_closed(CommandStatus.CONFIRMED, now)

    return update(queue, step)


def always_failed(command: Command[object]) -> CommandStatus:
    """Final status of a command after its last attempt, for transports that confirm every command."""
    return CommandStatus.FAILED


def expire[P](queue: Queue[P], now: float, exhausted_status: ExhaustedStatus[P] = always_failed) -> Queue[P]:
    """Close the commands whose deadline has passed or whose attempts are used up.

    `exhausted_status`: final status of the latter.
    """

    def step(command: Command[P]) -> Command[P]:
        if command.is_open and now >= command.deadline:
            return command.as_closed(CommandStatus.EXPIRED, now)
        if command.is_exhausted(now):
            status = exhausted_status(command)
            return command.as_closed(status, now, NO_ANSWER if status is CommandStatus.FAILED else None)
        return command

    return update(queue, step)


class CommandQueues[P]:
    """The command queues of several devices, in memory.

    Args:
        on_change: Called with the device and the new value of each command that changed.
        max_open: Limit of open commands per device.
        kept: Commands kept per device, open ones always.
        exhausted_status: Final status of a command after its last attempt.
    """

    def __init__(
        self,
        on_change: Callable[[str, Command[P]], None],
        *,
        max_open: int | None = None,
        kept: int = 20,
        exhausted_status: ExhaustedStatus[P] = always_failed,
    ) -> None:
        self._on_change = on_change
        self._max_open = max_open
        self._kept = kept
        self._exhausted_status = exhausted_status
        self._queues: dict[str, Queue[P]] = {}

    def __iter__(self) -> Iterator[tuple[str, Queue[P]]]:
        """Yield each device with its queue."""
        return iter(tuple(self._queues.items()))

    def queue(self, device_id: str) -> Queue[P]:
        """Return the commands of a device, oldest first."""
        return self._queues.get(device_id, ())

    def open(self, device_id: str) -> Queue[P]:
        """Return the open commands of a device, oldest first."""
        return tuple(command for command in self.queue(device_id) if command.is_open)

    def find(self, device_id: str, command_id: str) -> Command[P] | None:
        """Return a command by its ID."""
        return next((command for command in self.queue(device_id) if command.id == command_id), None)

    def restore(self, device_id: str, queue: Queue[P]) -> None:
        """Set the stored commands of a device, without a notice."""
        self._queues[device_id] = queue

    def remove(self, device_id: str) -> Queue[P]:
        """Forget a device, and return the commands that it had."""
        return self._queues.pop(device_id, ())

    def submit(
        self, device_id: str, command: Command[P], *, supersedes: Callable[[P], bool] = lambda payload: False
    ) -> Command[P]:
        """Add a command.

        Raises:
            TooManyCommandsError: The device has too many open commands.
        """
        queue = submit(self.queue(device_id), command, supersedes=supersedes, max_open=self._max_open, kept=self._kept)
        self._replace(device_id, queue)
        return command

    def deliver(
        self, device_id: str, now: float, *, acknowledges: bool = True, command_id: str | None = None
    ) -> Queue[P]:
        """Deliver what is due (or only one command) after closing what has expired; return the commands to send."""
        self.expire(now, device_id)
        queue, sent = deliver(self.queue(device_id), now, acknowledges=acknowledges, command_id=command_id)
        self._replace(device_id, queue)
        return sent

    def has_due(self, device_id: str, now: float) -> bool:
        """Return whether `deliver` would return commands."""
        return any(command.is_due(now) for command in self.queue(device_id))

    def acknowledge(
        self,
        device_id: str,
        command_id: str,
        now: float,
        *,
        ok: bool,
        reason: str | None = None,
        accepted: Container[CommandStatus] = OPEN,
    ) -> Command[P] | None:
        """Close a command as the device answered; None where no such command waits for an answer."""
        queue = acknowledge(self.queue(device_id), command_id, now, ok=ok, reason=reason, accepted=accepted)
        return self.find(device_id, command_id) if self._replace(device_id, queue) else None

    def confirm(self, device_id: str, now: float, is_done: Callable[[Command[P]], bool]) -> Queue[P]:
        """Close the delivered commands whose effect the device reports; return these."""
        return self._replace(device_id, confirm(self.queue(device_id), now, is_done))

    def close(
        self, device_id: str, command_id: str, status: CommandStatus, now: float, reason: str | None = None
    ) -> Command[P] | None:
        """Close an open command with this status; None where it is unknown or closed already."""

        def step(command: Command[P]) -> Command[P]:
            if command.id != command_id or not command.is_open:
                return command
            return command.as_closed(status, now, reason)

        changed = self._replace(device_id, update(self.queue(device_id), step))
        return changed[0] if changed else None

    def expire(self, now: float, device_id: str | None = None) -> None:
        """Close what has expired or has used its attempts up, of one device or of all."""
        for each in (device_id,) if device_id is not None else tuple(self._queues):
            if queue := self.queue(each):
                self._replace(each, expire(queue, now, self._exhausted_status))

    def _replace(self, device_id: str, queue: Queue[P]) -> Queue[P]:
        """Set a device's queue, report each command that changed, and return these."""
        before = self.queue(device_id)
        if queue is before:
            return ()
        self._queues[device_id] = queue
        known = {command.id: command for command in before}
        changed = tuple(command for command in queue if known.get(command.id) is not command)
        for command in changed:
            self._on_change(device_id, command)
        return changed
