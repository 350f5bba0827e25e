"""The simulated device against the integration, in each protocol, with its faults."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.plan import Status
from simulators.framework import running
from simulators.ota_device.device import OtaDevice

from .conftest import AddDevice, Registered, Release, rollout

MODES = ["native", "esphome", "arduino", "ddi", "tasmota"]


def argv(device: Registered, mode: str, *more: str) -> list[str]:
    base = str(device.client.make_url("")).rstrip("/")
    secrets = [f"--key={device.issued.key}", f"--token={device.issued.url_token}"]
    return ["--url", base, "--mode", mode, *secrets, "--period", "3600", "--reboot", "0", "--fault", "silent", *more]


def state(ota: OtaData) -> tuple[JobState | None, str | None]:
    job = ota.hub.state.job_of("dev-1")
    return (job.state, job.reason) if job else (None, None)


@pytest.mark.parametrize("mode", MODES)
async def test_a_device_updates_itself(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release, mode: str, socket_enabled: None
) -> None:
    device = await add_device()
    await release(payload=bytes(range(256)) * 600)
    async with running(OtaDevice, argv(device, mode)) as simulator:
        assert not await simulator.poll()
        await rollout(hass)
        assert await simulator.poll(), simulator.state()
        assert simulator.board.version == "2.0.0"
        assert not await simulator.poll()
        assert state(ota)[0] is JobState.VERIFIED
        assert simulator.errors == [] or mode == "esphome"
    assert ota.hub.state.devices["dev-1"].installed_version == "2.0.0"


@pytest.mark.parametrize(
    ("mode", "fault", "expected"),
    [
        ("native", "fails", (JobState.FAILED, "flash write failed")),
        ("ddi", "fails", (JobState.FAILED, "flash write failed")),
        ("native", "rolls_back", (JobState.FAILED, "rolled_back_by_device")),
        ("native", "bricks", (JobState.REBOOTING, None)),
        ("native", "breaks_off", (JobState.DOWNLOADING, None)),
        ("native", "busy", (None, None)),
        ("arduino", "no_space", (JobState.FAILED, "no_space")),
        ("native", "wrong_key", (None, None)),
        ("native", "slow=0.01", (JobState.VERIFIED, None)),
        ("native", "floods=200", (JobState.VERIFIED, None)),
    ],
)
async def test_faults(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
    mode: str,
    fault: str,
    expected: Any,
    socket_enabled: None,
) -> None:
    device = await add_device()
    await release(payload=bytes(60_000))
    await rollout(hass)
    async with running(OtaDevice, argv(device, mode, "--fault", fault)) as simulator:
        await simulator.poll()
        if simulator.board.alive and expected[0] is not JobState.DOWNLOADING:
            await simulator.poll()
        assert state(ota) == expected, simulator.state()
        assert simulator.board.version == ("2.0.0" if expected[0] is JobState.VERIFIED else "1.0.0")


async def test_a_bricked_canary_protects_the_others(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
    socket_enabled: None,
    freezer: Any,
) -> None:
    devices = [await add_device(f"dev-{number}") for number in range(1, 7)]
    await release()
    rollout_id = await rollout(hass, strategy="canary", percent=10)
    updated = 0
    for device in devices:
        more = ["--device-id", device.uid, "--fault", "bricks"]
        async with running(OtaDevice, argv(device, "native", *more)) as simulator:
            await simulator.poll()
            updated += not simulator.board.alive
    assert updated == 1
    freezer.tick(3600)
    ota.hub.engine.tick(ota.hub.now)
    await ota.hub.async_commit()
    assert ota.hub.state.rollouts[rollout_id].status is Status.PAUSED
    for device in devices:
        async with running(OtaDevice, argv(device, "native", "--device-id", device.uid)) as simulator:
            assert not await simulator.poll()


@pytest.mark.parametrize("mode", ["native", "ddi"])
async def test_the_firmware_survives_a_restart_of_the_simulator(
    hass: HomeAssistant,
    ota: OtaData,
    add_device: AddDevice,
    release: Release,
    mode: str,
    socket_enabled: None,
    tmp_path: Path,
) -> None:
    device = await add_device()
    await release()
    arguments = argv(device, mode, f"--flash={tmp_path}/flash/dev-1.json", "--version=1.4.0")
    async with running(OtaDevice, arguments) as simulator:
        assert not await simulator.poll()
        await rollout(hass)
        assert await simulator.poll(), simulator.state()
    async with running(OtaDevice, arguments) as simulator:
        assert (simulator.board.version, simulator.board.boots) == ("2.0.0", 2)
        assert not await simulator.poll()
        assert state(ota)[0] is JobState.VERIFIED
    (tmp_path / "flash" / "dev-1.json").write_text("{")
    async with running(OtaDevice, arguments) as simulator:
        assert simulator.board.version == "1.4.0"
