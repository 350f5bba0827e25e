"""The device model: what is believed, how commands end, when alerts fire, how a power cut runs."""

from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_outlet.model.alerts import (
    HUB_SOURCE,
    MAX_ALERTS,
    AlertLog,
    AlertMessage,
    AlertSource,
    AlertType,
    MessageCode,
)
from custom_components.smart_outlet.model.ccu_protocol import OVERLOAD_MA, Ack, Report
from custom_components.smart_outlet.model.commands import (
    Command,
    CommandName,
    CommandRequest,
    FailureReason,
    RetryPolicy,
)
from custom_components.smart_outlet.model.energy import EnergyMeter, Mains
from custom_components.smart_outlet.model.errors import (
    FieldError,
    MissingFieldError,
    PowerOffInProgressError,
    UnknownOutletError,
)
from custom_components.smart_outlet.model.hub_model import HubModel, HubSettings
from custom_components.smart_outlet.model.outlet import OutletSettings
from custom_components.smart_outlet.model.power_off import CONFIRM_WITHIN_S, SocketResult

from .recording_observer import RecordingObserver

ON_A = CommandRequest(CommandName.RELAY_ON, "a")
OFF_A = CommandRequest(CommandName.RELAY_OFF, "a")
MESSAGE = AlertMessage(MessageCode.OUTLET_OVERLOAD, {"outlet": "Kitchen"})
REPORT = Report("FE", 0, 0, None, None, is_overload=False)


class Home:
    """A model with outlets, and a clock that is set by hand."""

    def __init__(self, *outlets: str, **config: Any) -> None:
        self.seen = RecordingObserver()
        self.model = HubModel(HubSettings("Main house", **config), self.seen, self.seen.new_id)
        for device_id in outlets or ("FE",):
            self.model.add_outlet(OutletSettings(device_id, f"Outlet {device_id}"))
        self.now = 1000.0

    def wait(self, seconds: float) -> None:
        """Let time pass second by second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            self.model.tick(self.now)

    def report(self, a: bool | None = None, device_id: str = "FE", *, trusted: bool = False, **fields: Any) -> None:
        self.model.apply_report(replace(REPORT, device_id=device_id, relay_a=a, **fields), self.now, trusted=trusted)

    def poll(self, device_id: str = "FE", *, acknowledges: bool = False) -> list[Command]:
        return self.model.fetch_commands(device_id, self.now, acknowledges=acknowledges)

    def order(self, order: CommandRequest, device_id: str = "FE") -> Command:
        return self.model.submit(device_id, order, self.now)

    def relay(self, socket: str = "a", device_id: str = "FE") -> bool | None:
        return self.model.outlets[device_id].sockets[socket].relay

    def kinds(self) -> list[str]:
        return [alert.type.value for alert in self.seen.alerts]

    def proved(self, *, on: bool) -> None:
        """Bring socket A to a proved state."""
        self.order(ON_A if on else OFF_A)
        self.poll()
        self.report(a=on)
        assert self.relay() is on


# Relay states


def test_on_is_believed_at_once() -> None:
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
    home.proved(on=False)


def test_off_after_a_silence_is_unknown_until_a_command_is_confirmed() -> None:
    home = Home()
    home.proved(on=False)
    home.now += 10.5
    home.report(a=False)
    assert home.relay() is None
    home.now += 2
    home.report(a=False)
    assert home.relay() is None
    home.proved(on=False)


def test_off_within_ten_seconds_stays_known() -> None:
    home = Home()
    home.proved(on=False)
    home.now += 9.5
    home.report(a=False)
    assert home.relay() is False


def test_off_that_contradicts_on_is_unknown() -> None:
    home = Home()
    home.proved(on=True)
    home.now += 2
    home.report(a=False)
    assert home.relay() is None
    home.now += 2
    home.report(a=True)
    assert home.relay() is True


def test_off_is_known_after_it_was_ordered_and_reported() -> None:
    home = Home()
    home.proved(on=True)
    home.proved(on=False)


def test_unknown_is_shown_as_unknown_whatever_was_before() -> None:
    home = Home()
    home.proved(on=True)
    home.report(a=None)
    assert home.relay() is None


def test_the_sockets_are_judged_apart() -> None:
    home = Home()
    home.proved(on=False)
    home.report(a=False, relay_b=False)
    assert home.relay("a") is False
    assert home.relay("b") is None


def test_a_trusted_sender_is_believed() -> None:
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
    command = home.order(ON_A)
    assert command.status.value == "pending"
    assert home.poll() == [command]
    assert home.poll() == []
    home.report(a=True)
    assert [status for _, status in home.seen.commands] == ["pending", "delivered", "confirmed"]
    assert list(home.model.queue.open()) == []
    assert home.model.queue.find(command.id) is command


def test_a_report_before_the_delivery_confirms_nothing() -> None:
    home = Home()
    command = home.order(ON_A)
    home.report(a=True)
    assert command.status.value == "pending"


def test_a_report_of_the_other_state_confirms_nothing() -> None:
    home = Home()
    command = home.order(ON_A)
    home.poll()
    home.report(a=False)
    home.report(a=None)
    assert command.status.value == "delivered"


def test_an_unconfirmed_command_is_handed_out_three_times_then_fails_with_an_alert() -> None:
    home = Home()
    command = home.order(ON_A)
    handed = 0
    for _ in range(15):
        handed += len(home.poll())
        home.report(a=False)
        home.wait(2)
    assert handed == 3
    assert (command.status.value, command.reason) == ("failed", FailureReason.NO_CONFIRMATION)
    assert home.kinds() == ["command_failed"]
    message = home.seen.alerts[0].message
    assert message is not None
    assert message.code is MessageCode.COMMAND_FAILED
    assert message.values["outlet"] == "Outlet FE"
    assert (message.values["command"], message.values["socket"]) == ("relay_on", "a")
    assert message.values["reason"] == "no_confirmation"


def test_a_command_that_nobody_fetches_expires() -> None:
    home = Home()
    command = home.order(ON_A)
    home.wait(59)
    assert command.status.value == "pending"
    home.wait(2)
    assert (command.status.value, command.reason) == ("failed", FailureReason.EXPIRED)
    assert home.poll() == []


def test_a_newer_command_supersedes_the_older_one_of_the_same_socket() -> None:
    home = Home()
    first, other = home.order(ON_A), home.order(CommandRequest(CommandName.RELAY_ON, "b"))
    second = home.order(OFF_A)
    assert first.status.value == "superseded"
    assert home.poll() == [other, second]


@pytest.mark.parametrize("name", [CommandName.PING, CommandName.READ_SENSORS])
def test_a_ping_or_reading_is_confirmed_by_the_next_report(name: CommandName) -> None:
    home = Home()
    command = home.order(CommandRequest(name))
    home.poll()
    home.report()
    assert command.status.value == "confirmed"


def test_a_ping_through_a_transport_that_acknowledges_waits_for_the_ack() -> None:
    home = Home()
    command = home.order(CommandRequest(CommandName.PING))
    home.poll(acknowledges=True)
    home.report(trusted=True)
    assert command.status.value == "delivered"
    assert home.model.acknowledge("FE", Ack(command.id, ok=True), home.now)
    assert command.status.value == "confirmed"
    assert not home.model.acknowledge("FE", Ack(command.id, ok=True), home.now)


def test_a_refusing_ack_fails_the_command_with_its_reason() -> None:
    home = Home()
    command = home.order(ON_A)
    home.poll(acknowledges=True)
    home.model.acknowledge("FE", Ack(command.id, ok=False, error="no answer from the outlet"), home.now)
    assert (command.status.value, command.reason) == ("failed", FailureReason.REFUSED)
    message = home.seen.alerts[0].message
    assert message is not None
    assert message.values["detail"] == "no answer from the outlet"


def test_an_ack_proves_the_relay_state() -> None:
    home = Home()
    command = home.order(OFF_A)
    home.poll(acknowledges=True)
    home.model.acknowledge("FE", Ack(command.id, ok=True), home.now)
    assert home.relay() is False


def test_a_threshold_that_no_report_shows_ends_unverified() -> None:
    home = Home()
    command = home.order(CommandRequest(CommandName.SET_THRESHOLD, value=5000))
    for _ in range(12):
        home.poll()
        home.report()
        home.wait(2)
    assert command.status.value == "unverified"
    assert home.kinds() == []
    assert home.model.outlets["FE"].threshold == 5000


def test_a_threshold_is_confirmed_by_a_report_that_tells_it() -> None:
    home = Home()
    command = home.order(CommandRequest(CommandName.SET_THRESHOLD, value=5000))
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
def test_incomplete_orders_are_refused(name: CommandName, socket: Any, value: Any, error: type[FieldError]) -> None:
    with pytest.raises(error):
        CommandRequest.parse(name, socket, value)


def test_an_order_keeps_only_what_its_command_uses() -> None:
    assert CommandRequest.parse(CommandName.RELAY_ON, "A", 5) == ON_A
    assert CommandRequest.parse(CommandName.PING, "q", "x") == CommandRequest(CommandName.PING)


def test_unknown_outlets_are_refused_everywhere() -> None:
    home = Home()
    for call in (
        lambda: home.report(device_id="AA"),
        lambda: home.poll("AA"),
        lambda: home.order(ON_A, "AA"),
        lambda: home.model.acknowledge("AA", Ack("x", ok=True), 0),
    ):
        with pytest.raises(UnknownOutletError):
            call()


@given(st.lists(st.sampled_from(["on", "off", "poll", "true", "false", "wait"]), max_size=40))
def test_a_confirmed_command_was_delivered_and_shown(steps: list[str]) -> None:
    home = Home()
    for step in steps:
        match step:
            case "on" | "off":
                home.order(ON_A if step == "on" else OFF_A)
            case "poll":
                home.poll()
            case "true" | "false":
                before = {c.id: c for c in home.model.queue.open()}
                home.report(a=step == "true")
                for command in before.values():
                    if command.status.value == "confirmed":
                        assert command.attempts > 0
                        assert command.request.relay is (step == "true")
            case _:
                home.wait(3)
        assert len(list(home.model.queue.open())) <= 1


# Alerts


def test_an_overload_fires_once_per_trip() -> None:
    home = Home()
    for current in (0, OVERLOAD_MA, OVERLOAD_MA, 0, OVERLOAD_MA):
        home.report(current_a=current, is_overload=current == OVERLOAD_MA)
    assert home.kinds() == ["overload", "overload"]
    assert home.seen.alerts[0].source == AlertSource("FE", "a")
    assert home.model.outlets["FE"].sockets["a"].current_ma is None


def test_an_overload_without_a_socket_is_the_outlets() -> None:
    home = Home()
    home.report(is_overload=True)
    assert home.seen.alerts[0].source == AlertSource("FE")
    assert home.model.outlets["FE"].is_overload


def test_the_threshold_fires_at_each_crossing_with_the_numbers() -> None:
    home = Home()
    home.order(CommandRequest(CommandName.SET_THRESHOLD, value=1000))
    for current in (1000, 1001, 1500, 900, 1200):
        home.report(current_b=current)
    assert home.kinds() == ["threshold", "threshold"]
    first = home.seen.alerts[0]
    assert (first.source, first.value, first.limit) == (AlertSource("FE", "b"), 1001, 1000)


def test_no_threshold_no_alert() -> None:
    home = Home()
    home.report(current_a=60_000)
    home.order(CommandRequest(CommandName.SET_THRESHOLD, value=0))
    home.report(current_a=60_000)
    assert home.kinds() == []


def test_the_main_threshold_is_ours() -> None:
    home = Home()
    home.model.apply_main_current(20_000, home.now)
    home.model.set_main_threshold(16_000, home.now)
    assert home.kinds() == ["main_threshold"]
    home.model.apply_main_current(10_000, home.now)
    assert not home.model.alerts.is_active(AlertType.MAIN_THRESHOLD, HUB_SOURCE)


def test_an_outlet_that_falls_silent_is_offline_once() -> None:
    home = Home("FE", "FD")
    for _ in range(20):
        home.model.mark_online(home.now)
        home.report(device_id="FD")
        if home.now < 1005:
            home.report()
        home.wait(2)
    assert home.kinds() == ["offline"]
    assert home.seen.alerts[0].source == AlertSource("FE")
    assert not home.model.outlets["FE"].online
    home.report()
    assert home.model.outlets["FE"].last_seen == home.now
    assert home.model.alerts.all()[0].cleared is not None


def test_a_silent_hub_is_one_alert_not_one_per_outlet() -> None:
    home = Home("FE", "FD")
    home.model.mark_online(home.now)
    home.report()
    home.report(device_id="FD")
    home.wait(20)
    assert home.kinds() == ["offline"]
    assert home.seen.alerts[0].source == HUB_SOURCE
    assert not any(outlet.online for outlet in home.model.outlets.values())
    home.model.mark_online(home.now)
    assert not home.model.alerts.is_active(AlertType.OFFLINE, HUB_SOURCE)


def test_who_was_not_asked_yet_on_a_slow_channel_is_not_offline() -> None:
    home = Home("FE", "FD", sums_outlets=True)
    home.model.unresponsive = set()
    home.report(device_id="FE", trusted=True, current_a=1000)
    home.report(device_id="FD", trusted=True, current_a=500)
    home.wait(60)
    assert home.model.online
    assert all(outlet.online for outlet in home.model.outlets.values())
    home.model.unresponsive.add("FD")
    home.wait(1)
    assert [outlet.device_id for outlet in home.model.outlets.values() if not outlet.online] == ["FD"]
    assert home.kinds() == ["offline"]


def test_the_main_current_of_a_radio_is_the_sum_of_the_outlets_that_are_there() -> None:
    home = Home("FE", "FD", sums_outlets=True)
    home.model.unresponsive = {"FD"}
    home.report(device_id="FE", trusted=True, current_a=1000)
    home.report(device_id="FD", trusted=True, current_a=500)
    assert home.model.main_current_ma == 1500
    home.wait(20)
    assert home.model.main_current_ma == 1000


def test_a_radio_without_its_port_is_offline_with_its_outlets() -> None:
    home = Home("FE", sums_outlets=True)
    home.model.unresponsive = set()
    home.report(trusted=True)
    home.wait(20)
    home.model.unresponsive = None
    home.wait(20)
    assert not home.model.online
    assert not home.model.outlets["FE"].online
    assert [alert.source for alert in home.seen.alerts] == [HUB_SOURCE]


def test_a_mismatch_is_seen_where_the_outlet_tells_its_threshold() -> None:
    home = Home()
    home.report(threshold=4000, trusted=True)
    assert home.model.outlets["FE"].threshold == 4000
    command = home.order(CommandRequest(CommandName.SET_THRESHOLD, value=5000))
    home.report(threshold=4000, trusted=True)
    assert home.kinds() == []
    home.poll(acknowledges=True)
    home.model.acknowledge("FE", Ack(command.id, ok=True), home.now)
    home.report(threshold=4000, trusted=True)
    assert home.kinds() == ["threshold_mismatch"]
    home.report(threshold=5000, trusted=True)
    assert not home.model.alerts.is_active(AlertType.THRESHOLD_MISMATCH, AlertSource("FE"))


def test_a_mismatch_is_inferred_where_a_field_outlet_does_not_trip() -> None:
    home = Home(retry_policy=RetryPolicy(ttl_s=1))
    home.proved(on=True)
    home.model.outlets["FE"].threshold = 1000
    for _ in range(5):
        home.report(a=True, current_a=2000)
        home.wait(2)
    assert home.kinds() == ["threshold"]
    home.report(a=True, current_a=2000)
    assert home.kinds() == ["threshold", "threshold_mismatch"]


def test_a_threshold_that_did_not_get_through_is_a_mismatch() -> None:
    home = Home()
    home.report()
    home.order(CommandRequest(CommandName.SET_THRESHOLD, value=1000))
    home.wait(61)
    home.report()
    assert home.kinds() == ["command_failed", "threshold_mismatch"]


def test_alerts_are_dismissed_and_bounded() -> None:
    seen = RecordingObserver()
    log = AlertLog(seen.new_id, seen.alerts.append, lambda: None)
    log.update(AlertType.OVERLOAD, AlertSource("FE"), 0, MESSAGE)
    for number in range(MAX_ALERTS + 50):
        log.raise_momentary(AlertType.COMMAND_FAILED, AlertSource("FE"), number, MESSAGE)
    assert len(log.all()) == MAX_ALERTS
    assert log.is_active(AlertType.OVERLOAD, AlertSource("FE"))
    newest = log.all()[0]
    assert log.dismiss(newest.id)
    assert log.dismiss(newest.id)
    assert log.all()[0].dismissed
    assert not log.dismiss("nothing")


def test_alerts_that_all_last_are_bounded_too() -> None:
    seen = RecordingObserver()
    log = AlertLog(seen.new_id, seen.alerts.append, lambda: None)
    for number in range(MAX_ALERTS + 10):
        log.update(AlertType.OVERLOAD, AlertSource(f"{number}"), 0, MESSAGE)
    assert len(log.all()) == MAX_ALERTS
    log.update(AlertType.OVERLOAD, AlertSource("0"), 1, None)


@pytest.mark.parametrize("jump", [7200.0, -7200.0])
def test_a_clock_that_is_set_is_no_silence_and_ends_no_command(jump: float) -> None:
    home = Home()
    home.model.mark_online(home.now)
    home.report()
    command = home.order(ON_A)
    home.poll()
    run = home.model.switch_everything_off(home.now, include_protected=True)
    home.poll()
    home.wait(1)
    home.now += jump
    home.wait(2)
    assert home.model.outlets["FE"].online
    assert home.model.online
    assert home.kinds() == []
    assert command.status.value == "superseded"
    assert run.finished is None
    home.wait(20)
    assert home.kinds() == ["cut_incomplete", "offline"]


# Power and energy


def test_power_and_energy_follow_the_configured_mains() -> None:
    assert Mains(120, 0.5).power_w(2000) == pytest.approx(120)
    home = Home(mains=Mains(200, 1.0))
    for _ in range(1801):
        home.report(current_a=5000)
        home.now += 2
    meter = home.model.outlets["FE"].sockets["a"].meter
    assert meter.energy_wh == pytest.approx(1000)


@given(st.lists(st.tuples(st.none() | st.floats(0, 1e4), st.floats(-10, 200)), max_size=30))
def test_energy_never_falls_and_gaps_count_nothing(readings: list[tuple[float | None, float]]) -> None:
    meter, now, before = EnergyMeter(), 0.0, 0.0
    for power, step in readings:
        now += step
        meter.add(power, now)
        assert meter.energy_wh >= before
        assert meter.energy_wh - before <= 1e4 * 60 / 3600
        before = meter.energy_wh


# The power cut


def cut_home() -> Home:
    home = Home("FE", "FD")
    home.model.outlets["FD"].settings = OutletSettings("FD", "Freezer", protected=frozenset("b"))
    for device_id in ("FE", "FD"):
        home.report(a=True, device_id=device_id, relay_b=True)
    return home


def test_a_cut_is_confirmed_socket_by_socket_and_spares_what_is_protected() -> None:
    home = cut_home()
    run = home.model.switch_everything_off(home.now, include_protected=False)
    assert run.sockets["FD", "b"] is SocketResult.PROTECTED
    assert len(run.sockets_with(SocketResult.PENDING)) == 3
    for device_id in ("FE", "FD"):
        home.poll(device_id)
        home.now += 0.5
        home.report(a=False, device_id=device_id, relay_b=device_id == "FD")
    assert [r.id for r in home.seen.power_offs] == [run.id]
    assert len(run.sockets_with(SocketResult.CONFIRMED)) == 3
    assert home.kinds() == []
    assert run.report()["protected"] == ["FD/b"]


def test_a_cut_takes_protected_sockets_on_demand() -> None:
    home = cut_home()
    assert (
        len(home.model.switch_everything_off(home.now, include_protected=True).sockets_with(SocketResult.PENDING)) == 4
    )


def test_a_dead_outlet_is_unreachable_at_once_and_cut_when_it_comes_back() -> None:
    home = cut_home()
    home.model.mark_online(home.now)
    while home.now < 1020:
        home.now += 2
        home.model.mark_online(home.now)
        home.report(a=True, relay_b=True)
        home.model.tick(home.now)
    run = home.model.switch_everything_off(home.now, include_protected=False)
    assert run.sockets_with(SocketResult.UNREACHABLE) == [("FD", "a")]
    home.poll()
    home.report(a=False, relay_b=False)
    assert run.finished
    assert "cut_incomplete" in home.kinds()
    home.wait(600)
    commands = home.poll("FD")
    assert [command.request for command in commands] == [OFF_A]
    home.report(a=False, device_id="FD")
    assert run.sockets["FD", "a"] is SocketResult.CONFIRMED


def test_a_socket_that_does_not_confirm_is_unreachable_at_the_deadline() -> None:
    home = cut_home()
    run = home.model.switch_everything_off(home.now, include_protected=True)
    home.wait(CONFIRM_WITHIN_S - 1)
    assert run.finished is None
    home.wait(2)
    assert len(run.sockets_with(SocketResult.UNREACHABLE)) == 4
    assert len(home.seen.power_offs) == 1


def test_nothing_is_switched_on_while_the_power_is_being_cut() -> None:
    home = cut_home()
    home.model.switch_everything_off(home.now, include_protected=False)
    with pytest.raises(PowerOffInProgressError):
        home.order(ON_A)
    home.order(CommandRequest(CommandName.RELAY_ON, "b"), "FD")
    home.wait(CONFIRM_WITHIN_S + 1)
    home.order(ON_A)


def test_a_second_cut_joins_the_first_unless_it_reaches_further() -> None:
    home = cut_home()
    first = home.model.switch_everything_off(home.now, include_protected=False)
    assert home.model.switch_everything_off(home.now, include_protected=False) is first
    wider = home.model.switch_everything_off(home.now, include_protected=True)
    assert wider is not first
    assert home.model.switch_everything_off(home.now, include_protected=False) is wider
    for device_id in ("FE", "FD"):
        home.poll(device_id)
        home.report(a=False, device_id=device_id, relay_b=False)
    assert [run.id for run in home.seen.power_offs] == [wider.id]


def test_switching_on_after_the_cut_ends_what_is_left_of_it() -> None:
    home = cut_home()
    run = home.model.switch_everything_off(home.now, include_protected=False)
    home.wait(CONFIRM_WITHIN_S + 1)
    home.order(ON_A)
    assert [c.request for c in home.poll()] == [CommandRequest(CommandName.RELAY_OFF, "b"), ON_A]
    assert run.sockets["FE", "a"] is SocketResult.UNREACHABLE


def test_a_cut_without_outlets_is_finished_at_once() -> None:
    home = Home()
    home.model.remove_outlet("FE")
    assert home.model.switch_everything_off(home.now, include_protected=True).finished


# Restart


def restarted(home: Home) -> Home:
    after = Home(*home.model.outlets)
    after.now = home.now + 5
    after.model.restore(home.model.dump(), after.now)
    after.model.restore_meters(home.model.dump_meters())
    return after


def test_a_restart_keeps_commands_thresholds_alerts_and_energy() -> None:
    home = Home()
    home.order(CommandRequest(CommandName.SET_THRESHOLD, value=1000))
    home.report(current_a=2000)
    home.now += 2
    home.report(current_a=2000)
    home.model.set_main_threshold(16_000, home.now)
    command = home.order(ON_A)
    home.poll()
    after = restarted(home)
    assert after.relay() is None
    assert after.model.outlets["FE"].threshold == 1000
    assert after.model.outlets["FE"].sockets["a"].meter.energy_wh > 0
    assert after.model.outlets["FE"].last_seen == home.now
    assert after.model.main_threshold_ma == 16_000
    assert command.id in [each.id for each in after.poll()]
    after.report(current_a=2000)
    assert after.kinds() == []
    after.report(current_a=100)
    after.report(current_a=2000)
    assert after.kinds() == ["threshold"]


def test_a_restart_in_the_middle_of_a_cut_finishes_it() -> None:
    home = cut_home()
    run = home.model.switch_everything_off(home.now, include_protected=True)
    home.poll()
    home.report(a=False, relay_b=False)
    after = restarted(home)
    assert after.model.power_off is not None
    assert after.model.power_off.id == run.id
    assert [c.request.name for c in after.poll("FD")] == [CommandName.RELAY_OFF] * 2
    after.report(a=False, device_id="FD", relay_b=False)
    assert [r.id for r in after.seen.power_offs] == [run.id]
    assert len(after.model.power_off.sockets_with(SocketResult.CONFIRMED)) == 4


def test_what_belongs_to_removed_outlets_is_not_restored() -> None:
    home = Home("FE", "FD")
    home.order(ON_A, "FD")
    home.order(CommandRequest(CommandName.SET_THRESHOLD, value=7), "FD")
    home.report(device_id="FD")
    stored, meters = home.model.dump(), home.model.dump_meters()
    after = Home("FE")
    after.model.restore(stored, after.now)
    after.model.restore_meters(meters)
    assert list(after.model.queue.open()) == []


def test_removing_an_outlet_ends_all_that_belongs_to_it() -> None:
    home = cut_home()
    run = home.model.switch_everything_off(home.now, include_protected=True)
    home.report(device_id="FD", is_overload=True)
    home.model.remove_outlet("FD")
    home.model.remove_outlet("FD")
    assert {device_id for device_id, _ in run.sockets} == {"FE"}
    assert {alert.source.device_id for alert in home.model.alerts.all()} <= {"FE", None}
    home.poll()
    home.report(a=False, relay_b=False)
    assert run.finished


def test_a_known_outlet_keeps_its_state_when_it_is_renamed() -> None:
    home = Home()
    home.report(a=True)
    home.model.add_outlet(OutletSettings("FE", "New name"))
    assert home.relay() is True
    assert home.model.outlets["FE"].settings.name == "New name"


@pytest.mark.parametrize(("name", "reason"), list(product(CommandName, ["expired"])))
def test_every_command_survives_storage(name: CommandName, reason: str) -> None:
    home = Home()
    needs = {CommandName.RELAY_ON: ("a", None), CommandName.RELAY_OFF: ("b", None)}
    socket, value = needs.get(name, (None, 5 if name is CommandName.SET_THRESHOLD else None))
    command = home.order(CommandRequest.parse(name, socket, value))
    again = restarted(home)
    assert again.poll()[0].request == command.request
    again.wait(60)
    assert again.model.queue.find(command.id) is not None
