"""Clock steps, restarts and pauses of Home Assistant: no controller goes offline and no session is lost by them."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
import time

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.iot_heating.protocol.session_tracker import EnergyReading, Session, SessionTracker
from custom_components.iot_heating.storage.device_store import DEVICE_STORE
from custom_components.iot_heating.storage.session_store import SESSION_STORE

from . import add_linked, controller_subentry, entity_id

PATH = "/api/iot/device/ESP32-001/sync/"
LONG_AGO, FAR = datetime.fromisoformat("2020-01-01T00:00:00Z"), datetime.fromisoformat("2100-01-01T00:00:00Z")
type Heat = Callable[[float], Awaitable[None]]


@pytest.fixture
def step_clock(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[timedelta], None]:
    """Set the wall clock. The steady clock and the timers of the event loop continue, which the freezer moves too."""
    stepped_s = 0.0
    monkeypatch.setattr(hass.loop, "time", lambda: time.monotonic() - stepped_s)

    def step(by: timedelta) -> None:
        nonlocal stepped_s
        freezer.tick(by)
        stepped_s += by.total_seconds()
        hass.data[DEVICE_STORE].clock._offset -= by.total_seconds()

    return step


@pytest.fixture
def heat(hass: HomeAssistant, freezer: FrozenDateTimeFactory, client: TestClient, key: str) -> Heat:
    """Let time pass while the controller reports "on" every 30 s."""

    async def report(seconds: float) -> None:
        for _ in range(round(seconds / 10)):
            freezer.tick(timedelta(seconds=10))
            async_fire_time_changed(hass)
            if _ % 3 == 2:
                reply = await client.post(PATH, headers={"X-Device-Key": key}, json={"state": "on"})
                assert reply.status == HTTPStatus.OK
        await hass.async_block_till_done(wait_background_tasks=True)

    return report


async def sessions(hass: HomeAssistant, building: MockConfigEntry) -> list[Session]:
    (controller, *_) = building.runtime_data.hub.controllers.values()
    return await hass.data[SESSION_STORE].async_get_sessions(controller.number, LONG_AGO, FAR, 100)


@pytest.mark.parametrize("minutes", [-20, -60, 60, -24 * 60, 24 * 60 * 365, -0.2])
async def test_a_clock_step_while_heating_changes_nothing(
    hass: HomeAssistant,
    building: MockConfigEntry,
    client: TestClient,
    key: str,
    heat: Heat,
    step_clock: Callable[[timedelta], None],
    minutes: float,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await heat(600)
    step_clock(timedelta(minutes=minutes))
    await heat(600)
    await client.post(PATH, headers={"X-Device-Key": key}, json={"state": "off"})
    (session,) = await sessions(hass, building)
    assert session.duration_s == pytest.approx(600 + 570, abs=1)
    assert session.end == pytest.approx(dt_util.utcnow(), abs=timedelta(seconds=1))
    assert not session.estimated
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    assert controller.tracker.total.on_s == pytest.approx(1170, abs=1)
    assert controller.interval_s < 45, "the poll interval is measured without the step"
    assert "offline" not in caplog.text


async def test_a_dead_controller_is_noticed_regardless_of_the_clock(
    hass: HomeAssistant,
    building: MockConfigEntry,
    heat: Heat,
    step_clock: Callable[[timedelta], None],
    freezer: FrozenDateTimeFactory,
) -> None:
    await heat(300)
    step_clock(timedelta(hours=-1))
    for _ in range(20):
        freezer.tick(timedelta(seconds=10))
        async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    assert controller.online is False
    (session,) = await sessions(hass, building)
    assert session.duration_s == pytest.approx(270, abs=1)
    assert session.estimated


async def test_a_pause_of_home_assistant_itself_is_not_silence(
    hass: HomeAssistant, building: MockConfigEntry, heat: Heat, freezer: FrozenDateTimeFactory
) -> None:
    """The machine was suspended, or the event loop was blocked: no check ran and no call was answered."""
    await heat(300)
    freezer.tick(timedelta(seconds=400))
    async_fire_time_changed(hass)
    controller = building.runtime_data.hub.controllers["ESP32-001"]
    assert controller.online
    await heat(60)
    (session,) = await sessions(hass, building)
    assert session.end is None
    assert session.estimated, "whether it was heating meanwhile is not known"


async def test_a_slow_start_is_not_silence(
    hass: HomeAssistant, building: MockConfigEntry, key: str, freezer: FrozenDateTimeFactory
) -> None:
    """Home Assistant accepts calls when it has started, which can be long after the building was set up."""
    hass.set_state(CoreState.starting)
    state = entity_id(hass, "binary_sensor", controller_subentry(building).subentry_id, "connectivity")
    for _ in range(60):
        freezer.tick(timedelta(seconds=10))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert hass.states.is_state(state, "unknown")
    hass.set_state(CoreState.running)
    for _ in range(20):
        freezer.tick(timedelta(seconds=10))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert hass.states.is_state(state, "off")


@pytest.mark.parametrize("hours", [-1, 1 / 60])
async def test_a_restart_with_another_clock_continues_with_the_session(
    hass: HomeAssistant,
    building: MockConfigEntry,
    client: TestClient,
    key: str,
    heat: Heat,
    step_clock: Callable[[timedelta], None],
    hours: float,
) -> None:
    await heat(300)
    await hass.config_entries.async_unload(building.entry_id)
    step_clock(timedelta(hours=hours))
    assert await hass.config_entries.async_setup(building.entry_id)
    await heat(300)
    await client.post(PATH, headers={"X-Device-Key": key}, json={"state": "off"})
    (session,) = await sessions(hass, building)
    assert session.duration_s == pytest.approx(570 + max(0, hours) * 3600, abs=31)
    assert session.end == pytest.approx(dt_util.utcnow(), abs=timedelta(seconds=1))


@pytest.mark.parametrize("restored", [True, False])
async def test_a_reloaded_integration_does_not_end_the_session_of_its_entity(
    hass: HomeAssistant, building: MockConfigEntry, freezer: FrozenDateTimeFactory, *, restored: bool
) -> None:
    hass.states.async_set("switch.boiler", "on")
    await add_linked(hass, building, "switch.boiler")

    async def wait(seconds: int) -> None:
        for _ in range(seconds // 10):
            freezer.tick(timedelta(seconds=10))
            async_fire_time_changed(hass)
            await hass.async_block_till_done(wait_background_tasks=True)

    await wait(60)
    (controller,) = building.runtime_data.hub.controllers.values()
    if restored:
        hass.states.async_set("switch.boiler", "unavailable", {"restored": True})
    else:
        hass.states.async_remove("switch.boiler")
    await wait(60)
    assert controller.tracker.running is not None
    hass.states.async_set("switch.boiler", "on")
    await wait(60)
    hass.states.async_remove("switch.boiler")
    await wait(200)
    assert controller.online is False
    (session,) = await sessions(hass, building)
    assert session.duration_s == pytest.approx(180, abs=11)


STEPS = st.lists(
    st.tuples(st.floats(1, 60), st.sampled_from([0.0, 0.0, 0.0, -3600, 3600, -1200, 86400, -0.5])),
    min_size=2,
    max_size=30,
)


@given(STEPS)
def test_time_and_energy_are_right_over_any_steps_of_the_clock(steps: list[tuple[float, float]]) -> None:
    tracker, wall, steady = SessionTracker(), datetime(2026, 3, 28, 22, tzinfo=dt_util.UTC), 5000.0
    reading = EnergyReading(power_w=3600)
    tracker.report(True, wall, reading, steady_s=steady)
    for passed_s, step_s in steps:
        steady += passed_s
        wall += timedelta(seconds=passed_s + step_s)
        assert tracker.report(True, wall, reading, steady_s=steady) == ()
    (session,) = tracker.report(False, wall + timedelta(seconds=5), reading, steady_s=steady + 5)
    true_s = sum(passed_s for passed_s, _ in steps) + 5
    slack_s = 2 * len(steps)  # steps below two seconds are indistinguishable from a clock that is being adjusted
    small = any(0 < abs(step_s) <= 2 for _, step_s in steps)
    assert session.duration_s == pytest.approx(true_s, abs=slack_s if small else 0.01)
    assert session.energy_kwh == pytest.approx(session.duration_s / 1000, rel=0.01, abs=1e-3 * slack_s if small else 0)
    assert tracker.total.on_s == pytest.approx(session.duration_s, abs=slack_s if small else 0.01)
    assert session.end == wall + timedelta(seconds=5)
    assert sum(day.on_s for day in tracker.days.values()) == pytest.approx(tracker.total.on_s)


def test_a_session_that_was_stored_with_a_later_time_is_not_lost() -> None:
    stored = datetime(2026, 1, 5, 12, tzinfo=dt_util.UTC)
    tracker = SessionTracker(running=Session(stored, stored + timedelta(minutes=30)))
    now = stored - timedelta(hours=2)
    assert tracker.report(True, now, steady_s=1.0) == ()
    (session,) = tracker.report(False, now + timedelta(minutes=1), steady_s=61.0)
    assert (session.duration_s, session.end, session.estimated) == (31 * 60, now + timedelta(minutes=1), True)
