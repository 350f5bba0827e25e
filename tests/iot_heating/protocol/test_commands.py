"""Commands from the queue to their confirmation or failure."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating.protocol.commands import (
    MAX_ATTEMPTS,
    MAX_QUEUE_LENGTH,
    RETRY_AFTER_S,
    Ack,
    Command,
    CommandName,
    Order,
    Queue,
    acknowledge,
    command_as_dict,
    command_from_dict,
    command_message,
    confirm_by_state,
    deliver,
    deliver_in_configuration,
    enqueue,
    expire,
    new_command,
    reason_of,
    status_of,
)

NOW = 1_767_614_400.0
"""2026-01-05 12:00 UTC."""
MINUTE = 60.0


def same(at: float) -> float:
    """The conversion of a clock that has not jumped."""
    return at


def command(name: CommandName, number: int = 1, minutes: float = 15, now: float = NOW) -> Command:
    return new_command(f"c{number}", Order(name), now, timedelta(minutes=minutes))


def queue_of(*names: CommandName) -> Queue:
    queue: Queue = ()
    for number, name in enumerate(names, 1):
        queue = enqueue(queue, command(name, number))
    return queue


def statuses(queue: Queue) -> list[str]:
    return [status_of(one).value for one in queue]


def test_a_command_supersedes_those_that_it_replaces() -> None:
    queue = queue_of(CommandName.FORCE_ON, CommandName.REBOOT, CommandName.SET_CURVE, CommandName.AUTO)
    assert statuses(queue) == ["failed", "pending", "pending", "pending"]
    assert reason_of(queue[0]) == "superseded"
    assert statuses(enqueue(queue, command(CommandName.SET_CURVE, 5))) == [
        "failed",
        "pending",
        "failed",
        "pending",
        "pending",
    ]


def test_the_queue_is_limited_and_keeps_every_open_command() -> None:
    queue = queue_of(CommandName.REBOOT)
    for number in range(2, 60):
        queue = enqueue(queue, command(CommandName.FORCE_ON, number))
    assert len(queue) == MAX_QUEUE_LENGTH
    assert queue[0].id == "c1"
    assert queue[-1].id == "c59"


def test_protocol_2_repeats_a_command_until_it_is_answered() -> None:
    queue, delivered = deliver(queue_of(CommandName.REBOOT), NOW)
    assert (statuses(queue), [c.id for c in delivered]) == (["delivered"], ["c1"])
    assert deliver(queue, NOW + RETRY_AFTER_S - 1) == (queue, ())
    queue, delivered = deliver(queue, NOW + RETRY_AFTER_S)
    assert delivered[0].attempts == 2
    queue = acknowledge(queue, (Ack("c1", ok=True),), NOW)
    assert (statuses(queue), queue[0].closed) == (["confirmed"], NOW)
    assert deliver(queue, NOW + 5 * MINUTE) == (queue, ())


def test_a_command_fails_after_five_attempts() -> None:
    queue, now = queue_of(CommandName.IDENTIFY), NOW
    for _ in range(MAX_ATTEMPTS):
        queue, delivered = deliver(queue, now)
        assert delivered
        now += RETRY_AFTER_S
    queue, delivered = deliver(queue, now)
    assert (statuses(queue), reason_of(queue[0]), delivered) == (["failed"], "no_answer", ())


@pytest.mark.parametrize(("message", "reason"), [("too hot", "too hot"), (None, "refused")])
def test_a_controller_can_refuse_a_command(message: str | None, reason: str) -> None:
    queue = acknowledge(queue_of(CommandName.FORCE_ON), (Ack("c1", ok=False, message=message),), NOW)
    assert (statuses(queue), reason_of(queue[0])) == (["failed"], reason)


def test_answers_to_unknown_and_closed_commands_are_ignored() -> None:
    queue = queue_of(CommandName.REBOOT)
    assert acknowledge(queue, (Ack("other", ok=True),), NOW) is queue
    confirmed = acknowledge(queue, (Ack("c1", ok=True),), NOW)
    assert acknowledge(confirmed, (Ack("c1", ok=False),), NOW) is confirmed


@pytest.mark.parametrize(
    ("name", "heating", "status"),
    [
        (CommandName.FORCE_ON, True, "confirmed"),
        (CommandName.FORCE_ON, False, "delivered"),
        (CommandName.FORCE_ON, None, "delivered"),
        (CommandName.FORCE_OFF, False, "confirmed"),
        (CommandName.FORCE_OFF, True, "delivered"),
        (CommandName.AUTO, None, "confirmed"),
        (CommandName.SET_CURVE, True, "confirmed"),
    ],
)
def test_protocol_1_confirms_by_the_reported_state(name: CommandName, heating: bool | None, status: str) -> None:
    queue = queue_of(name)
    assert confirm_by_state(queue, heating, NOW) is queue, "not before the configuration was delivered"
    assert statuses(confirm_by_state(deliver_in_configuration(queue, NOW), heating, NOW)) == [status]


def test_an_overdue_command_expires_once() -> None:
    queue = expire(queue_of(CommandName.AUTO), NOW + 14 * MINUTE)
    assert statuses(queue) == ["pending"]
    queue = expire(queue, NOW + 15 * MINUTE)
    assert (statuses(queue), reason_of(queue[0])) == (["failed"], "expired")
    assert expire(queue, NOW + 60 * MINUTE) is queue


def test_a_command_is_the_same_after_storage() -> None:
    one = new_command("c1", Order(CommandName.SET_CURVE, {"value": 60}), NOW)
    delivered = deliver_in_configuration((one,), NOW)[0]
    confirmed = confirm_by_state((delivered,), None, NOW)[0]
    for each in (one, delivered, confirmed):
        stored = command_as_dict(each, same)
        assert command_as_dict(command_from_dict(stored, same), same) == stored


@pytest.mark.parametrize("reason", ["expired", "superseded"])
def test_a_failed_command_keeps_its_reason_in_storage(reason: str) -> None:
    queue = queue_of(CommandName.AUTO)
    queue = expire(queue, NOW + 60 * MINUTE) if reason == "expired" else enqueue(queue, command(CommandName.AUTO, 2))
    stored = command_as_dict(queue[0], same)
    assert (stored["status"], stored["reason"]) == ("failed", reason)
    restored = command_from_dict(stored, same)
    assert (status_of(restored).value, reason_of(restored), restored.is_open) == ("failed", reason, False)


def test_times_are_stored_and_sent_by_the_wall_clock() -> None:
    one = command(CommandName.SET_CURVE)
    stored = command_as_dict(one, lambda at: at + 3600)
    assert stored["created"] == "2026-01-05T13:00:00+00:00"
    assert command_from_dict(stored, lambda at: at - 3600) == one
    assert command_message(one, lambda at: at + 3600) == {
        "id": "c1",
        "name": "set_curve",
        "args": {},
        "expires_at": "2026-01-05T13:15:00Z",
    }


STEPS = st.lists(
    st.sampled_from(
        ["add_on", "add_off", "add_reboot", "deliver", "config", "ack", "nack", "report_on", "report_off", "wait"]
    )
)


@given(STEPS)
def test_a_closed_command_never_changes(steps: list[str]) -> None:
    queue: Queue = ()
    now, closed = NOW, dict[str, Command]()
    for number, step in enumerate(steps):
        match step:
            case "add_on" | "add_off" | "add_reboot":
                name = {"add_on": CommandName.FORCE_ON, "add_off": CommandName.FORCE_OFF}.get(step, CommandName.REBOOT)
                queue = enqueue(queue, command(name, number, 5, now))
            case "deliver":
                queue, _ = deliver(queue, now)
            case "config":
                queue = deliver_in_configuration(queue, now)
            case "ack" | "nack":
                queue = acknowledge(queue, tuple(Ack(c.id, ok=step == "ack") for c in queue), now)
            case "report_on" | "report_off":
                queue = confirm_by_state(queue, step == "report_on", now)
            case "wait":
                now += 2 * MINUTE
                queue = expire(queue, now)
        for one in queue:
            assert closed.get(one.id, one) == one
            if not one.is_open:
                closed.setdefault(one.id, one)
        assert sum(one.is_open and one.payload.name is not CommandName.REBOOT for one in queue) <= 1
