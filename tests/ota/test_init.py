"""Set-up, unloading, and that nothing acknowledged is lost when Home Assistant dies."""

from collections.abc import Callable
import copy
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ota import async_remove_config_entry_device
from custom_components.ota.coordinator import OtaCoordinator
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.plan import Status

from .conftest import AddDevice, Release, rollout, settled


async def test_unload_and_devices_are_told_to_come_back(
    hass: HomeAssistant, ota: OtaCoordinator, entry: MockConfigEntry, add_device: AddDevice
) -> None:
    device = await add_device()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers=device.headers)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "30")


async def revive(
    hass: HomeAssistant, entry: MockConfigEntry, disk: dict[str, Any], storage: dict[str, Any]
) -> OtaCoordinator:
    """As after kill -9: what was in memory is gone, what was on disk is read."""
    await hass.config_entries.async_unload(entry.entry_id)  # writes; so the disk is put back
    storage.clear()
    storage.update(copy.deepcopy(disk))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    found: OtaCoordinator = entry.runtime_data
    return found


@pytest.mark.parametrize("last", ["offered", "downloading", "installing", "rebooting", "verified"])
async def test_kill_in_any_state_loses_nothing_that_was_acknowledged(
    hass: HomeAssistant,
    ota: OtaCoordinator,
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
    ota = await revive(hass, entry, copy.deepcopy(hass_storage), hass_storage)
    job = ota.state.job_of("dev-1")
    assert job is not None
    assert (str(job.job_id), job.state) == (update["job"], last)
    assert hass.states.get("sensor.dev_1_update").state == last
    in_progress = hass.states.get("update.dev_1_firmware").attributes["in_progress"]
    assert in_progress is (last in ("downloading", "installing", "rebooting"))
    if last == "offered":
        assert (await device.client.get(update["url"], headers=device.headers)).status == 200
    await device.check(version="2.0.0", boot_count=2)
    job = ota.state.job_of("dev-1")
    assert job is not None
    assert job.state is JobState.VERIFIED
    assert ota.state.rollouts[rollout_id].status is Status.RUNNING


async def test_a_key_that_was_shown_survives_a_crash_before_the_subentry_was_written(
    hass: HomeAssistant,
    ota: OtaCoordinator,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
) -> None:
    device = await add_device("dev-1", group="house", tags=["lab"])
    disk = copy.deepcopy(hass_storage)
    subentry_id = ota.subentries["dev-1"]
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_remove_subentry(entry, subentry_id)  # it never got to the disk
    hass_storage.clear()
    hass_storage.update(disk)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert [s.unique_id for s in entry.subentries.values()] == ["dev-1"]
    assert (await device.check(version="1.0.0"))["poll_s"] == 300
    again = entry.runtime_data.state.devices["dev-1"]
    assert (again.group, again.tags) == ("house", ("lab",))


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("devices", lambda data: data["devices"][0].pop("product")),
        ("devices", lambda data: data["devices"][0].update(history=5)),
        ("rollouts", lambda data: data.update(next_job="x")),
        ("releases", lambda data: data.update(releases=[{}])),
        ("keys", lambda data: data["devices"]["dev-1"].pop("url")),
    ],
)
async def test_damaged_storage_is_said_and_not_overwritten(
    hass: HomeAssistant,
    ota: OtaCoordinator,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
    name: str,
    spoil: Callable[[Any], None],
) -> None:
    await add_device()
    await ota.storage.async_save_all()
    await hass.config_entries.async_unload(entry.entry_id)
    spoil(hass_storage[f"ota.{name}"]["data"])
    before = copy.deepcopy(hass_storage[f"ota.{name}"])
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert hass_storage[f"ota.{name}"] == before


async def test_storage_of_a_future_version_is_not_touched(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    hass_storage["ota.devices"] = {"version": 9, "minor_version": 1, "key": "ota.devices", "data": {}}
    assert await async_setup_component(hass, "http", {})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert hass_storage["ota.devices"]["version"] == 9


async def test_storage_of_an_unknown_older_version_is_not_touched(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    hass_storage["ota.devices"] = {"version": 0, "minor_version": 1, "key": "ota.devices", "data": {"devices": []}}
    assert await async_setup_component(hass, "http", {})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert hass_storage["ota.devices"]["version"] == 0


async def test_storage_of_an_older_minor_version_is_read(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    hass_storage["ota.releases"] = {"version": 1, "minor_version": 0, "key": "ota.releases", "data": {"releases": []}}
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(entry.entry_id)


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
    ota: OtaCoordinator,
    entry: MockConfigEntry,
    add_device: AddDevice,
    hass_storage: dict[str, Any],
) -> None:
    await add_device()
    await hass.config_entries.async_remove(entry.entry_id)
    assert not [key for key in hass_storage if key.startswith("ota.")]


async def test_only_what_is_gone_can_be_deleted(
    hass: HomeAssistant, ota: OtaCoordinator, entry: MockConfigEntry, add_device: AddDevice, release: Release
) -> None:
    await add_device()
    await release()
    await rollout(hass)
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        assert not await async_remove_config_entry_device(hass, entry, device)
    stale = registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={("ota", "gone")})
    assert await async_remove_config_entry_device(hass, entry, stale)


async def test_releases_beyond_the_kept_ones_and_orphans_are_thrown_away(
    hass: HomeAssistant, ota: OtaCoordinator, entry: MockConfigEntry, release: Release
) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "keep_releases": 2})
    await settled(hass)
    for number in range(1, 6):
        await release(f"{number}.0.0", number)
    assert sorted(r.version for r in ota.state.releases.values()) == ["4.0.0", "5.0.0"]
    assert len(ota.images.present()) == 2


async def test_an_image_damaged_on_disk_is_not_served(
    hass: HomeAssistant, ota: OtaCoordinator, add_device: AddDevice, release: Release
) -> None:
    device = await add_device()
    await release()
    await rollout(hass)
    update = (await device.check(version="1.0.0"))["update"]
    path = ota.images.path(update["sha256"])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    reply = await device.client.get(update["url"], headers=device.headers)
    assert (reply.status, (await reply.json())["error"]) == (500, "damaged_image")


async def test_a_failing_last_save_is_a_warning(
    hass: HomeAssistant, ota: OtaCoordinator, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from .test_attacks import _refuse

    with monkeypatch.context() as patched:
        patched.setattr("homeassistant.helpers.storage.Store._async_write_data", _refuse)
        await hass.config_entries.async_unload(entry.entry_id)
    assert "could not be saved" in caplog.text
