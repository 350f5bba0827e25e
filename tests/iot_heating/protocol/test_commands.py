"""The life of a command, from the queue to its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.iot_heating.protocol.commands import (
    MAX_ATTEMPTS,
    MAX_QUEUE_LENGTH,
    Ack,
    Command,
    CommandName,
    CommandStatus,
    Queue,
    acknowledge,
    confirm_by_state,
    deliver,
    deliver_in_configuration,
    enqueue,
    expire,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
RETRY = timedelta(seconds=20)


def command(name: CommandName, number: int = 1, minutes: float = 15) -> Command:
    return Command(f"c{number}", name, NOW, NOW + timedelta(minutes=minutes))


def queue(*names: CommandName) -> Queue:
    made: Queue = ()
    for number, name in enumerate(names, 1):
        made = enqueue(made, command(name, number))
    return made


def statuses(made: Queue) -> list[str]:
    return [one.status.value for one in made]


def test_what_makes_another_meaningless_supersedes_it() -> None:
    made = queue(CommandName.FORCE_ON, CommandName.REBOOT, CommandName.SET_CURVE, CommandName.AUTO)
    assert statuses(made) == ["failed", "pending", "pending", "pending"]
    assert made[0].reason == "superseded"
    assert statuses(enqueue(made, command(CommandName.SET_CURVE, 5))) == [
        "failed",
        "pending",
        "failed",
        "pending",
        "pending",
    ]


def test_a_bounded_number_is_kept_and_none_that_is_open_is_lost() -> None:
    made: Queue = queue(CommandName.REBOOT)
    for number in range(2, 60):
        made = enqueue(made, command(CommandName.FORCE_ON, number))
    assert len(made) == MAX_QUEUE_LENGTH
    assert made[0].id == "c1"
    assert made[-1].id == "c59"


def test_protocol_2_hands_out_and_repeats_until_it_is_answered() -> None:
    made, carried = deliver(queue(CommandName.REBOOT), NOW, RETRY)
    assert (statuses(made), [c.id for c in carried]) == (["delivered"], ["c1"])
    assert deliver(made, NOW + timedelta(seconds=19), RETRY) == (made, ())
    made, carried = deliver(made, NOW + timedelta(seconds=20), RETRY)
    assert carried[0].attempts == 2
    made = acknowledge(made, (Ack("c1", ok=True),), NOW)
    assert (statuses(made), made[0].closed) == (["confirmed"], NOW)
    assert deliver(made, NOW + timedelta(minutes=5), RETRY) == (made, ())


def test_after_five_attempts_it_has_failed() -> None:
    made, now = queue(CommandName.IDENTIFY), NOW
    for _ in range(MAX_ATTEMPTS):
        made, carried = deliver(made, now, RETRY)
        assert carried
        now += RETRY
    made, carried = deliver(made, now, RETRY)
    assert (statuses(made), made[0].reason, carried) == (["failed"], "no_answer", ())


@pytest.mark.parametrize(("message", "reason"), [("too hot", "too hot"), (None, "refused")])
def test_a_controller_can_refuse(message: str | None, reason: str) -> None:
    made = acknowledge(queue(CommandName.FORCE_ON), (Ack("c1", ok=False, message=message),), NOW)
    assert (statuses(made), made[0].reason) == (["failed"], reason)


def test_answers_to_nothing_change_nothing() -> None:
    made = queue(CommandName.REBOOT)
    assert acknowledge(made, (Ack("other", ok=True),), NOW) is made
    done = acknowledge(made, (Ack("c1", ok=True),), NOW)
    assert acknowledge(done, (Ack("c1", ok=False),), NOW) is done


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
def test_protocol_1_confirms_by_what_it_reports(name: CommandName, heating: bool | None, status: str) -> None:
    made = queue(name)
    assert confirm_by_state(made, heating, NOW) is made, "not before it got its configuration"
    assert statuses(confirm_by_state(deliver_in_configuration(made, NOW), heating, NOW)) == [status]


def test_what_is_overdue_fails_once() -> None:
    made = expire(queue(CommandName.AUTO), NOW + timedelta(minutes=14))
    assert statuses(made) == ["pending"]
    made = expire(made, NOW + timedelta(minutes=15))
    assert (statuses(made), made[0].reason) == (["failed"], "expired")
    assert expire(made, NOW + timedelta(hours=1)) is made


def test_storage_gives_back_the_same_command() -> None:
    one = replace(
        command(CommandName.SET_CURVE), args={"value": 60}, status=CommandStatus.FAILED, closed=NOW, reason="expired"
    )
    assert Command.from_dict(one.as_dict()) == one
    (delivered,) = deliver_in_configuration((command(CommandName.AUTO),), NOW)
    assert Command.from_dict(delivered.as_dict()) == delivered


STEPS = st.lists(
    st.sampled_from(["add_on", "add_off", "add_reboot", "hand", "config", "ack", "nack", "seen_on", "seen_off", "wait"])
)


@given(STEPS)
def test_whatever_happens_a_closed_command_stays_as_it_is(steps: list[str]) -> None:
    made: Queue = ()
    now, closed = NOW, {}
    for number, step in enumerate(steps):
        match step:
            case "add_on" | "add_off" | "add_reboot":
                name = {"add_on": CommandName.FORCE_ON, "add_off": CommandName.FORCE_OFF}.get(step, CommandName.REBOOT)
                made = enqueue(made, replace(command(name, number), created=now, expires=now + timedelta(minutes=5)))
            case "hand":
                made, _ = deliver(made, now, RETRY)
            case "config":
                made = deliver_in_configuration(made, now)
            case "ack" | "nack":
                made = acknowledge(made, tuple(Ack(c.id, ok=step == "ack") for c in made), now)
            case "seen_on" | "seen_off":
                made = confirm_by_state(made, step == "seen_on", now)
            case "wait":
                now += timedelta(minutes=2)
                made = expire(made, now)
        for one in made:
            assert closed.setdefault(one.id, one) == one if one.id in closed else True
            if not one.is_open:
                closed.setdefault(one.id, one)
        assert sum(one.is_open and one.name is not CommandName.REBOOT for one in made) <= 1
