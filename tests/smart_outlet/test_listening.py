"""Only silence while Home Assistant could receive calls makes a device offline or its "off" doubtful."""

from dataclasses import replace
from datetime import timedelta
import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er
from hypothesis import given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.smart_outlet._lib.steady_clock import SteadyClock
from custom_components.smart_outlet.const import DOMAIN
from custom_components.smart_outlet.model.commands import CommandName, CommandRequest
from custom_components.smart_outlet.model.hub_model import HubModel
from custom_components.smart_outlet.model.hub_state import HubSettings
from custom_components.smart_outlet.model.outlet import OutletSettings

from .conftest import Ccu
from .home import ON_A, REPORT
from .recording_observer import RecordingObserver

PERIOD_S = 2.0
NOON = 1_800_000_000.0


class World:
    """A healthy CCU that calls every 2 s, and a Home Assistant with a system clock that is set and restarts."""

    def __init__(self) -> None:
        self.uptime_s = 5000.0
        self.offset_s = NOON
        self.observer = RecordingObserver()
        self.stored: dict[str, Any] | None = None
        self.meters: dict[str, Any] | None = None
        self.start()

    def wall(self) -> float:
        return self.uptime_s + self.offset_s

    def start(self) -> None:
        clock = SteadyClock(self.wall, lambda: self.uptime_s)
        self.model = HubModel(HubSettings("Main house"), self.observer, self.observer.new_id, clock)
        for device_id in ("FE", "FD"):
            self.model.add_outlet(OutletSettings(device_id, device_id))
        if self.stored is not None and self.meters is not None:
            self.model.restore(self.stored, clock())
            self.model.restore_meters(self.meters)

    def call(self, **fields: Any) -> None:
        """The CCU calls, and Home Assistant's tick follows."""
        self.model.mark_online(self.model.clock())
        for device_id in ("FE", "FD"):
            self.model.fetch_commands(device_id, self.model.clock(), acknowledges=False)
            report = {"device_id": device_id, "relay_a": False, "relay_b": True} | fields
            self.model.apply_report(replace(REPORT, **report), self.model.clock(), trusted=False)

    def run(self, seconds: float) -> None:
        """Time in which everything works; the last call may be lost."""
        for second in range(round(seconds)):
            self.uptime_s += 1.0
            self.model.tick(self.model.clock())
            if second % PERIOD_S == 0:
                self.call()
        self.remember()

    def remember(self) -> None:
        self.stored, self.meters = self.model.dump(), self.model.dump_meters()

    def pause(self, seconds: float) -> None:
        """The process does not run: a suspended machine, a busy event loop."""
        self.uptime_s += seconds

    def restart(self, away_s: float, *, starting_s: float = 0.0) -> None:
        """Kill the process, and start it again after a time; while it starts, it is not reachable."""
        self.uptime_s += away_s
        self.start()
        for _ in range(round(starting_s)):
            self.uptime_s += 1.0
            self.model.tick(self.model.clock(), listening=False)


def confirmed_off(world: World) -> None:
    """Confirm that socket A is off."""
    world.run(4)
    for device_id in ("FE", "FD"):
        world.model.submit(device_id, CommandRequest(CommandName.RELAY_OFF, "a"), world.model.clock())
    world.run(4)
    assert world.model.outlets["FE"].sockets["a"].relay is False


EVENTS = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 40)),
    st.tuples(st.just("step"), st.sampled_from((3600, -3600, 1200, -1200, 86400, -90))),
    st.tuples(st.just("pause"), st.integers(10, 400)),
    st.tuples(st.just("restart"), st.integers(0, 400)),
    st.tuples(st.just("slow_start"), st.integers(0, 300)),
)


@settings(max_examples=150)
@given(st.lists(EVENTS, max_size=12))
def test_no_mix_of_absences_and_clock_steps_makes_a_healthy_device_offline(events: list[tuple[str, int]]) -> None:
    world = World()
    confirmed_off(world)
    is_confirmed = True
    for kind, amount in events:
        match kind:
            case "run":
                world.run(amount)
            case "step":
                world.offset_s += amount
            case "pause":
                world.pause(amount)
            case "restart":
                world.restart(amount)
                is_confirmed = False
            case "slow_start":
                world.restart(5, starting_s=amount)
                is_confirmed = False
    # The next call comes within two periods.
    world.uptime_s += 2 * PERIOD_S
    world.model.tick(world.model.clock())
    world.call()
    world.run(20)
    assert [alert.type.value for alert in world.observer.alerts] == []
    assert world.model.online
    assert all(outlet.online for outlet in world.model.outlets.values())
    if is_confirmed:
        assert world.model.outlets["FE"].sockets["a"].relay is False
    assert abs(world.model.to_wall(world.model.last_seen) - world.wall()) <= PERIOD_S


@given(st.sampled_from((3600, -3600)), st.booleans())
def test_real_silence_is_still_noticed(step: int, restarts: bool) -> None:
    world = World()
    confirmed_off(world)
    world.offset_s += step
    if restarts:
        world.restart(30, starting_s=60)
    for second in range(60):
        world.uptime_s += 1.0
        world.model.tick(world.model.clock())
        if not second % 2:
            world.model.mark_online(world.model.clock())
    assert [alert.type.value for alert in world.observer.alerts] == ["offline", "offline"]


def test_a_ccu_that_was_silent_for_long_may_have_rebooted() -> None:
    world = World()
    confirmed_off(world)
    for _ in range(12):
        world.uptime_s += 1.0
        world.model.tick(world.model.clock())
    world.call()
    assert world.model.outlets["FE"].sockets["a"].relay is None


@given(st.sampled_from((3600, -3600, 90, -90)), st.booleans())
def test_a_command_lives_a_minute_regardless_of_the_system_clock(step: int, restarts: bool) -> None:
    world = World()
    world.run(4)
    world.model.submit("FE", ON_A, world.model.clock())
    world.remember()
    if restarts:
        world.restart(1)
    else:
        world.offset_s += step
    for _ in range(58):
        world.uptime_s += 1.0
        world.model.tick(world.model.clock())
        assert len(list(world.model.commands.open("FE"))) == 1
    world.uptime_s += 3.0
    world.model.tick(world.model.clock())
    assert list(world.model.commands.open("FE")) == []


def test_a_clock_set_back_during_a_restart_does_not_prolong_a_command() -> None:
    world = World()
    world.run(4)
    world.model.submit("FE", ON_A, world.model.clock())
    world.remember()
    world.offset_s -= 3600
    world.restart(1)
    assert next(world.model.commands.open("FE")).deadline <= world.model.clock() + 60
    assert world.model.last_seen is not None
    assert world.model.last_seen <= world.model.clock()


# In Home Assistant


async def pass_seconds(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: int) -> None:
    for _ in range(seconds):
        freezer.tick(timedelta(seconds=1))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()


async def test_nothing_is_judged_while_home_assistant_starts(
    hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory
) -> None:
    await ccu.report()
    hass.set_state(CoreState.starting)
    await pass_seconds(hass, freezer, 60)
    assert ccu.state("binary_sensor", "connectivity", None) == "on"
    hass.set_state(CoreState.running)
    await pass_seconds(hass, freezer, 14)
    assert ccu.state("binary_sensor", "connectivity", None) == "on"
    await pass_seconds(hass, freezer, 4)
    assert ccu.state("binary_sensor", "connectivity", None) == "off"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_step_of_the_system_clock_changes_no_state_and_the_times_shown_follow_it(
    hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory
) -> None:
    await ccu.cycle()
    await ccu.act("switch", "turn_off", "switch", "socket_a")
    await ccu.cycle()
    assert ccu.state("switch", "socket_a") == "off"
    last_seen = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{ccu.hub.outlets.subentry_ids['FE']}_last_seen"
    )
    for step in (3600, -3600, 7200):
        real = time.time
        with patch("time.time", lambda real=real, step=step: real() + step):
            await ccu.cycle()
            await pass_seconds(hass, freezer, 3)
            await ccu.cycle()
            assert ccu.state("switch", "socket_a") == "off"
            assert ccu.state("binary_sensor", "offline") == "off"
            shown = ccu.hub.model.to_wall(ccu.hub.model.outlets["FE"].last_seen)
            assert shown is not None
            assert abs(shown - time.time()) < 1
    assert hass.states.get(last_seen or "") is not None
    assert ccu.hub.model.alerts.all() == []
