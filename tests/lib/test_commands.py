"""Commands: each transition, and what holds for any sequence of them."""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
import pytest

from lib.commands import (
    OPEN,
    Command,
    CommandPolicy,
    CommandQueues,
    CommandStatus,
    Queue,
    TooManyCommandsError,
    acknowledge,
    confirm,
    deliver,
    expire,
    new_command,
    submit,
    update,
)

POLICY = CommandPolicy(lifetime_s=60, retry_after_s=5, max_attempts=3)
PATIENT = CommandPolicy(lifetime_s=60, retry_after_s=5, max_attempts=3, fails_after_attempts=False)


def queue_of(*payloads: str, now: float = 0.0, policy: CommandPolicy = POLICY) -> Queue[str]:
    return tuple(new_command(str(number), payload, now, policy) for number, payload in enumerate(payloads, 1))


def statuses(queue: Queue[str]) -> list[str]:
    return [command.status.value for command in queue]


def test_a_command_is_pending_until_it_is_delivered() -> None:
    queue = submit((), new_command("1", "on", 10.0, POLICY))
    assert statuses(queue) == ["pending"]
    assert queue[0].deadline == 70.0
    queue, sent = deliver(queue, 11.0)
    assert statuses(queue) == ["delivered"]
    assert sent == queue
    assert (sent[0].attempts, sent[0].delivered) == (1, 11.0)


def test_an_unconfirmed_command_is_delivered_again_after_a_while_but_not_too_often() -> None:
    queue = queue_of("on")
    deliveries = []
    for now in range(60):
        queue, sent = deliver(queue, float(now))
        if sent:
            deliveries.append(now)
    assert deliveries == [0, 5, 10]


def test_a_command_fails_some_time_after_its_last_attempt() -> None:
    queue = queue_of("on")
    for now in (0.0, 5.0, 10.0):
        queue, _ = deliver(queue, now)
    assert expire(queue, 14.9) is queue
    queue = expire(queue, 15.0)
    assert (queue[0].status, queue[0].reason, queue[0].closed) == (CommandStatus.FAILED, "no_answer", 15.0)


def test_a_transport_without_confirmations_leaves_a_command_unverified() -> None:
    queue = queue_of("on")
    for now in (0.0, 5.0, 10.0):
        queue, _ = deliver(queue, now, acknowledges=False)

    def final_status(command: Command[str]) -> CommandStatus:
        return CommandStatus.FAILED if command.acknowledges else CommandStatus.UNVERIFIED

    queue = expire(queue, 15.0, final_status)
    assert (queue[0].status, queue[0].reason) == (CommandStatus.UNVERIFIED, None)


def test_a_patient_command_stays_open_until_its_deadline() -> None:
    queue = queue_of("on", policy=PATIENT)
    for now in (0.0, 5.0, 10.0):
        queue, _ = deliver(queue, now)
    assert expire(queue, 59.9) is queue
    assert statuses(expire(queue, 60.0)) == ["expired"]


def test_an_expired_command_is_neither_delivered_nor_confirmed() -> None:
    queue = queue_of("on")
    assert deliver(queue, 60.0) == (queue, ())
    queue = expire(queue, 60.0)
    assert statuses(queue) == ["expired"]
    assert acknowledge(queue, "1", 61.0, ok=True) is queue
    assert confirm(queue, 61.0, lambda command: True) is queue


@pytest.mark.parametrize(("ok", "status"), [(True, "confirmed"), (False, "failed")])
def test_an_acknowledgement_closes_the_command_with_its_id(ok: bool, status: str) -> None:
    queue = acknowledge(queue_of("on", "off"), "2", 3.0, ok=ok, reason="because")
    assert statuses(queue) == ["pending", status]
    assert (queue[1].reason, queue[1].closed) == ("because", 3.0)
    assert acknowledge(queue, "2", 4.0, ok=not ok) is queue
    assert acknowledge(queue, "7", 4.0, ok=True) is queue


def test_a_late_acknowledgement_may_correct_a_failure() -> None:
    queue = acknowledge(queue_of("on"), "1", 1.0, ok=False)
    accepted = OPEN | {CommandStatus.FAILED}
    assert statuses(acknowledge(queue, "1", 2.0, ok=True, accepted=accepted)) == ["confirmed"]


def test_a_reported_state_confirms_only_what_was_delivered() -> None:
    queue, _ = deliver(queue_of("on"), 0.0)
    queue = submit(queue, new_command("9", "on", 0.0, POLICY))
    queue = confirm(queue, 1.0, lambda command: command.payload == "on")
    assert statuses(queue) == ["confirmed", "pending"]


def test_a_new_command_supersedes_open_ones() -> None:
    queue = submit(queue_of("on", "ping"), new_command("9", "off", 2.0, POLICY), supersedes=lambda p: p == "on")
    assert statuses(queue) == ["superseded", "pending", "pending"]
    assert queue[0].closed == 2.0


def test_closed_commands_are_dropped_open_ones_never() -> None:
    queue = acknowledge(queue_of("a", "b", "c"), "2", 1.0, ok=True)
    queue = submit(queue, new_command("9", "d", 2.0, POLICY), kept=2)
    assert [command.payload for command in queue] == ["a", "c", "d"]
    queue = acknowledge(acknowledge(queue, "1", 3.0, ok=True), "3", 3.0, ok=True)
    queue = submit(queue, new_command("10", "e", 4.0, POLICY), kept=3)
    assert [command.payload for command in queue] == ["c", "d", "e"]


def test_a_full_queue_rejects_commands_unless_they_supersede_one() -> None:
    queue = queue_of("on", "ping")
    with pytest.raises(TooManyCommandsError):
        submit(queue, new_command("9", "off", 1.0, POLICY), max_open=2)
    replaced = submit(queue, new_command("9", "off", 1.0, POLICY), max_open=2, supersedes=lambda p: p == "on")
    assert statuses(replaced) == ["superseded", "pending", "pending"]


def test_a_step_that_changes_nothing_returns_the_same_queue() -> None:
    queue = queue_of("on", "off")
    assert update(queue, lambda command: command) is queue
    assert expire(queue, 1.0) is queue
    assert confirm(queue, 1.0, lambda command: True) is queue


# Queues of several devices


class Notices:
    """Notes what queues report."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []

    def __call__(self, device_id: str, command: Command[str]) -> None:
        self.seen.append((device_id, command.id, command.status.value))


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def queues(notices: Notices) -> CommandQueues[str]:
    return CommandQueues(notices, max_open=2, kept=3)


def test_each_change_is_reported_once(queues: CommandQueues[str], notices: Notices) -> None:
    queues.submit("a", new_command("1", "on", 0.0, POLICY))
    queues.submit("a", new_command("2", "off", 1.0, POLICY), supersedes=lambda payload: payload == "on")
    assert [command.id for command in queues.deliver("a", 2.0)] == ["2"]
    assert queues.deliver("a", 2.0) == ()
    assert queues.acknowledge("a", "2", 3.0, ok=True) is queues.find("a", "2")
    assert queues.acknowledge("a", "2", 3.0, ok=True) is None
    assert notices.seen == [
        ("a", "1", "pending"),
        ("a", "1", "superseded"),
        ("a", "2", "pending"),
        ("a", "2", "delivered"),
        ("a", "2", "confirmed"),
    ]


def test_devices_have_queues_of_their_own(queues: CommandQueues[str]) -> None:
    for device_id in ("a", "b"):
        queues.submit(device_id, new_command("1", "on", 0.0, POLICY))
        queues.submit(device_id, new_command("2", "ping", 0.0, POLICY))
    with pytest.raises(TooManyCommandsError):
        queues.submit("a", new_command("3", "off", 0.0, POLICY))
    assert queues.has_due("a", 0.0)
    queues.deliver("a", 0.0)
    assert not queues.has_due("a", 0.0)
    assert queues.confirm("a", 1.0, lambda command: command.payload == "on") == (queues.find("a", "1"),)
    assert [command.id for command in queues.open("a")] == ["2"]
    assert [command.id for command in queues.open("b")] == ["1", "2"]
    assert queues.queue("c") == queues.deliver("c", 0.0) == ()
    assert {device_id for device_id, _ in queues} == {"a", "b"}


def test_commands_expire_for_one_device_or_for_all(queues: CommandQueues[str]) -> None:
    for device_id in ("a", "b"):
        queues.submit(device_id, new_command("1", "on", 0.0, POLICY))
    queues.expire(60.0, "a")
    assert statuses(queues.queue("a")) == ["expired"]
    assert statuses(queues.queue("b")) == ["pending"]
    queues.expire(60.0)
    assert statuses(queues.queue("b")) == ["expired"]
    queues.expire(60.0, "unknown")


def test_an_open_command_can_be_closed_from_outside(queues: CommandQueues[str]) -> None:
    queues.submit("a", new_command("1", "on", 0.0, POLICY))
    queues.submit("a", new_command("2", "ping", 0.0, POLICY))
    closed = queues.close("a", "1", CommandStatus.FAILED, 1.0, "removed")
    assert closed is not None
    assert (closed.id, closed.status, closed.reason) == ("1", CommandStatus.FAILED, "removed")
    assert queues.close("a", "1", CommandStatus.FAILED, 1.0) is None


def test_a_single_command_can_be_delivered(queues: CommandQueues[str]) -> None:
    queues.submit("a", new_command("1", "on", 0.0, POLICY))
    queues.submit("a", new_command("2", "ping", 0.0, POLICY))
    assert [command.id for command in queues.deliver("a", 0.0, command_id="2")] == ["2"]
    assert statuses(queues.queue("a")) == ["pending", "delivered"]


def test_stored_commands_are_restored_without_a_notice(queues: CommandQueues[str], notices: Notices) -> None:
    queues.restore("a", queue_of("on"))
    assert notices.seen == []
    assert queues.find("a", "1") is not None
    assert queues.remove("a") == queue_of("on")
    assert queues.find("a", "1") is None
    assert queues.remove("a") == ()


# Any sequence of steps


class AnySequence(RuleBasedStateMachine):
    """What always holds."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.count = 0
        self.closed: dict[str, Command[str]] = {}
        self.queues: CommandQueues[str] = CommandQueues(self.notice, max_open=4, kept=6)

    def notice(self, device_id: str, command: Command[str]) -> None:
        assert command.id not in self.closed, "a closed command never changes"
        if not command.is_open:
            self.closed[command.id] = command

    @rule(payload=st.sampled_from("abc"), patient=st.booleans())
    def add(self, payload: str, patient: bool) -> None:
        self.count += 1
        command = new_command(str(self.count), payload, self.now, PATIENT if patient else POLICY)
        try:
            self.queues.submit("d", command, supersedes=lambda other: other == payload)
        except TooManyCommandsError:
            assert len(self.queues.open("d")) >= 4

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def fetch(self) -> None:
        for command in self.queues.deliver("d", self.now):
            assert command.status is CommandStatus.DELIVERED
            assert self.now < command.deadline

    @rule()
    def clean(self) -> None:
        self.queues.expire(self.now)
        assert all(command.deadline > self.now for command in self.queues.open("d"))

    @rule(number=st.integers(1, 20), ok=st.booleans())
    def answer(self, number: int, ok: bool) -> None:
        self.queues.acknowledge("d", str(number), self.now, ok=ok)

    @rule(payload=st.sampled_from("abc"))
    def observe(self, payload: str) -> None:
        self.queues.confirm("d", self.now, lambda command: command.payload == payload)

    @invariant()
    def limits_hold(self) -> None:
        queue = self.queues.queue("d")
        assert all(command.attempts <= command.policy.max_attempts for command in queue)
        assert sum(command.is_open for command in queue) <= 4
        assert all((command.closed is None) is command.is_open for command in queue)
        payloads = [command.payload for command in queue if command.is_open]
        assert len(payloads) == len(set(payloads)), "at most one open command of a payload"
        assert len(queue) <= 6 + 3


TestAnySequence = AnySequence.TestCase


@dataclass(frozen=True)
class Order:
    """A payload of one's own."""

    relay: str


def test_any_payload_is_carried_through() -> None:
    queue, sent = deliver((new_command("1", Order("a"), 0.0, POLICY),), 0.0)
    assert sent[0].payload == Order("a")
    assert queue[0].is_open
