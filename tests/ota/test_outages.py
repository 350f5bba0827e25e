"""While Home Assistant is away it receives no reports: this is not a failure of its devices."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota._lib.steady_clock import SteadyClock
from custom_components.ota.data import OtaData
from custom_components.ota.hub import OtaHub, _uptime_s
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, Registered, Release, rollout, settled
from .disk import Disk, revive


@dataclass
class Clocks:
    """The clocks of the machine, in seconds."""

    wall: float = 1_800_000_000.0
    monotonic: float = 5000.0

    def pass_s(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture(autouse=True)
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """The integration runs on clocks that only the test moves."""
    made = Clocks()
    clock = lambda: SteadyClock(lambda: made.wall, lambda: made.monotonic)  # noqa: E731 - replaces a class
    monkeypatch.setattr("custom_components.ota.hub.SteadyClock", clock)
    monkeypatch.setattr(OtaHub, "now", property(lambda _: made.wall))
    return made


@pytest.fixture
async def six(add_device: AddDevice, release: Release) -> list[Registered]:
    await release("1.0.0", 10)
    await release("2.0.0", 20)
    return [await add_device(f"d{number}") for number in range(6)]


type Wait = Callable[..., Awaitable[None]]


@pytest.fixture
def wait(entry: MockConfigEntry, clocks: Clocks) -> Wait:
    """Let time pass in ticks of 10 s, while the given devices poll every 30 s."""

    async def run(seconds: float, polling: list[Registered], version: str = "2.0.0") -> None:
        hub: OtaHub = entry.runtime_data.hub
        for step in range(1, round(seconds / 10) + 1):
            clocks.pass_s(10)
            if step % 3 == 0:
                for device in polling:
                    await device.check(version=version, boot_count=2)
            if step % 4 == 0:
                await hub._async_save_last_seen(None)
            await hub._async_tick(None)  # type: ignore[arg-type]  # the time is not used

    return run


async def updated(hass: HomeAssistant, devices: list[Registered], wait: Wait, **changes: Any) -> str:
    """Update all devices; return the rollout."""
    await wait(60, devices, "1.0.0")
    options = {"gate": {"soak_s": 1800}, "max_in_flight": 50, "auto_rollback": True} | changes
    rollout_id = await rollout(hass, **options)
    for device in devices:
        await device.update("2.0.0")
    return rollout_id


def states(ota: OtaData) -> set[JobState]:
    return {job.state for job in ota.hub.state.jobs.values()}


async def start_again(hass: HomeAssistant, entry: MockConfigEntry) -> OtaData:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    found: OtaData = entry.runtime_data
    return found


@pytest.mark.slow
@pytest.mark.parametrize("away_s", [5, 400, 86_400])
async def test_absence_of_home_assistant_is_not_a_failure_of_its_devices(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    ota: OtaData,
    six: list[Registered],
    wait: Wait,
    clocks: Clocks,
    away_s: float,
) -> None:
    rollout_id = await updated(hass, six, wait)
    await wait(300, six)
    await hass.config_entries.async_unload(entry.entry_id)
    clocks.pass_s(away_s)
    ota = await start_again(hass, entry)
    await wait(60, [])  # the devices wait for their next poll
    await wait(1800, six)
    assert states(ota) == {JobState.VERIFIED}
    assert ota.hub.state.rollouts[rollout_id].status is Status.SUCCEEDED


@pytest.mark.slow
async def test_kill_does_not_lose_the_last_contacts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    ota: OtaData,
    six: list[Registered],
    wait: Wait,
    clocks: Clocks,
    hass_storage: dict[str, Any],
) -> None:
    """Killed and started again within 5 s, with polls every 30 s."""
    rollout_id = await updated(hass, six, wait)
    await wait(800, six)
    disk = Disk.of(hass, hass_storage)
    before = {uid: device.last_seen or 0.0 for uid, device in ota.hub.state.devices.items()}
    clocks.pass_s(5)
    ota = await revive(hass, entry, disk, hass_storage)
    for uid, last_seen in before.items():
        assert last_seen - (ota.hub.state.devices[uid].last_seen or 0.0) <= 60
    await wait(20, [])
    assert states(ota) == {JobState.VERIFIED}
    await wait(1200, six)
    assert ota.hub.state.rollouts[rollout_id].status is Status.SUCCEEDED


@pytest.mark.slow
@pytest.mark.parametrize("step_s", [-3600, 3600])
async def test_a_step_of_the_clock_is_not_silence(
    hass: HomeAssistant,
    ota: OtaData,
    six: list[Registered],
    wait: Wait,
    clocks: Clocks,
    step_s: int,
) -> None:
    rollout_id = await updated(hass, six, wait)
    await wait(300, six)
    clocks.wall += step_s
    await wait(60, [])
    assert states(ota) == {JobState.VERIFIED}
    await wait(1200, six)
    assert ota.hub.state.rollouts[rollout_id].status is Status.RUNNING  # the soak time is not over yet
    await wait(600, six)
    assert ota.hub.state.rollouts[rollout_id].status is Status.SUCCEEDED
    seen = [device.last_seen for device in ota.hub.state.devices.values()]
    assert all(0 <= ota.hub.now - (at or 0.0) <= 60 for at in seen)


@pytest.mark.parametrize("auto_rollback", [True, False])
async def test_silent_devices_are_still_judged(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    ota: OtaData,
    six: list[Registered],
    wait: Wait,
    clocks: Clocks,
    auto_rollback: bool,
) -> None:
    rollout_id = await updated(hass, six, wait, auto_rollback=auto_rollback)
    await wait(300, six)
    await hass.config_entries.async_unload(entry.entry_id)
    clocks.pass_s(400)
    ota = await start_again(hass, entry)
    await wait(1300, six[2:])
    jobs = {job.uid: job.reason for job in ota.hub.state.jobs_in(rollout_id)}
    assert [jobs["d0"], jobs["d1"]] == ["lost_after_update"] * 2
    status = ota.hub.state.rollouts[rollout_id].status
    assert status is (Status.ROLLED_BACK if auto_rollback else Status.PAUSED)


async def test_silence_counts_from_the_end_of_the_start(
    hass: HomeAssistant, ota: OtaData, six: list[Registered], wait: Wait
) -> None:
    """Home Assistant accepts requests only once it has started."""
    await updated(hass, six, wait)
    hass.set_state(CoreState.starting)
    await wait(3600, [])
    assert states(ota) == {JobState.VERIFIED}
    hass.set_state(CoreState.running)
    await wait(900, [])
    assert states(ota) == {JobState.VERIFIED}
    await wait(600, [])
    assert JobState.FAILED in states(ota)


async def test_time_in_which_the_process_was_stopped_is_not_silence(
    hass: HomeAssistant, ota: OtaData, six: list[Registered], wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    await updated(hass, six, wait)
    await wait(1150, [])
    monkeypatch.setattr(ota.hub._listening, "_checked_s", _uptime_s() - 400)
    await wait(300, [])
    assert states(ota) == {JobState.VERIFIED}


async def test_a_device_with_an_unknown_poll_interval_is_not_lost_before_its_next_poll(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, wait: Wait
) -> None:
    """ESPHome polls every six hours."""
    await release("2.0.0", 20)
    device = await add_device("esp")
    await rollout(hass, auto_rollback=True, gate={"soak_s": 1800})
    url = f"/api/ota/d/{device.issued.url_token}"
    manifest = await (await device.client.get(f"{url}/manifest.json?version=1.0.0")).json()
    await (await device.client.get(f"{url}/{manifest['builds'][0]['ota']['path']}")).read()
    await device.client.get(f"{url}/manifest.json?version=2.0.0")
    await wait(7200, [])
    assert states(ota) == {JobState.VERIFIED}


async def test_a_device_may_wait_for_the_requested_poll_interval(
    hass: HomeAssistant, entry: MockConfigEntry, ota: OtaData, six: list[Registered], wait: Wait
) -> None:
    rollout_id = await updated(hass, six, wait)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "poll_s": 3600})
    await hass.async_block_till_done()
    await wait(30, six)
    await wait(3600, [])
    assert states(ota) == {JobState.VERIFIED}
    await wait(30, six)
    await wait(10, [])
    assert ota.hub.state.rollouts[rollout_id].status is Status.SUCCEEDED
