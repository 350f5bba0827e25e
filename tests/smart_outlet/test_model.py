"""The device model: relay states and commands."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_outlet.model.alerts import (
    MessageCode,
)
from custom_components.smart_outlet.model.ccu_protocol import Ack
from custom_components.smart_outlet.model.commands import CommandName, CommandRequest, FailureReason
from custom_components.smart_outlet.model.errors import (
    FieldError,
    MissingFieldError,
    UnknownOutletError,
)

from .home import OFF_A, ON_A, Home

# Relay states


def test_on_is_accepted_at_once() -> None:
    home = Home()
    home.report(a=True)
    assert home.relay() is True


def test_the_first_off_of_a_field_ccu_is_unknown() -> None:
    home = Home()
    home.report(a=False)
    assert home.relay() is None


def test_off_becomes_known_when_a_command_is_confirmed() -> None:
    home = Home()
    home.report(a=False)
    home.confirm_relay(on=False)


def test_off_after_a_gap_is_unknown_until_a_command_is_confirmed() -> None:
    home = Home()
    home.confirm_relay(on=False)
    home.now += 10.5
    home.report(a=False)
    assert home.relay() is None
    home.now += 2
    home.report(a=False)
    assert home.relay() is None
    home.confirm_relay(on=False)


def test_off_within_ten_seconds_is_kept() -> None:
    home = Home()
    home.confirm_relay(on=False)
    home.now += 9.5
    home.report(a=False)
    assert home.relay() is False


def test_off_that_contradicts_on_is_unknown() -> None:
    home = Home()
    home.confirm_relay(on=True)
    home.now += 2
    home.report(a=False)
    assert home.relay() is None
    home.now += 2
    home.report(a=True)
    assert home.relay() is True


def test_off_is_known_after_a_confirmed_command() -> None:
    home = Home()
    home.confirm_relay(on=True)
    home.confirm_relay(on=False)


def test_unknown_replaces_a_known_state() -> None:
    home = Home()
    home.confirm_relay(on=True)
    home.report(a=None)
    assert home.relay() is None


def test_sockets_are_independent() -> None:
    home = Home()
    home.confirm_relay(on=False)
    home.report(a=False, relay_b=False)
    assert home.relay("a") is False
    assert home.relay("b") is None


def test_off_of_a_trusted_sender_is_accepted() -> None:
    home = Home()
    home.report(a=True, trusted=True)
    home.now += 60
    home.report(a=False, trusted=True)
    assert home.relay() is False


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(0.1, 30)), max_size=20))
def test_a_field_ccu_without_commands_never_shows_off(reports: list[tuple[bool | None, float]]) -> None:
    home = Home()
    for state, gap in reports:
        home.now += gap
        home.report(a=state)
        assert home.relay() is not False
        assert home.relay() is (True if state else None)


# Commands


def test_a_command_goes_pending_delivered_confirmed() -> None:
    home = Home()
    command = home.submit(ON_A)

    def status() -> str | None:
        found = home.model.commands.find(command.id)
        return None if found is None else found.status.value

    assert status() == "pending"
    assert home.poll() == (command,)
    assert not home.poll()
    assert status() == "delivered"
    home.report(a=True)
    assert status() == "confirmed"
    assert list(home.model.commands.open()) == []
    assert not command.is_open


def test_a_report_before_the_delivery_confirms_nothing() -> None:
    home = Home()
    command = home.submit(ON_A)
    home.report(a=True)
    assert command.status.value == "pending"


def test_a_report_of_the_other_state_confirms_nothing() -> None:
    home = Home()
    command = home.submit(ON_A)
    home.poll()
    home.report(a=False)
    home.report(a=None)
    assert command.status.value == "delivered"


def test_an_unconfirmed_command_fails_with_an_alert_after_three_deliveries() -> None:
    home = Home()
    command = home.submit(ON_A)
    handed = 0
    for _ in range(15):
        handed += len(home.poll())
        home.report(a=False)
        home.wait(2)
    assert handed == 3
    assert (command.status.value, command.reason) == ("failed", FailureReason.NO_CONFIRMATION)
    assert home.alert_types() == ["command_failed"]
    message = home.observer.alerts[0].message
    assert message is not None
    assert message.code is MessageCode.COMMAND_FAILED
    assert message.values["outlet"] == "Outlet FE"
    assert (message.values["command"], message.values["socket"]) == ("relay_on", "a")
    assert message.values["reason"] == "no_confirmation"


def test_a_command_that_is_not_fetched_expires() -> None:
    home = Home()
    command = home.submit(ON_A)
    home.wait(59)
    assert command.status.value == "pending"
    home.wait(2)
    assert (command.status.value, command.reason) == ("expired", FailureReason.EXPIRED)
    assert not home.poll()


def test_a_newer_command_supersedes_the_older_one_of_the_same_socket() -> None:
    home = Home()
    first, other = home.submit(ON_A), home.submit(CommandRequest(CommandName.RELAY_ON, "b"))
    second = home.submit(OFF_A)
    assert first.status.value == "superseded"
    assert home.poll() == (other, second)


@pytest.mark.parametrize("name", [CommandName.PING, CommandName.READ_SENSORS])
def test_a_ping_or_reading_is_confirmed_by_the_next_report(name: CommandName) -> None:
    home = Home()
    command = home.submit(CommandRequest(name))
    home.poll()
    home.report()
    assert command.status.value == "confirmed"


def test_a_ping_over_an_acknowledging_transport_waits_for_the_ack() -> None:
    home = Home()
    command = home.submit(CommandRequest(CommandName.PING))
    home.poll(acknowledges=True)
    home.report(trusted=True)
    assert command.status.value == "delivered"
    assert home.model.acknowledge("FE", Ack(command.id, ok=True), home.now)
    assert command.status.value == "confirmed"
    assert not home.model.acknowledge("FE", Ack(command.id, ok=True), home.now)


def test_a_negative_ack_fails_the_command_with_its_reason() -> None:
    home = Home()
    command = home.submit(ON_A)
    home.poll(acknowledges=True)
    home.model.acknowledge("FE", Ack(command.id, ok=False, error="no answer from the outlet"), home.now)
    assert (command.status.value, command.reason) == ("failed", FailureReason.REFUSED)
    message = home.observer.alerts[0].message
    assert message is not None
    assert message.values["detail"] == "no answer from the outlet"


def test_an_ack_confirms_the_relay_state() -> None:
    home = Home()
    command = home.submit(OFF_A)
    home.poll(acknowledges=True)
    home.model.acknowledge("FE", Ack(command.id, ok=True), home.now)
    assert home.relay() is False


def test_a_threshold_without_a_report_ends_unverified() -> None:
    home = Home()
    command = home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=5000))
    for _ in range(12):
        home.poll()
        home.report()
        home.wait(2)
    assert command.status.value == "unverified"
    assert home.alert_types() == []
    assert home.model.outlets["FE"].threshold == 5000


def test_a_threshold_is_confirmed_by_a_report_with_it() -> None:
    home = Home()
    command = home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=5000))
    home.poll()
    home.report(threshold=4000)
    assert command.status.value == "delivered"
    home.report(threshold=5000)
    assert command.status.value == "confirmed"


@pytest.mark.parametrize(
    ("name", "socket", "value", "error"),
    [
        (CommandName.RELAY_ON, None, None, MissingFieldError),
        (CommandName.RELAY_ON, "", None, MissingFieldError),
        (CommandName.RELAY_OFF, "c", None, FieldError),
        (CommandName.RELAY_OFF, 1, None, FieldError),
        (CommandName.SET_THRESHOLD, None, None, MissingFieldError),
        (CommandName.SET_THRESHOLD, "a", -1, FieldError),
        (CommandName.SET_THRESHOLD, "a", "5", FieldError),
    ],
)
def test_invalid_requests_are_refused(name: CommandName, socket: Any, value: Any, error: type[FieldError]) -> None:
    with pytest.raises(error):
        CommandRequest.parse(name, socket, value)


def test_a_request_keeps_only_the_fields_its_command_uses() -> None:
    assert CommandRequest.parse(CommandName.RELAY_ON, "A", 5) == ON_A
    assert CommandRequest.parse(CommandName.PING, "q", "x") == CommandRequest(CommandName.PING)


def test_unknown_outlets_are_refused_everywhere() -> None:
    home = Home()
    for call in (
        lambda: home.report(device_id="AA"),
        lambda: home.poll("AA"),
        lambda: home.submit(ON_A, "AA"),
        lambda: home.model.acknowledge("AA", Ack("x", ok=True), 0),
    ):
        with pytest.raises(UnknownOutletError):
            call()


@given(st.lists(st.sampled_from(["on", "off", "poll", "true", "false", "wait"]), max_size=40))
def test_a_confirmed_command_was_delivered_and_reported(steps: list[str]) -> None:
    home = Home()
    for step in steps:
        match step:
            case "on" | "off":
                home.submit(ON_A if step == "on" else OFF_A)
            case "poll":
                home.poll()
            case "true" | "false":
                before = [home.live(command) for command in home.model.commands.open()]
                home.report(a=step == "true")
                for command in before:
                    if command.status.value == "confirmed":
                        assert command.attempts > 0
                        assert command.request.relay is (step == "true")
            case _:
                home.wait(3)
        assert len(list(home.model.commands.open())) <= 1
