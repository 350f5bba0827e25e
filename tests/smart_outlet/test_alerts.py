"""The device model: alerts, power and energy."""

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
from custom_components.smart_outlet.model.ccu_protocol import OVERLOAD_MA, Ack
from custom_components.smart_outlet.model.commands import CommandName, CommandPolicies, CommandRequest
from custom_components.smart_outlet.model.energy import EnergyMeter, Mains

from .home import ON_A, Home
from .recording_observer import RecordingObserver

MESSAGE = AlertMessage(MessageCode.OUTLET_OVERLOAD, {"outlet": "Kitchen"})


def test_an_overload_fires_once_per_trip() -> None:
    home = Home()
    for current in (0, OVERLOAD_MA, OVERLOAD_MA, 0, OVERLOAD_MA):
        home.report(current_a=current, is_overload=current == OVERLOAD_MA)
    assert home.alert_types() == ["overload", "overload"]
    assert home.observer.alerts[0].source == AlertSource("FE", "a")
    assert home.model.outlets["FE"].sockets["a"].current_ma is None


def test_an_overload_without_a_socket_is_an_alert_of_the_outlet() -> None:
    home = Home()
    home.report(is_overload=True)
    assert home.observer.alerts[0].source == AlertSource("FE")
    assert home.model.outlets["FE"].is_overload


def restarted(home: Home) -> Home:
    """Return a hub model after a restart of Home Assistant: it has its stored data and no report yet."""
    after = Home()
    after.model.restore(home.model.dump(), after.now)
    return after


@pytest.mark.parametrize("unread", [0, 1, 3])
def test_a_trip_from_before_a_restart_is_not_a_new_alert(unread: int) -> None:
    """Also where the first currents after the start cannot be read."""
    home = Home()
    home.report(current_a=OVERLOAD_MA, is_overload=True)
    after = restarted(home)
    for _ in range(unread):
        after.report(current_a=None, current_b=None, is_overload=True)
    after.report(current_a=OVERLOAD_MA, is_overload=True)
    assert after.alert_types() == []
    assert after.model.alerts.is_active(AlertType.OVERLOAD, AlertSource("FE", "a"))
    after.report(current_a=0)
    assert not after.model.alerts.is_active(AlertType.OVERLOAD, AlertSource("FE", "a"))
    after.report(current_a=OVERLOAD_MA, is_overload=True)
    assert after.alert_types() == ["overload"], "a trip after that is a new one"


def test_a_current_that_cannot_be_read_neither_ends_nor_repeats_the_alert_of_the_threshold() -> None:
    home = Home()
    home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=1000))
    for current in (1500, None, 1500):
        home.report(current_a=current)
    after = restarted(home)
    for current in (None, 1500):
        after.report(current_a=current)
    assert (home.alert_types(), after.alert_types()) == (["threshold"], [])
    after.report(current_a=900)
    assert not after.model.alerts.is_active(AlertType.THRESHOLD, AlertSource("FE", "a"))


def test_each_crossing_of_the_threshold_is_an_alert_with_its_values() -> None:
    home = Home()
    home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=1000))
    for current in (1000, 1001, 1500, 900, 1200):
        home.report(current_b=current)
    assert home.alert_types() == ["threshold", "threshold"]
    first = home.observer.alerts[0]
    assert (first.source, first.value, first.limit) == (AlertSource("FE", "b"), 1001, 1000)


def test_without_a_threshold_there_is_no_alert() -> None:
    home = Home()
    home.report(current_a=60_000)
    home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=0))
    home.report(current_a=60_000)
    assert home.alert_types() == []


def test_the_main_threshold_applies_to_the_last_current() -> None:
    home = Home()
    home.model.apply_main_current(20_000, home.now)
    home.model.set_main_threshold(16_000, home.now)
    assert home.alert_types() == ["main_threshold"]
    home.model.apply_main_current(10_000, home.now)
    assert not home.model.alerts.is_active(AlertType.MAIN_THRESHOLD, HUB_SOURCE)


def test_an_outlet_that_stops_reporting_raises_one_alert() -> None:
    home = Home("FE", "FD")
    for _ in range(20):
        home.model.mark_online(home.now)
        home.report(device_id="FD")
        if home.now < 1005:
            home.report()
        home.wait(2)
    assert home.alert_types() == ["offline"]
    assert home.observer.alerts[0].source == AlertSource("FE")
    assert not home.model.outlets["FE"].online
    home.report()
    assert home.model.outlets["FE"].last_seen == home.now
    assert home.model.alerts.all()[0].cleared is not None


def test_an_offline_hub_is_one_alert_not_one_per_outlet() -> None:
    home = Home("FE", "FD")
    home.model.mark_online(home.now)
    home.report()
    home.report(device_id="FD")
    home.wait(20)
    assert home.alert_types() == ["offline"]
    assert home.observer.alerts[0].source == HUB_SOURCE
    assert not any(outlet.online for outlet in home.model.outlets.values())
    home.model.mark_online(home.now)
    assert not home.model.alerts.is_active(AlertType.OFFLINE, HUB_SOURCE)


def test_an_outlet_not_polled_yet_on_a_slow_channel_is_not_offline() -> None:
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
    assert home.alert_types() == ["offline"]


def test_the_main_current_of_a_radio_is_the_sum_of_its_online_outlets() -> None:
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
    assert [alert.source for alert in home.observer.alerts] == [HUB_SOURCE]


def test_a_reported_threshold_that_differs_is_a_mismatch() -> None:
    home = Home()
    home.report(threshold=4000, trusted=True)
    assert home.model.outlets["FE"].threshold == 4000
    command = home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=5000))
    home.report(threshold=4000, trusted=True)
    assert home.alert_types() == []
    home.poll(acknowledges=True)
    home.model.acknowledge("FE", Ack(command.id, ok=True), home.now)
    home.report(threshold=4000, trusted=True)
    assert home.alert_types() == ["threshold_mismatch"]
    home.report(threshold=5000, trusted=True)
    assert not home.model.alerts.is_active(AlertType.THRESHOLD_MISMATCH, AlertSource("FE"))


def test_a_field_outlet_that_does_not_trip_is_a_mismatch() -> None:
    home = Home(command_policies=CommandPolicies.of(lifetime_s=1))
    home.confirm_relay(on=True)
    home.model.outlets["FE"].threshold = 1000
    for _ in range(5):
        home.report(a=True, current_a=2000)
        home.wait(2)
    assert home.alert_types() == ["threshold"]
    home.report(a=True, current_a=2000)
    assert home.alert_types() == ["threshold", "threshold_mismatch"]


def test_an_undelivered_threshold_is_a_mismatch() -> None:
    home = Home()
    home.report()
    home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=1000))
    home.wait(61)
    home.report()
    assert home.alert_types() == ["command_failed", "threshold_mismatch"]


def test_alerts_are_dismissed_and_limited() -> None:
    observer = RecordingObserver()
    log = AlertLog(observer.new_id, observer.alerts.append, lambda: None)
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


def test_active_alerts_are_limited_too() -> None:
    observer = RecordingObserver()
    log = AlertLog(observer.new_id, observer.alerts.append, lambda: None)
    for number in range(MAX_ALERTS + 10):
        log.update(AlertType.OVERLOAD, AlertSource(f"{number}"), 0, MESSAGE)
    assert len(log.all()) == MAX_ALERTS
    log.update(AlertType.OVERLOAD, AlertSource("0"), 1, None)


@pytest.mark.parametrize("jump", [7200.0, -7200.0])
def test_setting_the_clock_neither_expires_commands_nor_marks_outlets_offline(jump: float) -> None:
    home = Home()
    home.model.mark_online(home.now)
    home.report()
    command = home.submit(ON_A)
    home.poll()
    power_off = home.model.switch_everything_off(home.now, include_protected=True)
    home.poll()
    home.wait(1)
    home.now += jump
    home.wait(2)
    assert home.model.outlets["FE"].online
    assert home.model.online
    assert home.alert_types() == []
    assert command.status.value == "superseded"
    assert power_off.finished is None
    home.wait(20)
    assert home.alert_types() == ["cut_incomplete", "offline"]


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
def test_energy_never_decreases_and_gaps_are_not_counted(readings: list[tuple[float | None, float]]) -> None:
    meter, now, before = EnergyMeter(), 0.0, 0.0
    for power, step in readings:
        now += step
        meter.add(power, now)
        assert meter.energy_wh >= before
        assert meter.energy_wh - before <= 1e4 * 60 / 3600
        before = meter.energy_wh
