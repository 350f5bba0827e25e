"""The device model: what is believed, how commands end, when alerts fire, how a power cut runs."""

from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_outlet.model.alerts import HUB, KEPT, AlertKind, AlertLog, Place
from custom_components.smart_outlet.model.commands import (
    Command,
    CommandName,
    Order,
    Patience,
    Reason,
)
from custom_components.smart_outlet.model.cut import REPORT_S, CutState
from custom_components.smart_outlet.model.energy import EnergyMeter, Mains
from custom_components.smart_outlet.model.errors import (
    CutInProgressError,
    FieldError,
    MissingFieldError,
    UnknownOutletError,
)
from custom_components.smart_outlet.model.hub import Hub, HubConfig
from custom_components.smart_outlet.model.outlet import OutletConfig
from custom_components.smart_outlet.model.wire import OVERLOAD_MA, Ack, Report

from .recorder import Recorder

ON_A = Order(CommandName.RELAY_ON, "a")
OFF_A = Order(CommandName.RELAY_OFF, "a")
REPORT = Report("FE", 0, 0, None, None, is_overload=False)


class Home:
    """A hub with outlets, and a clock that is set by hand."""

    def __init__(self, *outlets: str, **config: Any) -> None:
        self.seen = Recorder()
        self.hub = Hub(HubConfig("Main house", **config), self.seen, self.seen.new_id)
        for device_id in outlets or ("FE",):
            self.hub.add_outlet(OutletConfig(device_id, f"Outlet {device_id}"))
        self.now = 1000.0

    def wait(self, seconds: float) -> None:
        """Let time pass second by second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            self.hub.tick(self.now)

    def report(self, a: bool | None = None, device_id: str = "FE", *, trusted: bool = False, **fields: Any) -> None:
        self.hub.report(replace(REPORT, device_id=device_id, relay_a=a, **fields), self.now, trusted=trusted)

    def poll(self, device_id: str = "FE", *, acknowledges: bool = False) -> list[Command]:
        return self.hub.fetch(device_id, self.now, acknowledges=acknowledges)

    def order(self, order: Order, device_id: str = "FE") -> Command:
        return self.hub.order(device_id, order, self.now)

    def relay(self, socket: str = "a", device_id: str = "FE") -> bool | None:
        return self.hub.outlets[device_id].sockets[socket].relay

    def kinds(self) -> list[str]:
        return [alert.kind.value for alert in self.seen.alerts]

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
    assert list(home.hub.queue.open()) == []
    assert home.hub.queue.find(command.id) is command


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
    assert (command.status.value, command.reason) == ("failed", Reason.NO_CONFIRMATION)
    assert home.kinds() == ["command_failed"]
    assert "relay_on a failed" in home.seen.alerts[0].message


def test_a_command_that_nobody_fetches_expires() -> None:
    home = Home()
    command = home.order(ON_A)
    home.wait(59)
    assert command.status.value == "pending"
    home.wait(2)
    assert (command.status.value, command.reason) == ("failed", Reason.EXPIRED)
    assert home.poll() == []


def test_a_newer_command_supersedes_the_older_one_of_the_same_socket() -> None:
    home = Home()
    first, other = home.order(ON_A), home.order(Order(CommandName.RELAY_ON, "b"))
    second = home.order(OFF_A)
    assert first.status.value == "superseded"
    assert home.poll() == [other, second]


@pytest.mark.parametrize("name", [CommandName.PING, CommandName.READ_SENSORS])
def test_a_ping_or_reading_is_confirmed_by_the_next_report(name: CommandName) -> None:
    home = Home()
    command = home.order(Order(name))
    home.poll()
    home.report()
    assert command.status.value == "confirmed"


def test_a_ping_through_a_transport_that_acknowledges_waits_for_the_ack() -> None:
    home = Home()
    command = home.order(Order(CommandName.PING))
    home.poll(acknowledges=True)
    home.report(trusted=True)
    assert command.status.value == "delivered"
    assert home.hub.acknowledge("FE", Ack(command.id, ok=True), home.now)
    assert command.status.value == "confirmed"
    assert not home.hub.acknowledge("FE", Ack(command.id, ok=True), home.now)


def test_a_refusing_ack_fails_the_command_with_its_reason() -> None:
    home = Home()
    command = home.order(ON_A)
    home.poll(acknowledges=True)
    home.hub.acknowledge("FE", Ack(command.id, ok=False, error="no answer from the outlet"), home.now)
    assert (command.status.value, command.reason) == ("failed", Reason.REFUSED)
    assert "no answer from the outlet" in home.seen.alerts[0].message


def test_an_ack_proves_the_relay_state() -> None:
    home = Home()
    command = home.order(OFF_A)
    home.poll(acknowledges=True)
    home.hub.acknowledge("FE", Ack(command.id, ok=True), home.now)
    assert home.relay() is False


def test_a_threshold_that_no_report_shows_ends_unverified() -> None:
    home = Home()
    command = home.order(Order(CommandName.SET_THRESHOLD, value=5000))
    for _ in range(12):
        home.poll()
        home.report()
        home.wait(2)
    assert command.status.value == "unverified"
    assert home.kinds() == []
    assert home.hub.outlets["FE"].threshold == 5000


def test_a_threshold_is_confirmed_by_a_report_that_tells_it() -> None:
    home = Home()
    command = home.order(Order(CommandName.SET_THRESHOLD, value=5000))
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
        Order.parse(name, socket, value)


def test_an_order_keeps_only_what_its_command_uses() -> None:
    assert Order.parse(CommandName.RELAY_ON, "A", 5) == ON_A
    assert Order.parse(CommandName.PING, "q", "x") == Order(CommandName.PING)


def test_unknown_outlets_are_refused_everywhere() -> None:
    home = Home()
    for call in (
        lambda: home.report(device_id="AA"),
        lambda: home.poll("AA"),
        lambda: home.order(ON_A, "AA"),
        lambda: home.hub.acknowledge("AA", Ack("x", ok=True), 0),
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
                before = {c.id: c for c in home.hub.queue.open()}
                home.report(a=step == "true")
                for command in before.values():
                    if command.status.value == "confirmed":
                        assert command.attempts > 0
                        assert command.order.relay is (step == "true")
            case _:
                home.wait(3)
        assert len(list(home.hub.queue.open())) <= 1


# Alerts


def test_an_overload_fires_once_per_trip() -> None:
    home = Home()
    for current in (0, OVERLOAD_MA, OVERLOAD_MA, 0, OVERLOAD_MA):
        home.report(current_a=current, is_overload=current == OVERLOAD_MA)
    assert home.kinds() == ["overload", "overload"]
    assert home.seen.alerts[0].place == Place("FE", "a")
    assert home.hub.outlets["FE"].sockets["a"].current_ma is None


def test_an_overload_without_a_socket_is_the_outlets() -> None:
    home = Home()
    home.report(is_overload=True)
    assert home.seen.alerts[0].place == Place("FE")
    assert home.hub.outlets["FE"].is_overload


def test_the_threshold_fires_at_each_crossing_with_the_numbers() -> None:
    home = Home()
    home.order(Order(CommandName.SET_THRESHOLD, value=1000))
    for current in (1000, 1001, 1500, 900, 1200):
        home.report(current_b=current)
    assert home.kinds() == ["threshold", "threshold"]
    first = home.seen.alerts[0]
    assert (first.place, first.value, first.limit) == (Place("FE", "b"), 1001, 1000)


def test_no_threshold_no_alert() -> None:
    home = Home()
    home.report(current_a=60_000)
    home.order(Order(CommandName.SET_THRESHOLD, value=0))
    home.report(current_a=60_000)
    assert home.kinds() == []


def test_the_main_threshold_is_ours() -> None:
    home = Home()
    home.hub.breaker(20_000, home.now)
    home.hub.set_main_threshold(16_000, home.now)
    assert home.kinds() == ["main_threshold"]
    home.hub.breaker(10_000, home.now)
    assert not home.hub.alerts.is_on(AlertKind.MAIN_THRESHOLD, HUB)


def test_an_outlet_that_falls_silent_is_offline_once() -> None:
    home = Home("FE", "FD")
    for _ in range(20):
        home.hub.touch(home.now)
        home.report(device_id="FD")
        if home.now < 1005:
            home.report()
        home.wait(2)
    assert home.kinds() == ["offline"]
    assert home.seen.alerts[0].place == Place("FE")
    assert not home.hub.outlets["FE"].online
    home.report()
    assert home.hub.outlets["FE"].last_seen == home.now
    assert home.hub.alerts.all()[0].cleared is not None


def test_a_silent_hub_is_one_alert_not_one_per_outlet() -> None:
    home = Home("FE", "FD")
    home.hub.touch(home.now)
    home.report()
    home.report(device_id="FD")
    home.wait(20)
    assert home.kinds() == ["offline"]
    assert home.seen.alerts[0].place == HUB
    assert not any(outlet.online for outlet in home.hub.outlets.values())
    home.hub.touch(home.now)
    assert not home.hub.alerts.is_on(AlertKind.OFFLINE, HUB)


def test_who_was_not_asked_yet_on_a_slow_channel_is_not_offline() -> None:
    home = Home("FE", "FD", sums_outlets=True)
    home.hub.unanswered = set()
    home.report(device_id="FE", trusted=True, current_a=1000)
    home.report(device_id="FD", trusted=True, current_a=500)
    home.wait(60)
    assert home.hub.online
    assert all(outlet.online for outlet in home.hub.outlets.values())
    home.hub.unanswered.add("FD")
    home.wait(1)
    assert [outlet.device_id for outlet in home.hub.outlets.values() if not outlet.online] == ["FD"]
    assert home.kinds() == ["offline"]


def test_the_main_current_of_a_radio_is_the_sum_of_the_outlets_that_are_there() -> None:
    home = Home("FE", "FD", sums_outlets=True)
    home.hub.unanswered = {"FD"}
    home.report(device_id="FE", trusted=True, current_a=1000)
    home.report(device_id="FD", trusted=True, current_a=500)
    assert home.hub.main_current_ma == 1500
    home.wait(20)
    assert home.hub.main_current_ma == 1000


def test_a_radio_without_its_port_is_offline_with_its_outlets() -> None:
    home = Home("FE", sums_outlets=True)
    home.hub.unanswered = set()
    home.report(trusted=True)
    home.wait(20)
    home.hub.unanswered = None
    home.wait(20)
    assert not home.hub.online
    assert not home.hub.outlets["FE"].online
    assert [alert.place for alert in home.seen.alerts] == [HUB]


def test_a_mismatch_is_seen_where_the_outlet_tells_its_threshold() -> None:
    home = Home()
    home.report(threshold=4000, trusted=True)
    assert home.hub.outlets["FE"].threshold == 4000
    command = home.order(Order(CommandName.SET_THRESHOLD, value=5000))
    home.report(threshold=4000, trusted=True)
    assert home.kinds() == []
    home.poll(acknowledges=True)
    home.hub.acknowledge("FE", Ack(command.id, ok=True), home.now)
    home.report(threshold=4000, trusted=True)
    assert home.kinds() == ["threshold_mismatch"]
    home.report(threshold=5000, trusted=True)
    assert not home.hub.alerts.is_on(AlertKind.THRESHOLD_MISMATCH, Place("FE"))


def test_a_mismatch_is_inferred_where_a_field_outlet_does_not_trip() -> None:
    home = Home(patience=Patience(ttl_s=1))
    home.proved(on=True)
    home.hub.outlets["FE"].threshold = 1000
    for _ in range(5):
        home.report(a=True, current_a=2000)
        home.wait(2)
    assert home.kinds() == ["threshold"]
    home.report(a=True, current_a=2000)
    assert home.kinds() == ["threshold", "threshold_mismatch"]


def test_a_threshold_that_did_not_get_through_is_a_mismatch() -> None:
    home = Home()
    home.report()
    home.order(Order(CommandName.SET_THRESHOLD, value=1000))
    home.wait(61)
    home.report()
    assert home.kinds() == ["command_failed", "threshold_mismatch"]


def test_alerts_are_dismissed_and_bounded() -> None:
    seen = Recorder()
    log = AlertLog(seen.new_id, seen.alerts.append, lambda: None)
    log.update(AlertKind.OVERLOAD, Place("FE"), 0, "lasts")
    for number in range(KEPT + 50):
        log.tell(AlertKind.COMMAND_FAILED, Place("FE"), number, "over")
    assert len(log.all()) == KEPT
    assert log.is_on(AlertKind.OVERLOAD, Place("FE"))
    newest = log.all()[0]
    assert log.dismiss(newest.id)
    assert log.dismiss(newest.id)
    assert log.all()[0].dismissed
    assert not log.dismiss("nothing")


def test_alerts_that_all_last_are_bounded_too() -> None:
    seen = Recorder()
    log = AlertLog(seen.new_id, seen.alerts.append, lambda: None)
    for number in range(KEPT + 10):
        log.update(AlertKind.OVERLOAD, Place(f"{number}"), 0, "lasts")
    assert len(log.all()) == KEPT
    log.update(AlertKind.OVERLOAD, Place("0"), 1, None)


@pytest.mark.parametrize("jump", [7200.0, -7200.0])
def test_a_clock_that_is_set_is_no_silence_and_ends_no_command(jump: float) -> None:
    home = Home()
    home.hub.touch(home.now)
    home.report()
    command = home.order(ON_A)
    home.poll()
    run = home.hub.cut_all(home.now, include_protected=True)
    home.poll()
    home.wait(1)
    home.now += jump
    home.wait(2)
    assert home.hub.outlets["FE"].online
    assert home.hub.online
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
    meter = home.hub.outlets["FE"].sockets["a"].meter
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
    home.hub.outlets["FD"].config = OutletConfig("FD", "Freezer", protected=frozenset("b"))
    for device_id in ("FE", "FD"):
        home.report(a=True, device_id=device_id, relay_b=True)
    return home


def test_a_cut_is_confirmed_socket_by_socket_and_spares_what_is_protected() -> None:
    home = cut_home()
    run = home.hub.cut_all(home.now, include_protected=False)
    assert run.sockets["FD", "b"] is CutState.PROTECTED
    assert len(run.targets(CutState.PENDING)) == 3
    for device_id in ("FE", "FD"):
        home.poll(device_id)
        home.now += 0.5
        home.report(a=False, device_id=device_id, relay_b=device_id == "FD")
    assert [r.id for r in home.seen.cuts] == [run.id]
    assert len(run.targets(CutState.CONFIRMED)) == 3
    assert home.kinds() == []
    assert run.report()["protected"] == ["FD/b"]


def test_a_cut_takes_protected_sockets_on_demand() -> None:
    home = cut_home()
    assert len(home.hub.cut_all(home.now, include_protected=True).targets(CutState.PENDING)) == 4


def test_a_dead_outlet_is_unreachable_at_once_and_cut_when_it_comes_back() -> None:
    home = cut_home()
    home.hub.touch(home.now)
    while home.now < 1020:
        home.now += 2
        home.hub.touch(home.now)
        home.report(a=True, relay_b=True)
        home.hub.tick(home.now)
    run = home.hub.cut_all(home.now, include_protected=False)
    assert run.targets(CutState.UNREACHABLE) == [("FD", "a")]
    home.poll()
    home.report(a=False, relay_b=False)
    assert run.finished
    assert "cut_incomplete" in home.kinds()
    home.wait(600)
    commands = home.poll("FD")
    assert [command.order for command in commands] == [OFF_A]
    home.report(a=False, device_id="FD")
    assert run.sockets["FD", "a"] is CutState.CONFIRMED


def test_a_socket_that_does_not_confirm_is_unreachable_at_the_deadline() -> None:
    home = cut_home()
    run = home.hub.cut_all(home.now, include_protected=True)
    home.wait(REPORT_S - 1)
    assert run.finished is None
    home.wait(2)
    assert len(run.targets(CutState.UNREACHABLE)) == 4
    assert len(home.seen.cuts) == 1


def test_nothing_is_switched_on_while_the_power_is_being_cut() -> None:
    home = cut_home()
    home.hub.cut_all(home.now, include_protected=False)
    with pytest.raises(CutInProgressError):
        home.order(ON_A)
    home.order(Order(CommandName.RELAY_ON, "b"), "FD")
    home.wait(REPORT_S + 1)
    home.order(ON_A)


def test_a_second_cut_joins_the_first_unless_it_reaches_further() -> None:
    home = cut_home()
    first = home.hub.cut_all(home.now, include_protected=False)
    assert home.hub.cut_all(home.now, include_protected=False) is first
    wider = home.hub.cut_all(home.now, include_protected=True)
    assert wider is not first
    assert home.hub.cut_all(home.now, include_protected=False) is wider
    for device_id in ("FE", "FD"):
        home.poll(device_id)
        home.report(a=False, device_id=device_id, relay_b=False)
    assert [run.id for run in home.seen.cuts] == [wider.id]


def test_switching_on_after_the_cut_ends_what_is_left_of_it() -> None:
    home = cut_home()
    run = home.hub.cut_all(home.now, include_protected=False)
    home.wait(REPORT_S + 1)
    home.order(ON_A)
    assert [c.order for c in home.poll()] == [Order(CommandName.RELAY_OFF, "b"), ON_A]
    assert run.sockets["FE", "a"] is CutState.UNREACHABLE


def test_a_cut_without_outlets_is_finished_at_once() -> None:
    home = Home()
    home.hub.remove_outlet("FE")
    assert home.hub.cut_all(home.now, include_protected=True).finished


# Restart


def restarted(home: Home) -> Home:
    after = Home(*home.hub.outlets)
    after.now = home.now + 5
    after.hub.restore(home.hub.dump(), after.now)
    after.hub.restore_meters(home.hub.dump_meters())
    return after


def test_a_restart_keeps_commands_thresholds_alerts_and_energy() -> None:
    home = Home()
    home.order(Order(CommandName.SET_THRESHOLD, value=1000))
    home.report(current_a=2000)
    home.now += 2
    home.report(current_a=2000)
    home.hub.set_main_threshold(16_000, home.now)
    command = home.order(ON_A)
    home.poll()
    after = restarted(home)
    assert after.relay() is None
    assert after.hub.outlets["FE"].threshold == 1000
    assert after.hub.outlets["FE"].sockets["a"].meter.energy_wh > 0
    assert after.hub.outlets["FE"].last_seen == home.now
    assert after.hub.main_threshold_ma == 16_000
    assert command.id in [each.id for each in after.poll()]
    after.report(current_a=2000)
    assert after.kinds() == []
    after.report(current_a=100)
    after.report(current_a=2000)
    assert after.kinds() == ["threshold"]


def test_a_restart_in_the_middle_of_a_cut_finishes_it() -> None:
    home = cut_home()
    run = home.hub.cut_all(home.now, include_protected=True)
    home.poll()
    home.report(a=False, relay_b=False)
    after = restarted(home)
    assert after.hub.cut is not None
    assert after.hub.cut.id == run.id
    assert [c.order.name for c in after.poll("FD")] == [CommandName.RELAY_OFF] * 2
    after.report(a=False, device_id="FD", relay_b=False)
    assert [r.id for r in after.seen.cuts] == [run.id]
    assert len(after.hub.cut.targets(CutState.CONFIRMED)) == 4


def test_what_belongs_to_removed_outlets_is_not_restored() -> None:
    home = Home("FE", "FD")
    home.order(ON_A, "FD")
    home.order(Order(CommandName.SET_THRESHOLD, value=7), "FD")
    home.report(device_id="FD")
    stored, meters = home.hub.dump(), home.hub.dump_meters()
    after = Home("FE")
    after.hub.restore(stored, after.now)
    after.hub.restore_meters(meters)
    assert list(after.hub.queue.open()) == []


def test_removing_an_outlet_ends_all_that_belongs_to_it() -> None:
    home = cut_home()
    run = home.hub.cut_all(home.now, include_protected=True)
    home.report(device_id="FD", is_overload=True)
    home.hub.remove_outlet("FD")
    home.hub.remove_outlet("FD")
    assert {device_id for device_id, _ in run.sockets} == {"FE"}
    assert {alert.place.device_id for alert in home.hub.alerts.all()} <= {"FE", None}
    home.poll()
    home.report(a=False, relay_b=False)
    assert run.finished


def test_a_known_outlet_keeps_its_state_when_it_is_renamed() -> None:
    home = Home()
    home.report(a=True)
    home.hub.add_outlet(OutletConfig("FE", "New name"))
    assert home.relay() is True
    assert home.hub.outlets["FE"].config.name == "New name"


@pytest.mark.parametrize(("name", "reason"), list(product(CommandName, ["expired"])))
def test_every_command_survives_storage(name: CommandName, reason: str) -> None:
    home = Home()
    needs = {CommandName.RELAY_ON: ("a", None), CommandName.RELAY_OFF: ("b", None)}
    socket, value = needs.get(name, (None, 5 if name is CommandName.SET_THRESHOLD else None))
    command = home.order(Order.parse(name, socket, value))
    again = restarted(home)
    assert again.poll()[0].order == command.order
    again.wait(60)
    assert again.hub.queue.find(command.id) is not None
