"""The device model: the emergency power-off, and what a restart restores."""

from itertools import product

import pytest

from custom_components.smart_outlet.model.commands import CommandName, CommandRequest
from custom_components.smart_outlet.model.errors import (
    PowerOffInProgressError,
)
from custom_components.smart_outlet.model.outlet import OutletSettings
from custom_components.smart_outlet.model.power_off import CONFIRM_WITHIN_S, SocketResult

from .home import OFF_A, ON_A, Home, two_outlets


def test_power_off_is_confirmed_per_socket_and_skips_protected_ones() -> None:
    home = two_outlets()
    power_off = home.model.switch_everything_off(home.now, include_protected=False)
    assert power_off.sockets["FD", "b"] is SocketResult.PROTECTED
    assert len(power_off.sockets_with(SocketResult.PENDING)) == 3
    for device_id in ("FE", "FD"):
        home.poll(device_id)
        home.now += 0.5
        home.report(a=False, device_id=device_id, relay_b=device_id == "FD")
    assert [each.id for each in home.observer.power_offs] == [power_off.id]
    assert len(power_off.sockets_with(SocketResult.CONFIRMED)) == 3
    assert home.alert_types() == []
    assert power_off.report()["protected"] == ["FD/b"]


def test_power_off_includes_protected_sockets_on_request() -> None:
    home = two_outlets()
    assert (
        len(home.model.switch_everything_off(home.now, include_protected=True).sockets_with(SocketResult.PENDING)) == 4
    )


def test_an_offline_outlet_is_unreachable_at_once_and_switched_off_when_it_returns() -> None:
    home = two_outlets()
    home.model.mark_online(home.now)
    while home.now < 1020:
        home.now += 2
        home.model.mark_online(home.now)
        home.report(a=True, relay_b=True)
        home.model.tick(home.now)
    power_off = home.model.switch_everything_off(home.now, include_protected=False)
    assert power_off.sockets_with(SocketResult.UNREACHABLE) == [("FD", "a")]
    home.poll()
    home.report(a=False, relay_b=False)
    assert power_off.finished
    assert "cut_incomplete" in home.alert_types()
    home.wait(600)
    commands = home.poll("FD")
    assert [command.request for command in commands] == [OFF_A]
    home.report(a=False, device_id="FD")
    assert power_off.sockets["FD", "a"] is SocketResult.CONFIRMED


def test_a_socket_that_does_not_confirm_is_unreachable_at_the_deadline() -> None:
    home = two_outlets()
    power_off = home.model.switch_everything_off(home.now, include_protected=True)
    home.wait(CONFIRM_WITHIN_S - 1)
    assert power_off.finished is None
    home.wait(2)
    assert len(power_off.sockets_with(SocketResult.UNREACHABLE)) == 4
    assert len(home.observer.power_offs) == 1


def test_nothing_is_switched_on_during_a_power_off() -> None:
    home = two_outlets()
    home.model.switch_everything_off(home.now, include_protected=False)
    with pytest.raises(PowerOffInProgressError):
        home.submit(ON_A)
    home.submit(CommandRequest(CommandName.RELAY_ON, "b"), "FD")
    home.wait(CONFIRM_WITHIN_S + 1)
    home.submit(ON_A)


def test_a_second_power_off_joins_the_first_unless_it_covers_more_sockets() -> None:
    home = two_outlets()
    first = home.model.switch_everything_off(home.now, include_protected=False)
    assert home.model.switch_everything_off(home.now, include_protected=False) is first
    wider = home.model.switch_everything_off(home.now, include_protected=True)
    assert wider is not first
    assert home.model.switch_everything_off(home.now, include_protected=False) is wider
    for device_id in ("FE", "FD"):
        home.poll(device_id)
        home.report(a=False, device_id=device_id, relay_b=False)
    assert [each.id for each in home.observer.power_offs] == [wider.id]


def test_switching_on_after_the_power_off_supersedes_its_open_command() -> None:
    home = two_outlets()
    power_off = home.model.switch_everything_off(home.now, include_protected=False)
    home.wait(CONFIRM_WITHIN_S + 1)
    home.submit(ON_A)
    assert [c.request for c in home.poll()] == [CommandRequest(CommandName.RELAY_OFF, "b"), ON_A]
    assert power_off.sockets["FE", "a"] is SocketResult.UNREACHABLE


def test_power_off_without_outlets_is_finished_at_once() -> None:
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
    home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=1000))
    home.report(current_a=2000)
    home.now += 2
    home.report(current_a=2000)
    home.model.set_main_threshold(16_000, home.now)
    command = home.submit(ON_A)
    home.poll()
    after = restarted(home)
    assert after.relay() is None
    assert after.model.outlets["FE"].threshold == 1000
    assert after.model.outlets["FE"].sockets["a"].meter.energy_wh > 0
    assert after.model.outlets["FE"].last_seen == home.now
    assert after.model.main_threshold_ma == 16_000
    assert command.id in [each.id for each in after.poll()]
    after.report(current_a=2000)
    assert after.alert_types() == []
    after.report(current_a=100)
    after.report(current_a=2000)
    assert after.alert_types() == ["threshold"]


def test_an_interrupted_power_off_is_finished_after_a_restart() -> None:
    home = two_outlets()
    power_off = home.model.switch_everything_off(home.now, include_protected=True)
    home.poll()
    home.report(a=False, relay_b=False)
    after = restarted(home)
    assert after.model.power_off is not None
    assert after.model.power_off.id == power_off.id
    assert [c.request.name for c in after.poll("FD")] == [CommandName.RELAY_OFF] * 2
    after.report(a=False, device_id="FD", relay_b=False)
    assert [each.id for each in after.observer.power_offs] == [power_off.id]
    assert len(after.model.power_off.sockets_with(SocketResult.CONFIRMED)) == 4


def test_data_of_removed_outlets_is_not_restored() -> None:
    home = Home("FE", "FD")
    home.submit(ON_A, "FD")
    home.submit(CommandRequest(CommandName.SET_THRESHOLD, value=7), "FD")
    home.report(device_id="FD")
    stored, meters = home.model.dump(), home.model.dump_meters()
    after = Home("FE")
    after.model.restore(stored, after.now)
    after.model.restore_meters(meters)
    assert list(after.model.commands.open()) == []


def test_removing_an_outlet_removes_its_commands_and_alerts() -> None:
    home = two_outlets()
    power_off = home.model.switch_everything_off(home.now, include_protected=True)
    home.report(device_id="FD", is_overload=True)
    home.model.remove_outlet("FD")
    home.model.remove_outlet("FD")
    assert {device_id for device_id, _ in power_off.sockets} == {"FE"}
    assert {alert.source.device_id for alert in home.model.alerts.all()} <= {"FE", None}
    home.poll()
    home.report(a=False, relay_b=False)
    assert power_off.finished


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
    command = home.submit(CommandRequest.parse(name, socket, value))
    again = restarted(home)
    assert again.poll()[0].request == command.request
    again.wait(60)
    assert again.model.commands.find(command.id) is not None
