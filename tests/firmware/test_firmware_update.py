"""Firmware updates of the compiled controller: good, bad, rolled back, and back again without a download."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import hashlib
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState, Slots
from firmware.esphome.build import with_version
from firmware.sim.host_program import HostProgram, powered
from firmware.sim.network import Network, network
from tests.iot_heating import add_controller, building_entry
from tests.ota.conftest import act, form

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("esphome host")]

UID = "iot_heating:ESP32-001"
PRODUCT = "suite.host"
_TIME_TO_CONTACT_S = 200.0
"""Less than the ten minutes of a trial, more than any pause between two attempts."""


class Installation:
    """A controller with ota, and the images that can be installed."""

    def __init__(self, hass: HomeAssistant, ota: OtaData, device: HostProgram, net: Network) -> None:
        self.hass = hass
        self.ota = ota
        self.device = device
        self.network = net
        self._start = (0, 0)
        self._passed_s = 0.0

    @property
    def installed(self) -> str | None:
        return self.ota.hub.state.devices[UID].installed_version

    @property
    def slots(self) -> Slots:
        found = self.ota.hub.state.devices[UID].slots
        assert found is not None
        return found

    @property
    def job_state(self) -> JobState | None:
        job = self.ota.hub.state.job_of(UID)
        return job.state if job else None

    async def passes_until(self, condition: object, what: str, timeout_s: float = 240.0) -> None:
        """Let the clock of the device run until a condition holds."""
        assert callable(condition)
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._pass_time(20)
                await asyncio.sleep(0.15)
        assert condition(), what

    def _pass_time(self, seconds: float) -> None:
        """Let the clock of the device run, but not its whole trial before it had the time to reach Home Assistant."""
        if self._start[0] != self.device.starts:
            self._start = (self.device.starts, self.network.connections)
            self._passed_s = 0.0
        was_in_contact = self.network.exchanges > self._start[1]
        if was_in_contact or self._passed_s < _TIME_TO_CONTACT_S:
            self._passed_s += seconds
            self.device.pass_time(seconds)

    async def create_rollout(self, version: str, **data: object) -> str:
        plan = {"strategy": "all", "product": PRODUCT, "version": version, **data}
        reply = await act(self.hass, "create_rollout", response=True, **plan)
        return str(reply["rollout"])


@pytest.fixture
async def home(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    hass_client: ClientSessionGenerator,
    program: Path,
    tmp_path: Path,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Installation]:
    """A warm controller with version 1.0.0; releases 1.0.0, 1.1.0 and the broken 1.2.0 are stored."""
    hass.config.config_dir = str(tmp_path)
    monkeypatch.setattr("custom_components.iot_heating.fleet._NOTIFY_INTERVAL_S", 0.0)
    for component in ("http", "websocket_api", "repairs"):
        assert await async_setup_component(hass, component, {})
    building = building_entry()
    updates = MockConfigEntry(domain="ota", title="OTA", options={"require_signature": False})
    for entry in (building, updates):
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    key = await add_controller(hass, building)
    admin = await hass_client()
    images = {"1.0.0": program, "1.1.0": with_version(program, "1.1.0", tmp_path / "good")}
    # It starts, and never reaches Home Assistant.
    images["1.2.0"] = with_version(program, "1.2.0", tmp_path / "bad", ((b"/api/iot/device/", b"/api/xyz/device/"),))
    for version, path in images.items():
        fields = {"chip": "generic", "product": PRODUCT, "version": version, "channel": "stable", "notes": ""}
        reply = await admin.post("/api/ota/releases/", data=form(path.read_bytes(), **fields))
        assert reply.status == 201, await reply.text()
    client = await hass_client_no_auth()
    assert client.server.port is not None
    async with network(client.server.port) as net:
        device = HostProgram(
            program, tmp_path / "device", SUITE_URL=net.url, SUITE_DEVICE_ID="ESP32-001", SUITE_KEY=key
        )
        for name, value in (("outdoor", 12.0), ("room", 21.0), ("supply", 30.0)):
            device.set_sensor(name, value)
        # Heat demand would delay the update.
        await building.runtime_data.building.async_patch_profile({"iot_enabled": False})
        async with powered(device):
            installation = Installation(hass, updates.runtime_data, device, net)
            known = updates.runtime_data.hub.state.devices
            await installation.passes_until(lambda: UID in known and known[UID].slots is not None, "no slots")
            yield installation


async def test_an_update_is_installed_and_confirmed_and_the_way_back_needs_no_download(
    home: Installation, program: Path
) -> None:
    slots = home.slots
    image = await asyncio.to_thread(program.read_bytes)
    assert slots.images == (hashlib.sha256(image).hexdigest(), "")
    assert (slots.running, slots.can_roll_back) == (0, True)
    # Not in frost: neither offered nor installed.
    home.device.set_sensor("supply", 3.0)
    await home.passes_until(lambda: home.ota.hub.state.devices[UID].busy == "frost", "frost is not reported")
    rollout = await home.create_rollout("1.1.0")
    for _ in range(5):
        home.device.pass_time(40)
        await asyncio.sleep(0.1)
    assert home.installed == "1.0.0"
    assert home.device.starts == 1
    home.device.set_sensor("supply", 30.0)
    await home.passes_until(lambda: home.installed == "1.1.0", "1.1.0 is not installed")
    await home.passes_until(lambda: home.job_state is JobState.VERIFIED, "not verified")
    assert home.device.starts == 2
    await home.passes_until(lambda: home.slots.running == 1, "slot 1 does not run")
    # The way back: the device starts its other slot, and no image is sent.
    sent: list[str] = []
    original = home.ota.images.async_path

    async def counted(sha256: str) -> Path:
        sent.append(sha256)
        return await original(sha256)

    home.ota.images.async_path = counted  # type: ignore[method-assign]
    await act(home.hass, "rollback", rollout=rollout)
    await home.passes_until(lambda: home.installed == "1.0.0", "1.0.0 is not back")
    await home.passes_until(lambda: home.job_state is JobState.VERIFIED, "not verified")
    assert sent == []
    assert home.device.starts == 3


async def test_an_image_that_does_not_reach_home_assistant_is_rolled_back(home: Installation) -> None:
    await home.create_rollout("1.2.0")
    await home.passes_until(lambda: home.device.starts >= 2, "1.2.0 was not started")
    assert home.installed == "1.0.0"
    # It gets its ten minutes, then the device returns and reports the old version.
    await home.passes_until(lambda: home.device.starts >= 3, "it was not rolled back")
    await home.passes_until(lambda: home.job_state is JobState.FAILED, "the failure is not known")
    for _ in range(10):
        home.device.pass_time(100)
        await asyncio.sleep(0.1)
    assert home.device.starts == 3, "the failed image is not started again"
    assert home.installed == "1.0.0"


async def test_a_power_outage_during_the_download_leaves_the_old_image(home: Installation) -> None:
    rollout = await home.create_rollout("1.1.0")
    await home.passes_until(lambda: home.job_state is not None, "no offer")
    await home.device.cut_power()
    await home.passes_until(lambda: home.device.starts == 2, "no restart")
    await home.passes_until(lambda: home.job_state in {JobState.FAILED, JobState.VERIFIED}, "no report")
    if home.job_state is JobState.FAILED:  # it was complete for Home Assistant, and the device came back without it
        assert home.installed == "1.0.0"
        await act(home.hass, "retry", rollout=rollout)
    await home.passes_until(lambda: home.installed == "1.1.0", "1.1.0 is not installed")


async def test_power_outages_while_an_image_is_checked_and_while_it_waits_for_the_end_of_frost(
    home: Installation, tmp_path: Path
) -> None:
    image = hashlib.sha256(await asyncio.to_thread((tmp_path / "good").read_bytes)).hexdigest()
    (building,) = home.hass.config_entries.async_entries("iot_heating")
    record = building.runtime_data.hub.controllers["ESP32-001"]
    sent: list[str] = []
    original = home.ota.images.async_path

    async def frost_begins(sha256: str) -> Path:
        """The device waits for this reply; then it reads its sensors before it continues, and does not restart."""
        sent.append(sha256)
        home.device.set_sensor("supply", 3.0)
        await asyncio.sleep(0.2)  # longer than the interval of its sensors; the device waits for this reply meanwhile
        home.device.pass_time(2)
        return await original(sha256)

    home.ota.images.async_path = frost_begins  # type: ignore[method-assign]
    rollout = await home.create_rollout("1.1.0")

    async def passes_until(condition: Callable[[], bool], what: str) -> None:
        """It may have been complete for Home Assistant: the device came back without it, and it is tried again."""
        await home.passes_until(lambda: condition() or home.job_state is JobState.FAILED, what)
        if not condition():
            await act(home.hass, "retry", rollout=rollout)
        await home.passes_until(condition, what)

    for moment in ("Checking version 1.1.0", "Version 1.1.0 is complete"):
        count, starts = len(sent), home.device.starts
        home.device.output.clear()
        home.device.set_sensor("supply", 30.0)
        await passes_until(lambda: len(sent) > count or home.device.starts > starts, "no download")  # noqa: B023
        if home.device.starts > starts:
            break  # a machine so slow that the check was over before the power was cut: the image is there
        await home.device.until(lambda: any(moment in line for line in home.device.output), moment)  # noqa: B023
        await home.device.cut_power()
        await home.passes_until(lambda: record.values["boot_count"] == starts + 1, "no report")  # noqa: B023
        assert (home.installed, home.slots.running) == ("1.0.0", 0)
    await home.passes_until(lambda: home.slots.images[1] == image, "the image is not reported")
    downloads = len(sent)
    home.device.set_sensor("supply", 30.0)
    await passes_until(lambda: home.installed == "1.1.0", "1.1.0 is not installed")
    assert len(sent) == downloads <= 2, "the image was there"
    await home.passes_until(lambda: home.slots.running == 1, "slot 1 does not run")


async def test_a_power_outage_during_the_trial_starts_the_previous_image(home: Installation) -> None:
    await home.create_rollout("1.2.0")
    await home.passes_until(lambda: home.device.starts >= 2, "1.2.0 was not started")
    # In the bootloader the trial may not be on record yet, and it would begin at the next start.
    await home.device.until(lambda: home.device.is_out_of_bootloader, "1.2.0 does not run")
    await home.device.cut_power()  # long before its ten minutes are over
    await home.device.until(lambda: home.device.starts == 3, "no restart")
    await home.passes_until(lambda: home.job_state is JobState.FAILED, "the failure is not known")
    assert (home.installed, home.slots.running) == ("1.0.0", 0)
    assert home.device.starts == 3


async def test_a_flash_that_cannot_be_written_is_reported_and_the_old_image_continues(home: Installation) -> None:
    (home.device.folder / "slots/slot1").mkdir()
    await home.create_rollout("1.1.0")
    (building,) = home.hass.config_entries.async_entries("iot_heating")
    record = building.runtime_data.hub.controllers["ESP32-001"]
    await home.passes_until(lambda: "flash cannot be written" in str(record.values.get("errors")), "no error")
    assert (home.installed, home.slots.images[1], home.device.starts) == ("1.0.0", "", 1)


async def test_a_controller_that_cannot_roll_back_is_refused_unless_it_is_allowed(home: Installation) -> None:
    home.device.environment["SUITE_NO_ROLLBACK"] = "1"
    await home.device.cut_power()
    await home.passes_until(lambda: not home.slots.can_roll_back, "it still reports that it can roll back")
    rollout = await home.create_rollout("1.1.0")
    for _ in range(5):
        home.device.pass_time(100)
        await asyncio.sleep(0.1)
    assert (home.installed, home.job_state, home.device.starts) == ("1.0.0", None, 2)
    await act(home.hass, "abort", rollout=rollout)
    await home.create_rollout("1.1.0", allow_without_rollback=True)
    await home.passes_until(lambda: home.installed == "1.1.0", "1.1.0 is not installed")
