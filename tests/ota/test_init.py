"""Set-up, unloading, and that nothing acknowledged is lost when Home Assistant is killed."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota import async_remove_config_entry_device
from custom_components.ota.data import OtaData
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, FullDisk, Release, rollout, settled, state_folder
from .disk import Disk, revive


async def test_devices_are_asked_to_retry_after_unload(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers=device.headers)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "30")


@pytest.mark.parametrize("last", ["offered", "downloading", "installing", "rebooting", "verified"])
async def test_kill_in_any_state_loses_nothing_that_was_acknowledged(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    release: Release,
    hass_storage: dict[str, Any],
    last: str,
) -> None:
    device = await add_device()
    await release()
    rollout_id = await rollout(hass)
    update = (await device.check(version="1.0.0", boot_count=1))["update"]
    for state in ("downloading", "installing", "rebooting"):
        if last == "offered":
            break
        await device.status(update["job"], state)
        if state == last:
            break
    if last == "verified":
        await device.check(version="2.0.0", boot_count=2)
    ota = await revive(hass, entry, Disk.of(hass, hass_storage), hass_storage)
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert (str(job.job_id), job.state) == (update["job"], last)
    assert hass.states.get("sensor.dev_1_update_status").state == last
    in_progress = hass.states.get("update.dev_1_firmware").attributes["in_progress"]
    assert in_progress is (last in ("downloading", "installing", "rebooting"))
    if last == "offered":
        assert (await device.client.get(update["url"], headers=device.headers)).status == 200
    await device.check(version="2.0.0", boot_count=2)
    job = ota.hub.state.job_of("dev-1")
    assert job is not None
    assert job.state is JobState.VERIFIED
    assert ota.hub.state.rollouts[rollout_id].status is Status.RUNNING


async def test_a_key_that_was_shown_survives_a_crash_before_the_subentry_was_written(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
) -> None:
    device = await add_device("dev-1", group="house", tags=["lab"], metadata={"a": "b"}, pinned_version="1.0.0")
    disk = Disk.of(hass, hass_storage)
    subentry_id = ota.devices.subentries["dev-1"]
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_remove_subentry(entry, subentry_id)  # it never got to the disk
    disk.put_back(hass, hass_storage)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert [s.unique_id for s in entry.subentries.values()] == ["dev-1"]
    assert (await device.check(version="1.0.0"))["poll_s"] == 300
    again = entry.runtime_data.hub.state.devices["dev-1"]
    assert (again.group, again.tags, again.metadata) == ("house", ("lab",), {"a": "b"})
    assert again.policy.pinned_version == "1.0.0"


async def test_damaged_keys_are_reported(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
) -> None:
    await add_device()
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage["ota.keys"]["data"]["devices"]["dev-1"].pop("url")
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR


async def test_a_folder_that_cannot_be_used_is_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Any
) -> None:
    (tmp_path / "ota").write_text("a file where the folder should be")
    assert await async_setup_component(hass, "http", {})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    (tmp_path / "ota").unlink()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_removing_the_entry_forgets_keys_and_devices(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
) -> None:
    await add_device()
    await hass.config_entries.async_remove(entry.entry_id)
    assert not [key for key in hass_storage if key.startswith("ota.")]
    assert not state_folder(hass).exists()


async def test_only_devices_of_removed_rollouts_can_be_deleted(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, add_device: AddDevice, release: Release
) -> None:
    await add_device()
    await release()
    await rollout(hass)
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        assert not await async_remove_config_entry_device(hass, entry, device)
    stale = registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={("ota", "gone")})
    assert await async_remove_config_entry_device(hass, entry, stale)


async def test_old_releases_and_orphaned_images_are_deleted(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, release: Release
) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "keep_releases": 2})
    await settled(hass)
    for number in range(1, 6):
        await release(f"{number}.0.0", number)
    assert sorted(r.version for r in ota.hub.state.releases.values()) == ["4.0.0", "5.0.0"]
    assert len(ota.images.store.present()) == 2


async def test_an_image_damaged_on_disk_is_not_served(
    hass: HomeAssistant, ota: OtaData, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    path = ota.images.store.path(update["sha256"])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    reply = await device.client.get(update["url"], headers=device.headers)
    assert (reply.status, (await reply.json())["error"]) == (500, "damaged_image")


async def test_a_failing_last_save_is_a_warning(
    hass: HomeAssistant,
    ota: OtaData,
    entry: MockConfigEntry,
    add_device: AddDevice,
    caplog: pytest.LogCaptureFixture,
    full_disk: FullDisk,
) -> None:
    device = await add_device()
    await device.check(version="1.0.0")
    with full_disk():
        await ota.hub._async_save_contacts(None)
        assert "Saving the last contact times failed" in caplog.text
        await hass.config_entries.async_unload(entry.entry_id)
    assert "Saving the last changes failed" in caplog.text
